use http::header::{
    ACCEPT, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName,
};
use http::{HeaderValue, StatusCode};

use super::*;
use crate::layers::content::csrf::{self, Resubmit};
use crate::layers::record::event::RequestFacts;
use crate::request::{Listener, Moment, Peer};

fn exchange(headers: &[(&str, &str)]) -> Box<Exchange> {
    let mut request = http::Request::builder().uri("/transfer?to=1").method("POST");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (head, ()) = request.body(()).unwrap().into_parts();
    let peer = Peer { address: "192.0.2.1:4711".parse().unwrap(), listener: Listener::Https, tls: None };
    let moment = Moment { since_epoch: std::time::Duration::from_secs(1_764_000_000), entropy: [7; 32] };
    let rules = crate::Policy::default().site().clone();
    Exchange::begin(moment, &peer, rules, RequestFacts::of(&head, None), "/transfer".to_owned())
}

fn cross_site() -> Reason {
    Reason::Csrf(csrf::Reason::CrossSite { origin: Some(b"https://evil.example".to_vec()) })
}

fn body(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");

fn taste(headers: &[(&str, &str)]) -> Taste {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    Taste::of(&map)
}

#[test]
fn a_browser_gets_a_page_with_the_id_and_no_word_of_the_reason() {
    let exchange = exchange(&[BROWSER]);
    let response = refusal(&exchange, &cross_site());
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert!(body(&response).contains(exchange.id.as_str()));
    assert!(!body(&response).contains("evil.example"));
    assert!(!body(&response).contains("<script"));
}

#[test]
fn the_page_s_policy_names_its_one_style_by_the_hash_that_a_browser_computes() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let response = refusal(&exchange(&[BROWSER]), &cross_site());
    let page = body(&response);
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
    let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains(&format!("style-src 'sha256-{hash}'")), "{policy}");
    assert!(policy.starts_with("default-src 'none'"));
    assert!(!page.contains("style="));
}

#[test]
fn a_program_gets_a_problem_and_all_else_plain_text() {
    let problem = refusal(&exchange(&[("accept", "application/json")]), &cross_site());
    assert_eq!(problem.headers()[CONTENT_TYPE], "application/problem+json");
    let value: serde_json::Value = serde_json::from_slice(problem.body()).unwrap();
    assert_eq!(value["status"], 403);
    assert_eq!(value["type"], "about:blank");
    assert!(value["instance"].as_str().unwrap().starts_with("urn:portcullis:"));

    let text = refusal(&exchange(&[("accept", "*/*")]), &cross_site());
    assert_eq!(text.headers()[CONTENT_TYPE], "text/plain; charset=utf-8");
    assert!(body(&text).starts_with("403 Forbidden"));
}

#[test]
fn what_the_browser_says_of_the_request_outweighs_a_wide_accept() {
    assert_eq!(taste(&[BROWSER]), Taste::Page);
    assert_eq!(taste(&[("accept", "*/*"), ("sec-fetch-mode", "navigate")]), Taste::Page);
    assert_eq!(
        taste(&[("accept", "*/*"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")]),
        Taste::Problem
    );
    assert_eq!(
        taste(&[("accept", "*/*"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")]),
        Taste::Text
    );
    assert_eq!(taste(&[BROWSER, ("x-requested-with", "XMLHttpRequest")]), Taste::Problem);
    assert_eq!(
        taste(&[("accept", "*/*"), ("content-type", "application/json; charset=utf-8")]),
        Taste::Problem
    );
    assert_eq!(taste(&[("accept", "text/html;q=0.1, application/vnd.api+json")]), Taste::Problem);
    assert_eq!(taste(&[("upgrade", "websocket"), BROWSER]), Taste::Text);
    assert_eq!(taste(&[]), Taste::Text);
    assert_eq!(taste(&[(ACCEPT.as_str(), "text/html;q=9999999999999")]), Taste::Page);
}

#[test]
fn an_expired_form_is_offered_again_with_everything_escaped_and_secrets_hidden() {
    let mut exchange = exchange(&[BROWSER]);
    exchange.resubmit = Some(Resubmit {
        action: "/post?a=1&b=\"><script>".to_owned(),
        fields: vec![
            ("title".to_owned(), "</textarea><script>alert(1)</script>".to_owned()),
            ("password".to_owned(), "hunter2".to_owned()),
        ],
        token: "fresh".to_owned(),
    });
    let response = refusal(&exchange, &Reason::Csrf(csrf::Reason::ExpiredToken));
    let page = body(&response);
    assert!(!page.contains("<script"));
    assert!(page.contains("name=\"_portcullis_csrf\" value=\"fresh\""));
    assert!(page.contains("name=\"password\" value=\"hunter2\""));
    assert!(page.contains("<dd>••••••••</dd>"));
    assert!(!page.contains("<dd>hunter2"));
    let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("form-action 'self'"));
}

#[test]
fn a_host_that_is_not_ours_learns_no_name() {
    let words = words::of(StatusCode::MISDIRECTED_REQUEST, "host.unknown");
    let response = answer::with(Taste::Page, StatusCode::MISDIRECTED_REQUEST, &words, "id", None);
    assert!(!body(&response).contains("portcullis"));
    assert!(body(&response).contains("There is no such site here"));
}

#[test]
fn only_http_1_is_told_to_close_and_only_where_framing_is_in_doubt() {
    assert!(must_close(Layer::Framing, StatusCode::BAD_REQUEST));
    assert!(must_close(Layer::Limits, StatusCode::PAYLOAD_TOO_LARGE));
    assert!(!must_close(Layer::Csrf, StatusCode::FORBIDDEN));
    let response = refusal(&exchange(&[BROWSER]), &cross_site());
    assert!(!response.headers().contains_key(CONNECTION));
}

#[test]
fn plain_http_is_shown_the_way_and_nothing_else() {
    let reason = transport::Reason::PlainHttp { location: Some("https://shop.example/a?b=1".to_owned()) };
    let response = refusal(&exchange(&[BROWSER]), &reason.into());
    assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!(response.headers()[LOCATION], "https://shop.example/a?b=1");
    let nowhere = refusal(&exchange(&[BROWSER]), &transport::Reason::PlainHttp { location: None }.into());
    assert!(!nowhere.headers().contains_key(LOCATION));
}

#[test]
fn an_app_that_is_down_is_told_apart_from_one_that_is_slow() {
    let down = gateway_error(GatewayError::Unreachable, Taste::Page, "abc");
    let slow = gateway_error(GatewayError::TooSlow, Taste::Page, "abc");
    assert_eq!((down.status().as_u16(), slow.status().as_u16()), (502, 504));
    assert!(body(&down).contains("cannot be reached"));
    assert!(body(&slow).contains("did not answer in time"));
    assert!(!body(&gateway_error(GatewayError::Loop, Taste::Text, "")).contains("Reference"));
}

#[test]
fn every_status_has_words_of_its_own_kind() {
    for status in [308, 400, 403, 405, 408, 413, 414, 415, 421, 429, 431, 500, 501, 502, 504, 505, 418] {
        let status = StatusCode::from_u16(status).unwrap();
        let words = words::of(status, "");
        assert!(words.title.len() > 10 && words.happened.ends_with('.'), "{status}");
    }
}
