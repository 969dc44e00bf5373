//! Sealing: what leaves the gate and must come back unread and unchanged, or rests where others may read it.

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};

use crate::keys::Keyring;

/// Bytes of a nonce (RFC 8452 section 4).
pub const NONCE: usize = 12;

/// `nonce ‖ AES-256-GCM-SIV(value)` under the newest key for `purpose`. `about` says what the value belongs to; it
/// is not in the result, and who opens must say the same. A repeated nonce only tells that two values are equal
/// (RFC 8452 section 1). `None` only for a value beyond what the cipher takes (64 GiB).
#[must_use]
pub fn close(
    purpose: &str,
    about: &[u8],
    value: &[u8],
    nonce: [u8; NONCE],
    keys: &Keyring,
) -> Option<Vec<u8>> {
    let cipher = Aes256GcmSiv::new_from_slice(keys.newest(purpose).as_slice()).ok()?;
    let sealed = cipher.encrypt(Nonce::from_slice(&nonce), Payload { msg: value, aad: about }).ok()?;
    let mut bytes = nonce.to_vec();
    bytes.extend_from_slice(&sealed);
    Some(bytes)
}

/// The value, if one of our keys sealed it for this purpose and about this.
#[must_use]
pub fn open(purpose: &str, about: &[u8], sealed: &[u8], keys: &Keyring) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    keys.all(purpose).find_map(|key| {
        let cipher = Aes256GcmSiv::new_from_slice(key.as_slice()).ok()?;
        cipher.decrypt(Nonce::from_slice(nonce), Payload { msg: sealed, aad: about }).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(newest: u8, older: &[u8]) -> Keyring {
        Keyring::new([newest; 32], older.iter().map(|byte| [*byte; 32]).collect())
    }

    #[test]
    fn what_was_sealed_opens_only_for_its_purpose_its_owner_and_our_keys() {
        let sealed = close("one", b"user 1", b"secret", [7; NONCE], &keys(1, &[])).unwrap();
        assert_eq!(open("one", b"user 1", &sealed, &keys(1, &[])).unwrap(), b"secret");
        assert_eq!(open("one", b"user 1", &sealed, &keys(2, &[1])).unwrap(), b"secret", "after a rotation");
        assert!(open("another", b"user 1", &sealed, &keys(1, &[])).is_none());
        assert!(open("one", b"user 2", &sealed, &keys(1, &[])).is_none());
        assert!(open("one", b"user 1", &sealed, &keys(3, &[])).is_none());
    }

    #[test]
    fn no_bit_can_be_changed_and_no_byte_left_out() {
        let sealed = close("one", b"", b"secret", [7; NONCE], &keys(1, &[])).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open("one", b"", &changed, &keys(1, &[])).is_none());
            assert!(open("one", b"", &sealed[..at], &keys(1, &[])).is_none());
        }
    }
}
