//! Tokens of an attacker, or of a provider that is broken.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::provider::{signed_part, with};
use super::*;

/// What comes of a token with one claim changed.
async fn claim(name: &'static str, value: Option<Value>) -> Result<Vouched, CallbackError> {
    let mut provider = Provider::new(Signer::es256("one"));
    provider.claims = Box::new(move |claims| with(claims, name, value.clone()));
    Scene::with(provider).await.whole().await
}

/// What comes of a token that was made like this.
async fn forged(
    signer: Signer,
    forge: impl Fn(&Signer, Value) -> String + Send + Sync + 'static,
) -> Result<Vouched, CallbackError> {
    let mut provider = Provider::new(signer);
    provider.forge = Some(Box::new(forge));
    Scene::with(provider).await.whole().await
}

fn bad(reason: BadToken) -> Result<Vouched, CallbackError> {
    Err(CallbackError::Token(reason))
}

#[tokio::test]
async fn each_claim_must_be_there_and_ours() {
    let now = at(5).as_secs();
    let cases = [
        ("iss", None, BadToken::Claim("iss")),
        ("iss", Some(json!("https://evil.example")), BadToken::Issuer),
        ("iss", Some(json!([ISSUER])), BadToken::Claim("iss")),
        ("aud", None, BadToken::Claim("aud")),
        ("aud", Some(json!("other")), BadToken::Audience),
        ("aud", Some(json!([])), BadToken::Audience),
        ("aud", Some(json!(["notes", "other"])), BadToken::Audience),
        ("aud", Some(json!(7)), BadToken::Claim("aud")),
        ("azp", Some(json!("other")), BadToken::Audience),
        ("azp", Some(json!(null)), BadToken::Audience),
        ("sub", None, BadToken::Claim("sub")),
        ("sub", Some(json!("")), BadToken::Claim("sub")),
        ("sub", Some(json!("a\nb")), BadToken::Claim("sub")),
        ("sub", Some(json!("a".repeat(256))), BadToken::Claim("sub")),
        ("exp", None, BadToken::Claim("exp")),
        ("exp", Some(json!(now - 60)), BadToken::Time),
        ("exp", Some(json!("tomorrow")), BadToken::Claim("exp")),
        ("exp", Some(json!(-1)), BadToken::Claim("exp")),
        ("exp", Some(json!(1e300)), BadToken::Claim("exp")),
        ("iat", None, BadToken::Claim("iat")),
        ("iat", Some(json!(now + 61)), BadToken::Time),
        ("nbf", Some(json!(now + 61)), BadToken::Time),
        ("nbf", Some(json!("now")), BadToken::Claim("nbf")),
        ("nonce", None, BadToken::Nonce),
        ("nonce", Some(json!("another")), BadToken::Nonce),
        ("nonce", Some(json!("")), BadToken::Nonce),
        ("at_hash", Some(json!("another")), BadToken::AccessToken),
        ("at_hash", Some(json!(1)), BadToken::Claim("at_hash")),
    ];
    for (name, value, reason) in cases {
        assert_eq!(claim(name, value.clone()).await, bad(reason), "{name} {value:?}");
    }
}

#[tokio::test]
async fn clocks_may_be_a_minute_apart_and_forms_may_differ_where_the_standard_lets_them() {
    let now = at(5).as_secs();
    let cases = [
        ("exp", Some(json!(now - 59))),
        ("iat", Some(json!(now + 60))),
        ("iat", Some(json!(now as f64 - 0.5))),
        ("aud", Some(json!(["notes"]))),
        ("azp", Some(json!("notes"))),
        ("at_hash", None),
    ];
    for (name, value) in cases {
        assert!(claim(name, value.clone()).await.is_ok(), "{name} {value:?}");
    }
}

#[tokio::test]
async fn an_unsigned_token_is_refused_however_none_is_written() {
    for none in ["none", "None", "NONE", "nOnE", ""] {
        let unsigned = |signature: &'static str| {
            forged(Signer::es256("one"), move |signer, claims| {
                let header = json!({ "alg": none, "kid": signer.name });
                format!("{}.{signature}", signed_part(&header, &claims))
            })
        };
        assert_eq!(unsigned("").await, bad(BadToken::Algorithm(none.to_owned())));
        assert_eq!(unsigned("AAAA").await, bad(BadToken::Algorithm(none.to_owned())));
    }
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    for algorithm in ["HS256", "HS384", "HS512"] {
        let confused = forged(Signer::rs256("one"), move |signer, claims| {
            let signed = signed_part(&json!({ "alg": algorithm, "kid": signer.name }), &claims);
            // The secret is what everybody can read: the modulus.
            let modulus = signer.public()["n"].as_str().unwrap().to_owned();
            let mut key = [0; 32];
            key.copy_from_slice(&URL_SAFE_NO_PAD.decode(modulus).unwrap()[..32]);
            let signature = portcullis::keys::mac(&key, &[signed.as_bytes()]);
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
        });
        assert_eq!(confused.await, bad(BadToken::Algorithm(algorithm.to_owned())));
    }
}

#[tokio::test]
async fn a_key_of_somebody_else_signs_nothing_whatever_it_is_called() {
    let stranger = Signer::es256("one");
    let same_name =
        forged(Signer::es256("one"), move |signer, claims| stranger.sign(&signer.header(), &claims));
    assert_eq!(same_name.await, bad(BadToken::Signature));
    let stranger = Signer::es256("two");
    let other_name =
        forged(Signer::es256("one"), move |_, claims| stranger.sign(&stranger.header(), &claims));
    assert_eq!(other_name.await, bad(BadToken::UnknownKey));
    let stranger = Signer::es256("one");
    let brought = forged(Signer::es256("one"), move |signer, claims| {
        // RFC 8725 section 3.10: a key that the token brings along is the attacker's.
        let mut header = signer.header();
        header["jwk"] = stranger.public();
        header["jku"] = json!("https://evil.example/keys");
        header["x5u"] = json!("https://evil.example/chain");
        stranger.sign(&header, &claims)
    });
    assert_eq!(brought.await, bad(BadToken::Signature));
}

#[tokio::test]
async fn a_key_verifies_only_what_it_is_for() {
    // An elliptic key under an RSA algorithm.
    let crossed = forged(Signer::es256("one"), |signer, claims| {
        signer.sign(&json!({ "alg": "RS256", "kid": "one" }), &claims)
    });
    assert_eq!(crossed.await, bad(BadToken::UnknownKey));
    // An algorithm that we know and the provider does not use.
    let unannounced = forged(Signer::rs256("one"), |signer, claims| {
        signer.sign(&json!({ "alg": "RS512", "kid": "one" }), &claims)
    });
    assert_eq!(unannounced.await, bad(BadToken::Algorithm("RS512".to_owned())));
    // Keys for encryption, or for another algorithm, or too weak to be one.
    let weak = json!({ "kty": "RSA", "kid": "two", "n": URL_SAFE_NO_PAD.encode([0xff; 64]), "e": "AQAB" });
    let two = Signer::es256("two");
    let encryption = with(two.public(), "use", Some(json!("enc")));
    let elsewhere = with(two.public(), "alg", Some(json!("ES384")));
    for (key, reason) in
        [(encryption, BadToken::UnknownKey), (elsewhere, BadToken::UnknownKey), (weak, BadToken::UnknownKey)]
    {
        let signer = Signer::es256("two");
        let mut provider = Provider::new(Signer::es256("one"));
        provider.more_keys.get_mut().unwrap().push(key);
        provider.forge = Some(Box::new(move |_, claims| signer.sign(&signer.header(), &claims)));
        assert_eq!(Scene::with(provider).await.whole().await, bad(reason));
    }
}

#[tokio::test]
async fn a_token_without_a_key_s_name_is_verified_where_one_key_only_can_be_meant() {
    let nameless = |signer: &Signer, claims: Value| signer.sign(&json!({ "alg": "ES256" }), &claims);
    assert!(forged(Signer::es256("one"), nameless).await.is_ok());
    let mut provider = Provider::new(Signer::es256("one"));
    provider.more_keys.get_mut().unwrap().push(Signer::es256("two").public());
    provider.forge = Some(Box::new(nameless));
    assert_eq!(Scene::with(provider).await.whole().await, bad(BadToken::UnknownKey));
}

#[tokio::test]
async fn what_is_no_token_is_refused_without_a_panic() {
    let shapes: [fn(&str) -> String; 9] = [
        |_| String::new(),
        |_| "..".to_owned(),
        |_| "a.b.c".to_owned(),
        |good| good.replace('.', ""),
        |good| format!("{good}.{good}"),
        |good| format!("{good}="),
        |good| format!(" {good}"),
        |good| good.chars().take(good.len() / 2).collect(),
        |_| "e30.e30.e30".repeat(5000),
    ];
    for shape in shapes {
        let odd = forged(Signer::es256("one"), move |signer, claims| {
            shape(&signer.sign(&signer.header(), &claims))
        });
        let odd = odd.await;
        assert!(matches!(odd, Err(CallbackError::Token(_))), "{odd:?}");
    }
    let critical = forged(Signer::es256("one"), |signer, claims| {
        let mut header = signer.header();
        header["crit"] = json!(["b64"]);
        signer.sign(&header, &claims)
    });
    assert_eq!(critical.await, bad(BadToken::Malformed));
}

#[tokio::test]
async fn new_keys_of_the_provider_are_asked_for_once_in_a_while() {
    let next = Signer::es256("next");
    let public = next.public();
    let mut provider = Provider::new(Signer::es256("one"));
    provider.forge = Some(Box::new(move |_, claims| next.sign(&next.header(), &claims)));
    let scene = Scene::with(provider).await;
    for seconds in [0, 10, 20, 29] {
        let query = scene.goes(&began(), seconds).await;
        assert_eq!(scene.comes(&query, seconds).await, bad(BadToken::UnknownKey));
    }
    assert_eq!(scene.provider.count("/keys"), 1, "unknown names make no flood");
    scene.provider.more_keys.lock().unwrap().push(public);
    let query = scene.goes(&began(), 30).await;
    assert!(scene.comes(&query, 30).await.is_ok());
    assert_eq!(scene.provider.count("/keys"), 2);
}

#[tokio::test]
async fn details_of_somebody_else_are_a_forgery_and_those_of_the_token_need_no_second_request() {
    let mut provider = Provider::new(Signer::es256("one"));
    provider.details = json!({ "sub": "bert-1", "email": "anna@idp.example", "email_verified": true });
    assert_eq!(Scene::with(provider).await.whole().await, Err(CallbackError::OtherSubject));
    let mut provider = Provider::new(Signer::es256("one"));
    provider.claims = Box::new(|claims| with(claims, "email", Some(json!("anna@idp.example"))));
    let scene = Scene::with(provider).await;
    let vouched = scene.whole().await.unwrap();
    assert!(!vouched.email_verified, "nobody said so");
    assert_eq!(scene.provider.count("/userinfo"), 0);
}

#[tokio::test]
async fn only_the_truth_is_verified() {
    for said in [json!("true"), json!(1), json!(null), json!(false)] {
        let mut provider = Provider::new(Signer::es256("one"));
        provider.details = json!({ "sub": "anna-1", "email": "anna@idp.example", "email_verified": said });
        assert!(!Scene::with(provider).await.whole().await.unwrap().email_verified);
    }
}

#[tokio::test]
async fn anything_but_a_200_is_no_answer() {
    for status in [302, 401, 204, 500] {
        let mut provider = Provider::new(Signer::es256("one"));
        provider.status = http::StatusCode::from_u16(status).unwrap();
        let scene = Scene::with(provider).await;
        let went = scene.relying.begin(scene.house.ground(), &began(), at(0)).await;
        assert!(matches!(went, Err(CallbackError::Provider(FetchFailure::Unusable { .. }))));
    }
}
