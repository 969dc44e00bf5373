//! The rule language as a whole: loading, and what transactions do.

mod builtin;
mod crs;
mod faults;
mod geo;
mod language;
mod logs;
mod vocabulary;
mod walks;
