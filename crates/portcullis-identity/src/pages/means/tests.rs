//! The flows, by a browser that keeps our cookies and a device in software.

use std::sync::Arc;

use portcullis::policy::identity::ProviderSignOut;
use portcullis_store::{Grants as _, Sessions as _};
use serde_json::{Value, json};

use super::super::tests::{Browser, GOOD, Seen, Site, site, site_with};
use super::Provider;
use crate::oidc::tests::provider::{Provider as Idp, Signer, with};
use crate::oidc::tests::registration;
use crate::oidc::{Relying, Rules};
use crate::passkeys::authenticator::Device;
use crate::testing::code_of;

impl Browser {
    /// What the script of passkeys sends.
    async fn send(&mut self, site: &Site, what: &str, body: &Value) -> (u16, Value) {
        let seen = self.json(site, &format!("passkey/{what}"), body).await;
        (seen.status.as_u16(), serde_json::from_str(&seen.text).unwrap())
    }

    /// Adds an authenticator app; gives its secret in base 32 and the recovery codes.
    async fn with_app(&mut self, site: &Site) -> (String, Vec<String>) {
        let page = self.get(site, "account/factors?add=app").await.text;
        let (sealed, secret) =
            (between(&page, "name=\"sealed\" value=\"", "\""), between(&page, "id=\"secret\">", "<"));
        let wrong = self
            .post(site, "account/factors", &[("do", "app"), ("sealed", &sealed), ("code", "12345")])
            .await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.text.contains(&secret), "the same secret is shown again");
        let code = code_of(&secret, site.now());
        let form = [("do", "app"), ("sealed", sealed.as_str()), ("code", code.as_str()), ("label", "phone")];
        let done = self.post(site, "account/factors", &form).await;
        assert_eq!(done.status, 200);
        let codes =
            done.text.split("<li><code>").skip(1).map(|rest| between(rest, "", "<")).collect::<Vec<_>>();
        assert_eq!(codes.len(), 10);
        (secret, codes)
    }
}

fn between(text: &str, before: &str, after: &str) -> String {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before} is not in {text}"));
    rest.split(after).next().unwrap().to_owned()
}

fn to(seen: &Seen) -> &str {
    seen.location()
}

#[tokio::test]
async fn an_app_is_added_and_asked_for_and_its_codes_and_recovery_codes_work_once() {
    let mut site = site();
    let mut browser = site.signed_up().await;
    let mut other = Browser::default();
    other.sign_in(&site, GOOD).await;
    let before = browser.session.clone();
    let (secret, codes) = browser.with_app(&site).await;
    assert_ne!(browser.session, before, "the id changes with the factor");
    assert_eq!(other.get(&site, "account").await.status, 303, "the others are signed out");

    site.later(60);
    other.sign_in(&site, GOOD).await;
    assert!(other.flow.is_some());
    assert_eq!(other.get(&site, "account").await.status, 303, "the password alone signs nobody in");
    let page = other.get(&site, "second").await.text;
    assert!(page.contains("one-time-code") && page.contains("with=recovery"));
    let code = code_of(&secret, site.now());
    let mut thief = other.clone();
    assert_eq!(to(&other.post(&site, "second", &[("code", &code)]).await), "/");
    assert_eq!(other.get(&site, "account").await.status, 200);
    assert_eq!(to(&thief.post(&site, "second", &[("code", &code)]).await), "/.portcullis/sign-in");

    let mut again = Browser::default();
    again.sign_in(&site, GOOD).await;
    let replayed = again.post(&site, "second", &[("code", &code)]).await;
    assert_eq!(replayed.status, 422);
    assert_eq!(replayed.codes, ["account.code_reused", "account.second_step_failed"]);
    let recovered = again.post(&site, "second", &[("with", "recovery"), ("code", &codes[3])]).await;
    assert_eq!((to(&recovered), recovered.codes[0]), ("/", "account.recovery_code_used"));
    let mut third = Browser::default();
    third.sign_in(&site, GOOD).await;
    let reused = third.post(&site, "second", &[("with", "recovery"), ("code", &codes[3])]).await;
    assert_eq!((reused.status.as_u16(), third.session), (422, None));
}

#[tokio::test]
async fn codes_cannot_be_guessed_at_will() {
    let mut site = site();
    let mut browser = site.signed_up().await;
    browser.with_app(&site).await;
    site.later(60);
    let mut thief = Browser::default();
    thief.sign_in(&site, GOOD).await;
    let mut statuses = Vec::new();
    for guess in 0..8 {
        statuses.push(thief.post(&site, "second", &[("code", &format!("{guess:06}"))]).await.status.as_u16());
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
}

#[tokio::test]
async fn nobody_without_a_first_step_comes_to_the_second() {
    let site = site();
    let mut browser = Browser::default();
    assert_eq!(to(&browser.get(&site, "second").await), "/.portcullis/sign-in");
    assert_eq!(to(&browser.post(&site, "second", &[("code", "123456")]).await), "/.portcullis/sign-in");
    for page in ["account/factors", "account/keys"] {
        assert!(to(&browser.get(&site, page).await).starts_with("/.portcullis/sign-in?"));
        assert!(
            to(&browser.post(&site, page, &[("do", "codes")]).await).starts_with("/.portcullis/sign-in?")
        );
    }
    for what in ["enrol/begin", "again/begin", "second/begin"] {
        assert_eq!(browser.send(&site, what, &json!({})).await.0, 401, "{what}");
    }
}

#[tokio::test]
async fn a_change_of_factors_wants_a_fresh_proof() {
    let mut site = site();
    let mut browser = site.signed_up().await;
    site.later(3000);
    assert_eq!(browser.get(&site, "account/factors").await.status, 200);
    for target in ["account/factors", "account/keys"] {
        let answer = browser.post(&site, target, &[("do", "codes")]).await;
        assert!(to(&answer).starts_with("/.portcullis/sign-in?"), "{target}");
    }
    assert!(to(&browser.get(&site, "account/factors?add=app").await).starts_with("/.portcullis/sign-in?"));
    assert_eq!(browser.send(&site, "enrol/begin", &json!({})).await.0, 403);
}

/// Enrols a passkey for whoever is signed in.
async fn passkey(site: &Site, browser: &mut Browser) -> Device {
    let mut device = Device::new(b"key of ada 12345");
    let (status, begun) = browser.send(site, "enrol/begin", &json!({})).await;
    assert_eq!(status, 200, "{begun}");
    let credential: Value = serde_json::from_slice(&device.create(&begun["options"])).unwrap();
    let body = json!({ "sealed": begun["sealed"], "credential": credential, "label": "laptop" });
    let (status, done) = browser.send(site, "enrol/finish", &body).await;
    assert_eq!((status, &done["to"]), (200, &json!("/.portcullis/account/factors?done=yes")));
    device
}

#[tokio::test]
async fn a_passkey_is_the_first_factor_the_second_and_a_new_proof() {
    let mut site = site();
    let mut browser = site.signed_up().await;
    let mut device = passkey(&site, &mut browser).await;
    assert!(browser.get(&site, "account/factors").await.text.contains("<b>laptop</b>"));
    let mut show = |begun: &Value, more: Value| {
        let credential: Value = serde_json::from_slice(&device.get(&begun["options"])).unwrap();
        let mut body = json!({ "sealed": begun["sealed"], "credential": credential });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };

    // First: without a name typed; what was shown once is worth nothing again, and nothing in another browser.
    let mut first = Browser::default();
    let (_, begun) = first.send(&site, "sign-in/begin", &json!({ "conditional": true })).await;
    let body = show(&begun, json!({ "return_to": "/notes" }));
    assert_eq!(Browser::default().send(&site, "sign-in/finish", &body).await.0, 422);
    let mut copy = first.clone();
    assert_eq!(first.send(&site, "sign-in/finish", &body).await, (200, json!({ "to": "/notes" })));
    assert!(first.session.is_some());
    assert_eq!(copy.send(&site, "sign-in/finish", &body).await.0, 422);

    // Second: after a password.
    let mut second = Browser::default();
    second.sign_in(&site, GOOD).await;
    assert!(second.session.is_none());
    let (_, begun) = second.send(&site, "second/begin", &json!({})).await;
    let body = show(&begun, json!({}));
    assert_eq!(second.send(&site, "second/finish", &body).await.0, 200);
    assert!(second.session.is_some());

    // Again: a new id, and a fresh proof.
    site.later(3000);
    assert_eq!(second.send(&site, "enrol/begin", &json!({})).await.0, 403);
    let before = second.session.clone();
    let (_, begun) = second.send(&site, "again/begin", &json!({})).await;
    let body = show(&begun, json!({ "return_to": "//evil" }));
    assert_eq!(second.send(&site, "again/finish", &body).await, (200, json!({ "to": "/" })));
    assert_ne!(second.session, before);
    assert_eq!(second.send(&site, "enrol/begin", &json!({})).await.0, 200);
}

#[tokio::test]
async fn a_key_is_made_shown_once_and_revoked() {
    let site = site();
    let mut browser = site.signed_up().await;
    let made = browser
        .post(&site, "account/keys", &[("label", "ci <b>"), ("scopes", "notes:read"), ("days", "7")])
        .await;
    let key = between(&made.text, "id=\"key\">", "<");
    assert!(key.starts_with("pk_") && made.text.contains("ci &#60;b&#62;"));
    let listed = browser.get(&site, "account/keys").await.text;
    assert!(!listed.contains(&key) && listed.contains("notes:read"));
    let wrong = browser.post(&site, "account/keys", &[("scopes", "ok a,b"), ("days", "7")]).await;
    assert_eq!(wrong.status, 422);
    let id = between(&listed, "name=\"id\" value=\"", "\"");
    browser.post(&site, "account/keys", &[("do", "revoke"), ("id", &id)]).await;
    assert!(!browser.get(&site, "account/keys").await.text.contains("notes:read"));
}

/// A site with a provider that signs people up.
fn vouched(sign_up: bool) -> (Site, Arc<Idp>) {
    vouched_by(sign_up, ProviderSignOut::Offer, None)
}

/// The same with a provider whose tokens last so long, and are handed to the app.
fn vouched_by(sign_up: bool, sign_out: ProviderSignOut, lasts: Option<u64>) -> (Site, Arc<Idp>) {
    let mut idp = Idp::new(Signer::es256("one"));
    idp.lasts = lasts;
    idp.claims = Box::new(|claims| {
        let now = 1_800_000_000;
        with(with(claims, "iat", Some(json!(now))), "exp", Some(json!(now + 300)))
    });
    let idp = Arc::new(idp);
    let asked = idp.clone();
    let provider = move || Provider {
        relying: Relying::new(registration("idp"), asked.clone()),
        label: "Provider".to_owned(),
        rules: Rules { sign_up, link_by_email: false },
        sign_out,
        hands: lasts.is_some(),
    };
    (site_with(move || vec![provider()]), idp)
}

impl Browser {
    /// To the provider, and what the browser comes back with.
    async fn goes(&mut self, site: &Site, idp: &Idp, start: &str) -> String {
        let sent = self.get(site, start).await;
        assert_eq!(sent.status, 303);
        let query = idp.authorize(&sent.location().parse().unwrap());
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        format!("oidc/idp/callback?{query}")
    }
}

#[tokio::test]
async fn a_provider_signs_up_and_in_whom_it_vouches_for_in_the_browser_that_asked() {
    let (site, idp) = vouched(true);
    let mut browser = Browser::default();
    assert!(browser.get(&site, "sign-in").await.text.contains("/.portcullis/oidc/idp/start?return_to="));
    let one = browser.goes(&site, &idp, "oidc/idp/start?return_to=/one").await;
    let two = browser.goes(&site, &idp, "oidc/idp/start?return_to=//evil").await;
    let stranger = Browser::default().get(&site, &one).await;
    assert_eq!((stranger.status.as_u16(), stranger.codes), (400, vec!["account.provider_refused"]));
    assert_eq!(to(&browser.get(&site, &one).await), "/one");
    assert!(browser.get(&site, "account").await.text.contains("anna@idp.example"));
    assert_eq!(to(&browser.get(&site, &two).await), "/", "the other tab; and no open redirect");
    assert_eq!(browser.get(&site, &two).await.status, 400, "an answer works once");
    assert_eq!(browser.get(&site, "oidc/other/start").await.status, 404);
}

#[tokio::test]
async fn an_identity_is_added_by_its_owner_and_signs_in_then() {
    let (site, idp) = vouched(false);
    let mut stranger = Browser::default();
    let back = stranger.goes(&site, &idp, "oidc/idp/start").await;
    assert_eq!(stranger.get(&site, &back).await.status, 403, "nobody is signed up");
    assert!(to(&stranger.get(&site, "oidc/idp/start?link=yes").await).starts_with("/.portcullis/sign-in?"));

    let mut owner = site.signed_up().await;
    let back = owner.goes(&site, &idp, "oidc/idp/start?link=yes").await;
    owner.post(&site, "sign-out", &[]).await;
    assert_eq!(owner.get(&site, &back).await.status, 400, "who began it is not signed in any more");
    owner.sign_in(&site, GOOD).await;
    let back = owner.goes(&site, &idp, "oidc/idp/start?link=yes").await;
    assert_eq!(to(&owner.get(&site, &back).await), "/.portcullis/account/factors?done=yes");
    assert!(owner.get(&site, "account/factors").await.text.contains("Provider: Anna@Idp.example"));

    let back = stranger.goes(&site, &idp, "oidc/idp/start").await;
    assert_eq!(to(&stranger.get(&site, &back).await), "/");
    assert!(stranger.get(&site, "account").await.text.contains("ada@example.org"));

    // The provider says that she left: what it vouched for is over, what the password opened is not.
    let claims = json!({ "iss": crate::oidc::tests::ISSUER, "aud": "notes", "iat": 1_800_000_000,
        "exp": 1_800_000_120, "jti": "1", "sub": "anna-1",
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} } });
    let token = idp.signer.sign(&idp.signer.header(), &claims);
    let mut server = Browser::default();
    let told = server.post(&site, "oidc/idp/backchannel-logout", &[("logout_token", &token)]).await;
    assert_eq!((told.status.as_u16(), told.codes), (200, vec!["account.provider_logout"]));
    let again = server.post(&site, "oidc/idp/backchannel-logout", &[("logout_token", &token)]).await;
    assert_eq!(again.status, 400, "a logout token works once");
    assert_eq!(stranger.get(&site, "account").await.status, 303);
    assert_eq!(owner.get(&site, "account").await.status, 200);
}

#[tokio::test]
async fn who_signs_out_of_a_session_that_came_from_a_provider_may_do_so_there_too() {
    for sign_out in [ProviderSignOut::Offer, ProviderSignOut::Always, ProviderSignOut::Never] {
        let (site, idp) = vouched_by(true, sign_out, None);
        let mut browser = Browser::default();
        let back = browser.goes(&site, &idp, "oidc/idp/start").await;
        browser.get(&site, &back).await;
        let session = browser.session.clone();
        let out = browser.post(&site, "sign-out", &[]).await;
        assert_eq!(browser.session, None);
        let mut copied = Browser { session, ..Browser::default() };
        assert_eq!(copied.get(&site, "account").await.status, 303, "{sign_out:?}: over here in any case");
        let url = match sign_out {
            ProviderSignOut::Always => {
                assert_eq!(out.status, 200, "a redirect after a form may not lead to another site");
                out.refresh().strip_prefix("0;url=").unwrap().to_owned()
            }
            ProviderSignOut::Offer => {
                assert_eq!(out.refresh(), "");
                assert!(out.text.contains("Sign out at Provider, too"), "{}", out.text);
                let href = between(&out.text, "href=\"https://idp.example/logout", "\"");
                format!("https://idp.example/logout{}", href.replace("&#38;", "&").replace("&amp;", "&"))
            }
            ProviderSignOut::Never => {
                assert!(out.status == 200 && !out.text.contains("idp.example"), "{}", out.text);
                continue;
            }
        };
        let url: url::Url = url.parse().unwrap();
        let sent = url.query_pairs().into_owned().collect::<std::collections::HashMap<_, _>>();
        assert_eq!(sent["post_logout_redirect_uri"], "https://notes.example/.portcullis/sign-out");
        let claims = sent["id_token_hint"].split('.').nth(1).unwrap();
        let claims =
            base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!((&claims["sub"], &claims["sid"]), (&"anna-1".into(), &"session-1".into()));

        let state = &sent["state"];
        let back = browser.get(&site, &format!("sign-out?state={state}")).await;
        assert!(back.text.contains("You are signed out at Provider, too."), "{}", back.text);
        let stranger = Browser::default().get(&site, &format!("sign-out?state={state}")).await;
        assert!(!stranger.text.contains("at Provider"), "in the browser that was sent only");
    }
}

#[tokio::test]
async fn a_session_from_a_password_is_signed_out_here_alone() {
    let (site, _) = vouched(false);
    let mut browser = site.signed_up().await;
    let out = browser.post(&site, "sign-out", &[]).await;
    assert!(out.status == 200 && !out.text.contains("idp.example"));
}

#[tokio::test]
async fn what_a_provider_granted_waits_sealed_for_the_second_step_and_follows_into_the_session() {
    let (mut site, idp) = vouched_by(true, ProviderSignOut::Always, Some(3600));
    let mut browser = Browser::default();
    let back = browser.goes(&site, &idp, "oidc/idp/start").await;
    browser.get(&site, &back).await;
    let (secret, _) = browser.with_app(&site).await;
    let out = browser.post(&site, "sign-out", &[]).await;
    assert!(
        out.refresh().contains("id_token_hint="),
        "a new factor gave the session a new id, and took it along"
    );
    site.later(60);
    let back = browser.goes(&site, &idp, "oidc/idp/start").await;
    assert_eq!(to(&browser.get(&site, &back).await), "/.portcullis/second");
    let code = code_of(&secret, site.now());
    assert_eq!(to(&browser.post(&site, "second", &[("code", &code)]).await), "/");
    assert_eq!(browser.handed(&site).await.as_deref(), Some("access"));
    assert!(browser.post(&site, "sign-out", &[]).await.refresh().contains("id_token_hint="));
}

#[tokio::test]
async fn the_app_is_handed_the_providers_token_where_the_policy_says_so_until_sign_out() {
    for lasts in [None, Some(3600)] {
        let (site, idp) = vouched_by(true, ProviderSignOut::Never, lasts);
        let mut browser = Browser::default();
        let back = browser.goes(&site, &idp, "oidc/idp/start").await;
        browser.get(&site, &back).await;
        assert_eq!(browser.handed(&site).await, lasts.map(|_| "access".to_owned()));
        let session = crate::sessions::digest(browser.session.as_deref().unwrap());
        let id = site.store.session(session, site.now()).await.unwrap().unwrap().external.unwrap().grant;
        let rests = site.store.grant(id).await.unwrap().unwrap().content;
        for word in [&b"access"[..], b"refresh", b"id_token"] {
            assert!(!rests.windows(word.len()).any(|some| some == word), "sealed");
        }
        browser.post(&site, "sign-out", &[]).await;
        assert!(site.store.grant(id).await.unwrap().is_none(), "gone with the session");
    }
    let (site, _) = vouched_by(false, ProviderSignOut::Never, Some(3600));
    let browser = site.signed_up().await;
    assert_eq!(browser.handed(&site).await, None, "a session from a password has none");
}

#[tokio::test]
async fn a_token_is_renewed_once_before_its_end_however_many_ask_at_how_many_gates() {
    let (mut site, idp) = vouched_by(true, ProviderSignOut::Never, Some(300));
    let mut browser = Browser::default();
    let back = browser.goes(&site, &idp, "oidc/idp/start").await;
    browser.get(&site, &back).await;
    assert_eq!(browser.handed(&site).await.as_deref(), Some("access"));
    let before = idp.count("/token");
    for (round, seconds) in [(1, 241), (2, 301), (3, 230)] {
        // Less than a minute before its end, after it, and too early.
        site.later(seconds);
        let gates = [site.gate(), site.gate(), site.gate()];
        let asked = (0..30).map(|number| browser.handed_by(&gates[number % 3], site.now()));
        let handed = futures_util::future::join_all(asked).await;
        let new = Some(format!("access-{}", round.min(2)));
        let old = (round == 1).then(|| "access".to_owned());
        let fits = |token: &Option<String>| *token == new || (round == 1 && *token == old);
        assert!(handed.iter().all(fits), "{round}: {handed:?}");
        let later = site.now() + std::time::Duration::from_secs(3);
        assert_eq!(browser.handed_by(&gates[0], later).await, new);
        let renewals = idp.count("/token") - before;
        assert_eq!(renewals, round.min(2), "round {round}: one each");
    }
    assert!(idp.refresh.lock().unwrap().is_some(), "no refresh token came twice");
}

#[tokio::test]
async fn a_token_that_is_not_renewed_any_more_is_handed_out_to_its_end_and_then_no_more() {
    let (mut site, idp) = vouched_by(true, ProviderSignOut::Never, Some(300));
    let mut browser = Browser::default();
    let back = browser.goes(&site, &idp, "oidc/idp/start").await;
    browser.get(&site, &back).await;
    *idp.refresh.lock().unwrap() = None;
    site.later(250);
    assert_eq!(browser.handed(&site).await.as_deref(), Some("access"));
    site.later(49);
    assert_eq!(browser.handed(&site).await.as_deref(), Some("access"));
    site.later(1);
    assert_eq!(browser.handed(&site).await, None);
    assert_eq!(idp.count("/token"), 2, "a dead one is not tried again");
    assert_eq!(browser.get(&site, "account").await.status, 200, "the person stays signed in");
}
