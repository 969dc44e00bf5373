//! The signed statement to the app of who is calling: `X-Portcullis-Token`.
//!
//! A header alone is believed because only the gate can reach the app. An app that can be reached otherwise, or that
//! wants to be sure, verifies this: a JSON Web Token (RFC 7519) signed by Ed25519 (RFC 8037), for one app (`aud`), for
//! a minute, with keys at `/.portcullis/jwks.json` (RFC 7517).
//!
//! - The signing key is derived from the gate's own secret. Rotating that rotates this: the older keys stay in the set
//!   as long as they stay in the key file, and an app that meets an unknown `kid` reads the set again.
//! - The header `alg` says `EdDSA` and nothing else; an app must accept no other (RFC 8725 section 3.1).
//! - A statement is made once for some seconds of a person's requests, so that a request doesn't pay for a signature.
//!
//! It says who called, not what was asked: whoever sees one can use it at this app until it ends. It travels between
//! the gate and the app only.

mod key;
#[cfg(test)]
mod tests;
mod vouching;

pub use vouching::{LIFETIME, Vouching};
