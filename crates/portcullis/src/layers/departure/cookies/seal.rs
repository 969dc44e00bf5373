//! Sealed values: `base64url(nonce ‖ AES-256-GCM-SIV(value))`, the cookie's name as associated data, so
//! that the value of one cookie cannot be put into another.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::keys::Keyring;
use crate::seal::{self, NONCE};

const PURPOSE: &str = "cookie seal";

/// More than a browser would ever send back.
const LONGEST: usize = 8192;

/// The sealed form of a value.
pub(super) fn close(name: &[u8], value: &[u8], nonce: [u8; NONCE], keys: &Keyring) -> Option<Vec<u8>> {
    let bytes = seal::close(PURPOSE, name, value, nonce, keys)?;
    Some(URL_SAFE_NO_PAD.encode(bytes).into_bytes())
}

/// The value, if the seal was made for this name by one of our keys.
pub(super) fn open(name: &[u8], sealed: &[u8], keys: &Keyring) -> Option<Vec<u8>> {
    if sealed.len() > LONGEST {
        return None;
    }
    seal::open(PURPOSE, name, &URL_SAFE_NO_PAD.decode(sealed).ok()?, keys)
}
