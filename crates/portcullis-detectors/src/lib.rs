//! Parsers that judge whether an input changes the meaning of the place where it would land.
//!
//! Each detector reads the language that it is named for, not a list of words. All are pure, take bytes,
//! and cost time linear in the input.

mod finding;

pub use finding::{Finding, Language};
