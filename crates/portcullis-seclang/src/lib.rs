//! The SecLang rule language, usable alone: a parser with source positions, a compiler, and the
//! transaction that runs compiled rules over one HTTP exchange.

pub mod bodies;
pub mod operators;
pub mod transforms;
