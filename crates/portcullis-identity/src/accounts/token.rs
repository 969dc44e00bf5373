//! What is sent by mail and works once.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_store::Key;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub use crate::random::NoRandomness;
use crate::random::random;

/// A secret that was drawn: 256 bits, as they go into a link (RFC 4648 section 5).
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Draws one.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn draw() -> Result<Self, NoRandomness> {
        let bytes = Zeroizing::new(random::<32>()?);
        Ok(Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))))
    }

    /// As it goes into a link.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    #[must_use]
    pub fn key(&self) -> Key {
        digest(self.0.as_bytes())
    }
}

/// What is stored of a secret that came back; `None` when it does not have the form of one.
#[must_use]
pub fn key_of(presented: &str) -> Option<Key> {
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(presented).ok()?);
    (bytes.len() == 32).then(|| digest(presented.as_bytes()))
}

/// SHA-256: a secret of 256 bits needs no slow hash.
pub(crate) fn digest(bytes: &[u8]) -> Key {
    Key(Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_256_bits_and_only_its_hash_is_kept() {
        let (one, other) = (Secret::draw().unwrap(), Secret::draw().unwrap());
        assert_eq!(one.as_str().len(), 43);
        assert_ne!(one.as_str(), other.as_str());
        assert_eq!(key_of(one.as_str()), Some(one.key()));
        for wrong in
            ["", "short", "not base64 at all, and much too long for it", &format!("{}A", one.as_str())]
        {
            assert_eq!(key_of(wrong), None, "{wrong:?}");
        }
    }
}
