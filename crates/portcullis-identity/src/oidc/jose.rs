//! Signed tokens: JSON Web Signature in its compact form (RFC 7515), with the keys of a provider (RFC 7517, 7518).
//!
//! - `none` and everything symmetric is no algorithm here: a public key is not a shared secret (RFC 8725 section 3.1).
//! - The key decides: one of another type, or marked for another algorithm or use, verifies nothing.
//! - Only algorithms that the provider announces, or RS256, are taken.

use aws_lc_rs::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The longest token that is read, in bytes.
const LONGEST: usize = 32 * 1024;

/// Why a token says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It is no signed token in compact form.
    #[error("it is no signed token")]
    Malformed,
    /// Signed by something that is not taken.
    #[error("it is signed by `{0}`")]
    Algorithm(String),
    /// No key of the provider has this name and type.
    #[error("no key of the provider fits it")]
    UnknownKey,
    /// The signature is wrong.
    #[error("its signature is wrong")]
    Signature,
    /// A claim that must be there is not, or is not of its form.
    #[error("its `{0}` is missing or is none")]
    Claim(&'static str),
    /// It is of another issuer.
    #[error("it is of another issuer")]
    Issuer,
    /// It is for somebody else.
    #[error("it is for another audience")]
    Audience,
    /// It is over, or not yet good.
    #[error("it is over or comes from the future")]
    Time,
    /// It belongs to another attempt.
    #[error("its nonce is of another attempt")]
    Nonce,
    /// It belongs to another access token.
    #[error("it came with another access token")]
    AccessToken,
}

/// The public keys of a provider.
#[derive(Debug, Clone, Default)]
pub(super) struct KeySet(Vec<PublicKey>);

#[derive(Debug, Clone)]
struct PublicKey {
    name: Option<String>,
    algorithm: Option<String>,
    material: Material,
}

#[derive(Debug, Clone)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point (SEC 1 section 2.3.3).
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

/// A token whose signature is right.
pub(super) struct Verified {
    /// Its type, in small letters.
    pub(super) kind: Option<String>,
    pub(super) claims: Map<String, Value>,
}

impl KeySet {
    /// Reads a key set. Keys that we cannot use are passed over (RFC 7517 section 5).
    pub(super) fn read(written: &Value) -> Option<Self> {
        let keys = written.get("keys")?.as_array()?;
        let known = keys.iter().filter_map(|key| {
            let jwk: Jwk = serde_json::from_value(key.clone()).ok()?;
            if jwk.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
                return None;
            }
            let material = material(&jwk)?;
            Some(PublicKey { name: jwk.kid, algorithm: jwk.alg, material })
        });
        Some(Self(known.take(64).collect()))
    }

    /// The claims of a token that one of these keys signed by one of `algorithms`.
    pub(super) fn verify(&self, token: &str, algorithms: &[String]) -> Result<Verified, BadToken> {
        if token.len() > LONGEST {
            return Err(BadToken::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(BadToken::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(BadToken::Malformed)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| BadToken::Malformed);
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| BadToken::Malformed)?;
        let signature = decode(signature)?;
        // RFC 7515 section 4.1.11: nothing critical is known here.
        if header.crit.is_some() {
            return Err(BadToken::Malformed);
        }
        let wrong = || BadToken::Algorithm(header.alg.chars().take(20).collect());
        let algorithm = Algorithm::named(&header.alg).ok_or_else(wrong)?;
        if !algorithms.contains(&header.alg) {
            return Err(wrong());
        }
        let fits = |key: &&PublicKey| {
            key.algorithm.as_ref().is_none_or(|only| *only == header.alg)
                && header.kid.as_ref().is_none_or(|name| key.name.as_ref() == Some(name))
                && algorithm.is_for(&key.material)
        };
        let mut fitting = self.0.iter().filter(fits);
        let key = fitting.next().ok_or(BadToken::UnknownKey)?;
        // Without a name, one key only may be meant (OpenID Connect Core section 10.1).
        if fitting.next().is_some() {
            return Err(BadToken::UnknownKey);
        }
        algorithm.verify(&key.material, signed.as_bytes(), &signature)?;
        let claims = serde_json::from_slice(&decode(payload)?).map_err(|_| BadToken::Malformed)?;
        Ok(Verified { kind: header.typ.map(|kind| kind.to_ascii_lowercase()), claims })
    }
}

fn material(jwk: &Jwk) -> Option<Material> {
    let part = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_ref()?).ok();
    // RFC 7518 section 6.2.1.2: coordinates have their full length.
    let point = |length: usize| {
        let (x, y) = (part(&jwk.x)?, part(&jwk.y)?);
        (x.len() == length && y.len() == length).then(|| [&[4], x.as_slice(), y.as_slice()].concat())
    };
    match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => Some(Material::Rsa { n: part(&jwk.n)?, e: part(&jwk.e)? }),
        ("EC", Some("P-256")) => point(32).map(Material::P256),
        ("EC", Some("P-384")) => point(48).map(Material::P384),
        ("OKP", Some("Ed25519")) => part(&jwk.x).filter(|x| x.len() == 32).map(Material::Ed25519),
        _ => None,
    }
}

/// RFC 7518 section 3.1, RFC 8037.
#[derive(Clone, Copy)]
enum Algorithm {
    Rsa(&'static RsaParameters),
    P256,
    P384,
    Ed25519,
}

impl Algorithm {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            "RS384" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
            "RS512" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
            "PS256" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
            "PS384" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
            "PS512" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
            "ES256" => Self::P256,
            "ES384" => Self::P384,
            "EdDSA" | "Ed25519" => Self::Ed25519,
            _ => return None,
        })
    }

    fn is_for(self, material: &Material) -> bool {
        matches!(
            (self, material),
            (Self::Rsa(_), Material::Rsa { .. })
                | (Self::P256, Material::P256(_))
                | (Self::P384, Material::P384(_))
                | (Self::Ed25519, Material::Ed25519(_))
        )
    }

    fn verify(self, material: &Material, signed: &[u8], given: &[u8]) -> Result<(), BadToken> {
        let result = match (self, material) {
            (Self::Rsa(parameters), Material::Rsa { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, signed, given)
            }
            (Self::P256, Material::P256(point)) => {
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(signed, given)
            }
            (Self::P384, Material::P384(point)) => {
                UnparsedPublicKey::new(&signature::ECDSA_P384_SHA384_FIXED, point).verify(signed, given)
            }
            (Self::Ed25519, Material::Ed25519(key)) => {
                UnparsedPublicKey::new(&signature::ED25519, key).verify(signed, given)
            }
            _ => return Err(BadToken::UnknownKey),
        };
        result.map_err(|_| BadToken::Signature)
    }
}
