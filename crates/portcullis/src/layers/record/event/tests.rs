use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::exchange::Exchange;
use crate::layers::content::csrf;
use crate::policy::Policy;
use crate::reason::Reason;
use crate::request::{Listener, Moment, Peer, TlsFacts};
use crate::verdict::Layer;

fn exchange(policy: &str, uri: &str, headers: &[(&str, &[u8])]) -> Box<Exchange> {
    let mut request = http::Request::builder().uri(uri).method("POST");
    for (name, value) in headers {
        request = request.header(*name, http::HeaderValue::from_bytes(value).unwrap());
    }
    let (head, ()) = request.body(()).unwrap().into_parts();
    let peer = Peer {
        address: "192.0.2.1:4711".parse().unwrap(),
        listener: Listener::Https,
        tls: Some(TlsFacts { version: "TLSv1.3", ..TlsFacts::default() }),
    };
    let moment = Moment { since_epoch: Duration::from_millis(1_764_000_000_042), entropy: [7; 32] };
    let (policy, _) = Policy::parse("test", policy).unwrap();
    let path = head.uri.path().to_owned();
    let rules = policy.rules(&head.method, &path).clone();
    Exchange::begin(moment, &peer, rules, RequestFacts::of(&head, None), path)
}

fn line(event: &Event) -> Value {
    let line = event.line(7);
    assert!(!line.contains('\n'));
    serde_json::from_str(&line).unwrap()
}

fn refused(exchange: &Exchange, origin: &[u8]) -> Value {
    let reason = Reason::Csrf(csrf::Reason::ForeignOrigin { origin: origin.to_vec() });
    line(&Event::verdict(exchange, Layer::Csrf, &reason, Outcome::Refused))
}

fn redacted(text: &str) -> String {
    String::from_utf8(Redactor::new(&[]).text(text.as_bytes())).unwrap()
}

#[test]
fn a_path_is_the_same_over_http_2_as_over_http_1() {
    let event = refused(&exchange("", "https://shop.example/transfer?to=7", &[]), b"https://evil.example");
    assert_eq!(event["url.path"], "/transfer");
    assert_eq!(event["url.query"], "to=7");
    assert_eq!(event["server.address"], "shop.example");
}

#[test]
fn a_refusal_is_told_in_the_words_of_the_conventions() {
    let exchange = exchange(
        "[[route]]\npath = \"/transfer\"\n",
        "/transfer?to=7",
        &[("host", b"shop.example"), ("user-agent", b"curl/8")],
    );
    let event = refused(&exchange, b"https://evil.example");
    for (field, value) in [
        ("timestamp", "2025-11-24T16:00:00.042Z"),
        ("event.name", "portcullis.refused"),
        ("http.request.method", "POST"),
        ("url.scheme", "https"),
        ("url.path", "/transfer"),
        ("url.query", "to=7"),
        ("client.address", "192.0.2.1"),
        ("server.address", "shop.example"),
        ("network.protocol.version", "1.1"),
        ("tls.protocol.version", "1.3"),
        ("user_agent.original", "curl/8"),
        ("portcullis.layer", "csrf"),
        ("portcullis.reason", "csrf.foreign_origin"),
        ("portcullis.outcome", "refused"),
        ("portcullis.evidence.place", "header `origin`"),
        ("portcullis.evidence.bytes", "https://evil.example"),
        ("portcullis.route", "/transfer"),
    ] {
        if field != "url.scheme" {
            assert_eq!(event[field], value, "{field}");
        }
    }
    assert_eq!(event["portcullis.sequence"], 7);
    assert_eq!(event["http.response.status_code"], 403);
    assert_eq!(event["portcullis.id"], exchange.id.as_str());
    assert!(event["portcullis.exception"].as_str().unwrap().contains("[[route]]\npath = \"/transfer\""));
}

#[test]
fn times_are_right_around_leap_days_and_the_epoch() {
    let at = |seconds| rfc3339(Duration::from_secs(seconds));
    assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
    assert_eq!(at(951_782_400), "2000-02-29T00:00:00.000Z");
    assert_eq!(at(951_868_799), "2000-02-29T23:59:59.000Z");
    assert_eq!(at(951_868_800), "2000-03-01T00:00:00.000Z");
    assert_eq!(at(1_709_164_800), "2024-02-29T00:00:00.000Z");
    assert_eq!(at(1_735_689_599), "2024-12-31T23:59:59.000Z");
    assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00.000Z");
    let _ = rfc3339(Duration::MAX);
}

#[test]
fn no_byte_of_a_client_ends_a_line_or_moves_a_terminal() {
    let exchange = exchange("", "/x", &[("user-agent", "a\u{85}\u{202e}b\t\u{1f600}".as_bytes())]);
    let event = refused(&exchange, b"evil\r\n{\"portcullis.id\":\"forged\"}\x1b[2J\xff\x7f");
    assert_eq!(
        event["portcullis.evidence.bytes"],
        "evil\\r\\n{\"portcullis.id\":\"forged\"}\\u{1b}[2J\\x{ff}\\u{7f}"
    );
    assert_eq!(event["user_agent.original"], "a\\u{85}\\u{202e}b\\t\\u{1f600}");
}

#[test]
fn printable_is_bounded_and_never_ambiguous() {
    assert_eq!(printable(b"a\\n", 10), "a\\\\n");
    assert_eq!(printable("grüße".as_bytes(), 10), "grüße");
    assert_eq!(printable(b"abcdef", 3), "abc…");
    assert_eq!(clean("a\u{0}b", 10), "a\\u{0}b");
    assert_eq!(clean("abcdef", 3), "abc…");
}

#[test]
fn an_unknown_method_does_not_make_a_new_value() {
    let mut exchange = exchange("", "/x", &[]);
    exchange.request.method = "ACL\u{1b}".to_owned();
    let event = refused(&exchange, b"x");
    assert_eq!(event["http.request.method"], "_OTHER");
    assert_eq!(event["http.request.method_original"], "ACL\\u{1b}");
}

#[test]
fn secrets_in_a_query_go_by_their_names_however_written() {
    let redactor = Redactor::new(&["ssn".to_owned()]);
    let query = |text: &str| String::from_utf8(redactor.query(text.as_bytes())).unwrap();
    assert_eq!(query("user=a&password=hunter2&x=1"), "user=a&password=[redacted]&x=1");
    assert_eq!(query("user%5Bnew_passwor%64%5D=hunter2"), "user%5Bnew_passwor%64%5D=[redacted]");
    assert_eq!(
        query("Access-Token=1&SSN=2&code=3"),
        "Access-Token=[redacted]&SSN=[redacted]&code=[redacted]"
    );
    assert_eq!(query("zipcode=12345&q=barcode&password"), "zipcode=12345&q=barcode&password");
}

#[test]
fn secrets_in_text_go_by_their_shape() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N";
    assert_eq!(redacted(&format!("see {jwt} here")), "see [redacted] here");
    assert_eq!(
        redacted("a -----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- b"),
        "a [redacted] b"
    );
    assert_eq!(redacted("a -----BEGIN PRIVATE KEY-----\nMIIE"), "a [redacted]");
    assert_eq!(redacted("card 4111 1111 1111 1111."), "card [redacted].");
    assert_eq!(redacted("card=4111-1111-1111-1111&x"), "card=[redacted]&x");
    assert_eq!(redacted("number 4111 1111 1111 1112"), "number 4111 1111 1111 1112");
    assert_eq!(redacted("d41d8cd98f00b204e9800998ecf8427e"), "[redacted]");
    assert_eq!(redacted("key: ghp_16C7e42F292c6912E7710c838347Ae178B4a"), "key: [redacted]");
    assert_eq!(redacted("wJalrXUtnFEMI0K7MDENGbPxRfiCYEXAMPLEKEY"), "[redacted]");
    assert_eq!(redacted("{\"password\": \"a b\", \"n\": 1}"), "{\"password\": \"[redacted] b\", \"n\": 1}");
    assert_eq!(redacted("Authorization: Bearer abc def\r\nHost: x"), "Authorization: [redacted]\r\nHost: x");
    assert_eq!(redacted("Cookie: a=b; c=d\r\n"), "Cookie: [redacted]\r\n");
}

#[test]
fn what_only_looks_a_little_like_a_secret_stays() {
    for text in [
        "the header `origin` names `https://evil.example`, which is not this site",
        "the token was made for this visitor, but too long ago",
        "/static/js/components/Account/ProfileEditor2.js",
        "123e4567-e89b-12d3-a456-426614174000",
        "1764000000043 and 2025-11-24",
        "' OR 1=1 -- ",
    ] {
        assert_eq!(redacted(text), text);
    }
}

#[test]
fn evidence_found_at_a_secret_s_place_is_never_shown() {
    let redactor = Redactor::new(&[]);
    assert_eq!(redactor.evidence("header `cookie`", b"a=b"), b"[redacted]");
    assert_eq!(redactor.evidence("parameter `password`", b"x"), b"[redacted]");
    assert_eq!(redactor.evidence("request target", b"/a?token=1&b=2"), b"/a?token=[redacted]&b=2");
    let keeping = Redactor::keeping_secrets();
    assert_eq!(keeping.evidence("header `cookie`", b"a=b"), b"a=b");
}

#[test]
fn redaction_takes_linear_time() {
    let long = "z".repeat(200_000);
    assert_eq!(redacted(&long).len(), long.len());
    let names = "password".repeat(20_000);
    assert_eq!(redacted(&names).len(), names.len());
    let digits = "1 ".repeat(100_000);
    assert_eq!(redacted(&digits).len(), digits.len());
}

#[test]
fn passes_are_drawn_by_their_share_and_the_exchange_s_own_randomness() {
    let mut none = exchange("", "/x", &[]);
    assert!(sample_pass(&mut none, http::StatusCode::OK).is_none());
    let mut all = exchange("[event]\nsample_passes = 1.0\n", "/x", &[]);
    let event = sample_pass(&mut all, http::StatusCode::CREATED).unwrap();
    assert_eq!(event.outcome(), Outcome::Passed);
    assert_eq!(line(&event)["http.response.status_code"], 201);
    let mut half = exchange("[event]\nsample_passes = 0.5\n", "/x", &[]);
    let drawn = (0..1000).filter(|_| sample_pass(&mut half, http::StatusCode::OK).is_some()).count();
    assert!((400..600).contains(&drawn), "{drawn}");
}

#[test]
fn a_change_of_the_gate_has_no_request() {
    let event = Event::change(Duration::ZERO, "portcullis.policy_loaded", "the policy `a\nb` holds");
    let value = line(&event);
    assert_eq!(value["event.name"], "portcullis.policy_loaded");
    assert_eq!(value["portcullis.sentence"], "the policy `a\\nb` holds");
    assert!(value.get("portcullis.id").is_none());
    assert!(value.get("http.request.method").is_none());
}

#[test]
fn a_share_or_a_name_that_means_nothing_is_an_error_with_its_key() {
    for (policy, key) in [
        ("[event]\nsample_passes = 1.5\n", "event.sample_passes"),
        ("[event]\nsample_passes = nan\n", "event.sample_passes"),
        ("[event]\nredact = [\"--\"]\n", "event.redact[0]"),
        ("[event]\nmode = \"observe\"\n", "event.mode"),
    ] {
        let error = Policy::parse("test", policy).unwrap_err();
        assert_eq!(error.faults[0].key, key);
    }
}

#[test]
fn a_head_that_could_not_be_read_still_says_who_and_what() {
    let wire = crate::layers::arrival::framing::Wire {
        head: bytes::Bytes::from_static(b"GET /a b HTTP/1.1\nhOsT: shop.example\r\nuser-agent: x\r\n"),
        faults: Vec::new(),
    };
    let facts = RequestFacts::of_wire(&wire);
    assert_eq!((facts.method.as_str(), facts.target.as_str()), ("GET", "/a"));
    assert_eq!(facts.host.as_deref(), Some(&b"shop.example"[..]));
    let _ = RequestFacts::of_wire(&crate::layers::arrival::framing::Wire {
        head: bytes::Bytes::new(),
        faults: Vec::new(),
    });
}
