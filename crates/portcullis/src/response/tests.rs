use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, SET_COOKIE, VARY};
use http::{Request, Response, StatusCode};

use super::*;
use crate::layers::arrival::host::Site;
use crate::layers::arrival::transport::Scheme;
use crate::layers::record::event::RequestFacts;
use crate::policy::Policy;
use crate::request::{Listener, Moment, Peer};

const FORM: &str = "<!doctype html><title>t</title><form method=post action=/send><button>go</button></form>";
const TRACE: &str = "Traceback (most recent call last):\n  File \"/app/views.py\", line 7, in show\n    1 / 0\nZeroDivisionError: division by zero\n";

fn exchange(policy: &str) -> Box<Exchange> {
    let (policy, _) = Policy::parse("p", policy).unwrap();
    let head = Request::builder().uri("/page").body(()).unwrap().into_parts().0;
    let peer = Peer { address: "192.0.2.1:4000".parse().unwrap(), listener: Listener::Https, tls: None };
    let moment = Moment { since_epoch: Duration::from_secs(1_800_000_000), entropy: [3; 32] };
    let facts = RequestFacts::of(&head, None);
    let mut exchange = Exchange::begin(moment, &peer, Arc::clone(policy.site()), facts, "/page".to_owned());
    exchange.site = Site { name: "shop.example".to_owned(), port: None };
    exchange.scheme = Scheme::Https;
    exchange
}

/// How the chunks come.
#[derive(Clone, Copy, PartialEq)]
enum Pace {
    Steady,
    /// The app pauses after the first chunk.
    Pauses,
}

struct Sent {
    head: response::Parts,
    body: Vec<u8>,
    /// Bytes sent after each chunk of the app, once the head had gone.
    steps: Vec<usize>,
    cut: bool,
    events: String,
}

fn sent_as(
    policy: &str,
    method: Method,
    response: http::response::Builder,
    chunks: &[&[u8]],
    pace: Pace,
) -> Sent {
    let keys = Keyring::new([1; 32], Vec::new());
    let head = response.body(()).unwrap().into_parts().0;
    let asked = Asked { method, target: "/page".to_owned() };
    let mut release = release(exchange(policy), asked, head, &keys);
    let mut chunks = chunks.iter();
    let mut events = Vec::new();
    let departure = loop {
        match release {
            Release::Ready(departure) => break departure,
            Release::Hold(held) => match chunks.next() {
                None => break held.end(),
                Some(chunk) => {
                    release = match held.push(chunk) {
                        Release::Hold(held) if pace == Pace::Pauses => Release::Ready(held.hurry()),
                        other => other,
                    };
                }
            },
        }
    };
    let Departure { head, first, tail, events: mut told, .. } = *departure;
    events.append(&mut told);
    let mut body = first.to_vec();
    let mut steps = Vec::new();
    let mut cut = false;
    if let Some(mut tail) = tail {
        let ended = chunks
            .try_for_each(|chunk| {
                let out = tail.push(Bytes::copy_from_slice(chunk))?;
                steps.push(out.len());
                body.extend_from_slice(&out);
                Ok(())
            })
            .and_then(|()| tail.end());
        match ended {
            Ok((last, mut told)) => {
                body.extend_from_slice(&last);
                events.append(&mut told);
            }
            Err(Cut { events: mut told }) => {
                cut = true;
                events.append(&mut told);
            }
        }
    }
    let events =
        events.iter().map(|event| serde_json::to_string(event).unwrap()).collect::<Vec<_>>().join("\n");
    Sent { head, body, steps, cut, events }
}

fn sent(response: http::response::Builder, chunks: &[&[u8]]) -> Sent {
    sent_as("", Method::GET, response, chunks, Pace::Steady)
}

fn page() -> http::response::Builder {
    Response::builder().header(CONTENT_TYPE, "text/html; charset=utf-8")
}

fn of_length(builder: http::response::Builder, body: &[u8]) -> http::response::Builder {
    builder.header(CONTENT_LENGTH, body.len())
}

fn compress(coding: &str, plain: &[u8]) -> Vec<u8> {
    match coding {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        "deflate" => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        "raw deflate" => {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
            encoder.write_all(plain).unwrap();
            encoder.into_inner()
        }
        "zstd" => zstd::encode_all(plain, 9).unwrap(),
        other => unreachable!("{other}"),
    }
}

/// By the libraries' readers, which know nothing of ours.
fn decompress(coding: &str, coded: &[u8]) -> Vec<u8> {
    use std::io::Read as _;
    let mut plain = Vec::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(coded).read_to_end(&mut plain).unwrap(),
        "deflate" => flate2::read::ZlibDecoder::new(coded).read_to_end(&mut plain).unwrap(),
        "raw deflate" => flate2::read::DeflateDecoder::new(coded).read_to_end(&mut plain).unwrap(),
        "br" => brotli::Decompressor::new(coded, 4096).read_to_end(&mut plain).unwrap(),
        "zstd" => zstd::stream::read::Decoder::new(coded).unwrap().read_to_end(&mut plain).unwrap(),
        other => unreachable!("{other}"),
    };
    plain
}

const CODINGS: [&str; 5] = ["gzip", "deflate", "raw deflate", "br", "zstd"];

fn coded_page(coding: &str) -> http::response::Builder {
    page().header(CONTENT_ENCODING, coding.trim_start_matches("raw "))
}

/// The page without the tokens, which differ each time.
fn without_tokens(page: &[u8]) -> (String, usize) {
    let token =
        regex::Regex::new(r#"<input type="hidden" name="_portcullis_csrf" value="[\w-]+" />"#).unwrap();
    let text = String::from_utf8(page.to_vec()).unwrap();
    let count = token.find_iter(&text).count();
    (token.replace_all(&text, "").into_owned(), count)
}

#[test]
fn a_page_with_a_form_gets_a_token_and_a_head_that_fits() {
    let sent = sent(
        of_length(page(), FORM.as_bytes()).header(ETAG, "\"v1\"").header("digest", "x"),
        &[FORM.as_bytes()],
    );
    assert_eq!(without_tokens(&sent.body), (FORM.to_owned(), 1));
    assert_eq!(sent.head.headers[CONTENT_LENGTH], sent.body.len().to_string().as_str());
    assert_eq!(sent.head.headers[ETAG], "W/\"v1\"");
    assert!(!sent.head.headers.contains_key("digest"));
    assert!(sent.head.headers.get_all(VARY).iter().any(|value| value == "Cookie"));
    let cookies: Vec<_> = sent.head.headers.get_all(SET_COOKIE).iter().collect();
    assert_eq!(cookies.len(), 1);
    assert!(cookies[0].to_str().unwrap().starts_with("__Host-portcullis="));
    assert!(sent.head.headers.contains_key(CACHE_CONTROL));
}

#[test]
fn a_page_without_a_form_leaves_as_it_came() {
    let body = b"<p>\xff\xfe not even UTF-8 <P CLASS = x >\r\n<br/></p\n>";
    let sent = sent(of_length(page(), body).header(ETAG, "\"v1\""), &[&body[..7], &body[7..]]);
    assert_eq!(sent.body, body);
    assert_eq!(sent.head.headers[ETAG], "\"v1\"");
    assert!(!sent.head.headers.contains_key(SET_COOKIE));
}

#[test]
fn an_edited_page_in_any_coding_decodes_to_the_plain_one() {
    for coding in CODINGS {
        let body = compress(coding, FORM.as_bytes());
        for size in [1, 7, body.len()] {
            let chunks: Vec<&[u8]> = body.chunks(size).collect();
            let sent = sent(of_length(coded_page(coding), &body), &chunks);
            let plain = decompress(coding, &sent.body);
            assert_eq!(without_tokens(&plain), (FORM.to_owned(), 1), "{coding} by {size}");
            assert_eq!(sent.head.headers[CONTENT_LENGTH], sent.body.len().to_string().as_str());
        }
    }
}

#[test]
fn an_unedited_page_keeps_its_very_bytes_in_any_coding() {
    for coding in CODINGS {
        let body = compress(coding, b"<p>nothing to do");
        let sent = sent(of_length(coded_page(coding), &body), &[&body]);
        assert_eq!(sent.body, body, "{coding}");
    }
}

#[test]
fn a_long_page_streams_in_bounded_memory_in_any_coding() {
    let mut plain = Vec::new();
    for row in 0..20_000_u32 {
        plain.extend_from_slice(
            format!("<tr><td>{row}<td>{:x}</tr>\n", row.wrapping_mul(2_654_435_761)).as_bytes(),
        );
        if row % 2_000 == 0 {
            plain.extend_from_slice(FORM.as_bytes());
        }
    }
    let expected = String::from_utf8(plain.clone()).unwrap();
    let unaltered = sent(page(), &plain.chunks(4096).collect::<Vec<_>>());
    assert_eq!(without_tokens(&unaltered.body), (expected.clone(), 10));
    for coding in CODINGS {
        let body = compress(coding, &plain);
        let sent = sent(coded_page(coding), &body.chunks(4096).collect::<Vec<_>>());
        assert_eq!(without_tokens(&decompress(coding, &sent.body)), (expected.clone(), 10), "{coding}");
        assert!(!sent.head.headers.contains_key(CONTENT_LENGTH));
        // It did go out step by step.
        assert!(sent.steps.iter().filter(|step| **step > 0).count() > 2, "{coding} {:?}", sent.steps);
    }
}

#[test]
fn a_streamed_page_is_readable_up_to_each_flush() {
    for coding in ["gzip", "br", "zstd"] {
        let first = b"<form method=post></form><p>first";
        let second = b"<p>second";
        // The app flushes too: what it sends is two parts of one stream.
        let (one, two) = match coding {
            "gzip" => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(first).unwrap();
                encoder.flush().unwrap();
                let one = std::mem::take(encoder.get_mut());
                encoder.write_all(second).unwrap();
                (one, encoder.finish().unwrap())
            }
            "br" => {
                let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 4, 18);
                encoder.write_all(first).unwrap();
                encoder.flush().unwrap();
                let one = std::mem::take(encoder.get_mut());
                encoder.write_all(second).unwrap();
                (one, encoder.into_inner())
            }
            _ => {
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
                encoder.write_all(first).unwrap();
                encoder.flush().unwrap();
                let one = std::mem::take(encoder.get_mut());
                encoder.write_all(second).unwrap();
                (one, encoder.finish().unwrap())
            }
        };
        let sent = sent_as("", Method::GET, coded_page(coding), &[&one, &two], Pace::Pauses);
        assert!(sent.steps.len() == 1, "{coding}: the head went with the first part");
        let plain = decompress(coding, &sent.body);
        let (text, tokens) = without_tokens(&plain);
        assert_eq!((text.as_str(), tokens), ("<form method=post></form><p>first<p>second", 1), "{coding}");
    }
}

#[test]
fn what_is_not_the_coding_it_says_passes_as_it_came() {
    for coding in CODINGS.into_iter().filter(|coding| *coding != "raw deflate") {
        let body = b"\xff\xffthis is not compressed at all, whatever the head says".repeat(4);
        let sent = sent(of_length(coded_page(coding), &body), &body.chunks(5).collect::<Vec<_>>());
        assert_eq!(sent.body, body, "{coding}");
        assert!(sent.events.contains("leak.coding_broken"), "{coding}");
    }
}

#[test]
fn a_coded_page_cut_short_passes_as_it_came() {
    for coding in ["gzip", "br", "zstd"] {
        let whole = compress(coding, FORM.repeat(50).as_bytes());
        let body = &whole[..whole.len() / 2];
        let sent = sent(of_length(coded_page(coding), &whole), &[body]);
        assert_eq!(sent.body, body, "{coding}");
        assert!(sent.events.contains("leak.coding_broken"), "{coding}");
    }
}

#[test]
fn a_stream_that_breaks_after_the_head_is_cut_off() {
    let plain: String = (0..200_000_u32).map(|n| format!("{:x} ", n.wrapping_mul(2_654_435_761))).collect();
    let mut body = compress("gzip", plain.as_bytes());
    let middle = body.len() / 2;
    body[middle..middle + 2000].fill(0xff);
    let sent = sent(coded_page("gzip"), &body.chunks(4096).collect::<Vec<_>>());
    assert!(sent.cut);
    assert!(sent.events.contains("leak.coding_broken"));
}

#[test]
fn a_bomb_passes_undecoded() {
    for coding in ["br", "zstd"] {
        let body = compress(coding, &vec![b' '; 24 << 20]);
        assert!(body.len() < 100_000, "{coding} {}", body.len());
        let sent = sent(of_length(coded_page(coding), &body), &[&body]);
        assert_eq!(sent.body, body, "{coding}");
    }
}

#[test]
fn several_or_unknown_codings_pass_untouched_and_say_so() {
    for coding in ["gzip, br", "compress", "dcz"] {
        let sent = sent(page().header(CONTENT_ENCODING, coding), &[FORM.as_bytes()]);
        assert_eq!(sent.body, FORM.as_bytes());
        assert!(sent.events.contains("leak.coding_unknown"), "{coding}");
    }
}

#[test]
fn streams_downloads_and_answers_without_a_body_are_not_held() {
    let keys = Keyring::new([1; 32], Vec::new());
    let cases = [
        (Method::GET, Response::builder().header(CONTENT_TYPE, "text/event-stream")),
        (Method::POST, Response::builder().header(CONTENT_TYPE, "application/grpc+proto")),
        (Method::GET, Response::builder().header(CONTENT_TYPE, "application/octet-stream")),
        (Method::GET, Response::builder().header(CONTENT_TYPE, "image/png")),
        (Method::GET, page().header("content-disposition", "Attachment; filename=a.html")),
        (Method::GET, page().status(206).header("content-range", "bytes 0-9/100")),
        (Method::GET, page().status(304)),
        (Method::GET, page().status(204)),
        (Method::GET, page().status(101)),
        (Method::HEAD, page()),
    ];
    for (method, response) in cases {
        let head = response.body(()).unwrap().into_parts().0;
        let asked = Asked { method: method.clone(), target: "/page".to_owned() };
        let Release::Ready(departure) = release(exchange(""), asked, head, &keys) else {
            panic!("{method} was held");
        };
        let mut tail = departure.tail.unwrap();
        assert_eq!(tail.push(Bytes::from_static(TRACE.as_bytes())).unwrap(), TRACE.as_bytes());
    }
}

#[test]
fn a_trace_on_an_error_page_is_replaced_by_our_page() {
    for (kind, coding) in
        [("text/html", ""), ("text/plain", ""), ("application/json", ""), ("text/html", "gzip")]
    {
        let mut response = Response::builder().status(500).header(CONTENT_TYPE, kind);
        let mut body = TRACE.as_bytes().to_vec();
        if !coding.is_empty() {
            response = response.header(CONTENT_ENCODING, coding);
            body = compress(coding, &body);
        }
        let sent = sent(response.header("x-app", "1"), &body.chunks(9).collect::<Vec<_>>());
        assert_eq!(sent.head.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!String::from_utf8_lossy(&sent.body).contains("views.py"));
        assert!(!sent.head.headers.contains_key("x-app"));
        assert!(sent.events.contains("leak.shows_trace"), "{}", sent.events);
    }
}

#[test]
fn a_trace_is_only_noted_when_the_layer_observes() {
    let response = Response::builder().status(500).header(CONTENT_TYPE, "text/plain");
    let policy = "[leak]\nmode = \"observe\"\n";
    let sent = sent_as(policy, Method::GET, response, &[TRACE.as_bytes()], Pace::Steady);
    assert_eq!(sent.body, TRACE.as_bytes());
    assert!(sent.events.contains("leak.shows_trace"));
}

#[test]
fn a_late_trace_cuts_the_stream_off() {
    let filler = vec![b'.'; 300 << 10];
    let response = Response::builder().status(500).header(CONTENT_TYPE, "text/plain");
    let sent = sent(response, &[&filler, TRACE.as_bytes(), &filler]);
    assert!(sent.cut);
    assert!(!String::from_utf8_lossy(&sent.body).contains("views.py"));
    assert!(sent.events.contains("leak.shows_trace"));
}

#[test]
fn a_form_that_comes_after_the_head_finds_its_anchor_sent() {
    let sent = sent_as("", Method::GET, page(), &[b"<p>soon", FORM.as_bytes()], Pace::Pauses);
    assert!(sent.head.headers.contains_key(SET_COOKIE));
    assert_eq!(without_tokens(&sent.body).1, 1);
}

#[test]
fn shared_and_untransformable_pages_get_no_token() {
    for control in ["public, max-age=60", "max-age=1, S-MaxAge=60", "no-transform"] {
        let sent = sent(page().header(CACHE_CONTROL, control), &[FORM.as_bytes()]);
        assert_eq!(sent.body, FORM.as_bytes(), "{control}");
        assert!(!sent.head.headers.contains_key(SET_COOKIE));
    }
}

#[test]
fn a_page_is_left_alone_where_the_policy_says_so() {
    for policy in [
        "[html]\nmode = \"off\"\n",
        "[html]\nmode = \"observe\"\n",
        "[html]\ntokens = false\n",
        "[csrf]\nmode = \"off\"\n",
    ] {
        let sent = sent_as(policy, Method::GET, page(), &[FORM.as_bytes()], Pace::Steady);
        assert_eq!(sent.body, FORM.as_bytes(), "{policy}");
    }
}

#[test]
fn the_cookie_for_single_page_apps_goes_with_its_anchor() {
    let policy = "[csrf]\nspa_cookie = true\n";
    let sent = sent_as(policy, Method::GET, page(), &[b"<p>app"], Pace::Steady);
    let cookies: Vec<_> = sent
        .head
        .headers
        .get_all(SET_COOKIE)
        .iter()
        .map(|value| value.to_str().unwrap().to_owned())
        .collect();
    assert!(cookies.iter().any(|cookie| cookie.starts_with("__Host-portcullis=")), "{cookies:?}");
    let offered = cookies.iter().filter(|cookie| cookie.starts_with("XSRF-TOKEN=")).count();
    assert_eq!(offered, 1, "{cookies:?}");
    assert_eq!(sent.body, b"<p>app");
}

#[test]
fn the_head_of_a_page_promises_no_bytes_that_get_would_change() {
    let response = page().header(CONTENT_LENGTH, 10).header(ETAG, "\"v1\"");
    let sent = sent_as("", Method::HEAD, response, &[], Pace::Steady);
    assert!(!sent.head.headers.contains_key(CONTENT_LENGTH));
    assert_eq!(sent.head.headers[ETAG], "W/\"v1\"");
    let image = Response::builder().header(CONTENT_TYPE, "image/png").header(CONTENT_LENGTH, 10);
    let sent = sent_as("", Method::HEAD, image, &[], Pace::Steady);
    assert_eq!(sent.head.headers[CONTENT_LENGTH], "10");
}

#[test]
fn a_script_is_searched_for_secrets_and_streams_unheld() {
    let script = |status| Response::builder().status(status).header(CONTENT_TYPE, "text/javascript");
    let quoted = format!("throw '{}'", TRACE.replace('\n', "\\n"));
    assert_eq!(sent(script(500), &[quoted.as_bytes()]).body, quoted.as_bytes());
    let token =
        format!("const k = 'gh{}_{}';{}", "p", "Qw3rTy7uIo1pAs9dFgH5jKlZ2xCvB8nMq4We", " ".repeat(80));
    let sent = sent(script(200), &[b"let a = 1;", token.as_bytes()]);
    assert!(sent.cut);
    assert_eq!(sent.body, b"let a = 1;");
    assert!(sent.events.contains("leak.shows_secret"));
    assert!(!sent.events.contains("Ty7uIo1pAs9d"));
}
