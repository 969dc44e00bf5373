//! What was done to a password before it was hashed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::password::Password;

/// What was done to a password before it was hashed.
pub(super) enum Preparation {
    /// Nothing: the bytes as typed.
    Typed,
    /// Our own: in normal form.
    Normal,
    /// Hexadecimal SHA-256: Django's `bcrypt_sha256`, Flask-Bcrypt's long passwords.
    Sha256Hex,
    /// Base64 of SHA-256: passlib's `bcrypt-sha256` version 1.
    Sha256Base64,
    /// Base64 of an HMAC-SHA-256: passlib's `bcrypt-sha256` version 2.
    HmacSha256Base64 { key: String },
    /// Base64 of an HMAC-SHA-512 over NFKD: Flask-Security's double hash.
    FlaskSecurity { key: Zeroizing<String> },
}

impl Preparation {
    /// The bytes that the scheme hashes.
    pub(super) fn apply(&self, password: &Password) -> Zeroizing<Vec<u8>> {
        let typed = password.typed();
        Zeroizing::new(match self {
            Self::Typed => typed.as_bytes().to_vec(),
            Self::Normal => password.normal().as_bytes().to_vec(),
            Self::Sha256Hex => hex(&Sha256::digest(typed)),
            Self::Sha256Base64 => STANDARD.encode(Sha256::digest(typed)).into_bytes(),
            Self::HmacSha256Base64 { key } => {
                STANDARD.encode(mac::<Hmac<Sha256>>(key.as_bytes(), typed.as_bytes())).into_bytes()
            }
            Self::FlaskSecurity { key } => {
                let decomposed = Zeroizing::new(typed.nfkd().collect::<String>());
                STANDARD.encode(mac::<Hmac<Sha512>>(key.as_bytes(), decomposed.as_bytes())).into_bytes()
            }
        })
    }
}

/// An HMAC; it takes keys of any length.
pub(super) fn mac<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC hashes what is longer than a block (RFC 2104 section 2), so that no key is refused.
    <M as KeyInit>::new_from_slice(key)
        .map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}
