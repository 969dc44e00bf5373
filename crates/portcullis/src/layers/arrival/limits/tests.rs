use http::{Request, StatusCode, request};

use super::*;
use crate::policy::Policy;
use crate::verdict::{Grounds, Place, Verdict};

fn config(text: &str) -> Config {
    Policy::parse("p", &format!("[limits]\n{text}")).unwrap().0.site().limits
}

fn head(build: impl FnOnce(http::request::Builder) -> http::request::Builder) -> request::Parts {
    build(Request::builder()).body(()).unwrap().into_parts().0
}

fn denied(head: &request::Parts, config: &Config) -> Reason {
    match judge_head(head, config) {
        Verdict::Deny(reason) => reason,
        Verdict::Pass(()) => panic!("passed"),
    }
}

#[test]
fn a_target_of_just_the_limit_passes_and_one_byte_more_does_not() {
    let config = config("url = 10");
    let fits = head(|build| build.uri("/a?b=56789"));
    assert_eq!(judge_head(&fits, &config), Verdict::Pass(()));
    let reason = denied(&head(|build| build.uri("/a?b=567890")), &config);
    assert_eq!(reason, Reason::UrlTooLong { length: 11, limit: 10 });
    assert_eq!(reason.status(), StatusCode::URI_TOO_LONG);
}

#[test]
fn headers_are_limited_in_number_size_and_sum() {
    let config = config("headers = 2\nheader = 20\nhead = 50");
    let three = head(|build| build.header("a", "1").header("a", "2").header("b", "3"));
    assert_eq!(denied(&three, &config), Reason::TooManyHeaders { count: 3, limit: 2 });
    let large = head(|build| build.header("name", "x".repeat(17)));
    assert_eq!(denied(&large, &config).code(), "limits.header_too_large");
    let sum = head(|build| build.header("a", "x".repeat(18)).header("b", "x".repeat(18)));
    let reason = denied(&sum, &config);
    assert_eq!(reason.code(), "limits.head_too_large");
    assert_eq!(reason.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}

#[test]
fn an_announced_body_is_refused_before_it_is_read() {
    let config = config("body = 100");
    let fits = head(|build| build.header("content-length", "100"));
    assert_eq!(judge_head(&fits, &config), Verdict::Pass(()));
    for length in ["101", "99999999999999999999999999"] {
        let reason = denied(&head(|build| build.header("content-length", length)), &config);
        assert_eq!(reason.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}

#[test]
fn a_doubled_content_type_is_not_the_first_of_the_two() {
    let doubled =
        head(|build| build.header("content-type", "text/plain").header("content-type", "application/json"));
    let reason = denied(&doubled, &config(""));
    assert_eq!(reason.code(), "limits.repeated_content_type");
    assert_eq!(reason.evidence().unwrap().bytes, b"text/plain, application/json");
}

#[test]
fn the_query_has_parameters_too() {
    let config = config("parameters = 2\nparameter_name = 4");
    assert_eq!(judge_head(&head(|build| build.uri("/?a=1&&b=2&")), &config), Verdict::Pass(()));
    assert_eq!(denied(&head(|build| build.uri("/?a=1&b=2&c")), &config).code(), "limits.too_many_parameters");
    let long = head(|build| build.uri("/?abcde"));
    assert_eq!(denied(&long, &config).code(), "limits.parameter_name_too_long");
}

#[test]
fn a_limit_of_zero_is_an_error_of_the_policy() {
    for key in [
        "url",
        "headers",
        "header",
        "head",
        "body",
        "hold",
        "parameters",
        "parameter_name",
        "parameter_value",
        "json_depth",
        "json_keys",
        "parts",
    ] {
        let told = Policy::parse("p", &format!("[limits]\n{key} = 0\n")).unwrap_err().to_string();
        assert!(told.contains("p:2:"), "{told}");
        assert!(told.contains("limit of zero"), "{told}");
    }
    let told = Policy::parse("p", "[limits]\nhold = \"1 GiB\"\n").unwrap_err().to_string();
    assert!(told.contains("fill the memory"), "{told}");
}

#[test]
fn the_exception_of_a_reason_is_a_policy_that_lets_it_pass() {
    let at = Place { method: "GET", path: "/a", host: "example.com" };
    let long = head(|build| build.uri("/a?b=567890"));
    let reason = denied(&long, &config("url = 10"));
    let text = format!("[limits]\nurl = 10\n{}", reason.exception(&at).unwrap());
    let (policy, _) = Policy::parse("p", &text).unwrap();
    let there = policy.rules(&http::Method::GET, "/a").limits;
    assert_eq!(judge_head(&long, &there), Verdict::Pass(()));
}
