//! Keys of Ed25519, as a set that apps read.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::keys::Keyring;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PURPOSE: &str = "identity statement";

/// A key pair with its name.
pub(super) struct SigningKey {
    pair: Ed25519KeyPair,
    /// RFC 7638: the digest of the key in its canonical form.
    pub(super) id: String,
    public: String,
}

impl SigningKey {
    fn new(seed: &[u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let canonical = format!("{{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"{public}\"}}");
        let id = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical.as_bytes()));
        Some(Self { pair, id, public })
    }

    /// The keys of a keyring, the one that signs first.
    pub(super) fn all(keys: &Keyring) -> Vec<Self> {
        keys.all(PURPOSE).filter_map(|seed| Self::new(&seed)).collect()
    }

    /// `header.payload.signature` (RFC 7515 section 3.1).
    pub(super) fn sign(&self, payload: &Value) -> Option<String> {
        let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": self.id });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let mut token = format!("{}.{}", part(&header), part(payload));
        let signature = self.pair.try_sign(token.as_bytes()).ok()?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
        Some(token)
    }

    /// The public half (RFC 8037 section 2).
    pub(super) fn published(&self) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "x": self.public, "kid": self.id, "alg": "EdDSA", "use": "sig" })
    }
}
