//! caller: who is calling, and may they.

pub mod access;
mod lent;
pub mod rate;
pub mod session;

pub use lent::{Lent, Needs};
