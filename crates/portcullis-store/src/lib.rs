//! State that outlives a request: who there is ([`People`], with the [`Letters`] to them that wait) and who is signed
//! in ([`Sessions`], with what providers granted ([`Grants`]) and what went wrong ([`Tallies`])).
//!
//! The traits say what a store does; [`sqlite::Sqlite`] is the default store, one file in the data directory;
//! `postgres::Postgres` keeps both at the other end of a wire, `redis::Redis` sessions.
//! Every store passes the same conformance tests (`conformance`).
//!
//! - The clock is an argument: a store never asks the time, so that expiry can be tested, and gates that share a
//!   store decide alike.
//! - Secrets never arrive here: callers hand in the SHA-256 of a session id or token ([`Key`]), and hashes of
//!   passwords.
//! - What changes in one call changes at once or not at all, and what was answered is on the disk.
//! - A store that is away answers [`StoreError::Away`]. Nothing here turns that into "signed in".
//! - Every query is a constant with parameters; a test reads the sources and finds no query built from strings
//!   (CWE-89).

#[cfg(test)]
mod conformance;
mod grants;
mod letters;
mod people;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod remote;
#[cfg(any(test, feature = "servers"))]
pub mod servers;
mod sessions;
pub mod sqlite;
mod tallies;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

pub use grants::{Grant, Grants};
pub use letters::{Letter, Letters};
pub use people::{Activity, Credential, CredentialKind, NewUser, People, Standing, Taken, Token, User};
pub use sessions::{External, Redeemed, Remembered, Session, Sessions};
pub use tallies::{Tallies, Tally};

/// An answer that comes.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Why a store gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or is too busy to answer in time. Try again later.
    #[error("the store is away: {0}")]
    Away(String),
    /// What it holds cannot be read: written by a newer version, or damaged.
    #[error("the store cannot be read: {0}")]
    Unreadable(String),
}

/// The time since the Unix epoch, as the caller reads it.
pub type Instant = Duration;

/// Names a user: 128 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(pub [u8; 16]);

/// The SHA-256 of a session id or token. The id itself is never stored: who reads the store cannot sign in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub [u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, ..] = self.0;
        write!(out, "Key({first:02x}{second:02x}…)")
    }
}

impl fmt::Display for Key {
    /// 64 hexadecimal digits.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        hexadecimal(&self.0, out)
    }
}

impl std::str::FromStr for Key {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (begin, end) = text.split_at_checked(32).ok_or(())?;
        let halves = [begin.parse::<UserId>()?.0, end.parse::<UserId>()?.0];
        halves.concat().try_into().map(Self).map_err(|_| ())
    }
}

impl fmt::Display for UserId {
    /// 32 hexadecimal digits.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        hexadecimal(&self.0, out)
    }
}

impl std::str::FromStr for UserId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(());
        }
        u128::from_str_radix(text, 16).map(|number| Self(number.to_be_bytes())).map_err(|_| ())
    }
}

fn hexadecimal(bytes: &[u8], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written_and_nothing_else_is_one() {
        let key = Key(std::array::from_fn(|at| u8::try_from(at * 8).unwrap()));
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_eq!(key.to_string().len(), 64);
        for wrong in ["", "00", &"g".repeat(64), &"+f".repeat(32), &"0".repeat(65), &"\u{e9}".repeat(32)] {
            assert_eq!(wrong.parse::<Key>(), Err(()), "{wrong}");
        }
    }
}
