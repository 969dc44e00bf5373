//! Back-channel logout.

use portcullis::layers::caller::session::Factors;
use portcullis_store::{External, Key, Remembered, Session, Sessions, UserId};
use serde_json::{Value, json};

use super::provider::with;
use super::*;
use crate::testing::{ANNA, BERT};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

fn claims(id: &str) -> Value {
    let now = at(100).as_secs();
    json!({ "iss": ISSUER, "aud": "notes", "iat": now, "exp": now + 120, "jti": id, "sub": "anna-1",
        "sid": "session-1", "events": { EVENT: {} } })
}

async fn out(scene: &Scene, claims: &Value, kind: &str) -> Result<LoggedOut, BadLogout> {
    let mut header = scene.provider.signer.header();
    header["typ"] = json!(kind);
    let token = scene.provider.signer.sign(&header, claims);
    scene.relying.log_out(scene.house.ground(), &token, at(100)).await
}

#[tokio::test]
async fn a_logout_token_works_once() {
    let scene = Scene::new().await;
    let told = out(&scene, &claims("1"), "logout+jwt").await.unwrap();
    assert_eq!((told.subject.as_deref(), told.session.as_deref()), (Some("anna-1"), Some("session-1")));
    assert_eq!(out(&scene, &claims("1"), "logout+jwt").await, Err(BadLogout::Replayed));
    assert!(out(&scene, &claims("2"), "JWT").await.is_ok(), "providers from before the type was defined");
}

#[tokio::test]
async fn what_is_no_logout_token_signs_nobody_out() {
    let scene = Scene::new().await;
    let now = at(100).as_secs();
    let token = |reason| Err(BadLogout::Token(reason));
    let cases = [
        ("events", None, Err(BadLogout::Other)),
        ("events", Some(json!({})), Err(BadLogout::Other)),
        ("events", Some(json!({ EVENT: true })), Err(BadLogout::Other)),
        ("events", Some(json!([EVENT])), Err(BadLogout::Other)),
        ("nonce", Some(json!("n")), Err(BadLogout::Other)),
        ("nonce", Some(json!(null)), Err(BadLogout::Other)),
        ("iss", None, token(BadToken::Claim("iss"))),
        ("iss", Some(json!("https://evil.example")), token(BadToken::Issuer)),
        ("aud", Some(json!("other")), token(BadToken::Audience)),
        ("iat", None, token(BadToken::Claim("iat"))),
        ("iat", Some(json!(now + 61)), token(BadToken::Time)),
        ("exp", None, token(BadToken::Claim("exp"))),
        ("exp", Some(json!(now - 60)), token(BadToken::Time)),
        ("exp", Some(json!(now + 90_000)), token(BadToken::Time)),
        ("jti", None, token(BadToken::Claim("jti"))),
    ];
    for (name, value, outcome) in cases {
        let changed = with(claims("1"), name, value.clone());
        assert_eq!(out(&scene, &changed, "logout+jwt").await, outcome, "{name} {value:?}");
    }
    let nobody = with(with(claims("1"), "sub", None), "sid", None);
    assert_eq!(out(&scene, &nobody, "logout+jwt").await, token(BadToken::Claim("sub")));
    assert_eq!(out(&scene, &claims("1"), "at+jwt").await, Err(BadLogout::Other));
    assert!(out(&scene, &claims("1"), "logout+jwt").await.is_ok(), "none of these used it up");
}

#[tokio::test]
async fn a_logout_token_is_no_id_token() {
    let mut provider = Provider::new(Signer::es256("one"));
    provider.claims = Box::new(|_| claims("1"));
    let told = Scene::with(provider).await.whole().await;
    assert!(matches!(told, Err(CallbackError::Token(_))), "{told:?}");
}

fn session(number: u8, user: UserId, factors: Factors, external: Option<External>) -> Session {
    Session {
        key: Key([number; 32]),
        user: Some(user),
        began: at(0),
        seen: at(0),
        idle_end: at(1000),
        end: at(1000),
        proved: Some(at(0)),
        factors: factors.0,
        family: None,
        agent: String::new(),
        network: String::new(),
        external,
    }
}

/// A house in which Anna's account has an identity, and the sign-in that it came from.
async fn linked() -> (Scene, Vouched) {
    let scene = Scene::new().await;
    let rules = Rules { sign_up: false, link_by_email: false };
    let query = scene.goes(&Began { link: Some(ANNA), ..began() }, 0).await;
    let vouched = scene.comes(&query, 5).await.unwrap();
    let store = &*scene.house.store;
    assert_eq!(settle(store, &vouched, None, rules, at(5)).await.unwrap(), Settled::Linked(ANNA));
    remember(store, &vouched, ANNA, at(1000)).await.unwrap();
    (scene, vouched)
}

fn told(subject: Option<&str>, session: Option<&str>) -> LoggedOut {
    LoggedOut {
        issuer: ISSUER.to_owned(),
        subject: subject.map(str::to_owned),
        session: session.map(str::to_owned),
    }
}

#[tokio::test]
async fn a_logout_of_one_session_there_ends_what_came_from_it_and_one_of_a_person_all() {
    let (scene, vouched) = linked().await;
    let store = &scene.house.store;
    let from = |session: Option<&str>, issuer: &str| {
        let (session, issuer) = (session.map(str::to_owned), issuer.to_owned());
        Some(external("idp", &Vouched { session, issuer, ..vouched.clone() }).unwrap())
    };
    let both = Factors::EXTERNAL | Factors::TOTP;
    for (told, expected) in [
        (told(None, Some("session-1")), vec![1]),
        (told(Some("anna-1"), Some("session-1")), vec![1]),
        (told(Some("anna-1"), Some("session-9")), vec![]),
        (told(Some("anna-1"), None), vec![1, 2, 3]),
    ] {
        for one in [
            session(1, ANNA, Factors::EXTERNAL, from(Some("session-1"), ISSUER)),
            session(2, ANNA, both, from(Some("session-2"), ISSUER)),
            session(3, ANNA, Factors::EXTERNAL, from(None, ISSUER)),
            session(4, ANNA, Factors::EXTERNAL, from(Some("session-1"), "https://other.example")),
            session(5, ANNA, Factors::PASSWORD, None),
            session(6, BERT, Factors::EXTERNAL, from(Some("session-1"), ISSUER)),
        ] {
            assert!(store.begin(one).await.unwrap());
        }
        let (user, mut ended) = ended_by(scene.house.ground(), &told, at(10)).await.unwrap().unwrap();
        ended.sort();
        assert_eq!((user, ended), (ANNA, expected.iter().map(|one| Key([*one; 32])).collect()), "{told:?}");
        for number in 1..=6 {
            let lives = store.session(Key([number; 32]), at(10)).await.unwrap().is_some();
            assert_eq!(lives, !expected.contains(&number), "{told:?}: {number}");
            store.end(Key([number; 32])).await.unwrap();
        }
    }
    for told in [told(Some("bert-1"), None), told(None, Some("session-2"))] {
        assert_eq!(ended_by(scene.house.ground(), &told, at(10)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_logout_forgets_the_device_of_what_it_ends_and_ends_sessions_from_before_this_was_kept() {
    let (scene, vouched) = linked().await;
    let store = &scene.house.store;
    let device = Remembered {
        family: Key([77; 32]),
        user: ANNA,
        token: Key([78; 32]),
        began: at(0),
        seen: at(0),
        end: at(5000),
        agent: String::new(),
    };
    store.remember(device).await.unwrap();
    let outside = Some(external("idp", &vouched).unwrap());
    let stays = Session { family: Some(Key([77; 32])), ..session(1, ANNA, Factors::EXTERNAL, outside) };
    assert!(store.begin(stays).await.unwrap());
    assert!(store.begin(session(2, ANNA, Factors::EXTERNAL, None)).await.unwrap());
    assert!(store.begin(session(3, ANNA, Factors::PASSWORD, None)).await.unwrap());
    let told = told(None, Some("session-1"));
    let (_, mut ended) = ended_by(scene.house.ground(), &told, at(10)).await.unwrap().unwrap();
    ended.sort();
    assert_eq!(ended, [Key([1; 32]), Key([2; 32])]);
    assert!(store.remembered_by(ANNA, at(10)).await.unwrap().is_empty());
}
