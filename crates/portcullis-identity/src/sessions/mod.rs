//! Sessions: begun after a proof, found again, moved to new ids, and ended.
//!
//! - An id is 256 random bits; the store holds its SHA-256 only, so that who reads the store cannot sign in
//!   (OWASP ASVS 5.0 V7.2.3).
//! - A session ends when it is idle, at its absolute end, at sign-out, and when its owner's account may no longer sign
//!   in; then it is worthless at once, whoever has copied the cookie (V7.3.1, V7.3.2, V7.4.1, V7.4.2).
//! - The id changes at sign-in, at every further proof and with every rise of privilege, and the old one is dead in the
//!   same step (session fixation, CWE-384; V7.2.4).
//! - A device that stays signed in holds a token that changes at each use. One that was used comes again only when
//!   somebody has a copy: the whole family dies, with the sessions that came from it. What such a device begins is
//!   signed in, but has proved nothing: what needs a fresh proof or a second factor asks for it.
//! - A changed network throws nobody out: phones change theirs. When network and browser change together an event says
//!   so.
//! - A store that does not answer has found nobody.
//!
//! What a gate has read it remembers for `session.memory` ([`Cache`]). What it changes itself it forgets at once; what
//! another gate or a command changes it sees after that time at the latest.

mod agent;
mod cache;
mod devices;
mod secret;
mod service;
#[cfg(test)]
pub(crate) mod tests;

pub use agent::{describe, network};
pub use devices::Device;
pub use secret::{digest, draw};
pub use service::{Begin, Begun, SessionService};
