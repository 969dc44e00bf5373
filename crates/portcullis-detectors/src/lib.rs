//! Parsers that judge whether an input changes the meaning of the place where it would land.
//!
//! Each detector reads the language that it is named for, not a list of words. All are pure, take bytes,
//! and cost time linear in the input.

mod code;
#[cfg(test)]
mod corpus;
mod detector;
mod finding;
mod header;
#[cfg(test)]
mod labelled;
mod ldap;
mod nosql;
mod path;
mod reading;
mod serialized;
mod shell;
pub mod sqli;
mod ssrf;
mod template;
mod text;
mod undo;
mod xpath;
pub mod xss;
mod xxe;

pub use code::code;
pub use detector::{DETECTORS, Detector, by_operator};
pub use finding::{Finding, Language};
pub use header::header;
pub use ldap::ldap;
pub use nosql::nosql;
pub use path::path;
pub use serialized::serialized;
pub use shell::shell;
pub use ssrf::ssrf;
pub use template::template;
pub use xpath::xpath;
pub use xxe::xxe;
