use http::{Request, Version};

use super::*;
use crate::policy::{Faults, Rules};
use crate::verdict::Verdict;

fn judged(request: http::request::Builder) -> Option<&'static str> {
    let (head, ()) = request.body(()).unwrap().into_parts();
    let config = Config::check(&Raw::default(), &mut Faults::new());
    match judge(&head, None, &config) {
        Verdict::Pass(()) => None,
        Verdict::Deny(reason) => Some(reason.fault.code()),
    }
}

fn over_http2(uri: &str) -> http::request::Builder {
    Request::builder().version(Version::HTTP_2).uri(uri)
}

#[test]
fn an_ordinary_request_over_http_2_passes() {
    assert_eq!(judged(over_http2("https://a.example/x?y=z").header("te", "trailers")), None);
    assert_eq!(judged(over_http2("https://a.example/").header("host", "a.example")), None);
    assert_eq!(judged(over_http2("https://a.example/").header("content-length", "12").method("POST")), None);
    assert_eq!(judged(over_http2("https://a.example:8443/").header("trailer", "grpc-status")), None);
}

#[test]
fn fields_of_a_connection_do_not_come_over_http_2() {
    for name in ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"] {
        let code = judged(over_http2("https://a.example/").header(name, "x"));
        assert_eq!(code, Some("framing.connection_field_in_http2"), "{name}");
    }
    assert_eq!(judged(over_http2("https://a.example/").header("te", "gzip")), Some("framing.te_in_http2"));
}

#[test]
fn a_length_beside_a_coding_is_smuggling_over_http_2_too() {
    let request =
        over_http2("https://a.example/").header("content-length", "5").header("transfer-encoding", "chunked");
    assert_eq!(judged(request), Some("framing.length_with_coding"));
    let request = over_http2("https://a.example/").header("content-length", "5, 5");
    assert_eq!(judged(request), Some("framing.length_list"));
}

#[test]
fn host_and_authority_agree_over_http_2() {
    let request = over_http2("https://a.example/").header("host", "b.example");
    assert_eq!(judged(request), Some("framing.host_differs"));
    let request = over_http2("https://a.example/").header("host", "a.example").header("host", "a.example");
    assert_eq!(judged(request), Some("framing.host_repeated"));
    let request = over_http2("https://user@a.example/");
    assert_eq!(judged(request), Some("framing.host_invalid"));
    assert_eq!(judged(over_http2("/")), Some("framing.host_missing"));
}

#[test]
fn an_expectation_that_nobody_knows_does_not_come_over_http_2() {
    let request = over_http2("https://a.example/").header("expect", "y 100-continue");
    assert_eq!(judged(request), Some("framing.expect_unknown"));
    assert_eq!(judged(over_http2("https://a.example/").header("expect", "100-continue")), None);
}

#[test]
fn raw_bytes_over_0x7f_do_not_come_in_a_target_over_http_2() {
    assert_eq!(judged(over_http2("https://a.example/café")), Some("framing.target_eight_bit"));
    assert_eq!(judged(over_http2("https://a.example/?q=é")), Some("framing.target_eight_bit"));
    assert_eq!(judged(over_http2("https://a.example/caf%C3%A9?q=%C3%A9")), None);
}

#[test]
fn a_tunnel_is_not_opened_over_http_2() {
    assert_eq!(judged(over_http2("a.example:22").method("CONNECT")), Some("framing.connect_method"));
}

#[test]
fn a_door_without_raw_bytes_still_refuses_what_its_library_lets_through() {
    let plain = || Request::builder().uri("/");
    assert_eq!(judged(plain().header("host", "a")), None);
    assert_eq!(judged(plain()), Some("framing.host_missing"));
    assert_eq!(judged(plain().header("host", "a").header("host", "b")), Some("framing.host_repeated"));
    let doubled = plain().header("host", "a").header("content-length", "1").header("content-length", "2");
    assert_eq!(judged(doubled), Some("framing.length_differs"));
    let coded = plain().header("host", "a").header("transfer-encoding", "gzip");
    assert_eq!(judged(coded), Some("framing.coding_unknown"));
}

#[test]
fn a_disguised_name_passes_only_by_its_knob() {
    let request = Request::builder().uri("/").header("host", "a").header("content_length", "5");
    let (head, ()) = request.body(()).unwrap().into_parts();
    let raw = Raw { dangerous_allow_disguised_names: true, ..Raw::default() };
    let config = Config::check(&raw, &mut Faults::new());
    assert_eq!(judge(&head, None, &config), Verdict::Pass(()));
}

#[test]
fn no_mode_lets_a_head_pass_that_could_not_be_read() {
    use crate::{Engine, Listener, Moment, Peer, Policy};
    let wire = Wire {
        head: Bytes::from_static(b"GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n"),
        faults: vec![Reason::new(Fault::SpaceBeforeColon, "header line", b"X : 1")],
    };
    for mode in ["enforce", "observe", "off"] {
        let (policy, _) = Policy::parse("p", &format!("[framing]\nmode = \"{mode}\"\n")).unwrap();
        let _: &Rules = policy.site();
        let engine = Engine::new(policy, crate::keys::Keyring::new([1; 32], Vec::new()));
        let peer = Peer {
            address: std::net::SocketAddr::from(([127, 0, 0, 1], 1)),
            listener: Listener::DangerousPlain,
            tls: None,
        };
        let moment = Moment { since_epoch: std::time::Duration::ZERO, entropy: [0; 32] };
        let head = Request::get("/").header("host", "a").body(()).unwrap().into_parts().0;
        assert!(engine.receive(head, Some(&wire), &peer, moment).is_break(), "{mode}");
    }
}

#[test]
fn trailers_over_http_2_decide_nothing() {
    let trailer = |name: &str| {
        let name = http::HeaderName::try_from(name).unwrap();
        http::HeaderMap::from_iter([(name, http::HeaderValue::from_static("x"))])
    };
    for name in ["grpc-status", "grpc-message", "digest", "server-timing"] {
        assert_eq!(trailers_fault(&trailer(name)), None, "{name}");
    }
    for name in ["content-length", "transfer-encoding", "host", "cookie", "x-forwarded-for", "x_real_ip"] {
        let fault = trailers_fault(&trailer(name)).map(|reason| reason.fault);
        assert_eq!(fault, Some(Fault::TrailerForbidden), "{name}");
    }
}
