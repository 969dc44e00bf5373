//! Proving it once more, and what needs that.

use http::{Request, StatusCode};
use portcullis::layers::caller::session::{Context, Factors, Presented, Visitor};
use portcullis::policy::identity::Language;
use portcullis_store::{People, Sessions, Standing};
use portcullis_tower::people::Asked;

use super::tests::{Browser, GOOD, Site, site};
use super::{Ask, Seat};
use crate::accounts::Happened;

/// What a visitor asks who presents nothing.
fn ask(site: &Site) -> Ask {
    let uri = "https://notes.example/.portcullis/sign-in";
    let (head, ()) = Request::builder().method("POST").uri(uri).body(()).unwrap().into_parts();
    let context = Context { agent: String::new(), network: "192.0.2.1".parse().unwrap(), secure: true };
    let asked = Asked {
        head,
        body: bytes::Bytes::new(),
        visitor: Visitor::Nobody,
        presented: Presented::default(),
        context,
        origin: "https://notes.example".to_owned(),
        now: site.now(),
        exchange: "x".to_owned(),
    };
    Ask::read(asked, &Language::ALL)
}

#[tokio::test]
async fn a_sign_in_by_a_password_that_is_changed_in_the_same_moment_does_not_survive() {
    let site = site();
    site.signed_up().await;
    let found = || site.store.user_by_email("ada@example.org".to_owned());
    let sessions = async || {
        let user = found().await.unwrap().unwrap();
        site.store.sessions_of(user.id, site.now()).await.unwrap().len()
    };
    for remember in [false, true] {
        let before = found().await.unwrap().unwrap();
        let seat = || Seat {
            factors: Factors::PASSWORD,
            how: Happened::SignedIn,
            remember: Some(remember),
            outside: None,
            return_to: "/notes",
        };
        assert_eq!(site.pages().seat(&ask(&site), &before, seat()).await.unwrap().location(), "/notes");
        // The password was right; before the session begins it is changed, and all others are ended.
        let later = site.now() + std::time::Duration::from_secs(u64::from(remember) + 1);
        site.store.set_password(before.id, Some("hash".to_owned()), later).await.unwrap();
        site.store.end_all(before.id, None).await.unwrap();
        let late = site.pages().seat(&ask(&site), &before, seat()).await.unwrap();
        assert_eq!((late.location(), sessions().await), ("/.portcullis/sign-in", 0));
        assert!(site.store.remembered_by(before.id, site.now()).await.unwrap().is_empty());
    }
    let user = found().await.unwrap().unwrap();
    site.store.set_standing(user.id, Standing::Disabled).await.unwrap();
    let (factors, how) = (Factors::PASSWORD, Happened::SignedIn);
    let seat = Seat { factors, how, remember: None, outside: None, return_to: "/notes" };
    let late = site.pages().seat(&ask(&site), &user, seat).await.unwrap();
    assert_eq!((late.location(), sessions().await), ("/.portcullis/sign-in", 0), "nor in a disabled account");
}

#[tokio::test]
async fn who_proves_it_again_on_a_device_that_stays_signed_in_keeps_it_so() {
    let mut site = site();
    let mut browser = site.signed_up().await;
    let stays = [("email", "ada@example.org"), ("password", GOOD), ("remember", "yes")];
    browser.post(&site, "sign-in", &stays).await;
    let device = browser.remembered.clone();
    let session = browser.session.clone();
    assert!(device.is_some());

    site.later(3000);
    let page = browser.get(&site, "sign-in").await.text;
    assert!(page.contains("name=\"remember\"") && page.contains("checked"), "it is ticked beforehand");
    browser.post(&site, "sign-in", &stays).await;
    assert_ne!(browser.session, session, "each proof has an id of its own");
    assert_eq!(browser.remembered, device, "the device was not asked to change");
    let mut reopened = Browser { session: None, ..browser.clone() };
    assert_eq!(reopened.get(&site, "account").await.status, StatusCode::OK, "and it still signs in");
    let account = browser.get(&site, "account").await.text;
    assert_eq!(account.matches("name=\"device\"").count(), 0, "one device, not two");

    // Who takes the tick away wants this device to be forgotten.
    reopened.post(&site, "sign-in", &[("email", "ada@example.org"), ("password", GOOD)]).await;
    assert_eq!(reopened.remembered, None);
    let mut old = Browser { session: None, remembered: browser.remembered.clone(), ..Browser::default() };
    assert_eq!(old.get(&site, "account").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn other_devices_are_signed_out_after_a_fresh_proof_only() {
    let mut site = site();
    let mut browser = site.signed_up().await;
    let mut other = Browser::default();
    other.sign_in(&site, GOOD).await;
    site.later(16 * 60);
    let refused = browser.post(&site, "account/devices", &[("device", "others")]).await;
    assert_eq!(
        (refused.status, refused.location()),
        (StatusCode::SEE_OTHER, "/.portcullis/sign-in?return_to=%2F.portcullis%2Faccount%2Fdevices")
    );
    assert_eq!(other.get(&site, "account").await.status, StatusCode::OK, "nobody was signed out");
    let form =
        [("email", "ada@example.org"), ("password", GOOD), ("return_to", "/.portcullis/account/devices")];
    let back = browser.post(&site, "sign-in", &form).await;
    assert_eq!(
        browser.get(&site, back.location().trim_start_matches("/.portcullis/")).await.location(),
        "/.portcullis/account"
    );
    let done = browser.post(&site, "account/devices", &[("device", "others")]).await;
    assert_eq!(done.location(), "/.portcullis/account?done=devices");
    assert_eq!(other.get(&site, "account").await.status, StatusCode::SEE_OTHER);
}

/// Every form that asks for a password.
async fn forms_with_passwords() -> Vec<String> {
    let site = site();
    let mut browser = site.signed_up().await;
    let mut seen = Vec::new();
    for page in ["account/password", "account/email", "account/remove"] {
        seen.push(browser.get(&site, page).await.text);
    }
    let mut stranger = Browser::default();
    for page in ["sign-in", "sign-up"] {
        seen.push(stranger.get(&site, page).await.text);
    }
    stranger.post(&site, "forgotten", &[("email", "ada@example.org")]).await;
    let link = site.link().await;
    seen.push(stranger.get(&site, &link).await.text);
    seen
}

fn inputs(page: &str) -> impl Iterator<Item = &str> {
    page.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap())
}

/// OWASP ASVS 5.0 requirement 6.2.6.
#[tokio::test]
async fn every_field_of_a_password_hides_what_is_typed() {
    for page in forms_with_passwords().await {
        let fields = inputs(&page).filter(|input| input.contains("password\"")).collect::<Vec<_>>();
        assert!(fields.iter().any(|input| input.contains("name=\"")), "{page}");
        for input in fields {
            assert!(input.contains("type=\"password\""), "{input}");
            assert!(
                !input.contains("value=\"") || input.contains("value=\"\""),
                "and none is sent back: {input}"
            );
        }
    }
}

/// OWASP ASVS 5.0 requirement 6.2.7.
#[tokio::test]
async fn managers_of_passwords_may_fill_every_field_and_people_may_paste() {
    for page in forms_with_passwords().await {
        for input in inputs(&page).filter(|input| input.contains("type=\"password\"")) {
            let kinds = ["current-password", "new-password"];
            assert!(kinds.iter().any(|kind| input.contains(&format!("autocomplete=\"{kind}\""))), "{input}");
            for hindrance in ["onpaste", "readonly", "autocomplete=\"off\"", "disabled"] {
                assert!(!input.contains(hindrance), "{input}");
            }
            assert!(input.contains("maxlength=\"1024\""), "longer than any that a manager makes: {input}");
        }
        let named = inputs(&page).any(|input| input.contains("autocomplete=\"username"));
        assert!(named, "which account it is for: {page}");
    }
    let script = include_str!("means/passkey.js");
    assert!(!script.contains("paste") && !script.contains("keydown"), "nor does a script hinder it");
}
