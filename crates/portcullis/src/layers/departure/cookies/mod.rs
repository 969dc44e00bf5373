//! What the browser keeps for the app: flags, prefixes, sealing.
//!
//! A session cookie that travels in the open, that script can read, or that a sibling subdomain can set is
//! a session that others can have (CWE-614, CWE-1004, CWE-384).
//!
//! On the way out, each `Set-Cookie` is read as browsers read it (RFC 6265bis section 5.6) and mended by
//! adding to its end, where the last attribute of a name wins; all other bytes stay as the app wrote them,
//! and what the app set more strictly stays too:
//! 1. Over HTTPS it gets `Secure`.
//! 2. It gets `HttpOnly`, unless scripts are known to need it (names of CSRF cookies, of themes and
//!    languages, and those in `script_readable`).
//! 3. It gets `SameSite=Lax` where it has no value that browsers know. `SameSite=None` over plain HTTP,
//!    which browsers drop, becomes `Lax`.
//! 4. A name that claims `__Host-` or `__Secure-` gets what the prefix demands, because browsers drop it
//!    otherwise.
//! 5. The names in `host_prefix` become `__Host-…` towards the browser, with `Path=/` and no `Domain`.
//! 6. The values of the names in `seal` are sealed by AES-256-GCM-SIV (RFC 8452), so that the browser can
//!    neither read nor change them.
//! 7. Of several for one name, domain and path the last is sent: browsers keep no other.
//!
//! Cookies that delete (logout) go the same way, or they would not match what they are to delete.
//!
//! On the way in, prefix and seal are undone before the app looks. Dropped with a note: a value whose seal
//! does not hold, a cookie that should have had the prefix (a sibling subdomain can set one without), and
//! every repetition of a name, of which the first is the one with the longest path. Our own cookies are
//! taken out.
//!
//! What this does not stop: a sealed cookie copied whole to another browser; script on our own pages that
//! acts with cookies it cannot read; cookies that scripts set themselves.
//!
//! The operator must ensure: that a cookie which script reads is named in `script_readable`; that
//! `host_prefix` is not used for a cookie that several subdomains share; that the keys are kept, since
//! sealed cookies are worth nothing without them.

mod arrive;
mod config;
mod decide;
mod name;
mod reason;
mod seal;
mod set_cookie;

pub(crate) use arrive::arrive;
pub use config::{Config, Raw, RawException};
pub(crate) use decide::{depart, sets, sets_same};
pub use reason::Reason;

#[cfg(test)]
mod tests;
