//! Keys: one secret that all others are derived from, with older ones kept for what they signed.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The gate's secrets, newest first. No `Debug`, wiped when dropped; clones share them.
#[derive(Clone)]
pub struct Keyring(Arc<Secrets>);

struct Secrets {
    newest: Zeroizing<[u8; 32]>,
    older: Vec<Zeroizing<[u8; 32]>>,
}

impl Keyring {
    /// A keyring that makes new tokens with `newest` and still accepts those made with `older`.
    #[must_use]
    pub fn new(newest: [u8; 32], older: Vec<[u8; 32]>) -> Self {
        let older = older.into_iter().map(Zeroizing::new).collect();
        Self(Arc::new(Secrets { newest: Zeroizing::new(newest), older }))
    }

    /// The key for `purpose`, to make new things with.
    #[must_use]
    pub fn newest(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        derive(&self.0.newest, purpose)
    }

    /// The keys for `purpose` to check with, newest first.
    pub fn all(&self, purpose: &str) -> impl Iterator<Item = Zeroizing<[u8; 32]>> {
        std::iter::once(&self.0.newest).chain(&self.0.older).map(move |key| derive(key, purpose))
    }
}

/// HMAC-SHA-256 of the purpose: one step of HKDF-Expand (RFC 5869 section 2.3) from a uniform key.
fn derive(key: &[u8; 32], purpose: &str) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(mac(key, &[b"portcullis ", purpose.as_bytes(), &[1]]))
}

/// HMAC-SHA-256 (RFC 2104) over the parts, one after another.
#[must_use]
pub fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of any length")
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_mac_is_that_of_rfc_4231() {
        let key = b"Jefe";
        let mut padded = [0; 32];
        // HMAC pads keys with zeros, so that this is the same key (RFC 2104 section 2).
        padded[..4].copy_from_slice(key);
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex(&mac(&padded, &[b"what do ya want ", b"for nothing?"])), expected);
    }

    #[test]
    fn keys_differ_by_purpose_and_come_newest_first() {
        let keys = Keyring::new([1; 32], vec![[2; 32], [3; 32]]);
        assert_ne!(*keys.newest("one"), *keys.newest("another"));
        let all: Vec<[u8; 32]> = keys.all("one").map(|key| *key).collect();
        assert_eq!(all.len(), 3);
        assert_eq!(all[0], *keys.newest("one"));
        assert_eq!(all[1], *Keyring::new([2; 32], Vec::new()).newest("one"));
        assert_ne!(all[0], [1; 32], "the secret itself is never handed out");
    }
}
