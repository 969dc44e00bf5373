use std::sync::Arc;
use std::time::Duration;

use http::header::{LOCATION, REFRESH};
use http::{HeaderValue, Request, Response};
use proptest::prelude::*;
use url::Url;

use super::*;
use crate::exchange::Exchange;
use crate::layers::arrival::host::Site;
use crate::layers::arrival::transport::Scheme;
use crate::layers::record::event::RequestFacts;
use crate::origin::OriginPattern;
use crate::policy::Policy;
use crate::request::{Listener, Moment, Peer};
use crate::verdict::{Grounds, Place, Verdict};

fn exchange(policy: &str, target: &str, form: &[&str]) -> Box<Exchange> {
    let (policy, _) = Policy::parse("p", policy).unwrap();
    let head = Request::builder().uri(target).body(()).unwrap().into_parts().0;
    let peer =
        Peer { address: "192.0.2.1:4000".parse().unwrap(), listener: Listener::DangerousPlain, tls: None };
    let moment = Moment { since_epoch: Duration::from_secs(1_800_000_000), entropy: [3; 32] };
    let facts = RequestFacts::of(&head, None);
    let path = head.uri.path().to_owned();
    let mut exchange = Exchange::begin(moment, &peer, Arc::clone(policy.site()), facts, path);
    exchange.site = Site { name: "shop.example".to_owned(), port: None };
    exchange.scheme = Scheme::Https;
    exchange.told = Told::of(form);
    exchange
}

fn judged(exchange: &Exchange, location: &[u8]) -> String {
    let mut head = Response::builder().status(302).body(()).unwrap().into_parts().0;
    head.headers.insert(LOCATION, HeaderValue::from_bytes(location).unwrap());
    told(judge(&head, exchange))
}

fn told(verdict: Verdict<Onward, Reason>) -> String {
    match verdict {
        Verdict::Pass(Onward::AsWritten) => "passes".to_owned(),
        Verdict::Pass(Onward::Upgrade(value)) => value.to_str().unwrap().to_owned(),
        Verdict::Deny(reason) => reason.code().to_owned(),
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Targets that leave `https://shop.example/login`, as some browser reads them.
const LEAVING: &[&str] = &[
    "https://evil.example",
    "https://evil.example/",
    "HTTPS://EVIL.EXAMPLE/path?x#y",
    "http://evil.example/",
    "//evil.example",
    "//evil.example/%2f..",
    "///evil.example",
    "////evil.example",
    "/////evil.example/",
    "/\t/evil.example",
    "\t//evil.example",
    "/\t\t/evil.example",
    "\t/\t/\tevil.example",
    " //evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "/\\\\\\evil.example",
    "\\\t\\evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:\\evil.example",
    "https:\\\\evil.example",
    "https:///evil.example",
    "http:evil.example",
    "http:/evil.example",
    "http:/\\evil.example",
    "ht\ttps://evil.example",
    "https:\t//evil.example",
    "https://evil.exa\tmple/",
    "https://shop.example@evil.example/",
    "https://shop.example:443@evil.example/",
    "https://shop.example%40evil.example@evil.example/",
    "https://shop.example:x\\@evil.example@evil.example",
    "//shop.example@evil.example",
    "https://evil.example\\@shop.example/",
    "https://evil.example#@shop.example/",
    "https://evil.example?@shop.example/",
    "https://evil.example\\.shop.example/",
    "https://evil.example.",
    "https://evil.example.:443/",
    "https://evil.example:8443/",
    "https://evil%2eexample/",
    "https://%65vil.example/",
    "https://evil。example/",
    "https://evil．example/",
    "https://evil｡example/",
    "https://ｅｖｉｌ.example/",
    "//ｅｖｉｌ．ｅｘａｍｐｌｅ",
    "https://evil\u{ad}.example/",
    "https://evil\u{200b}.example/",
    "https://①②.evil.example/",
    "https://bücher.example/",
    "//bücher.example/x",
    "https://xn--bcher-kva.example/",
    "https://shop.example.evil.example/",
    "https://shop.exampleevil.example/",
    "https://evilshop.example/",
    "https://2130706433/",
    "//0x7f.1/",
    "//0177.0.0.1/",
    "//127.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "///..evil.example",
    "//\\@.evil.example",
    "https://shop.example\\@evil.example/",
    "ws://evil.example/",
    "ftp://evil.example/",
    "myapp://callback",
    "mailto:someone@evil.example",
    "itms-services://?action=x",
];

const DANGEROUS: &[&str] = &[
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    " javascript:alert(1)",
    "javascript://shop.example/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "DATA:text/html;base64,PHNjcmlwdD4=",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "blob:https://shop.example/x",
    "view-source:https://shop.example/",
];

const STAYING: &[&str] = &[
    "/",
    "/home",
    "/home?next=https://evil.example/",
    "/home#//evil.example",
    "home",
    "./home",
    "../home",
    "?page=2",
    "#top",
    "",
    "/a//evil.example",
    "/a/\\evil.example",
    "/%2f/evil.example",
    "/%09/evil.example",
    "/%5cevil.example",
    "/.evil.example",
    "/@evil.example",
    "evil.example",
    "evil.example/https://evil.example",
    "/x:y@evil.example",
    "https://shop.example/home",
    "HTTPS://SHOP.EXAMPLE/",
    "//shop.example/home",
    "https://shop.example:443/",
    "https://shop.example./",
    "https://user@shop.example/",
    "https://shop.example#https://evil.example",
    "https://shop.example?https://evil.example",
];

#[test]
fn the_guard_sees_what_a_browser_sees() {
    let base = Url::parse("https://shop.example/login").unwrap();
    for target in LEAVING {
        assert!(matches!(guard(&base, target, &[]), Destination::Foreign(_)), "{target:?}");
    }
    for target in DANGEROUS {
        assert!(matches!(guard(&base, target, &[]), Destination::Dangerous { .. }), "{target:?}");
    }
    for target in STAYING {
        assert!(matches!(guard(&base, target, &[]), Destination::Ours(_)), "{target:?}");
    }
    for target in ["https://", "//", "https://a b/", "https://evil<.example/", "http://[::1"] {
        assert!(!matches!(guard(&base, target, &[]), Destination::Foreign(_)), "{target:?}");
    }
}

#[test]
fn a_target_out_of_the_request_is_refused_however_it_is_written() {
    for target in LEAVING {
        let code = |request: &str, form: &[&str]| judged(&exchange("", request, form), target.as_bytes());
        for request in [
            format!("/login?next={}", encoded(target)),
            format!("/login?next={}", encoded(&encoded(target))),
            format!("/login?a=b&{}", encoded(target)),
            format!("/login?next={}&x=y", encoded(target).replace('.', "%2E")),
        ] {
            assert_eq!(code(&request, &[]), "redirect.from_request", "{target:?} by {request}");
        }
        assert_eq!(code("/login", &["x", target]), "redirect.from_request", "{target:?} by a form");
        assert_eq!(code("/login?next=%2Fhome", &["/home"]), "passes", "{target:?} by the app alone");
    }
}

#[test]
fn targets_that_run_script_are_refused_wherever_they_come_from() {
    for target in DANGEROUS {
        assert_eq!(
            judged(&exchange("", "/login", &[]), target.as_bytes()),
            "redirect.dangerous_scheme",
            "{target}"
        );
    }
}

#[test]
fn what_stays_passes_wherever_it_comes_from() {
    for target in STAYING {
        let request = format!("/login?next={}", encoded(target));
        assert_eq!(judged(&exchange("", &request, &[target]), target.as_bytes()), "passes", "{target:?}");
    }
}

#[test]
fn an_app_that_builds_the_target_of_parts_is_seen_through() {
    for (request, location, expected) in [
        ("/go?host=evil.example", "https://evil.example/welcome", "redirect.from_request"),
        ("/go?host=EVIL.example:8443", "https://evil.example:8443/", "redirect.from_request"),
        ("/go?to=.evil.example", "https://shop.example.evil.example/", "redirect.from_request"),
        ("/go?to=evil.example", "https://shop.exampleevil.example/", "redirect.from_request"),
        ("/go?to=@evil.example", "https://shop.example@evil.example", "redirect.from_request"),
        ("/go/https://evil.example/x", "https://evil.example/x", "redirect.from_request"),
        ("/go/evil.example", "//evil.example", "redirect.from_request"),
        ("/go//evil.example/..", "//evil.example/", "redirect.from_request"),
        ("/go?q=see+https://evil.example+there", "https://evil.example/", "redirect.from_request"),
        ("/go?u=%E2%91%A0.evil.example", "https://1.evil.example/", "redirect.from_request"),
        ("/go?u=b%C3%BCcher.example", "https://xn--bcher-kva.example/", "redirect.from_request"),
        // What the request says of other things is no target.
        ("/login?provider=google", "https://accounts.google.com/o/oauth2?x", "passes"),
        ("/login?email=joe@corp.example", "https://sso.corp.example/saml", "passes"),
        ("/go?host=evil.example.org", "https://evil.example/", "passes"),
        ("/go?host=notevil.example", "https://evil.example/", "passes"),
        ("/buy?currency=eur", "https://pay.example/checkout?back=https://shop.example/", "passes"),
    ] {
        assert_eq!(
            judged(&exchange("", request, &[]), location.as_bytes()),
            expected,
            "{request} → {location}"
        );
    }
}

/// A login that kept `next` in the session when its form was shown: the form's own page tells it.
#[test]
fn a_target_that_the_forms_page_was_asked_for_came_from_the_request() {
    for (method, referer, expected) in [
        ("POST", "https://shop.example/login?next=%2F%2Fevil.example", "redirect.from_request"),
        ("POST", "https://shop.example/login?next=%2Fhome#//evil.example", "passes"),
        ("GET", "https://shop.example/login?next=%2F%2Fevil.example", "passes"),
        ("POST", "https://evil.example/", "passes"),
    ] {
        let request = Request::builder().method(method).uri("/login").header("referer", referer);
        let head = request.body(()).unwrap().into_parts().0;
        let mut exchange = exchange("", "/login", &[]);
        let inspector = crate::body::Inspector::new(&head, &exchange.rules.limits);
        exchange.told = Told::by(&head, &inspector, &exchange);
        assert_eq!(judged(&exchange, b"https://evil.example/"), expected, "{method} {referer}");
    }
}

#[test]
fn an_absolute_target_of_http2_is_read_behind_its_authority() {
    for (request, location, expected) in [
        ("https://shop.example/2130706433", "//2130706433/", "redirect.from_request"),
        ("https://shop.example/go?u=//0x7f.1", "//127.0.0.1/", "redirect.from_request"),
        ("https://shop.example/go", "https://evil.example/", "passes"),
        ("https://shop.example", "https://evil.example/", "passes"),
    ] {
        let mut exchange = exchange("", "/go", &[]);
        request.clone_into(&mut exchange.request.target);
        assert_eq!(judged(&exchange, location.as_bytes()), expected, "{request}");
    }
}

#[test]
fn a_site_that_could_not_be_read_owns_no_host() {
    let mut exchange = exchange("", "/go?u=//evil.example", &[]);
    exchange.site = Site::unknown();
    assert_eq!(judged(&exchange, b"//evil.example"), "redirect.from_request");
    assert_eq!(judged(&exchange, b"javascript:x"), "redirect.dangerous_scheme");
    assert_eq!(judged(&exchange, b"/home"), "passes");
}

#[test]
fn our_own_name_in_an_http_2_target_does_not_tell_of_its_parent_domain() {
    let mut exchange = exchange("", "https://www.shop.example/", &[]);
    exchange.site = Site { name: "www.shop.example".to_owned(), port: None };
    assert_eq!(judged(&exchange, b"https://shop.example/"), "passes");
}

#[test]
fn partners_pass_even_out_of_the_request() {
    let policy = "[redirect]\npartners = [\"https://accounts.google.com\", \"https://*.example.com\", \"myapp://callback\"]\n";
    for (location, expected) in [
        ("https://accounts.google.com/o?x", "passes"),
        ("https://a.example.com/", "passes"),
        ("myapp://callback?code=1", "passes"),
        ("myapp://other", "redirect.from_request"),
        ("http://accounts.google.com/", "redirect.from_request"),
        ("https://example.com/", "redirect.from_request"),
        ("https://accounts.google.com.evil.example/", "redirect.from_request"),
        ("https://accounts.google.com@evil.example/", "redirect.from_request"),
        ("https:a.example.com", "passes"),
    ] {
        let request = format!("/login?next={}", encoded(location));
        assert_eq!(judged(&exchange(policy, &request, &[]), location.as_bytes()), expected, "{location}");
    }
}

#[test]
fn the_policy_can_close_or_open_the_door() {
    let never = "[redirect]\nforeign = \"never\"\npartners = [\"https://partner.example\"]\n";
    assert_eq!(judged(&exchange(never, "/", &[]), b"https://evil.example/"), "redirect.foreign");
    assert_eq!(judged(&exchange(never, "/", &[]), b"https://partner.example/"), "passes");
    assert_eq!(judged(&exchange(never, "/", &[]), b"/home"), "passes");
    let anywhere = "[redirect]\nforeign = \"dangerous_anywhere\"\n";
    assert_eq!(judged(&exchange(anywhere, "/?u=//evil.example", &[]), b"//evil.example"), "passes");
    assert_eq!(judged(&exchange(anywhere, "/", &[]), b"javascript:x"), "redirect.dangerous_scheme");
}

#[test]
fn a_form_cannot_hide_its_target_by_length_or_number() {
    let long = format!("https://{}@evil.example/", "a".repeat(5000));
    for (body, location) in [
        (format!("next={}", encoded(&long)), long.as_str()),
        (format!("{}next=//evil.example/", "note=a.b&".repeat(200)), "//evil.example/"),
    ] {
        let head = Request::post("/login")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(())
            .unwrap()
            .into_parts()
            .0;
        let mut exchange = exchange("", "/login", &[]);
        let mut inspector = crate::body::Inspector::new(&head, &exchange.rules.limits);
        inspector.push(body.into());
        inspector.end();
        exchange.told = Told::by(&head, &inspector, &exchange);
        assert_eq!(judged(&exchange, location.as_bytes()), "redirect.from_request");
    }
}

#[test]
fn the_page_that_sent_a_form_tells_however_long_its_address() {
    let next = encoded(&format!("https://{}@evil.example/", "a".repeat(3000)));
    let head = Request::post("/login")
        .header("referer", format!("https://shop.example/login?next={next}"))
        .body(())
        .unwrap()
        .into_parts()
        .0;
    let mut exchange = exchange("", "/login", &[]);
    let inspector = crate::body::Inspector::new(&head, &exchange.rules.limits);
    exchange.told = Told::by(&head, &inspector, &exchange);
    assert_eq!(judged(&exchange, b"https://evil.example/"), "redirect.from_request");
}

#[test]
fn a_long_text_in_another_script_names_no_host() {
    let text = "这是一篇 很长的 文章 ".repeat(500);
    assert_eq!(judged(&exchange("", "/post", &[&text]), b"https://pay.example/"), "passes");
}

#[test]
fn our_own_pages_are_upgraded_to_https() {
    for (port, location, expected) in [
        (None, "http://shop.example/home?x=%7e#y", "https://shop.example/home?x=%7e#y"),
        (None, "http://SHOP.example", "https://shop.example/"),
        (None, "http://shop.example:80/", "https://shop.example/"),
        (None, "http://shop.example:8080/", "passes"),
        (Some(8443), "http://shop.example:8443/home", "https://shop.example:8443/home"),
        (Some(8443), "http://shop.example/home", "https://shop.example:8443/home"),
        (Some(8443), "https://shop.example:8443/home", "passes"),
        (None, "https://shop.example/home", "passes"),
        (None, "/home", "passes"),
    ] {
        let mut exchange = exchange("", "/", &[]);
        exchange.site.port = port;
        assert_eq!(judged(&exchange, location.as_bytes()), expected, "{location} at {port:?}");
        exchange.scheme = Scheme::Http;
        assert_eq!(judged(&exchange, location.as_bytes()), "passes", "{location}");
    }
}

#[test]
fn only_what_browsers_follow_is_judged() {
    let evil = HeaderValue::from_static("javascript:x");
    for (status, expected) in [
        (201, "passes"),
        (200, "passes"),
        (304, "passes"),
        (300, "passes"),
        (303, "redirect.dangerous_scheme"),
        (308, "redirect.dangerous_scheme"),
    ] {
        let mut head = Response::builder().status(status).body(()).unwrap().into_parts().0;
        head.headers.insert(LOCATION, evil.clone());
        assert_eq!(told(judge(&head, &exchange("", "/", &[]))), expected, "{status}");
    }
}

#[test]
fn refresh_is_followed_too() {
    for (refresh, expected) in [
        ("0; url=https://evil.example/", "redirect.from_request"),
        ("0;URL='https://evil.example/'", "redirect.from_request"),
        ("0, url = \"//evil.example\"", "redirect.from_request"),
        ("5 https://evil.example/", "redirect.from_request"),
        (".5;https://evil.example/", "redirect.from_request"),
        ("0; url=javascript:alert(1)", "redirect.dangerous_scheme"),
        ("5", "passes"),
        ("5; url=/home", "passes"),
        ("0; url=https://partner.example/", "passes"),
    ] {
        let mut head = Response::builder().status(200).body(()).unwrap().into_parts().0;
        head.headers.insert(REFRESH, HeaderValue::from_static(refresh));
        let verdict = judge(&head, &exchange("", "/?u=https://evil.example", &[]));
        assert_eq!(told(verdict), expected, "{refresh}");
    }
}

#[test]
fn two_locations_that_differ_are_refused_and_two_alike_are_one() {
    let mut head = Response::builder().status(302).body(()).unwrap().into_parts().0;
    head.headers.append(LOCATION, HeaderValue::from_static("/a"));
    head.headers.append(LOCATION, HeaderValue::from_static("/a"));
    assert_eq!(told(judge(&head, &exchange("", "/", &[]))), "passes");
    head.headers.append(LOCATION, HeaderValue::from_static("/b"));
    assert_eq!(told(judge(&head, &exchange("", "/", &[]))), "redirect.repeated_location");
}

#[test]
fn every_exception_is_a_policy_that_loads_and_lets_it_through() {
    let at = Place { method: "GET", path: "/go", host: "shop.example" };
    for location in ["https://evil.example/x", "http://evil.example:8080/", "//1.2.3.4/", "myapp://callback"]
    {
        let request = format!("/go?u={}", encoded(location));
        let mut exchange = exchange("", &request, &[]);
        let mut head = Response::builder().status(302).body(()).unwrap().into_parts().0;
        head.headers.insert(LOCATION, HeaderValue::from_str(location).unwrap());
        let Verdict::Deny(reason) = judge(&head, &exchange) else { panic!("{location} passes") };
        let exception = reason.exception(&at).unwrap();
        let (policy, _) =
            Policy::parse("p", &exception).unwrap_or_else(|error| panic!("{error}\n{exception}"));
        exchange.rules = Arc::clone(policy.rules(&http::Method::GET, "/go"));
        assert_eq!(told(judge(&head, &exchange)), "passes", "{exception}");
    }
}

#[test]
fn partners_that_anybody_can_be_do_not_load() {
    for (text, told) in [
        ("[redirect]\npartners = [\"http://a.example\"]\n", "dangerous_http_partners"),
        ("[redirect]\npartners = [\"https://*.com\"]\n", "wildcard"),
        ("[redirect]\npartners = [\"https://a.example/path\"]\n", "not an origin"),
        ("[redirect]\nforeign = \"always\"\n", "always"),
    ] {
        let error = Policy::parse("p", text).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_guard_panic(
        location in prop::collection::vec(any::<u8>(), 0..80),
        value in "\\PC{0,60}",
    ) {
        let exchange = exchange("", &format!("/x?u={}", encoded(&value)), &[&value]);
        if HeaderValue::from_bytes(&location).is_ok() {
            let _ = judged(&exchange, &location);
        }
        let mut head = Response::builder().status(200).body(()).unwrap().into_parts().0;
        if let Ok(refresh) = HeaderValue::from_bytes(&location) {
            head.headers.insert(REFRESH, refresh);
            let _ = judge(&head, &exchange);
        }
    }

    /// Whatever the guard lets stay, the URL standard keeps on our host.
    #[test]
    fn what_the_guard_calls_ours_is_ours(target in "[/\\\\:@.a-z\\t ?#]{0,6}(https?:|//)?[/\\\\:@.a-z\\t?#%。]{0,24}") {
        let base = Url::parse("https://shop.example/login").unwrap();
        if let Destination::Ours(_) = guard(&base, &target, &[]) {
            let there = base.join(&target).unwrap();
            prop_assert_eq!(there.host_str(), Some("shop.example"));
        }
    }

    /// Whatever leaves and came whole from the request is refused.
    #[test]
    fn what_leaves_by_the_request_is_refused(target in "[\\t ]{0,2}(https?:)?[/\\\\]{2,4}[a-z0-9.@-]{1,12}\\.evil\\.example[/?#a-z]{0,8}") {
        let base = Url::parse("https://shop.example/login").unwrap();
        let partners: [OriginPattern; 0] = [];
        if let Destination::Foreign(_) = guard(&base, &target, &partners) {
            let exchange = exchange("", &format!("/login?next={}", encoded(&target)), &[]);
            let judged = judged(&exchange, target.as_bytes());
            prop_assert_eq!(judged, "redirect.from_request", "{:?} {:?}", guard(&base, &target, &partners), exchange.request.target);
        }
    }
}
