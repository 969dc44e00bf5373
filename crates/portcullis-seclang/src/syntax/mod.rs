//! The text of SecLang: lines and words, variables, operators, actions and macros, each with its place.
//!
//! Nothing here knows what a name means for a transaction; it only knows which names there are.

pub(crate) mod actions;
pub(crate) mod lines;
pub(crate) mod names;
pub(crate) mod operator;
pub(crate) mod targets;
pub(crate) mod text;
