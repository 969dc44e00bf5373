//! The program itself, as a terminal and a browser have it.

#![expect(clippy::unwrap_used, reason = "a test that cannot read what it tests has failed")]

mod access;
mod accounts;
mod gate;
mod killed;
mod redis_tls;
mod standing;
