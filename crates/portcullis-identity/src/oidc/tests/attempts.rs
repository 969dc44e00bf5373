//! The way there and back.

use super::*;
use crate::testing::ANNA;

#[tokio::test]
async fn somebody_whom_the_provider_vouches_for_comes_back_with_name_and_wish() {
    for signer in [Signer::es256("one"), Signer::rs256("one"), Signer::eddsa("one")] {
        let scene = Scene::with(Provider::new(signer)).await;
        let link = Some(ANNA);
        let query = scene.goes(&Began { link, ..began() }, 0).await;
        let vouched = scene.comes(&query, 5).await.unwrap();
        assert_eq!((vouched.issuer.as_str(), vouched.subject.as_str()), (ISSUER, "anna-1"));
        assert_eq!((vouched.email.as_deref(), vouched.email_verified), (Some("Anna@Idp.example"), true));
        assert_eq!((vouched.return_to.as_str(), vouched.link, vouched.again), ("/notes", link, false));
        assert_eq!(vouched.session.as_deref(), Some("session-1"));
    }
}

#[tokio::test]
async fn several_tabs_come_back_in_any_order() {
    let scene = Scene::new().await;
    let one = scene.goes(&Began { return_to: "/one", ..began() }, 0).await;
    let two = scene.goes(&Began { return_to: "/two", ..began() }, 1).await;
    assert_eq!(scene.comes(&two, 5).await.unwrap().return_to, "/two");
    assert_eq!(scene.comes(&one, 6).await.unwrap().return_to, "/one");
}

#[tokio::test]
async fn an_attempt_works_once_for_its_browser_and_a_quarter_of_an_hour() {
    let scene = Scene::new().await;
    let query = scene.goes(&began(), 0).await;
    let ground = scene.house.ground();
    let other = scene.relying.complete(ground, &query, CALLBACK, b"another browser", at(1)).await;
    assert_eq!(other, Err(CallbackError::Over), "login CSRF: the attacker's own attempt");
    assert_eq!(scene.comes(&query, 900).await, Err(CallbackError::Over));
    assert!(scene.comes(&query, 5).await.is_ok());
    assert_eq!(scene.comes(&query, 6).await, Err(CallbackError::Over), "replayed");
    let state = &query.iter().find(|(name, _)| name == "state").unwrap().1;
    for forged in ["", "x", state.split_at(100).0, &format!("{state}AAAA"), &"A".repeat(5000)] {
        let forged = scene.comes(&changed(&query, "state", Some(forged)), 5).await;
        assert_eq!(forged, Err(CallbackError::Over));
    }
    assert_eq!(scene.comes(&changed(&query, "state", None), 5).await, Err(CallbackError::Malformed));
    assert_eq!(scene.provider.count("/token"), 1, "codes of bad attempts are not sent anywhere");
}

#[tokio::test]
async fn a_code_of_another_attempt_is_worth_nothing() {
    let scene = Scene::new().await;
    let mine = scene.goes(&began(), 0).await;
    let theirs = scene.goes(&began(), 0).await;
    let code = &theirs.iter().find(|(name, _)| name == "code").unwrap().1;
    // PKCE: the verifier is that of the other attempt.
    let injected = scene.comes(&changed(&mine, "code", Some(code)), 5).await;
    assert!(matches!(injected, Err(CallbackError::Provider(FetchFailure::Unusable { .. }))), "{injected:?}");
    let mine = scene.goes(&began(), 0).await;
    let used = changed(&mine, "code", Some(code));
    assert!(matches!(scene.comes(&used, 5).await, Err(CallbackError::Provider(_))), "a replayed code");
}

#[tokio::test]
async fn an_answer_of_another_provider_is_a_mix_up() {
    let scene = Scene::new().await;
    for issuer in [Some("https://evil.example"), Some("https://idp.example/"), Some(""), None] {
        let query = scene.goes(&began(), 0).await;
        let mixed = scene.comes(&changed(&query, "iss", issuer), 5).await;
        assert_eq!(mixed, Err(CallbackError::MixedUp), "{issuer:?}");
    }
    // An attempt that began at one provider and comes back at the callback of another.
    let other = Relying::new(registration("other"), scene.provider.clone());
    let query = scene.goes(&began(), 0).await;
    let mixed = other.complete(scene.house.ground(), &query, CALLBACK, BOUND, at(5)).await;
    assert_eq!(mixed, Err(CallbackError::MixedUp));
    assert_eq!(scene.provider.count("/token"), 0, "no code was sent to the wrong one");
}

#[tokio::test]
async fn a_provider_that_does_not_announce_the_issuer_need_not_name_it() {
    let mut provider = Provider::new(Signer::es256("one"));
    provider.metadata =
        Box::new(|told| provider::with(told, "authorization_response_iss_parameter_supported", None));
    let scene = Scene::with(provider).await;
    let query = scene.goes(&began(), 0).await;
    assert!(scene.comes(&changed(&query, "iss", None), 5).await.is_ok());
}

#[tokio::test]
async fn a_no_is_believed_of_a_known_attempt_only_and_uses_it_up() {
    let scene = Scene::new().await;
    let query = changed(&scene.goes(&began(), 0).await, "error", Some("access_denied\r\n<script>"));
    let stranger = changed(&query, "state", Some("x"));
    assert_eq!(scene.comes(&stranger, 5).await, Err(CallbackError::Over));
    let declined = CallbackError::Declined("access_denied<script>".to_owned());
    assert_eq!(scene.comes(&query, 5).await, Err(declined));
    assert_eq!(scene.comes(&changed(&query, "error", None), 6).await, Err(CallbackError::Over));
}

#[tokio::test]
async fn what_stands_twice_is_no_answer() {
    let scene = Scene::new().await;
    for name in ["code", "state", "iss"] {
        let mut query = scene.goes(&began(), 0).await;
        let twice = query.iter().find(|(known, _)| known == name).unwrap().clone();
        query.push(twice);
        assert_eq!(scene.comes(&query, 5).await, Err(CallbackError::Malformed), "{name}");
    }
}

#[tokio::test]
async fn a_provider_must_speak_for_its_own_issuer_over_https() {
    let lies = [
        ("issuer", "https://evil.example"),
        ("issuer", "https://idp.example/"),
        ("token_endpoint", "http://idp.example/token"),
        ("jwks_uri", "file:///etc/passwd"),
        ("authorization_endpoint", "javascript:alert(1)"),
        ("userinfo_endpoint", "/userinfo"),
        ("end_session_endpoint", "https://"),
    ];
    for (name, value) in lies {
        let mut provider = Provider::new(Signer::es256("one"));
        provider.metadata = Box::new(move |told| provider::with(told, name, Some(value.into())));
        let scene = Scene::with(provider).await;
        let went = scene.relying.begin(scene.house.ground(), &began(), at(0)).await;
        assert!(
            matches!(went, Err(CallbackError::Provider(FetchFailure::Unusable { .. }))),
            "{name} {went:?}"
        );
    }
}

#[tokio::test]
async fn what_a_provider_says_about_itself_is_asked_once_an_hour() {
    let scene = Scene::new().await;
    for seconds in [0, 1, 3599, 3600, 3601] {
        scene.goes(&began(), seconds).await;
    }
    assert_eq!(scene.provider.count("/.well-known/openid-configuration"), 2);
}

#[tokio::test]
async fn somebody_who_must_prove_it_again_has_proved_it_since() {
    for (since, accepted) in [(Some(0), true), (Some(-59), true), (Some(-120), false), (None, false)] {
        let mut provider = Provider::new(Signer::es256("one"));
        provider.claims = Box::new(move |claims| {
            let time = since.map(|since: i64| at(0).as_secs().checked_add_signed(since).unwrap().into());
            provider::with(claims, "auth_time", time)
        });
        let scene = Scene::with(provider).await;
        let query = scene.goes(&Began { again: true, ..began() }, 0).await;
        let vouched = scene.comes(&query, 5).await;
        assert_eq!(vouched.is_ok_and(|vouched| vouched.again), accepted, "{since:?}");
    }
}

#[tokio::test]
async fn a_browser_is_sent_to_sign_out_there_too() {
    let scene = Scene::new().await;
    let ground = scene.house.ground();
    let url = async |hint| {
        let url = scene.relying.sign_out_url(ground, hint, "https://notes.example/", BOUND, at(0)).await;
        url.unwrap().unwrap().parse::<url::Url>().unwrap()
    };
    let (hinted, plain) = (url(Some("id.to.ken")).await, url(None).await);
    let query = |url: &url::Url| url.query_pairs().into_owned().collect::<Vec<_>>();
    let [theme, client, back, state, hint] = query(&hinted).try_into().unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(hinted.path(), "/logout");
    assert_eq!((theme, client), (pair("theme", "dark"), pair("client_id", "notes")));
    assert_eq!(back, pair("post_logout_redirect_uri", "https://notes.example/"));
    assert_eq!(hint, pair("id_token_hint", "id.to.ken"));
    assert_eq!(query(&plain).len(), 4, "without a token there is no hint");

    // Who comes back with this state was sent by us, in this browser, not long ago.
    assert_eq!(signed_out_at(ground, &state.1, BOUND, at(899)).as_deref(), Some("idp"));
    assert_eq!(signed_out_at(ground, &state.1, BOUND, at(900)), None);
    assert_eq!(signed_out_at(ground, &state.1, b"another", at(0)), None);
    for forged in ["", "x", "AAAA", &"A".repeat(4000)] {
        assert_eq!(signed_out_at(ground, forged, BOUND, at(0)), None);
    }
}
