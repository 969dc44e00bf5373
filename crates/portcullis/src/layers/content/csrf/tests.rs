use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, Request};
use proptest::prelude::*;

use super::*;
use crate::body::Inspector;
use crate::exchange::Exchange;
use crate::keys::Keyring;
use crate::layers::arrival::host::Site;
use crate::layers::arrival::transport::Scheme;
use crate::layers::record::event::RequestFacts;
use crate::policy::{Faults, Policy};
use crate::request::{Listener, Moment, Peer, TlsFacts};
use crate::verdict::{Grounds, Place, Verdict};

type Headers<'a> = &'a [(&'a str, &'a str)];

const NOW: u64 = 1_800_000_000;

fn head(method: &str, target: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn keys() -> Keyring {
    Keyring::new([7; 32], vec![[6; 32]])
}

fn exchange_at(head: &Parts, policy: &str, seconds: u64) -> Box<Exchange> {
    let peer = Peer {
        address: "192.0.2.1:40000".parse().unwrap(),
        listener: Listener::Https,
        tls: Some(TlsFacts { version: "TLSv1.3", server_name: None, client_certificate: false }),
    };
    let (policy, _) = Policy::parse("p", policy).unwrap();
    let rules = Arc::clone(policy.site());
    let moment = Moment { since_epoch: Duration::from_secs(seconds), entropy: [9; 32] };
    let mut exchange =
        Exchange::begin(moment, &peer, rules, RequestFacts::of(head, None), head.uri.path().to_owned());
    exchange.site = Site { name: "shop.example".to_owned(), port: None };
    exchange.scheme = Scheme::Https;
    exchange
}

fn exchange(head: &Parts) -> Box<Exchange> {
    exchange_at(head, "", NOW)
}

fn judged(head: &Parts, exchange: &Exchange) -> String {
    match judge_head(head, exchange, &keys()) {
        Verdict::Pass(intent) => format!("{intent:?}"),
        Verdict::Deny(reason) => reason.code().to_owned(),
    }
}

const COOKIE: (&str, &str) = ("cookie", "session=abc");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const MULTIPART: (&str, &str) = ("content-type", "multipart/form-data; boundary=x");
const JSON: (&str, &str) = ("content-type", "application/json");
const TEXT: (&str, &str) = ("content-type", "text/plain; application/json");
const BEARER: (&str, &str) = ("authorization", "Bearer abc");
const OURS: (&str, &str) = ("origin", "https://shop.example");
const EVIL: (&str, &str) = ("origin", "https://evil.example");
const SIBLING: (&str, &str) = ("origin", "https://blog.shop.example");
const NULL: (&str, &str) = ("origin", "null");
const SAME_ORIGIN: (&str, &str) = ("sec-fetch-site", "same-origin");
const SAME_SITE: (&str, &str) = ("sec-fetch-site", "same-site");
const CROSS_SITE: (&str, &str) = ("sec-fetch-site", "cross-site");
const TYPED: (&str, &str) = ("sec-fetch-site", "none");
const NEEDS: &str = "NeedsToken { null_origin: false }";

#[test]
fn what_browsers_and_others_send_is_told_apart() {
    let table: &[(&str, &str, Headers<'_>, &str)] = &[
        // Chrome, Firefox, Safari 16.4 and later: Sec-Fetch-Site.
        ("own form", "POST", &[SAME_ORIGIN, OURS, COOKIE, FORM], "SameOrigin"),
        ("own form, no-referrer page", "POST", &[SAME_ORIGIN, NULL, COOKIE, FORM], "SameOrigin"),
        ("own upload", "POST", &[SAME_ORIGIN, OURS, COOKIE, MULTIPART], "SameOrigin"),
        ("own fetch", "DELETE", &[SAME_ORIGIN, OURS, COOKIE], "SameOrigin"),
        ("own fetch of JSON", "PUT", &[SAME_ORIGIN, OURS, COOKIE, JSON], "SameOrigin"),
        (
            "own form, balancer changed Host",
            "POST",
            &[SAME_ORIGIN, ("origin", "https://www.example"), COOKIE, FORM],
            "SameOrigin",
        ),
        ("reload of a form", "POST", &[TYPED, COOKIE, FORM], "UserTyped"),
        ("foreign form", "POST", &[CROSS_SITE, EVIL, COOKIE, FORM], "csrf.cross_site"),
        ("foreign form, no Origin", "POST", &[CROSS_SITE, COOKIE, FORM], "csrf.cross_site"),
        ("foreign form claims ours", "POST", &[CROSS_SITE, OURS, COOKIE, FORM], "csrf.cross_site"),
        ("foreign upload", "POST", &[CROSS_SITE, EVIL, COOKIE, MULTIPART], "csrf.cross_site"),
        ("fetch no-cors, text for JSON", "POST", &[CROSS_SITE, EVIL, COOKIE, TEXT], "csrf.cross_site"),
        ("fetch no-cors without body", "POST", &[CROSS_SITE, EVIL, COOKIE], "csrf.cross_site"),
        ("fetch with cookies after CORS", "POST", &[CROSS_SITE, EVIL, COOKIE, JSON], "csrf.cross_site"),
        ("sandboxed frame", "POST", &[CROSS_SITE, NULL, COOKIE, FORM], "csrf.cross_site"),
        ("sibling's form", "POST", &[SAME_SITE, SIBLING, COOKIE, FORM], "csrf.same_site"),
        ("sibling's form without cookies", "POST", &[SAME_SITE, SIBLING, FORM], "csrf.same_site"),
        (
            "plain side of the same host",
            "POST",
            &[SAME_SITE, ("origin", "http://shop.example"), COOKIE, FORM],
            "csrf.same_site",
        ),
        ("login CSRF", "POST", &[CROSS_SITE, EVIL, FORM], "csrf.cross_site"),
        ("login CSRF by fetch", "POST", &[CROSS_SITE, EVIL, TEXT], "csrf.cross_site"),
        ("login CSRF, empty type", "POST", &[CROSS_SITE, EVIL, ("content-type", "")], "csrf.cross_site"),
        ("API with bearer from a foreign page", "POST", &[CROSS_SITE, EVIL, BEARER, JSON], "NothingToForge"),
        ("the same, a form", "POST", &[CROSS_SITE, EVIL, BEARER, FORM], "NothingToForge"),
        ("API with JSON and no credentials", "POST", &[CROSS_SITE, EVIL, JSON], "NothingToForge"),
        ("API, PUT without credentials", "PUT", &[CROSS_SITE, EVIL], "NothingToForge"),
        ("API with bearer and cookie", "POST", &[CROSS_SITE, EVIL, BEARER, COOKIE, JSON], "csrf.cross_site"),
        (
            "Basic is ambient",
            "POST",
            &[CROSS_SITE, EVIL, ("authorization", "basic eDp5"), JSON],
            "csrf.cross_site",
        ),
        (
            "Negotiate is ambient",
            "PUT",
            &[CROSS_SITE, EVIL, ("authorization", "Negotiate YII=")],
            "csrf.cross_site",
        ),
        (
            "a value of the future",
            "POST",
            &[("sec-fetch-site", "same-planet"), OURS, COOKIE, FORM],
            "csrf.cross_site",
        ),
        ("an empty value", "POST", &[("sec-fetch-site", ""), OURS, COOKIE, FORM], "csrf.cross_site"),
        // Safari before 16.4, and plain HTTP: Origin alone.
        ("old: own form", "POST", &[OURS, COOKIE, FORM], "SameOrigin"),
        (
            "old: own form, port written",
            "POST",
            &[("origin", "https://SHOP.example:443"), COOKIE, FORM],
            "SameOrigin",
        ),
        ("old: foreign form", "POST", &[EVIL, COOKIE, FORM], "csrf.foreign_origin"),
        ("old: sibling's form", "POST", &[SIBLING, COOKIE, FORM], "csrf.foreign_origin"),
        (
            "old: another port",
            "POST",
            &[("origin", "https://shop.example:8443"), COOKIE, FORM],
            "csrf.foreign_origin",
        ),
        (
            "old: plain side",
            "POST",
            &[("origin", "http://shop.example"), COOKIE, FORM],
            "csrf.foreign_origin",
        ),
        (
            "old: name with ours inside",
            "POST",
            &[("origin", "https://shop.example.evil.example"), COOKIE, FORM],
            "csrf.foreign_origin",
        ),
        (
            "old: name that ends like ours",
            "POST",
            &[("origin", "https://evilshop.example"), COOKIE, FORM],
            "csrf.foreign_origin",
        ),
        (
            "old: no origin at all",
            "POST",
            &[("origin", "https://shop.example/"), COOKIE, FORM],
            "csrf.foreign_origin",
        ),
        ("old: empty origin", "POST", &[("origin", ""), COOKIE, FORM], "csrf.foreign_origin"),
        ("old: login CSRF", "POST", &[EVIL, FORM], "csrf.foreign_origin"),
        ("old: API with bearer", "POST", &[EVIL, BEARER, JSON], "NothingToForge"),
        ("old: sandboxed frame", "POST", &[NULL, COOKIE, FORM], "NeedsToken { null_origin: true }"),
        ("old: sandboxed login CSRF", "POST", &[NULL, FORM], "NeedsToken { null_origin: true }"),
        ("old: sandboxed fetch", "POST", &[NULL, COOKIE, TEXT], "csrf.null_origin"),
        (
            "old: Origin beats Referer",
            "POST",
            &[EVIL, ("referer", "https://shop.example/"), COOKIE, FORM],
            "csrf.foreign_origin",
        ),
        // Browsers older still: Referer.
        (
            "older: own form",
            "POST",
            &[("referer", "https://shop.example/form?x=1"), COOKIE, FORM],
            "SameOrigin",
        ),
        (
            "older: foreign form",
            "POST",
            &[("referer", "https://evil.example/https://shop.example/"), COOKIE, FORM],
            "csrf.foreign_referer",
        ),
        (
            "older: user-info trick",
            "POST",
            &[("referer", "https://shop.example@evil.example/"), COOKIE, FORM],
            "csrf.foreign_referer",
        ),
        ("older: login CSRF", "POST", &[("referer", "https://evil.example/"), FORM], "csrf.foreign_referer"),
        ("older: not a URL", "POST", &[("referer", "shop.example"), COOKIE, FORM], "csrf.foreign_referer"),
        // Nothing said.
        ("curl, a form", "POST", &[FORM], "NothingToForge"),
        ("curl, JSON", "POST", &[JSON], "NothingToForge"),
        ("webhook", "POST", &[JSON, ("x-hub-signature-256", "sha256=0")], "NothingToForge"),
        ("mobile app with bearer", "POST", &[BEARER, JSON], "NothingToForge"),
        ("mobile app with a cookie", "POST", &[COOKIE, JSON], "csrf.missing_token"),
        ("curl with a cookie jar", "POST", &[COOKIE, FORM], NEEDS),
        ("upload with a cookie jar", "POST", &[COOKIE, MULTIPART], NEEDS),
        ("Basic and nothing else", "POST", &[("authorization", "Basic eDp5"), FORM], NEEDS),
        ("Digest and nothing else", "DELETE", &[("authorization", "DIGEST x")], "csrf.missing_token"),
        ("an empty cookie header", "POST", &[("cookie", ""), FORM], "NothingToForge"),
        (
            "the app's own token in a header",
            "POST",
            &[COOKIE, JSON, ("x-csrftoken", "ImFiYyI.aa.bb")],
            "csrf.missing_token",
        ),
        // Safe methods.
        ("foreign link", "GET", &[CROSS_SITE, COOKIE], "Safe"),
        ("foreign image", "HEAD", &[CROSS_SITE, EVIL, COOKIE], "Safe"),
        ("preflight", "OPTIONS", &[CROSS_SITE, EVIL], "Safe"),
        ("an unknown method", "PURGE", &[CROSS_SITE, EVIL, COOKIE], "csrf.cross_site"),
        ("lower case, which some servers take for the same", "get", &[CROSS_SITE, EVIL, COOKIE], "Safe"),
        (
            "overridden",
            "GET",
            &[CROSS_SITE, EVIL, COOKIE, ("x-http-method-override", "DELETE")],
            "csrf.cross_site",
        ),
        (
            "overridden twice",
            "GET",
            &[CROSS_SITE, COOKIE, ("x-method-override", "GET"), ("x-method-override", "PUT")],
            "csrf.cross_site",
        ),
        ("overridden by ourselves", "GET", &[SAME_ORIGIN, COOKIE, ("x-http-method", "PATCH")], "SameOrigin"),
        ("overridden to what is safe", "GET", &[CROSS_SITE, COOKIE, ("x-http-method", "head")], "Safe"),
    ];
    for (what, method, headers, expected) in table {
        let head = head(method, "/transfer", headers);
        assert_eq!(judged(&head, &exchange(&head)), *expected, "{what}");
    }
}

#[test]
fn a_method_in_the_query_overrides_too() {
    for (target, expected) in [
        ("/x?_method=DELETE", "csrf.cross_site"),
        ("/x?a=b&%5fmethod=put", "csrf.cross_site"),
        ("/x?_method=get", "Safe"),
        ("/x?a_method=DELETE", "Safe"),
    ] {
        let head = head("GET", target, &[CROSS_SITE, COOKIE]);
        assert_eq!(judged(&head, &exchange(&head)), expected, "{target}");
    }
}

#[test]
fn a_doubled_header_is_not_an_absent_one() {
    for repeated in
        [[OURS, OURS], [OURS, EVIL], [SAME_ORIGIN, CROSS_SITE], [("referer", "https://shop.example/"); 2]]
    {
        let head = head("POST", "/", &[repeated[0], repeated[1], COOKIE, FORM]);
        assert_eq!(judged(&head, &exchange(&head)), "csrf.repeated_header", "{repeated:?}");
    }
}

#[test]
fn a_websocket_handshake_is_judged_by_its_origin() {
    let table: &[(&str, Headers<'_>, &str)] = &[
        ("own page", &[OURS, COOKIE], "SameOrigin"),
        ("foreign page", &[EVIL, COOKIE], "csrf.websocket_origin"),
        ("foreign page without cookies", &[EVIL], "csrf.websocket_origin"),
        ("sibling", &[SIBLING, SAME_SITE, COOKIE], "csrf.websocket_origin"),
        ("sandboxed", &[NULL, COOKIE], "csrf.websocket_origin"),
        ("no browser", &[], "NothingToForge"),
        ("no browser, bearer", &[BEARER], "NothingToForge"),
        ("no browser, cookie", &[COOKIE], "csrf.websocket_origin"),
        ("Origin stripped on the way", &[CROSS_SITE], "csrf.websocket_origin"),
        ("doubled", &[OURS, EVIL], "csrf.repeated_header"),
    ];
    for (what, headers, expected) in table {
        let mut all = headers.to_vec();
        all.extend([("connection", "Upgrade"), ("upgrade", "WebSocket")]);
        let http1 = head("GET", "/socket", &all);
        assert_eq!(judged(&http1, &exchange(&http1)), *expected, "{what}, HTTP/1.1");
        let http2 = head("CONNECT", "shop.example:443", headers);
        assert_eq!(judged(&http2, &exchange(&http2)), *expected, "{what}, HTTP/2");
    }
}

#[test]
fn a_client_certificate_is_an_ambient_credential() {
    let head = head("POST", "/", &[CROSS_SITE, EVIL, JSON]);
    let mut exchange = exchange(&head);
    exchange.peer.tls.as_mut().unwrap().client_certificate = true;
    assert_eq!(judged(&head, &exchange), "csrf.cross_site");
}

#[test]
fn trusted_origins_pass_and_their_neighbours_do_not() {
    let policy = "[csrf]\ntrusted_origins = [\"https://partner.example\", \"https://*.shop.example\"]\n";
    for (origin, fetch_site, expected) in [
        ("https://partner.example", Some(CROSS_SITE), "TrustedOrigin"),
        ("https://partner.example", None, "TrustedOrigin"),
        ("https://blog.shop.example", Some(SAME_SITE), "TrustedOrigin"),
        ("https://partner.example:444", Some(CROSS_SITE), "csrf.cross_site"),
        ("http://partner.example", None, "csrf.foreign_origin"),
        ("https://a.partner.example", None, "csrf.foreign_origin"),
        ("https://evilshop.example", None, "csrf.foreign_origin"),
    ] {
        let mut headers = vec![("origin", origin), COOKIE, FORM];
        headers.extend(fetch_site);
        let head = head("POST", "/", &headers);
        assert_eq!(judged(&head, &exchange_at(&head, policy, NOW)), expected, "{origin}");
    }
    let by_referer = head("POST", "/", &[("referer", "https://partner.example/page"), COOKIE, FORM]);
    assert_eq!(judged(&by_referer, &exchange_at(&by_referer, policy, NOW)), "TrustedOrigin");
    let socket = head("GET", "/", &[("origin", "https://partner.example"), ("upgrade", "websocket"), COOKIE]);
    assert_eq!(judged(&socket, &exchange_at(&socket, policy, NOW)), "TrustedOrigin");
}

#[test]
fn a_gate_behind_a_balancer_that_it_does_not_know_still_knows_its_own_pages() {
    let head = head("POST", "/", &[OURS, COOKIE, FORM]);
    let mut exchange = exchange(&head);
    exchange.scheme = Scheme::Http;
    assert_eq!(judged(&head, &exchange), "SameOrigin");
    exchange.site.port = Some(8080);
    assert_eq!(judged(&head, &exchange), "csrf.foreign_origin");
}

#[test]
fn a_policy_that_trusts_strangers_does_not_load() {
    for (text, told) in [
        ("[csrf]\ntrusted_origins = [\"http://partner.example\"]\n", "plain HTTP"),
        ("[csrf]\ntrusted_origins = [\"https://ok.example\", \"https://*.com\"]\n", "wildcard"),
        ("[csrf]\ntrusted_origins = [\"partner.example\"]\n", "not an origin"),
        ("[csrf]\nlifetime = \"5 s\"\n", "less than a minute"),
    ] {
        let error = Policy::parse("p", text).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
        assert!(error.starts_with("p:2:"), "{error}");
    }
    let dangerous = "[csrf]\ndangerous_http_origins = true\ntrusted_origins = [\"http://partner.example\"]\n";
    assert!(Policy::parse("p", dangerous).is_ok());
}

/// A token made at `NOW`, and the anchor it is bound to.
fn minted(keys: &Keyring) -> (String, Anchor) {
    let head = head("GET", "/form", &[]);
    let mut exchange = exchange(&head);
    let mut mint = TokenMint::for_exchange(&mut exchange, keys);
    let cookie = mint.set_cookie().unwrap();
    let value = cookie.to_str().unwrap().split(['=', ';']).nth(1).unwrap().to_owned();
    (mint.token(), Anchor::read(value.as_bytes()).unwrap())
}

fn with_token(token: &str, anchor: Anchor, seconds: u64) -> String {
    let head = head("POST", "/", &[COOKIE, JSON, ("x-xsrf-token", token)]);
    let mut exchange = exchange_at(&head, "", seconds);
    exchange.anchor = anchor;
    judged(&head, &exchange)
}

#[test]
fn a_token_holds_for_its_visitor_and_its_time_only() {
    let (token, anchor) = minted(&keys());
    assert_eq!(with_token(&token, anchor.clone(), NOW), "TokenInHeader");
    assert_eq!(with_token(&token, anchor.clone(), NOW + 12 * 3600), "TokenInHeader");
    assert_eq!(with_token(&token, anchor.clone(), NOW + 12 * 3600 + 1), "csrf.expired_token");
    assert_eq!(with_token(&token, anchor.clone(), NOW - 301), "csrf.invalid_token");
    assert_eq!(with_token(&token, Anchor::Absent, NOW), "csrf.invalid_token");
    let other = Anchor::read(b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    assert_eq!(with_token(&token, other, NOW), "csrf.invalid_token");
    // An anchor that we only just draw proves nothing about the visitor.
    let Anchor::Arrived(value) = anchor else { panic!("an anchor that arrived") };
    assert_eq!(with_token(&token, Anchor::Drawn(value), NOW), "csrf.invalid_token");
}

fn with_form(
    kind: (&str, &str),
    body: &str,
    anchor: Anchor,
    seconds: u64,
) -> (String, Box<Exchange>, Vec<u8>) {
    let head = head("POST", "/order?step=2", &[COOKIE, kind]);
    let mut exchange = exchange_at(&head, "", seconds);
    exchange.anchor = anchor;
    let Verdict::Pass(intent) = judge_head(&head, &exchange, &keys()) else { panic!("the head is refused") };
    assert!(intent.needs_token());
    let mut inspector = Inspector::new(&head, &exchange.rules.limits);
    let _ = inspector.push(bytes::Bytes::copy_from_slice(body.as_bytes()));
    inspector.end();
    let judged = match judge_body(&intent, &inspector, &mut exchange, &keys()) {
        Verdict::Pass(()) => "passes".to_owned(),
        Verdict::Deny(reason) => reason.code().to_owned(),
    };
    let app_gets = inspector.take_held().concat();
    (judged, exchange, app_gets)
}

#[test]
fn a_token_in_a_form_is_enough_and_the_app_never_meets_it() {
    let (token, anchor) = minted(&keys());
    let form = format!("item=1&_portcullis_csrf={token}&csrf_token=theirs");
    let (judged, _, app_gets) = with_form(FORM, &form, anchor.clone(), NOW + 60);
    assert_eq!(judged, "passes");
    assert_eq!(app_gets, b"item=1&csrf_token=theirs");

    let parts = format!(
        "--x\r\nContent-Disposition: form-data; name=\"_portcullis_csrf\"\r\n\r\n{token}\r\n\
         --x\r\nContent-Disposition: form-data; name=\"item\"\r\n\r\n1\r\n--x--\r\n"
    );
    let (judged, _, app_gets) = with_form(MULTIPART, &parts, anchor.clone(), NOW + 60);
    assert_eq!(judged, "passes");
    assert!(!app_gets.windows(16).any(|window| window == b"_portcullis_csrf"));

    for (body, expected) in [
        ("item=1", "csrf.missing_token"),
        ("_portcullis_csrf=", "csrf.invalid_token"),
        ("_portcullis_csrf=guessed", "csrf.invalid_token"),
    ] {
        assert_eq!(with_form(FORM, body, anchor.clone(), NOW).0, expected, "{body}");
    }
    assert_eq!(with_form(FORM, &form, Anchor::Absent, NOW).0, "csrf.invalid_token");
}

#[test]
fn an_expired_token_does_not_lose_the_form() {
    let (token, anchor) = minted(&keys());
    let late = NOW + 13 * 3600;
    let form = format!("_portcullis_csrf={token}&text=a+long+%C3%BCber-text&empty=&text=again");
    let (judged, exchange, _) = with_form(FORM, &form, anchor.clone(), late);
    assert_eq!(judged, "csrf.expired_token");
    let resubmit = exchange.resubmit.unwrap();
    assert_eq!(resubmit.action, "/order?step=2");
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        resubmit.fields,
        [field("text", "a long über-text"), field("empty", ""), field("text", "again")]
    );

    // Sent again with the fresh token it passes.
    let again: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&resubmit.fields)
        .append_pair(FIELD, &resubmit.token)
        .finish();
    let (judged, _, app_gets) = with_form(FORM, &again, anchor.clone(), late + 60);
    assert_eq!(judged, "passes");
    assert_eq!(app_gets, b"text=a+long+%C3%BCber-text&empty=&text=again");
}

#[test]
fn a_form_is_only_offered_again_whole_and_only_to_whom_it_was_given() {
    let (token, anchor) = minted(&keys());
    let late = NOW + 13 * 3600;
    let parts = format!(
        "--x\r\nContent-Disposition: form-data; name=\"_portcullis_csrf\"\r\n\r\n{token}\r\n--x--\r\n"
    );
    let (judged, exchange, _) = with_form(MULTIPART, &parts, anchor.clone(), late);
    assert_eq!((judged.as_str(), exchange.resubmit.is_none()), ("csrf.expired_token", true));

    let many = format!("_portcullis_csrf={token}{}", "&a=1".repeat(501));
    let (judged, exchange, _) = with_form(FORM, &many, anchor.clone(), late);
    assert_eq!((judged.as_str(), exchange.resubmit.is_none()), ("csrf.expired_token", true));

    let bytes = format!("_portcullis_csrf={token}&a=%ff");
    let (judged, exchange, _) = with_form(FORM, &bytes, anchor, late);
    assert_eq!((judged.as_str(), exchange.resubmit.is_none()), ("csrf.expired_token", true));

    let other = Anchor::read(b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    let (judged, exchange, _) = with_form(FORM, &format!("_portcullis_csrf={token}&a=1"), other, late);
    assert_eq!((judged.as_str(), exchange.resubmit.is_none()), ("csrf.invalid_token", true));
}

#[test]
fn each_flipped_character_spoils_a_token() {
    let (token, anchor) = minted(&keys());
    for position in 0..token.len() - 1 {
        let mut bytes = token.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        let spoiled = String::from_utf8(bytes).unwrap();
        assert_eq!(with_token(&spoiled, anchor.clone(), NOW), "csrf.invalid_token", "{position}");
    }
    assert_eq!(with_token(token.get(..100).unwrap(), anchor.clone(), NOW), "csrf.missing_token");
    assert_eq!(with_token(&format!("{token}A"), anchor, NOW), "csrf.missing_token");
}

#[test]
fn tokens_outlive_the_rotation_of_the_key_and_not_its_removal() {
    let (token, anchor) = minted(&Keyring::new([6; 32], vec![]));
    assert_eq!(with_token(&token, anchor, NOW), "TokenInHeader");
    let (token, anchor) = minted(&Keyring::new([5; 32], vec![]));
    assert_eq!(with_token(&token, anchor, NOW), "csrf.invalid_token");
}

#[test]
fn a_token_never_looks_the_same_twice() {
    let head = head("GET", "/form", &[]);
    let mut exchange = exchange(&head);
    let mut mint = TokenMint::for_exchange(&mut exchange, &keys());
    let tokens: std::collections::HashSet<String> = (0..100).map(|_| mint.token()).collect();
    assert_eq!(tokens.len(), 100);
    let mut another = TokenMint::for_exchange(&mut exchange, &keys());
    assert!(another.set_cookie().is_none(), "all mints of an exchange share the anchor");
    assert!(!tokens.contains(&another.token()));
    assert!(tokens.iter().all(|token| is_token_shaped(token.as_bytes())));
}

#[test]
fn the_anchor_cookie_cannot_be_read_or_shadowed() {
    let head = head("GET", "/form", &[]);
    let mut exchange = exchange(&head);
    let cookie = TokenMint::for_exchange(&mut exchange, &keys()).set_cookie().unwrap();
    let cookie = cookie.to_str().unwrap();
    assert!(cookie.starts_with("__Host-portcullis="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{cookie}");
    exchange.anchor = Anchor::Absent;
    exchange.scheme = Scheme::Http;
    let cookie = TokenMint::for_exchange(&mut exchange, &keys()).set_cookie().unwrap();
    assert!(cookie.to_str().unwrap().starts_with("portcullis="));
    assert!(!cookie.to_str().unwrap().contains("Secure"));
}

#[test]
fn djangos_own_pages_reach_django_without_origin() {
    let map = |headers: &[(&str, &str)]| head("POST", "/", headers).headers;
    let kept = |headers: &HeaderMap| headers.contains_key("origin");
    let mut django = map(&[OURS, ("cookie", "a=b; csrftoken=xyz")]);
    forward::spare_django(&mut django);
    assert!(!kept(&django));
    let mut other = map(&[OURS, ("cookie", "a=b; mycsrftoken=xyz; x=csrftoken=y")]);
    forward::spare_django(&mut other);
    assert!(kept(&other));
    let mut plain = map(&[("origin", "http://shop.example"), ("cookie", "csrftoken=xyz")]);
    forward::spare_django(&mut plain);
    assert!(kept(&plain));
}

#[test]
fn the_length_shrinks_by_what_was_cut() {
    let mut headers = head("POST", "/", &[("content-length", "200")]).headers;
    forward::shorten(&mut headers, 125);
    assert_eq!(headers["content-length"], "75");
    forward::shorten(&mut headers, 0);
    assert_eq!(headers["content-length"], "75");
    let mut chunked = head("POST", "/", &[]).headers;
    forward::shorten(&mut chunked, 125);
    assert!(!chunked.contains_key("content-length"));
}

#[test]
fn every_exception_is_a_policy_that_loads_and_lets_it_through() {
    let at = Place { method: "POST", path: "/transfer", host: "shop.example" };
    for headers in [
        [CROSS_SITE, EVIL, COOKIE, FORM],
        [SAME_SITE, SIBLING, COOKIE, FORM],
        [CROSS_SITE, ("origin", "http://evil.example"), COOKIE, FORM],
        [CROSS_SITE, NULL, COOKIE, FORM],
        [EVIL, ("x", "y"), COOKIE, FORM],
        [("referer", "https://evil.example/secret?x"), ("x", "y"), COOKIE, FORM],
        [("x", "y"), ("x", "y"), COOKIE, JSON],
        [NULL, ("x", "y"), COOKIE, JSON],
        [EVIL, ("upgrade", "websocket"), COOKIE, ("x", "y")],
    ] {
        let head = head("POST", "/transfer", &headers);
        let Verdict::Deny(reason) = judge_head(&head, &exchange(&head), &keys()) else {
            panic!("{headers:?} passes")
        };
        let exception = reason.exception(&at).unwrap();
        let (policy, _) =
            Policy::parse("p", &exception).unwrap_or_else(|error| panic!("{error}\n{exception}"));
        let mut mended = exchange(&head);
        mended.rules = Arc::clone(policy.rules(&head.method, "/transfer"));
        let passes = mended.rules.csrf.mode == crate::verdict::Mode::Off
            || matches!(judge_head(&head, &mended, &keys()), Verdict::Pass(_));
        assert!(passes, "{exception}");
        assert!(!reason.sentence().ends_with('.') && !reason.why().is_empty());
        assert!(!format!("{:?}", reason.evidence()).contains("secret"), "the path of a referer is not kept");
    }
}

proptest! {
    #[test]
    fn no_bytes_in_a_head_make_the_judge_panic(
        origin in prop::collection::vec(any::<u8>(), 0..60),
        site in prop::collection::vec(any::<u8>(), 0..20),
        referer in prop::collection::vec(any::<u8>(), 0..60),
        token in "[A-Za-z0-9_-]{0,120}",
    ) {
        let mut head = head("POST", "/", &[COOKIE, FORM]);
        for (name, bytes) in [("origin", origin), ("sec-fetch-site", site), ("referer", referer), ("x-csrf-token", token.into_bytes())] {
            if let Ok(value) = http::HeaderValue::from_bytes(&bytes) {
                head.headers.insert(name, value);
            }
        }
        let exchange = exchange(&head);
        let judged = judged(&head, &exchange);
        prop_assert!(judged != "TokenInHeader");
    }
}

#[test]
fn a_check_of_settings_finds_nothing_wrong_with_the_defaults() {
    let mut faults = Faults::new();
    let config = Config::check(&Raw::default(), &mut faults);
    assert!(faults.is_empty());
    assert_eq!(config.lifetime, Duration::from_secs(43_200));
}
