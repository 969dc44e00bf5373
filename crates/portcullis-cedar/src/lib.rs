//! Who may go where, by policies in [Cedar](https://www.cedarpolicy.com/): `access.cedar` of the policy.
//!
//! **What it decides.** One policy must permit, and none forbid (Cedar's default deny). [`load`] validates policies
//! against [`SCHEMA`] and takes none that Cedar only warns of: a policy that can never match, or that is written in
//! letters that look like others (CWE-1007). What cannot be evaluated at run time, as a number that overflows, denies
//! the request, whatever the other policies say; Cedar itself would skip the policy (CWE-636).
//!
//! Pure, as the engine is: text in, answers out. It is a crate of its own so that a gateway can be built without it.

mod fault;
mod load;
mod question;
mod rulebook;
#[cfg(test)]
mod tests;

pub use fault::{Fault, LoadError};
pub use load::load;
pub use rulebook::Rulebook;

/// What policies can speak of, in Cedar's language for schemas.
pub const SCHEMA: &str = include_str!("access.cedarschema");
