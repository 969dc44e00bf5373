use http::{Request, request};
use proptest::prelude::*;

use super::*;
use crate::layers::arrival::client::Client;
use crate::layers::arrival::transport::Scheme;
use crate::policy::Policy;
use crate::request::{Listener, Peer, TlsFacts};
use crate::verdict::{Grounds, Place, Verdict};

fn config(text: &str) -> Config {
    Policy::parse("p", &format!("[host]\n{text}")).unwrap().0.site().host.clone()
}

fn peer(server_name: Option<&str>) -> Peer {
    let tls = TlsFacts { server_name: server_name.map(str::to_owned), ..TlsFacts::default() };
    Peer { address: ([192, 0, 2, 9], 40_000).into(), listener: Listener::Https, tls: Some(tls) }
}

fn head(target: &str, hosts: &[&str]) -> request::Parts {
    let mut build = Request::get(target);
    for host in hosts {
        build = build.header("host", *host);
    }
    build.body(()).unwrap().into_parts().0
}

fn asked(target: &str, hosts: &[&str], config: &Config) -> Result<String, &'static str> {
    let peer = peer(None);
    match judge(&head(target, hosts), &Client::connected(&peer), &peer, config) {
        Verdict::Pass(site) => Ok(site.authority()),
        Verdict::Deny(reason) => Err(reason.code()),
    }
}

const NAMES: &str = "names = [\"Example.com\", \"*.example.com\", \"bücher.example\", \"192.0.2.1\", \"[2001:DB8::0:1]\", \"port.example:8443\"]";

#[test]
fn only_our_own_machine_is_ours_by_default() {
    let config = config("");
    for host in ["localhost", "LOCALHOST:8443", "127.0.0.1:8443", "[::1]", "[0:0::1]:8443"] {
        assert!(asked("/", &[host], &config).is_ok(), "{host}");
    }
    for host in ["example.com", "localhost.example.com", "127.0.0.2", "[::2]", "sub.localhost"] {
        assert_eq!(asked("/", &[host], &config), Err("host.unknown"), "{host}");
    }
}

#[test]
fn names_are_compared_in_one_spelling() {
    let config = config(NAMES);
    for (host, name) in [
        ("EXAMPLE.com", "example.com"),
        ("example.com.:443", "example.com:443"),
        ("example.com:", "example.com"),
        ("a.b.example.com", "a.b.example.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("192.0.2.1:80", "192.0.2.1:80"),
        ("[2001:db8:0::1]", "[2001:db8::1]"),
        ("port.example:8443", "port.example:8443"),
    ] {
        assert_eq!(asked("/", &[host], &config).as_deref(), Ok(name), "{host}");
    }
    for host in
        ["notexample.com", ".example.com", "example.com.evil.example", "port.example", "port.example:443"]
    {
        assert!(asked("/", &[host], &config).is_err(), "{host}");
    }
}

#[test]
fn what_is_no_name_is_unreadable() {
    let config = config("names = [\"example.com\", \"*.example.com\"]");
    for host in [
        "",
        ".",
        "a@example.com",
        "example.com:x",
        "example.com:0",
        "example.com:99999",
        "example.com:80:80",
        "example.com/",
        "exa mple.com",
        "b\u{fc}cher.example.com",
        "a..example.com",
        "%65xample.com",
        "[::1",
        "[::1]x",
        "[1.2.3.4]",
        "127.1",
        "0x7f000001",
        "2130706433",
        "1.2.3.4.5",
        "example.com,example.com",
        "'.example.com",
        "*.example.com",
    ] {
        assert_eq!(asked("/", &[host], &config), Err("host.unreadable"), "{host}");
    }
}

#[test]
fn an_absent_a_doubled_and_a_contradicted_host_are_three_cases() {
    let config = config(NAMES);
    assert_eq!(asked("/", &[], &config), Err("host.missing"));
    assert_eq!(asked("/", &["example.com", "example.com"], &config), Err("host.repeated"));
    let target = "https://example.com/a";
    assert_eq!(asked(target, &["www.example.com"], &config), Err("host.contradicts_target"));
    assert_eq!(asked(target, &["example.com:8443"], &config), Err("host.contradicts_target"));
    assert_eq!(asked(target, &["EXAMPLE.com:443"], &config).as_deref(), Ok("example.com"));
    assert_eq!(asked(target, &[], &config).as_deref(), Ok("example.com"));
}

#[test]
fn a_handshake_for_another_name_of_ours_passes_and_for_a_foreign_one_does_not() {
    let config = config(NAMES);
    let judged = |server_name: &str, by_trusted_proxy: bool| {
        let peer = peer(Some(server_name));
        let client = Client { by_trusted_proxy, ..Client::connected(&peer) };
        judge(&head("/", &["example.com"]), &client, &peer, &config)
    };
    assert!(matches!(judged("www.example.com", false), Verdict::Pass(_)));
    assert!(matches!(judged("port.example", false), Verdict::Pass(_)));
    assert!(matches!(judged("evil.example", false), Verdict::Deny(Reason::ShakeHandsForForeignName { .. })));
    assert!(matches!(judged("gate.internal", true), Verdict::Pass(_)));
}

#[test]
fn a_forwarded_host_counts_only_where_the_policy_says_so() {
    let peer = peer(None);
    let client = Client {
        by_trusted_proxy: true,
        forwarded_host: Some("shop.example.com".to_owned()),
        ..Client::connected(&peer)
    };
    let head = head("/", &["example.com"]);
    let name = |text: &str| match judge(&head, &client, &peer, &config(text)) {
        Verdict::Pass(site) => site.name,
        Verdict::Deny(reason) => reason.code().to_owned(),
    };
    assert_eq!(name(NAMES), "example.com");
    assert_eq!(name(&format!("{NAMES}\nuse_forwarded_host = true")), "shop.example.com");
    assert_eq!(name("names = [\"example.com\"]\nuse_forwarded_host = true"), "host.unknown");
}

#[test]
fn origins_drop_the_port_that_the_scheme_implies() {
    let site = |port| Site { name: "example.com".to_owned(), port };
    assert_eq!(site(None).origin(Scheme::Https), "https://example.com");
    assert_eq!(site(Some(443)).origin(Scheme::Https), "https://example.com");
    assert_eq!(site(Some(443)).origin(Scheme::Http), "http://example.com:443");
    assert_eq!(site(Some(8443)).origin(Scheme::Https), "https://example.com:8443");
}

#[test]
fn names_that_cannot_be_meant_are_errors_of_the_policy() {
    for (text, told) in [
        ("names = [\"*\"]", "not yours"),
        ("names = [\"*.*\"]", "not yours"),
        ("names = [\"*example.com\"]", "not yours"),
        ("names = [\"*.192.0.2.1\"]", "nothing below an address"),
        ("names = [\"https://example.com\"]", "is not a name"),
        ("names = [\"example.com/a\"]", "is not a name"),
        ("names = [\"example.com:0\"]", "is not a name"),
        ("names = [\"\"]", "is not a name"),
        ("names = []", "every request is refused"),
    ] {
        let error = Policy::parse("p", &format!("[host]\n{text}\n")).unwrap_err().to_string();
        assert!(error.contains(told), "{text}: {error}");
        assert!(error.starts_with("p:2:"), "{error}");
    }
}

#[test]
fn the_exception_names_the_name() {
    let reason = Reason::AskForForeignName { host: "new.example".to_owned() };
    let at = Place { method: "GET", path: "/", host: "" };
    let (policy, _) = Policy::parse("p", &reason.exception(&at).unwrap()).unwrap();
    assert!(asked("/", &["new.example"], &policy.site().host).is_ok());
}

proptest! {
    #[test]
    fn every_readable_host_has_one_spelling(text in proptest::collection::vec(any::<u8>(), 0..40), like in "[a-zA-Z0-9.:\\[\\]_-]{0,30}") {
        for text in [text.as_slice(), like.as_bytes()] {
            if let Some(site) = Site::parse(text) {
                let again = Site::parse(site.authority().as_bytes());
                prop_assert_eq!(again, Some(site));
            }
        }
    }
}
