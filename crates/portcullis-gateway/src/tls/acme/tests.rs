//! Proofs on show, and what is kept of an authority.

use std::sync::Arc;

use super::files::{Folder, Note};
use super::*;
use crate::record::DataDir;
use crate::testing::folder;

#[test]
fn a_proof_is_shown_at_its_path_for_as_long_as_it_is_asked_for() {
    let challenges = Arc::new(Challenges::default());
    let at = "/.well-known/acme-challenge/token";
    assert!(challenges.answer(at).is_none());
    let shown = challenges.show_http("token", "token.thumbprint");
    assert_eq!(challenges.answer(at).unwrap().status(), 200);
    for other in ["/.well-known/acme-challenge/", "/.well-known/acme-challenge/token/", "/token"] {
        assert!(challenges.answer(other).is_none(), "{other}");
    }
    drop(shown);
    assert!(challenges.answer(at).is_none());
    assert!(challenges.show_tls("notes.example", b"short").is_err());
    challenges.show_tls("notes.example", &[7; 32]).unwrap();
}

#[test]
fn what_is_kept_of_one_authority_is_not_taken_for_anothers() {
    let data = DataDir::open(&folder("acme")).unwrap();
    let production = Folder::of(&data, "https://acme.example/directory").unwrap();
    let staging = Folder::of(&data, "https://acme.example/staging/directory").unwrap();
    let note = Note { failures: 3, not_before: 77, ..Note::default() };
    production.keep_note("notes.example", &note).unwrap();
    assert_eq!(production.note("notes.example"), note);
    assert_eq!(staging.note("notes.example"), Note::default());
    assert_ne!(production.certificate("notes.example"), staging.certificate("notes.example"));
}
