//! Commands about accounts, while a gate stands: it sees what they change within `session.memory`.

use std::time::Duration;

use crate::gate::{CHEAP, Site, ask, is_signed_in, sign_in};

const ADA: &str = "ada@notes.example";

/// A little longer than the gate may answer from its memory.
fn forget() {
    std::thread::sleep(Duration::from_millis(1300));
}

#[test]
fn a_standing_gate_sees_what_commands_change_within_its_memory() {
    let policy = format!(
        "[identity]\n{CHEAP}[session]\nmemory = \"1 s\"\n[access]\nallow = \"signed-in\"\n\
         [[route]]\npath = \"/admin/*\"\naccess.roles = [\"admin\"]\n"
    );
    let site = Site::new("commands", &policy);
    assert!(site.add(ADA).status.success());
    let gate = site.start();
    let at = gate.address;
    let session = |more: &str| {
        let answer = sign_in(at, "127.0.0.1", "", ADA, more);
        let session = answer.cookie("portcullis-session");
        session.map(|session| (format!("portcullis-session={session}"), answer.cookie("portcullis-remember")))
    };
    let admin = |cookies: &str| ask(at, "127.0.0.1", cookies, "/admin/users", None).status;

    // A role is given, and taken.
    let (ada, _) = session("").unwrap();
    assert!(is_signed_in(at, &ada));
    assert_eq!(admin(&ada), 403);
    site.said(&["user", "grant", ADA, "admin"]);
    forget();
    assert_eq!(admin(&ada), 200);
    site.said(&["user", "revoke", ADA, "admin"]);
    forget();
    assert_eq!(admin(&ada), 403);

    // All of somebody's sessions and devices end; one more sign-in begins anew.
    let (other, remembered) = session("&remember=yes").unwrap();
    let remembered = format!("portcullis-remember={}", remembered.unwrap());
    let listed = site.said(&["user", "sessions", ADA]);
    let count = |list: &str| listed.pointer(&format!("/{list}")).unwrap().as_array().unwrap().len();
    assert_eq!((count("sessions"), count("devices")), (2, 1));
    site.said(&["user", "sessions", ADA, "--end", "all"]);
    forget();
    for cookies in [&ada, &other, &remembered] {
        assert!(!is_signed_in(at, cookies), "{cookies}");
    }

    // An account that is disabled is out, and does not get in with the right password.
    let (ada, remembered) = session("&remember=yes").unwrap();
    let remembered = format!("portcullis-remember={}", remembered.unwrap());
    assert!(is_signed_in(at, &ada));
    site.said(&["user", "disable", ADA]);
    forget();
    assert!(!is_signed_in(at, &ada));
    assert!(!is_signed_in(at, &remembered));
    assert!(session("").is_none());
    site.said(&["user", "enable", ADA]);
    assert!(session("").is_some(), "and gets in again once it is enabled");
    assert!(!is_signed_in(at, &ada), "what had ended does not come back");
}
