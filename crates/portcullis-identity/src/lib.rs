//! People: who may sign in, and how it is proved.
//!
//! This crate is a library of its own: no socket, no clock and no file is opened here. A door hands in the
//! time, the store and the bytes, and does what it is told.
//!
//! [`passwords`] hashes new passwords, verifies old hashes of other programs, and judges whether a password
//! is good enough to be taken. [`sessions`] begins, finds, moves and ends sessions.

pub mod passwords;
pub mod sessions;
