//! A provider that can be told to lie. It keeps to the protocol where it is not.

use std::collections::HashMap;
use std::sync::Mutex;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::ISSUER;
use crate::oidc::{Fetch, Fetched};
use crate::testing::at;

enum Pair {
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// A key with its name.
pub(crate) struct Signer {
    pub(crate) name: String,
    pair: Pair,
}

impl Signer {
    pub(crate) fn es256(name: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { name: name.to_owned(), pair: Pair::Ec(pair) }
    }

    pub(crate) fn rs256(name: &str) -> Self {
        Self { name: name.to_owned(), pair: Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()) }
    }

    pub(crate) fn eddsa(name: &str) -> Self {
        Self { name: name.to_owned(), pair: Pair::Ed(Ed25519KeyPair::generate().unwrap()) }
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match &self.pair {
            Pair::Ec(_) => "ES256",
            Pair::Rsa(_) => "RS256",
            Pair::Ed(_) => "EdDSA",
        }
    }

    /// As in a key set.
    pub(crate) fn public(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.pair {
            Pair::Ec(pair) => {
                let point = pair.public_key().as_ref();
                json!({ "kty": "EC", "crv": "P-256", "kid": self.name, "use": "sig",
                    "x": text(&point[1..33]), "y": text(&point[33..]) })
            }
            Pair::Rsa(pair) => {
                // RFC 8017 appendix A.1.1: SEQUENCE { INTEGER n, INTEGER e }, with n of 2048 bits.
                let der = pair.public_key().as_ref();
                assert_eq!((der.len(), &der[..9]), (270, b"\x30\x82\x01\x0a\x02\x82\x01\x01\x00".as_slice()));
                json!({ "kty": "RSA", "kid": self.name, "n": text(&der[9..265]), "e": "AQAB" })
            }
            Pair::Ed(pair) => {
                let key = pair.public_key().as_ref();
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.name, "x": text(key) })
            }
        }
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = signed_part(header, claims);
        let signature = match &self.pair {
            Pair::Ec(pair) => pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
            Pair::Ed(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub(crate) fn header(&self) -> Value {
        json!({ "alg": self.algorithm(), "kid": self.name, "typ": "JWT" })
    }
}

pub(crate) fn signed_part(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap());
    format!("{}.{}", part(header), part(claims))
}

type Lie<T> = Box<dyn Fn(T) -> T + Send + Sync>;
type Forge = Box<dyn Fn(&Signer, Value) -> String + Send + Sync>;

/// What the provider knows of one who came.
struct Login {
    nonce: String,
    challenge: String,
    redirect_uri: String,
}

pub(crate) struct Provider {
    pub(crate) signer: Signer,
    logins: Mutex<HashMap<String, Login>>,
    /// Changes what it says about itself.
    pub(crate) metadata: Lie<Value>,
    /// Changes the claims of ID tokens.
    pub(crate) claims: Lie<Value>,
    /// Makes the token of the claims in another way.
    pub(crate) forge: Option<Forge>,
    pub(crate) details: Value,
    /// What its key set holds beside its own key.
    pub(crate) more_keys: Mutex<Vec<Value>>,
    /// How often each path was asked for.
    pub(crate) asked: Mutex<HashMap<String, u32>>,
    pub(crate) status: StatusCode,
    /// How long access tokens last, in seconds; without it none is granted that lasts.
    pub(crate) lasts: Option<u64>,
    /// The refresh token that is good now: the number in it. `None` once one came twice (RFC 9700 section 4.14.2).
    pub(crate) refresh: Mutex<Option<u32>>,
}

impl Provider {
    pub(crate) fn new(signer: Signer) -> Self {
        Self {
            signer,
            logins: Mutex::default(),
            metadata: Box::new(|told| told),
            claims: Box::new(|claims| claims),
            forge: None,
            details: json!({ "sub": "anna-1", "email": "Anna@Idp.example", "email_verified": true }),
            more_keys: Mutex::default(),
            asked: Mutex::default(),
            status: StatusCode::OK,
            lasts: None,
            refresh: Mutex::new(Some(0)),
        }
    }

    /// The person says yes.
    pub(crate) fn authorize(&self, url: &Url) -> Vec<(String, String)> {
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(url.path(), "/authorize");
        assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str()), ("code", "notes"));
        assert_eq!(
            (asked["code_challenge_method"].as_str(), asked["scope"].as_str()),
            ("S256", "openid email")
        );
        let code = format!("code-{}", self.logins.lock().unwrap().len());
        let login = Login {
            nonce: asked["nonce"].clone(),
            challenge: asked["code_challenge"].clone(),
            redirect_uri: asked["redirect_uri"].clone(),
        };
        self.logins.lock().unwrap().insert(code.clone(), login);
        let back = [("code", code), ("state", asked["state"].clone()), ("iss", ISSUER.to_owned())];
        back.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    pub(crate) fn count(&self, path: &str) -> u32 {
        self.asked.lock().unwrap().get(path).copied().unwrap_or_default()
    }

    fn token(&self, request: &Request<Bytes>) -> Result<Value, &'static str> {
        let basic = format!("Basic {}", STANDARD.encode("notes:s%2Fcret%20%2B"));
        if request
            .headers()
            .get(header::AUTHORIZATION)
            .is_none_or(|given| given.as_bytes() != basic.as_bytes())
        {
            return Err("invalid_client");
        }
        let fields: HashMap<String, String> =
            url::form_urlencoded::parse(request.body()).into_owned().collect();
        if fields["grant_type"] == "refresh_token" {
            let mut good = self.refresh.lock().unwrap();
            let number = good.take().filter(|number| fields["refresh_token"] == format!("refresh-{number}"));
            let next = number.ok_or("invalid_grant")? + 1;
            *good = Some(next);
            let (access, refresh) = (format!("access-{next}"), format!("refresh-{next}"));
            let lasts = self.lasts.map(|lasts| lasts.to_string());
            return Ok(json!({ "access_token": access, "token_type": "bearer", "refresh_token": refresh,
                "expires_in": lasts }));
        }
        let mut logins = self.logins.lock().unwrap();
        let login = logins.get_mut(&fields["code"]).ok_or("invalid_grant")?;
        let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(fields["code_verifier"].as_bytes()));
        // A code works once (RFC 6749 section 4.1.2).
        let challenge = std::mem::take(&mut login.challenge);
        if challenge != proof || fields["redirect_uri"] != login.redirect_uri {
            return Err("invalid_grant");
        }
        let now = at(5).as_secs();
        let half = Sha256::digest(b"access");
        let claims = (self.claims)(json!({
            "iss": ISSUER, "aud": "notes", "sub": "anna-1", "sid": "session-1", "iat": now, "exp": now + 300,
            "nonce": login.nonce, "at_hash": URL_SAFE_NO_PAD.encode(&half[..16]),
        }));
        let token = match &self.forge {
            Some(forge) => forge(&self.signer, claims),
            None => self.signer.sign(&self.signer.header(), &claims),
        };
        let mut tokens = json!({ "access_token": "access", "token_type": "Bearer", "id_token": token });
        if let Some(lasts) = self.lasts {
            tokens = with(tokens, "expires_in", Some(json!(lasts)));
            tokens = with(tokens, "refresh_token", Some(json!("refresh-0")));
        }
        Ok(tokens)
    }

    fn answer(&self, request: &Request<Bytes>) -> (StatusCode, Value) {
        let path = request.uri().path();
        assert_eq!(request.uri().host(), Some("idp.example"), "nobody else is asked");
        *self.asked.lock().unwrap().entry(path.to_owned()).or_default() += 1;
        let answer = match path {
            "/.well-known/openid-configuration" => (self.metadata)(json!({
                "issuer": ISSUER,
                "authorization_endpoint": format!("{ISSUER}/authorize"),
                "token_endpoint": format!("{ISSUER}/token"),
                "jwks_uri": format!("{ISSUER}/keys"),
                "userinfo_endpoint": format!("{ISSUER}/userinfo"),
                "end_session_endpoint": format!("{ISSUER}/logout?theme=dark"),
                "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA", "none", "HS256"],
                "authorization_response_iss_parameter_supported": true,
            })),
            "/keys" => {
                let mut keys = vec![self.signer.public()];
                keys.extend(self.more_keys.lock().unwrap().iter().cloned());
                json!({ "keys": keys })
            }
            "/userinfo" => {
                assert_eq!(request.headers()[header::AUTHORIZATION], "Bearer access");
                self.details.clone()
            }
            "/token" => match self.token(request) {
                Ok(tokens) => tokens,
                Err(error) => return (StatusCode::BAD_REQUEST, json!({ "error": error })),
            },
            other => panic!("{other} was asked for"),
        };
        (self.status, answer)
    }
}

impl Fetch for Provider {
    fn fetch(&self, request: Request<Bytes>) -> Fetched<'_> {
        let (status, body) = self.answer(&request);
        let response = Response::builder().status(status).body(Bytes::from(body.to_string())).unwrap();
        Box::pin(std::future::ready(Ok(response)))
    }
}

/// The claims with one changed, or without it.
pub(crate) fn with(mut claims: Value, name: &str, value: Option<Value>) -> Value {
    let map: &mut Map<String, Value> = claims.as_object_mut().unwrap();
    map.remove(name);
    map.extend(value.map(|value| (name.to_owned(), value)));
    claims
}
