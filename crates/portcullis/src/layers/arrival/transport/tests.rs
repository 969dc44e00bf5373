use http::{Method, Request, StatusCode, request};

use super::*;
use crate::layers::arrival::client::Client;
use crate::layers::arrival::host::Site;
use crate::policy::Policy;
use crate::request::{Listener, Peer, TlsFacts};
use crate::verdict::{Grounds, Verdict};

fn config(text: &str) -> Config {
    Policy::parse("p", &format!("[transport]\n{text}")).unwrap().0.site().transport.clone()
}

fn peer(listener: Listener, tls: bool) -> Peer {
    let tls = tls.then(TlsFacts::default);
    Peer { address: ([192, 0, 2, 9], 40_000).into(), listener, tls }
}

fn head(method: Method, target: &str) -> request::Parts {
    Request::builder().method(method).uri(target).body(()).unwrap().into_parts().0
}

fn site(text: &str) -> Site {
    Site::parse(text.as_bytes()).unwrap()
}

fn judged(
    head: &request::Parts,
    peer: &Peer,
    forwarded_scheme: Option<Scheme>,
    host: &str,
) -> Verdict<Scheme, Reason> {
    let client = Client { forwarded_scheme, ..Client::connected(peer) };
    judge(head, peer, &client, &site(host), &config(""))
}

fn location(verdict: Verdict<Scheme, Reason>) -> String {
    match verdict {
        Verdict::Deny(reason) => {
            assert_eq!(reason.status(), StatusCode::PERMANENT_REDIRECT);
            reason.location().unwrap().to_owned()
        }
        Verdict::Pass(scheme) => panic!("passed as {scheme:?}"),
    }
}

#[test]
fn tls_or_a_trusted_proxys_word_is_https() {
    let get = head(Method::GET, "/");
    for (listener, tls, forwarded, scheme) in [
        (Listener::Https, true, None, Scheme::Https),
        (Listener::Https, false, Some(Scheme::Https), Scheme::Https),
        (Listener::DangerousPlain, false, None, Scheme::Http),
        (Listener::DangerousPlain, false, Some(Scheme::Https), Scheme::Https),
        (Listener::DangerousPlain, false, Some(Scheme::Http), Scheme::Http),
    ] {
        let verdict = judged(&get, &peer(listener, tls), forwarded, "example.com");
        assert_eq!(verdict, Verdict::Pass(scheme));
    }
}

#[test]
fn a_redirecting_listener_only_redirects() {
    let listener = |https_port| peer(Listener::Redirect { https_port }, false);
    let post = head(Method::POST, "/a/b?c=d%20e&f");
    let verdict = judged(&post, &listener(443), Some(Scheme::Https), "example.com:80");
    assert_eq!(location(verdict), "https://example.com/a/b?c=d%20e&f");
    let verdict = judged(&post, &listener(8443), None, "[::1]:8080");
    assert!(location(verdict).starts_with("https://[::1]:8443/a/b?"));
}

#[test]
fn a_target_that_looks_like_another_host_stays_a_path() {
    let get = head(Method::GET, "//evil.example/%2e%2e");
    let verdict = judged(&get, &peer(Listener::Redirect { https_port: 443 }, false), None, "example.com");
    assert_eq!(location(verdict), "https://example.com//evil.example/%2e%2e");
    let star = head(Method::OPTIONS, "*");
    let verdict = judged(&star, &peer(Listener::Redirect { https_port: 443 }, false), None, "example.com");
    assert_eq!(location(verdict), "https://example.com/");
}

#[test]
fn what_came_in_the_open_is_redirected_only_if_nothing_was_sent() {
    for (tls, forwarded) in [(false, None), (true, Some(Scheme::Http))] {
        let peer = peer(Listener::Https, tls);
        let verdict = judged(&head(Method::GET, "/a"), &peer, forwarded, "example.com:80");
        assert_eq!(location(verdict), "https://example.com/a");
        let verdict = judged(&head(Method::POST, "/a"), &peer, forwarded, "example.com");
        let Verdict::Deny(reason) = verdict else { panic!("passed") };
        assert_eq!((reason.code(), reason.status()), ("transport.sent_in_the_open", StatusCode::FORBIDDEN));
    }
}

#[test]
fn without_a_name_there_is_nowhere_to_redirect_to() {
    let peer = peer(Listener::Redirect { https_port: 443 }, false);
    let verdict =
        judge(&head(Method::GET, "/"), &peer, &Client::connected(&peer), &Site::unknown(), &config(""));
    let Verdict::Deny(reason) = verdict else { panic!("passed") };
    assert_eq!((reason.status(), reason.location()), (StatusCode::BAD_REQUEST, None));
}

#[test]
fn hsts_is_sent_over_https_for_names_only() {
    let sent = |text: &str, scheme, host: &str| {
        hsts_header(&config(text), scheme, &site(host)).map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(sent("", Scheme::Https, "example.com").as_deref(), Some("max-age=31536000"));
    assert_eq!(sent("", Scheme::Http, "example.com"), None);
    for host in ["127.0.0.1:8443", "[::1]", "localhost:8443", "app.localhost"] {
        assert_eq!(sent("", Scheme::Https, host), None, "{host}");
    }
    assert_eq!(sent("hsts = false", Scheme::Https, "example.com"), None);
    assert_eq!(sent("mode = \"observe\"", Scheme::Https, "example.com"), None);
    let forget = sent("hsts_max_age = \"0 s\"", Scheme::Https, "example.com");
    assert_eq!(forget.as_deref(), Some("max-age=0"));
    let all = "hsts_max_age = \"730 d\"\nhsts_include_subdomains = true\nhsts_preload = true";
    let all = sent(all, Scheme::Https, "example.com");
    assert_eq!(all.as_deref(), Some("max-age=63072000; includeSubDomains; preload"));
}

#[test]
fn a_preload_that_no_list_would_take_is_an_error_of_the_policy() {
    for (text, told) in [
        ("hsts_preload = true", "with all names below it"),
        ("hsts_preload = true\nhsts_include_subdomains = true\nhsts_max_age = \"30 d\"", "at least a year"),
        ("hsts_preload = true\nhsts_include_subdomains = true\nhsts = false", "no preload without HSTS"),
        ("hsts_max_age = \"10 ms\"", "counts in seconds"),
    ] {
        let error = Policy::parse("p", &format!("[transport]\n{text}\n")).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}
