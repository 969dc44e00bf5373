//! Who may go where, as a terminal is told it; and who can go around.

use std::net::TcpListener;

use crate::gate::{CHEAP, Site, write};

const ADA: &str = "ada@notes.example";

fn with_policies(policies: &str) -> Site {
    let policy = format!("[identity]\n{CHEAP}[access]\nallow = \"signed-in\"\ncedar = \"who.cedar\"\n");
    let site = Site::new("access", &policy);
    write(&site.folder, "who.cedar", policies);
    site
}

/// The status of a command and all that it says.
fn told(site: &Site, arguments: &[&str]) -> (Option<i32>, String) {
    let output = site.program(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[cfg(feature = "cedar")]
#[test]
fn explaining_names_the_policies_that_decided() {
    let site = with_policies(
        "@id(\"readers\")\npermit (principal is User, action in Action::\"read\", resource);\n\
         @id(\"no drafts\")\nforbid (principal, action, resource)\n\
         when { context.query.hasTag(\"draft\") || context.address.isInRange(ip(\"192.0.2.0/24\")) };\n",
    );
    assert!(site.add(ADA).status.success());
    let explain =
        |more: &[&str]| told(&site, &[&["access", "explain", "--data-dir", "data", ADA], more].concat());
    let (code, text) = explain(&["GET", "/notes"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("permitted by readers (who.cedar:1)"), "{text}");
    let (code, text) = explain(&["GET", "/notes?draft=1"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("forbidden by no drafts (who.cedar:3)"), "{text}");
    assert_eq!(explain(&["GET", "/notes", "--from", "192.0.2.7"]).0, Some(1));
    let (code, text) = explain(&["POST", "/notes", "--log", "json"]);
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, line.pointer("/allowed").unwrap().as_bool()), (Some(1), Some(false)));
    assert!(text.contains("none permits it"), "{text}");
}

#[cfg(feature = "cedar")]
#[test]
fn policies_that_do_not_hold_are_told_by_check_and_start_no_gate() {
    let site = with_policies(
        "permit (principal, action, resource);\n\npermit (principal in Team::\"x\", action, resource);\n",
    );
    let (code, text) = told(&site, &["check"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("who.cedar:3: ") && text.contains("Team"), "{text}");
    assert!(site.refused().contains("who.cedar:3: "));
    let (code, _) = told(&site, &["check", "--policy-only", "--level", "never"]);
    assert_eq!(code, Some(0), "the file of policies is not read then");
}

#[cfg(not(feature = "cedar"))]
#[test]
fn a_gate_that_was_built_without_cedar_does_not_start_with_policies() {
    let site = with_policies("permit (principal, action, resource);\n");
    assert!(site.refused().contains("--features cedar"));
}

#[test]
fn an_app_that_listens_everywhere_is_told_of_at_the_start_and_by_check() {
    let site = Site::new("around", "");
    let app = TcpListener::bind("0.0.0.0:0").unwrap();
    let address = app.local_addr().unwrap();
    let policy = |port: u16, more: &str| {
        let text = format!("upstream = \"http://127.0.0.1:{port}\"\n{more}");
        write(&site.folder, "portcullis.toml", &text);
    };
    let people = format!("[identity]\n{CHEAP}[access]\nallow = \"public\"\n");
    policy(address.port(), &people);
    let (code, text) = told(&site, &["check", "--level", "warn"]);
    assert!(code == Some(1) && text.contains("P061 warn") && text.contains(&address.to_string()), "{text}");
    let gate = site.start();
    // The log is written a moment later, by a thread of its own.
    for _ in 0..200 {
        if site.log().contains("portcullis.way_around") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(site.log().contains("portcullis.way_around"), "{}", site.log());
    drop(gate);
    // Without people nobody's word is believed.
    policy(address.port(), "");
    assert!(!told(&site, &["check"]).1.contains("P061"));
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    policy(closed.local_addr().unwrap().port(), &people);
    assert!(!told(&site, &["check"]).1.contains("P061"));
}
