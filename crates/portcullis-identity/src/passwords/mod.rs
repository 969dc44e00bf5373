//! Passwords: hashed, verified, judged.
//!
//! - New hashes are Argon2id ([`Hasher::hash`]; RFC 9106, OWASP Password Storage), with an optional pepper.
//! - Old hashes of Werkzeug, Django, passlib, Flask-Bcrypt, Flask-Security and Unix verify
//!   ([`Hasher::verify`]) and come back as a new hash to be stored in their place. What a text means depends
//!   on the program that wrote it, so that the operator says which ([`Origin`]).
//! - Every parameter that is read from a hash has a cap ([`Caps`]): one crafted hash must not eat the machine
//!   (CWE-400).
//! - A password is judged by length, by how easily it is guessed, and by lists of breached ones
//!   ([`Strength`]; NIST SP 800-63B-4 section 3.1.1.2): no rule asks for kinds of characters.
//!
//! Hashing is slow by design: doors call it off their async threads, behind a bound on how many run at once.

mod breached;
mod caps;
mod common;
mod hasher;
mod origin;
mod password;
mod preparation;
#[cfg(test)]
mod range_tests;
mod ranges;
mod read;
mod scheme;
mod stored;
mod strength;
mod sun_md5;
#[cfg(test)]
mod tests;

pub use breached::{BreachedFilter, BuildError, FilterError};
pub use caps::Caps;
pub use hasher::{Cost, HashFailure, Hasher, Pepper, Peppers, Verification};
pub use origin::Origin;
pub use password::Password;
pub use ranges::Ranges;
pub use stored::{Stored, UnreadableHash};
pub use strength::{Strength, Weakness};
