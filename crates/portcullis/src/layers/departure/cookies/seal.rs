//! Sealed values: `base64url(nonce ‖ AES-256-GCM-SIV(value))`, the cookie's name as associated data, so
//! that the value of one cookie cannot be put into another.

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::keys::Keyring;

const PURPOSE: &str = "cookie seal";
const NONCE: usize = 12;

/// More than a browser would ever send back.
const LONGEST: usize = 8192;

/// The sealed form of a value. A repeated nonce only tells that two values are equal (RFC 8452 section 1).
pub(super) fn close(name: &[u8], value: &[u8], nonce: [u8; NONCE], keys: &Keyring) -> Option<Vec<u8>> {
    let cipher = Aes256GcmSiv::new_from_slice(keys.newest(PURPOSE).as_slice()).ok()?;
    let sealed = cipher.encrypt(Nonce::from_slice(&nonce), Payload { msg: value, aad: name }).ok()?;
    let mut bytes = nonce.to_vec();
    bytes.extend_from_slice(&sealed);
    Some(URL_SAFE_NO_PAD.encode(bytes).into_bytes())
}

/// The value, if the seal was made for this name by one of our keys.
pub(super) fn open(name: &[u8], sealed: &[u8], keys: &Keyring) -> Option<Vec<u8>> {
    if sealed.len() > LONGEST {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
    keys.all(PURPOSE).find_map(|key| {
        let cipher = Aes256GcmSiv::new_from_slice(key.as_slice()).ok()?;
        cipher.decrypt(Nonce::from_slice(nonce), Payload { msg: sealed, aad: name }).ok()
    })
}
