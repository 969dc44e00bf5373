use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderValue, request};
use proptest::prelude::*;

use super::*;
use crate::policy::Policy;
use crate::verdict::Grounds;

fn limits(text: &str) -> limits::Config {
    Policy::parse("p", &format!("[limits]\n{text}")).unwrap().0.site().limits
}

fn head(content_type: &str) -> request::Parts {
    let request = http::Request::post("/").header("content-type", content_type).body(()).unwrap();
    request.into_parts().0
}

const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=B";
const JSON: &str = "application/json";

/// What came of a body: everything that must not depend on where chunks begin.
#[derive(Debug, PartialEq)]
struct Seen {
    token: Option<String>,
    code: Option<&'static str>,
    removed: usize,
    app_gets: Vec<u8>,
}

fn inspect(content_type: &str, limits: &limits::Config, chunks: &[&[u8]]) -> (Inspector, Seen) {
    let mut inspector = Inspector::new(&head(content_type), limits);
    let mut passed = Vec::new();
    let mut chunks = chunks.iter();
    while inspector.wants_body() {
        match chunks.next() {
            Some(chunk) => _ = inspector.push(Bytes::copy_from_slice(chunk)),
            None => inspector.end(),
        }
    }
    let token = inspector.csrf_token().map(str::to_owned);
    let removed = inspector.removed();
    let code = inspector.exceeded().map(Grounds::code);
    let mut later = None;
    let held = inspector.take_held();
    passed.extend(held.into_iter().flatten());
    for chunk in chunks {
        match inspector.pass(Bytes::copy_from_slice(chunk)) {
            Ok(chunk) => passed.extend(chunk),
            Err(reason) => {
                later = Some(reason.code());
                break;
            }
        }
    }
    (inspector, Seen { token, code: code.or(later), removed, app_gets: passed })
}

fn whole(content_type: &str, body: &str) -> Seen {
    inspect(content_type, &limits(""), &[body.as_bytes()]).1
}

fn part(name: &str, value: &str) -> String {
    format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

#[test]
fn our_field_is_found_and_the_app_never_meets_it() {
    for (body, rest) in [
        ("_portcullis_csrf=T&a=1&b=2", "a=1&b=2"),
        ("a=1&_portcullis_csrf=T&b=2", "a=1&b=2"),
        ("a=1&b=2&_portcullis_csrf=T", "a=1&b=2"),
        ("a=1&%5Fportcullis_csrf=%54", "a=1"),
        ("_portcullis_csrf=T", ""),
        ("_portcullis_csrf=T&_portcullis_csrf=U", ""),
        ("a=1&_portcullis_csrf=T&_portcullis_csrf=U", "a=1"),
        ("_portcullis_csrf=T&a=1&_portcullis_csrf=U", "a=1"),
    ] {
        let seen = whole(FORM, body);
        assert_eq!(seen.token.as_deref(), Some("T"), "{body}");
        assert_eq!(String::from_utf8(seen.app_gets).unwrap(), rest, "{body}");
        assert_eq!(seen.removed, body.len() - rest.len(), "{body}");
    }
}

#[test]
fn a_field_that_only_begins_like_ours_stays() {
    let body = "_portcullis_csrf2=x&_portcullis_csr=y&x_portcullis_csrf=z";
    let seen = whole(FORM, body);
    assert_eq!(seen.token, None);
    assert_eq!(seen.app_gets, body.as_bytes());
}

#[test]
fn our_part_is_found_and_taken_out_whole() {
    let (a, ours, b) = (part("a", "1"), part(FIELD, "T"), part("b", "\r\n--\r\n"));
    for (body, rest) in [
        (format!("{ours}{a}{b}--B--\r\n"), format!("{a}{b}--B--\r\n")),
        (format!("{a}{ours}{b}--B--\r\n"), format!("{a}{b}--B--\r\n")),
        (format!("{a}{b}{ours}--B--"), format!("{a}{b}--B--")),
        (format!("{ours}{ours}--B--\r\n"), "--B--\r\n".to_owned()),
    ] {
        let seen = whole(MULTIPART, &body);
        assert_eq!(seen.code, None, "{body}");
        assert_eq!(seen.token.as_deref(), Some("T"), "{body}");
        assert_eq!(seen.removed, body.len() - rest.len());
        assert_eq!(String::from_utf8(seen.app_gets).unwrap(), rest);
    }
}

#[test]
fn a_file_by_the_name_of_our_field_is_no_token() {
    let body = format!(
        "--B\r\nContent-Disposition: form-data; name=\"{FIELD}\"; filename=\"x\"\r\n\r\nT\r\n--B--\r\n"
    );
    let seen = whole(MULTIPART, &body);
    assert_eq!(seen.token, None);
    assert_eq!(seen.removed, 0);
}

#[test]
fn multipart_as_clients_write_it_passes() {
    let browser = "------WebKitFormBoundaryabc\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nHi\r\n------WebKitFormBoundaryabc\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a \\ b; c=%22ü.png\"\r\nContent-Type: image/png\r\n\r\n\u{0}\r\r\n\n--x\r\n\r\n------WebKitFormBoundaryabc--\r\n";
    let seen = whole("multipart/form-data; boundary=----WebKitFormBoundaryabc", browser);
    assert_eq!(seen.code, None);
    assert_eq!(seen.app_gets, browser.as_bytes());
    let backslash =
        "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\\\"\r\n\r\n1\r\n--B--\r\n";
    assert_eq!(whole(MULTIPART, backslash).code, None);
    let empty_value = "--B\r\ncontent-disposition: form-data; name=a\r\n\r\n\r\n--B--";
    assert_eq!(whole("Multipart/Form-Data; charset=utf-8; Boundary=\"B\"", empty_value).code, None);
    assert_eq!(whole("multipart/form-data; boundary=a/b=c:d", "--a/b=c:d--\r\n").code, None);
}

#[test]
fn multipart_that_readers_split_differently_is_refused() {
    for body in [
        // bare line feeds and carriage returns around a delimiter
        "--B\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=\"a\"\n\r\n1\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\n--B--",
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r--B--",
        // padding, and a boundary that is the beginning of another
        "--B \r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--Bx\r\n--B--",
        // headers
        "--B\r\n\r\n1\r\n--B--",
        "--B\r\nContent-Type: text/plain\r\n\r\n1\r\n--B--",
        "--B\r\nContent-Disposition: form-data\r\n\r\n1\r\n--B--",
        "--B\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=\"a\"; name=\"b\"\r\n\r\n1\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=\"a\"; name*=utf-8''b\r\n\r\n1\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n1\r\n--B--",
        "--B\r\nContent-Disposition: form-data;\r\n name=\"a\"\r\n\r\n1\r\n--B--",
        "--B\r\nContent-Disposition : form-data; name=\"a\"\r\n\r\n1\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n--B\r\n\r\n1\r\n--B--",
        // a part without content, or an empty one
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n--B--",
        // the end
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n",
        "--B--\r\n--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B--",
        "no delimiter at all",
    ] {
        assert_eq!(whole(MULTIPART, body).code, Some("limits.malformed_multipart"), "{body:?}");
    }
}

#[test]
fn an_unclear_boundary_is_refused() {
    for content_type in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=a; boundary=b",
        "multipart/form-data; boundary=\"a",
        "multipart/form-data; boundary=\"a\" b",
        "multipart/form-data; boundary=\"ä\"",
        &format!("multipart/form-data; boundary={}", "x".repeat(71)),
    ] {
        assert_eq!(whole(content_type, "--").code, Some("limits.malformed_multipart"), "{content_type}");
        assert_eq!(inspect(content_type, &limits(""), &[]).1.code, None, "a head alone is no form");
    }
}

/// A form of as many fields by `FormData` as by a plain form, and a notebook with a few plots of 5000 points.
#[test]
fn what_apps_really_send_is_within_the_default_limits() {
    let part = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
    assert_eq!(whole(MULTIPART, &(part.repeat(1000) + "--B--")).code, None);
    let points = vec!["{\"x\":1,\"y\":2,\"z\":3}"; 50_000].join(",");
    assert_eq!(whole(JSON, &format!("[{points}]")).code, None);
}

#[test]
fn counts_and_lengths_are_kept() {
    let tight = limits(
        "parameters = 3\nparameter_name = 8\nparameter_value = 5\njson_depth = 3\njson_keys = 3\nparts = 2\nbody = 400",
    );
    let file = "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\"\r\n\r\n1234567890\r\n--B--";
    for (content_type, body, code) in [
        (FORM, "a=1&b=2&c=3", None),
        (FORM, "a=1&&&&&b=2&c=3&", None),
        (FORM, "a=1&b=2&c=3&d", Some("limits.too_many_parameters")),
        (FORM, "=&=&=&=", Some("limits.too_many_parameters")),
        (FORM, "12345678=12345", None),
        (FORM, "123456789=1", Some("limits.parameter_name_too_long")),
        (FORM, "a=123456", Some("limits.parameter_value_too_long")),
        (MULTIPART, &format!("{}{}--B--", part("a", "12345"), part("b", "")), None),
        (MULTIPART, &format!("{}--B--", part("a", "123456")), Some("limits.parameter_value_too_long")),
        (MULTIPART, &format!("{}--B--", part("123456789", "")), Some("limits.parameter_name_too_long")),
        (MULTIPART, file, None),
        (
            MULTIPART,
            &format!("{}{}{}--B--", part("a", ""), part("b", ""), part("c", "")),
            Some("limits.too_many_parts"),
        ),
        (JSON, "[[{\"a]\": \"}\\\"[\", \"b\": [], \"c\": 1}]]", Some("limits.json_too_deep")),
        (JSON, "[{\"a]\": \"}\\\"[[[[::::\", \"b\": [1], \"c\": 1}]", None),
        (JSON, "{\"a\": 1, \"b\": 1, \"c\": 1, \"d\": 1}", Some("limits.too_many_json_keys")),
        (JSON, "[][][[]][[]] not ours to judge }}}]", None),
        (JSON, "[\u{0}]", Some("limits.json_encoding")),
        ("text/plain", &"x".repeat(400), None),
        ("text/plain", &"x".repeat(401), Some("limits.body_too_large")),
    ] {
        assert_eq!(inspect(content_type, &tight, &[body.as_bytes()]).1.code, code, "{body}");
    }
}

#[test]
fn parameters_of_query_and_form_are_counted_together() {
    let mut head = head(FORM);
    head.uri = "/?a=1&b=2".parse().unwrap();
    let mut inspector = Inspector::new(&head, &limits("parameters = 3"));
    let _ = inspector.push(Bytes::from_static(b"c=3"));
    assert_eq!(inspector.exceeded(), None);
    let _ = inspector.push(Bytes::from_static(b"&d=4"));
    assert_eq!(inspector.exceeded(), Some(&limits::Reason::TooManyParameters { limit: 3 }));
}

#[test]
fn bodies_of_other_kinds_are_not_held() {
    for content_type in ["text/plain", "image/png", "application/grpc", "multipart/mixed; boundary=x"] {
        assert!(!Inspector::new(&head(content_type), &limits("")).wants_body(), "{content_type}");
    }
    for content_type in [FORM, MULTIPART, JSON, "application/vnd.api+json; charset=utf-8"] {
        assert!(Inspector::new(&head(content_type), &limits("")).wants_body(), "{content_type}");
    }
}

#[test]
fn a_compressed_body_is_only_counted() {
    let mut head = head(JSON);
    head.headers.insert("content-encoding", HeaderValue::from_static("gzip"));
    assert!(!Inspector::new(&head, &limits("")).wants_body());
    head.headers.insert("content-encoding", HeaderValue::from_static("identity"));
    assert!(Inspector::new(&head, &limits("")).wants_body());
}

#[test]
fn what_is_longer_than_the_window_is_judged_on_its_way() {
    let small = limits("hold = 8\nparameters = 3");
    let (inspector, seen) = inspect(FORM, &small, &[b"a=123456", b"7", b"&b=2&c=3", b"&d=4", b"&e=5"]);
    assert_eq!(seen.code, Some("limits.too_many_parameters"));
    assert_eq!(seen.app_gets, b"a=1234567&b=2&c=3");
    assert!(!inspector.is_complete());
}

#[test]
fn the_window_does_not_end_within_our_own_field() {
    let small = limits("hold = 8");
    let (_, seen) = inspect(FORM, &small, &[b"a=1&_portc", b"ullis_csrf=", b"T", b"OKEN&b=", b"2"]);
    assert_eq!(seen.token.as_deref(), Some("TOKEN"));
    assert_eq!(seen.app_gets, b"a=1&b=2");
}

#[test]
fn the_window_stretches_only_so_far() {
    let small = limits("hold = 8");
    let mut inspector = Inspector::new(&head(FORM), &small);
    let mut pushed = 0;
    let _ = inspector.push(Bytes::from_static(b"_portcullis_csrf="));
    while inspector.wants_body() {
        let _ = inspector.push(Bytes::from_static(b"x"));
        pushed += 1;
    }
    assert!(pushed <= STRETCH + 8);
    assert_eq!(inspector.csrf_token(), None);
}

#[test]
fn while_observing_a_limit_breaks_nothing_off() {
    let observed = limits("mode = \"observe\"\nhold = 4\nbody = 8");
    let (inspector, seen) = inspect(FORM, &observed, &[b"a=12", b"34567890", b"123"]);
    assert_eq!(seen.app_gets, b"a=1234567890123");
    assert_eq!(inspector.exceeded(), None);
}

#[test]
fn a_form_can_be_offered_again_without_our_field() {
    let mut inspector = Inspector::new(&head(FORM), &limits(""));
    let _ = inspector.push(Bytes::from_static(b"a+b=%C3%BC&_portcullis_csrf=T&c&d=1=2"));
    assert_eq!(inspector.form_pairs(), None);
    inspector.end();
    let pairs = inspector.form_pairs().unwrap();
    let expected = [("a b", "ü"), ("c", ""), ("d", "1=2")];
    assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

static DEFAULT: LazyLock<limits::Config> = LazyLock::new(|| limits(""));
static TIGHT: LazyLock<limits::Config> = LazyLock::new(|| {
    limits(
        "parameters = 3\nparameter_name = 20\nparameter_value = 18\njson_depth = 2\njson_keys = 2\nparts = 2",
    )
});

/// Pieces that the grammars care for, so that random bodies reach deep.
fn morsels() -> impl Strategy<Value = Vec<u8>> {
    let morsel = prop::sample::select(vec![
        &b"--B"[..],
        &b"\r\n"[..],
        &b"\r"[..],
        &b"\n"[..],
        &b"--"[..],
        &b"\r\n--B\r\n"[..],
        &b"\r\n--B--"[..],
        &b"Content-Disposition: form-data; name=\"a\"\r\n\r\n"[..],
        &b"Content-Disposition: form-data; name=\"_portcullis_csrf\"\r\n\r\n"[..],
        &b"Content-Disposition: form-data; name=f; filename=\"x\"\r\n\r\n"[..],
        &b"_portcullis_csrf"[..],
        &b"="[..],
        &b"&"[..],
        &b"%5F"[..],
        &b"["[..],
        &b"{\"a\":"[..],
        &b"\\"[..],
        &b"\""[..],
        &b"}"[..],
        &b"value of some length"[..],
        &b"\0"[..],
    ])
    .prop_map(<[u8]>::to_vec);
    let any = proptest::collection::vec(any::<u8>(), 0..6);
    proptest::collection::vec(prop_oneof![6 => morsel, 1 => any], 0..24).prop_map(|all| all.concat())
}

fn content_types() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(FORM), Just(MULTIPART), Just(JSON), Just("text/plain")]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn chunks_may_begin_anywhere(
        content_type in content_types(),
        body in morsels(),
        well_formed in any::<bool>(),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
        tight in any::<bool>(),
    ) {
        let limits = if tight { *TIGHT } else { *DEFAULT };
        let body = if well_formed && content_type == MULTIPART {
            let ours = part(FIELD, "T");
            [ours.as_bytes(), part("x", "y").as_bytes(), &body, b"\r\n--B--"].concat()
        } else {
            body
        };
        let (_, expected) = inspect(content_type, &limits, &[&body]);

        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        let (_, single) = inspect(content_type, &limits, &bytes);
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        at.extend([0, body.len()]);
        at.sort_unstable();
        let pieces: Vec<&[u8]> = at.windows(2).map(|pair| &body[pair[0]..pair[1]]).collect();
        let (_, pieced) = inspect(content_type, &limits, &pieces);

        prop_assert_eq!(single.code, expected.code);
        prop_assert_eq!(pieced.code, expected.code);
        if expected.code.is_none() {
            prop_assert_eq!(&single, &expected);
            prop_assert_eq!(&pieced, &expected);
            prop_assert_eq!(expected.app_gets.len() + expected.removed, body.len());
        }
    }

    #[test]
    fn no_body_and_no_content_type_panics(
        content_type in proptest::collection::vec(any::<u8>(), 0..60),
        prefix in prop::sample::select(vec![&b""[..], &b"multipart/form-data;boundary="[..]]),
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..6),
        hold in 1_usize..64,
    ) {
        let limits = limits::Config { hold, ..*DEFAULT };
        let mut head = head(FORM);
        if let Ok(value) = HeaderValue::from_bytes(&[prefix, &content_type].concat()) {
            head.headers.insert("content-type", value);
        }
        let mut inspector = Inspector::new(&head, &limits);
        for chunk in &chunks {
            let _ = inspector.push(Bytes::copy_from_slice(chunk));
        }
        inspector.end();
        let _ = inspector.form_pairs();
        let removed = inspector.removed();
        let length: usize = inspector.take_held().iter().map(Bytes::len).sum();
        prop_assert_eq!(length + removed, chunks.iter().map(Vec::len).sum::<usize>());
    }

    #[test]
    fn the_app_reads_the_same_fields_less_ours(body in morsels()) {
        let (_, seen) = inspect(FORM, &DEFAULT, &[&body]);
        let mut before = urlencoded::pairs(&body);
        before.retain(|(name, _)| name != FIELD.as_bytes());
        prop_assert_eq!(urlencoded::pairs(&seen.app_gets), before);
    }
}
