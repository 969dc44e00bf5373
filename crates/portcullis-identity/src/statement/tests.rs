use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::keys::Keyring;
use portcullis::layers::caller::session::{By, Factors, Person};
use serde_json::Value;

use super::*;

const NOW: Duration = Duration::from_secs(1_800_000_000);
const SITE: &str = "https://notes.example";

fn ann() -> Person {
    Person {
        id: "0123456789abcdef0123456789abcdef".to_owned(),
        email: "ann@notes.example".to_owned(),
        name: "Ánn, \"the\" editor".to_owned(),
        roles: vec!["editor".to_owned()],
        proved: Some(NOW - Duration::from_secs(5)),
        factors: Factors::PASSWORD | Factors::TOTP,
        by: By::Session { key: [1; 32] },
    }
}

fn read(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The claims, if a key of the set vouches for them: what an app does.
fn verified(token: &str, set: &Value) -> Option<Value> {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let header = read(header);
    assert_eq!(header["alg"], "EdDSA");
    let key = set["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"])?;
    let public = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(&ED25519, public).verify(signed.as_bytes(), &signature).ok()?;
    Some(read(claims))
}

fn set(vouching: &Vouching) -> Value {
    serde_json::from_slice(vouching.published().body()).unwrap()
}

fn token(vouching: &Vouching, person: Person, now: Duration) -> String {
    vouching.statement(&Arc::new(person), SITE, now).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn the_app_can_tell_who_calls_for_a_minute() {
    let vouching = Vouching::new(&Keyring::new([1; 32], Vec::new()), "notes");
    let claims = verified(&token(&vouching, ann(), NOW), &set(&vouching)).unwrap();
    let seconds = NOW.as_secs();
    assert_eq!(claims["iss"], SITE);
    assert_eq!(claims["aud"], "notes");
    assert_eq!(claims["sub"], "0123456789abcdef0123456789abcdef");
    assert_eq!(claims["name"], "Ánn, \"the\" editor");
    assert_eq!(claims["roles"], serde_json::json!(["editor"]));
    assert_eq!(claims["amr"], serde_json::json!(["password", "totp"]));
    assert_eq!((claims["iat"].as_u64(), claims["exp"].as_u64()), (Some(seconds), Some(seconds + 60)));
    assert_eq!(claims["auth_time"].as_u64(), Some(seconds - 5));
    let by = By::ApiKey { name: "ci".to_owned(), scopes: vec!["a".to_owned(), "b".to_owned()] };
    let claims = verified(&token(&vouching, Person { by, ..ann() }, NOW), &set(&vouching)).unwrap();
    assert_eq!((claims["by"].as_str(), claims["scope"].as_str()), (Some("key"), Some("a b")));
}

#[test]
fn what_was_changed_on_the_way_does_not_verify() {
    let vouching = Vouching::new(&Keyring::new([1; 32], Vec::new()), "notes");
    let token = token(&vouching, ann(), NOW);
    let set = set(&vouching);
    let parts: Vec<&str> = token.split('.').collect();
    let mut claims = read(parts[1]);
    claims["roles"] = serde_json::json!(["admin"]);
    let forged = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2]);
    assert!(verified(&forged, &set).is_none());
    let other = Vouching::new(&Keyring::new([2; 32], Vec::new()), "notes");
    assert!(verified(&token, &self::set(&other)).is_none(), "another gate's keys don't vouch");
}

#[test]
fn after_a_rotation_old_statements_verify_and_new_ones_have_the_new_key() {
    let old = Vouching::new(&Keyring::new([1; 32], Vec::new()), "notes");
    let new = Vouching::new(&Keyring::new([2; 32], vec![[1; 32]]), "notes");
    let before = token(&old, ann(), NOW);
    let after = token(&new, ann(), NOW);
    assert!(verified(&before, &set(&new)).is_some());
    assert!(verified(&after, &set(&new)).is_some());
    assert!(verified(&after, &set(&old)).is_none());
    assert_eq!(set(&new)["keys"].as_array().unwrap().len(), 2);
    assert!(!set(&new).to_string().contains("\"d\""), "no private half is shown");
}

#[test]
fn a_statement_is_given_again_for_some_seconds_unless_the_person_changed() {
    let vouching = Vouching::new(&Keyring::new([1; 32], Vec::new()), "notes");
    let at = |seconds| NOW + Duration::from_secs(seconds);
    let first = token(&vouching, ann(), at(0));
    assert_eq!(token(&vouching, ann(), at(19)), first);
    assert_ne!(token(&vouching, ann(), at(20)), first);
    let admin = token(&vouching, Person { roles: vec!["admin".to_owned()], ..ann() }, at(21));
    let claims = verified(&admin, &set(&vouching)).unwrap();
    assert_eq!(claims["roles"], serde_json::json!(["admin"]));
    let elsewhere = vouching.statement(&Arc::new(ann()), "https://other.example", at(21)).unwrap();
    let claims = verified(elsewhere.to_str().unwrap(), &set(&vouching)).unwrap();
    assert_eq!(claims["iss"], "https://other.example");
}
