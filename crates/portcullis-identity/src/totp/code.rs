//! RFC 6238 over RFC 4226.

use hmac::{Hmac, KeyInit, Mac};
use portcullis_store::Instant;
use sha1::Sha1;
use subtle::ConstantTimeEq;

use super::secret::Secret;

/// Seconds of a step.
pub(super) const STEP: u64 = 30;

/// The step that `now` is in.
pub(super) fn step(now: Instant) -> u64 {
    now.as_secs() / STEP
}

/// The code of a step, as a number below a million (RFC 4226 section 5.3).
pub(super) fn code(secret: &Secret, step: u64) -> u32 {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret.0.as_slice()) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(&step.to_be_bytes());
    let digest: [u8; 20] = mac.finalize().into_bytes().into();
    let offset = usize::from(digest[19] & 15);
    let bits = digest.iter().skip(offset).take(4).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
    (bits & 0x7fff_ffff) % 1_000_000
}

/// What was typed, as a number: six digits, with spaces wherever people put them.
pub(super) fn read(typed: &str) -> Option<u32> {
    let digits: String = typed.chars().take(16).filter(|one| !one.is_whitespace()).collect();
    (digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// The step that this code belongs to, among this one and its neighbours. Takes the same time whichever it is.
pub(super) fn find(secret: &Secret, given: u32, now: Instant) -> Option<u64> {
    let current = step(now);
    let mut found = None;
    for candidate in current.saturating_sub(1)..=current + 1 {
        let same = code(secret, candidate).to_be_bytes().ct_eq(&given.to_be_bytes());
        if bool::from(same) {
            found = Some(candidate);
        }
    }
    found
}
