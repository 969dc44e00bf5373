use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::layers::arrival::transport::Scheme;
use crate::policy::Policy;
use crate::request::{Listener, Peer};
use crate::verdict::Verdict;

fn config(text: &str) -> Config {
    Policy::parse("p", &format!("[client]\n{text}")).unwrap().0.site().client.clone()
}

fn peer(address: &str) -> Peer {
    let ip: IpAddr = address.parse().unwrap();
    Peer { address: (ip, 40_000).into(), listener: Listener::Https, tls: None }
}

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    lines
        .iter()
        .map(|(name, value)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        })
        .collect()
}

fn client(from: &str, lines: &[(&str, &str)], config: &Config) -> Client {
    match judge(&peer(from), &headers(lines), config) {
        Verdict::Pass(client) => client,
        Verdict::Deny(reason) => panic!("{reason:?}"),
    }
}

fn ip(from: &str, lines: &[(&str, &str)], config: &Config) -> String {
    client(from, lines, config).ip.to_string()
}

fn is_denied(lines: &[(&str, &str)], config: &Config) -> bool {
    matches!(judge(&peer("10.0.0.1"), &headers(lines), config), Verdict::Deny(_))
}

const XFF: &str = "x-forwarded-for";
const PRIVATE: &str = "trusted_proxies = [\"10.0.0.0/8\", \"fd00::/8\"]";

#[test]
fn without_trusted_proxies_every_forwarding_header_is_ignored() {
    let lines = [
        (XFF, "192.0.2.9"),
        ("forwarded", "for=192.0.2.9;proto=https;host=evil.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "evil.example"),
    ];
    let seen = client("198.51.100.7", &lines, &config(""));
    assert_eq!(seen, Client::connected(&peer("198.51.100.7")));
    let seen = client("198.51.100.7", &lines, &config(PRIVATE));
    assert_eq!(seen, Client::connected(&peer("198.51.100.7")));
}

#[test]
fn the_first_untrusted_address_from_the_right_is_the_client() {
    let config = config(PRIVATE);
    assert_eq!(ip("10.0.0.1", &[(XFF, "1.1.1.1, 192.0.2.9")], &config), "192.0.2.9");
    assert_eq!(ip("10.0.0.1", &[(XFF, "1.1.1.1, 192.0.2.9, 10.0.0.2")], &config), "192.0.2.9");
    assert_eq!(ip("10.0.0.1", &[(XFF, "10.0.0.3, 192.0.2.9, 10.0.0.2")], &config), "192.0.2.9");
    assert_eq!(ip("10.0.0.1", &[(XFF, "garbage, 192.0.2.9")], &config), "192.0.2.9");
    assert_eq!(client("10.0.0.1", &[(XFF, "192.0.2.9, 10.0.0.2")], &config).proxies, 2);
}

#[test]
fn several_lines_are_one_list_in_order() {
    let lines = [(XFF, "1.1.1.1"), (XFF, "192.0.2.9 ,"), (XFF, ", 10.0.0.2")];
    assert_eq!(ip("10.0.0.1", &lines, &config(PRIVATE)), "192.0.2.9");
}

#[test]
fn ports_brackets_and_mapped_addresses_are_understood() {
    let config = config(PRIVATE);
    for (entry, address) in [
        ("192.0.2.9:1234", "192.0.2.9"),
        ("2001:db8::9", "2001:db8::9"),
        ("[2001:db8::9]", "2001:db8::9"),
        ("[2001:db8::9]:1234", "2001:db8::9"),
        ("::ffff:192.0.2.9", "192.0.2.9"),
        ("1.1.1.1, ::ffff:10.0.0.2", "1.1.1.1"),
    ] {
        assert_eq!(ip("::ffff:10.0.0.1", &[(XFF, entry)], &config), address, "{entry}");
    }
}

#[test]
fn a_trusted_proxy_that_forwards_nothing_calls_for_itself() {
    let seen = client("10.0.0.1", &[], &config(PRIVATE));
    assert_eq!((seen.ip.to_string().as_str(), seen.proxies), ("10.0.0.1", 0));
    assert!(seen.by_trusted_proxy);
    assert_eq!(ip("10.0.0.1", &[(XFF, "10.0.0.2")], &config(PRIVATE)), "10.0.0.2");
}

#[test]
fn hidden_hops_end_the_way_and_garbage_is_denied() {
    let config = config(PRIVATE);
    assert_eq!(ip("10.0.0.1", &[(XFF, "192.0.2.9, unknown")], &config), "10.0.0.1");
    assert_eq!(ip("10.0.0.1", &[(XFF, "192.0.2.9, _secret, 10.0.0.2")], &config), "10.0.0.2");
    for garbage in ["x", "192.0.2.256", "010.0.0.1", "1.2.3", "[::1", "fe80::1%eth0", "1.1.1.1:", "'"] {
        assert!(is_denied(&[(XFF, garbage)], &config), "{garbage}");
    }
}

#[test]
fn a_count_of_hops_trusts_just_so_many() {
    let one = config("proxy_hops = 1");
    assert_eq!(ip("198.51.100.7", &[(XFF, "1.1.1.1, 10.0.0.9")], &one), "10.0.0.9");
    let two = config("proxy_hops = 2");
    assert_eq!(ip("198.51.100.7", &[(XFF, "1.1.1.1, 192.0.2.9, 10.0.0.9")], &two), "192.0.2.9");
    assert_eq!(ip("198.51.100.7", &[(XFF, "192.0.2.9")], &two), "192.0.2.9");
    let both = config("proxy_hops = 1\ntrusted_proxies = [\"10.0.0.0/8\"]");
    assert_eq!(ip("10.0.0.1", &[(XFF, "1.1.1.1, 10.0.0.9")], &both), "10.0.0.9");
    assert_eq!(ip("198.51.100.7", &[(XFF, "1.1.1.1")], &both), "198.51.100.7");
}

#[test]
fn only_the_header_that_counts_counts() {
    let lines = [(XFF, "192.0.2.9"), ("forwarded", "for=198.51.100.7")];
    assert_eq!(ip("10.0.0.1", &lines, &config(PRIVATE)), "192.0.2.9");
    let forwarded = config(&format!("{PRIVATE}\nheader = \"forwarded\""));
    assert_eq!(ip("10.0.0.1", &lines, &forwarded), "198.51.100.7");
    let other = client("10.0.0.1", &[("x-forwarded-proto", "https")], &forwarded);
    assert_eq!(other.forwarded_scheme, None);
}

#[test]
fn forwarded_is_read_by_its_whole_grammar() {
    let config = config(&format!("{PRIVATE}\nheader = \"forwarded\""));
    for (value, address) in [
        ("for=1.1.1.1, for=192.0.2.9", "192.0.2.9"),
        ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
        ("for=192.0.2.9;proto=http;by=203.0.113.43", "192.0.2.9"),
        ("for=\"192.0.2.9:_x\" ; Proto=https", "192.0.2.9"),
        ("for=192.0.2.9:80", "192.0.2.9"),
        ("by=\"a,b;c\\\"\", for=\"192\\.0.2.9\", for=10.0.0.5,", "192.0.2.9"),
        ("for=192.0.2.9, for=unknown, for=10.0.0.2", "10.0.0.2"),
        ("for=192.0.2.9, proto=https", "10.0.0.1"),
        ("for=_gazonk", "10.0.0.1"),
    ] {
        assert_eq!(ip("10.0.0.1", &[("forwarded", value)], &config), address, "{value}");
    }
    for broken in [
        "for=\"1.1.1.1, for=192.0.2.9",
        "for=1.1.1.1 for=192.0.2.9",
        "for=1.1.1.1;for=192.0.2.9",
        "for = 192.0.2.9",
        "192.0.2.9",
        "for=",
        "for=\"nonsense\"",
    ] {
        assert!(is_denied(&[("forwarded", broken)], &config), "{broken}");
    }
}

#[test]
fn scheme_and_host_are_what_the_outermost_trusted_proxy_wrote() {
    let xff = config(PRIVATE);
    let seen = client(
        "10.0.0.1",
        &[
            (XFF, "192.0.2.9, 10.0.0.2"),
            ("x-forwarded-proto", "https, http, https"),
            ("x-forwarded-host", "evil.example, shop.example, inner"),
        ],
        &xff,
    );
    assert_eq!(seen.forwarded_scheme, Some(Scheme::Http));
    assert_eq!(seen.forwarded_host.as_deref(), Some("shop.example"));
    let seen = client("10.0.0.1", &[(XFF, "192.0.2.9, 10.0.0.2"), ("x-forwarded-proto", "WSS")], &xff);
    assert_eq!(seen.forwarded_scheme, Some(Scheme::Https));
    let seen = client("10.0.0.1", &[("x-forwarded-proto", "gopher")], &xff);
    assert_eq!(seen.forwarded_scheme, None);

    let forwarded = config(&format!("{PRIVATE}\nheader = \"forwarded\""));
    let value = "for=1.1.1.1;proto=https;host=evil.example, for=192.0.2.9;proto=http;host=\"shop.example:8443\", for=10.0.0.2;proto=https";
    let seen = client("10.0.0.1", &[("forwarded", value)], &forwarded);
    assert_eq!(seen.forwarded_scheme, Some(Scheme::Http));
    assert_eq!(seen.forwarded_host.as_deref(), Some("shop.example:8443"));
}

#[test]
fn a_network_that_cannot_be_meant_is_an_error_of_the_policy() {
    for (text, told) in [
        ("trusted_proxies = [\"10.0.0.0/33\"]", "is not a network"),
        ("trusted_proxies = [\"proxy.example\"]", "is not a network"),
        ("trusted_proxies = [\"0.0.0.0/0\"]", "trusts everybody"),
        ("trusted_proxies = [\"::/0\"]", "trusts everybody"),
        ("trusted_proxies = [\"10.0.0.7/8\"]", "write `\"10.0.0.0/8\"`"),
        ("trusted_proxies = [\"::ffff:10.0.0.0/104\"]", "means IPv4"),
        ("proxy_hops = 0", "no proxies"),
        ("header = \"x-real-ip\"", "x-forwarded-for"),
    ] {
        let error = Policy::parse("p", &format!("[client]\n{text}\n")).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
        assert!(error.starts_with("p:2:"), "{error}");
    }
}

proptest! {
    #[test]
    fn no_header_panics_and_the_left_never_outweighs_the_right(
        left in proptest::collection::vec(any::<u8>(), 0..80),
        forwarded in any::<bool>(),
    ) {
        let header = if forwarded { ForwardingHeader::Forwarded } else { ForwardingHeader::XForwardedFor };
        let networks = Raw { trusted_proxies: Some(vec!["10.0.0.0/8".to_owned()]), header: Some(header), ..Raw::default() };
        let config = Config::check(&networks, &mut crate::policy::Faults::new());
        let right: &[u8] = if forwarded { b"for=192.0.2.9" } else { b"192.0.2.9" };
        let name = if forwarded { "forwarded" } else { XFF };
        if let Ok(value) = HeaderValue::from_bytes(&[&left, &b", "[..], right].concat()) {
            let mut headers = HeaderMap::new();
            headers.insert(name, value);
            // Either the appended address counts, or nothing does.
            match judge(&peer("10.0.0.1"), &headers, &config) {
                Verdict::Pass(client) => prop_assert_eq!(client.ip.to_string(), "192.0.2.9"),
                Verdict::Deny(_) => prop_assert!(forwarded),
            }
        }
    }
}
