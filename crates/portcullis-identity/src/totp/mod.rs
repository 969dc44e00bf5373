//! Time-based codes of an authenticator app (RFC 6238): SHA-1, six digits, 30 seconds, which is all that every app
//! knows.
//!
//! - A code works once (RFC 6238 section 5.2): the step it belongs to is marked as used in the store, for all
//!   gates that share it.
//! - The step before and the one after are taken too (section 6): clocks of telephones are not exact.
//! - The secret rests sealed under a key of the keyring: who reads the store has no codes (ASVS 5.0, 13.3.1).
//! - An enrolment is finished only by a right code, so that nobody locks themselves out with an app that never got
//!   the secret. Until then nothing is stored: the page carries the sealed secret ([`Offer`]).
//!
//! Not stopped here: guessing. A try is right with a chance of three in a million for each app that is enrolled;
//! the caller counts failures by account and by address. A code can also be relayed by a page that pretends to be
//! the sign-in page; only passkeys stop that.

mod code;
mod factor;
mod secret;
#[cfg(test)]
mod tests;

pub use factor::{Enrolled, Offer, Tried, check, finish, list, offer, offered, remove};
pub use secret::Secret;

/// What an app with this secret shows.
#[cfg(test)]
pub(crate) fn shown(secret: &[u8; 20], now: portcullis_store::Instant) -> String {
    let secret = Secret(zeroize::Zeroizing::new(*secret));
    format!("{:06}", code::code(&secret, code::step(now)))
}
