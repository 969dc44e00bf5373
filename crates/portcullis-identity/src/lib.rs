//! People: who may sign in, and how it is proved.
//!
//! This crate is a library of its own: no clock is read and no file is opened here. A door hands in the time, the
//! store and the bytes, and does what it is told. Only [`oidc`] and [`mail`] open sockets, to the providers and the
//! mail server that they are given.
//!
//! - [`passwords`] hashes new passwords, verifies old hashes of other programs, and judges whether a password is
//!   good enough to be taken.
//! - [`totp`] and [`recovery`] are codes for a second step; [`passkeys`] may be the first or the second.
//! - [`sessions`] begins, finds, moves and ends sessions.
//! - [`oidc`] takes the word of other sites for who somebody is.
//! - [`keys`] lets programs in.
//! - [`accounts`] signs people up and in, and changes what their owners may change.
//! - [`mail`] writes letters, and sends them off the request's path.
//! - [`pages`] are what people see of it below `/.portcullis/`; [`door`] is how a door asks.
//! - [`statement`] tells the app who is calling, signed.

pub mod accounts;
pub mod door;
pub mod keys;
pub mod mail;
pub mod oidc;
pub mod pages;
pub mod passkeys;
pub mod passwords;
mod random;
pub mod recovery;
pub mod sessions;
pub mod statement;
#[cfg(test)]
mod testing;
pub mod totp;

use portcullis::keys::Keyring;
use portcullis_store::{People, Sessions, StoreError};

/// What every factor stands on. People and sessions may be kept in different stores.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// Where users and what they prove themselves with are kept.
    pub people: &'a dyn People,
    /// Where it is kept what was used once.
    pub sessions: &'a dyn Sessions,
    /// What secrets at rest are sealed with.
    pub keys: &'a Keyring,
}

/// We could not find out: nobody is let in, and nobody is told that they are wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// The store gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system gave no randomness.
    #[error("the system gives no randomness")]
    NoRandomness,
    /// What the store holds cannot be read: damaged, or sealed with a key that is gone.
    #[error("what is kept of a factor cannot be read")]
    Unreadable,
}

impl From<random::NoRandomness> for Unavailable {
    fn from(random::NoRandomness: random::NoRandomness) -> Self {
        Self::NoRandomness
    }
}
