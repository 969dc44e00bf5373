//! Secrets in cookies and links: 256 random bits, and the digest that is stored in their place.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_store::{Key, StoreError};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// How long a secret is as text.
pub(super) const LENGTH: usize = 43;

/// 256 fresh random bits as base64url.
///
/// # Errors
/// When the operating system gives no randomness: then nothing can be begun.
pub fn draw() -> Result<Zeroizing<String>, StoreError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut()).map_err(|error| StoreError::Away(format!("no randomness: {error}")))?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_ref())))
}

/// Under which key a secret is stored: the SHA-256 of its text. A secret of 256 bits needs no salt and no slow hash.
#[must_use]
pub fn digest(secret: &str) -> Key {
    Key(Sha256::digest(secret.as_bytes()).into())
}

/// The same, for what came from outside; `None` where it has not even the form of a secret of ours.
pub(super) fn digest_of_presented(secret: &str) -> Option<Key> {
    (secret.len() == LENGTH).then(|| digest(secret))
}

/// The two parts of a remembered device's token: its family and the token in force.
pub(super) fn family_and_token(value: &str) -> Option<(Key, Key)> {
    let (family, token) = value.split_once('.')?;
    Some((digest_of_presented(family)?, digest_of_presented(token)?))
}
