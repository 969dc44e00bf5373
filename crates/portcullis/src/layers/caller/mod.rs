//! caller: who is calling, and may they.

mod lent;
pub mod rate;
pub mod session;

pub use lent::{Lent, Needs};
