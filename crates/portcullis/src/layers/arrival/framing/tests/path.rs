use super::*;

fn fault(path: &str, rules: PathRules) -> Option<Fault> {
    super::super::path::fault(path, &rules).map(|reason| reason.fault)
}

#[test]
fn the_normal_form_is_decoded_once_merged_and_resolved() {
    assert_eq!(normal_path("/a/b"), "/a/b");
    assert_eq!(normal_path("/a/b/"), "/a/b/");
    assert_eq!(normal_path("//a///b//"), "/a/b/");
    assert_eq!(normal_path("/caf%C3%A9"), "/café");
    assert_eq!(normal_path("/a%2Fb"), "/a/b");
    assert_eq!(normal_path("/%252e"), "/%2e");
    assert_eq!(normal_path("/public/../admin"), "/admin");
    assert_eq!(normal_path("/public/%2e%2e/admin/."), "/admin/");
    assert_eq!(normal_path("/../../x"), "/x");
    assert_eq!(normal_path("/a/.."), "/");
    assert_eq!(normal_path("/100%"), "/100%");
    assert_eq!(normal_path("/.well-known/x"), "/.well-known/x");
    assert_eq!(normal_path("/%ff"), "/\u{fffd}");
    assert_eq!(normal_path("*"), "*");
    assert_eq!(normal_path(""), "");
    assert_eq!(normal_path("/"), "/");
}

#[test]
fn each_knob_lets_its_own_kind_through_and_no_other() {
    let none = PathRules::default();
    let knobs: [(&str, PathRules); 8] = [
        ("/a/../b", PathRules { dot_segments: true, ..none }),
        ("/a/%2e%2e/b", PathRules { dot_segments: true, ..none }),
        ("/a/%252e%252e/b", PathRules { dot_segments: true, ..none }),
        ("/a%2fb", PathRules { encoded_slash: true, ..none }),
        ("/a%5cb", PathRules { backslash: true, ..none }),
        ("/a%0ab", PathRules { encoded_control: true, ..none }),
        ("/100%", PathRules { invalid_percent: true, ..none }),
        ("/caf%e9", PathRules { non_utf8: true, ..none }),
    ];
    for (path, opened) in knobs {
        assert!(fault(path, none).is_some(), "{path} passes without its knob");
        for (_, rules) in knobs {
            assert_eq!(fault(path, rules).is_none(), rules == opened, "{path} with {rules:?}");
        }
    }
}

#[test]
fn no_knob_lets_a_nul_byte_or_an_overlong_form_through() {
    let all = PathRules {
        dot_segments: true,
        encoded_slash: true,
        backslash: true,
        encoded_control: true,
        invalid_percent: true,
        non_utf8: true,
    };
    assert_eq!(fault("/a%00", all), Some(Fault::PathNul));
    assert_eq!(fault("/%c0%ae%c0%ae/x", all), Some(Fault::PathOverlong));
}

#[test]
fn an_exception_opens_just_this_path_and_names_its_danger() {
    use crate::verdict::{Grounds, Place};
    let place = Place { method: "GET", path: "/api/projects/a/b", host: "localhost" };
    let reason = Reason::new(Fault::PathEncodedSlash, "path", b"/api/projects/a%2Fb");
    let exception = reason.exception(&place).unwrap();
    assert!(exception.contains("dangerous_allow_encoded_slash = true"), "{exception}");
    let (policy, _) = crate::Policy::parse("exception", &exception).unwrap();
    assert!(policy.rules(&http::Method::GET, place.path).framing.path.encoded_slash);
    assert!(!policy.rules(&http::Method::GET, "/other").framing.path.encoded_slash);
    assert_eq!(Reason::new(Fault::LengthWithCoding, "head", b"").exception(&place), None);
}

#[test]
fn limits_that_cannot_be_are_told_with_their_place() {
    let told = crate::Policy::parse("p", "[framing]\nhead = 0\nheaders = 0\nrequest_line = \"1 MiB\"\n")
        .unwrap_err()
        .to_string();
    assert_eq!(told.lines().count(), 3, "{told}");
    assert!(told.contains("p:2:8: a limit of zero"), "{told}");
}
