//! host: is the name that was asked for ours.
//!
//! **Attack.** `Host` is written by the client. An app that builds links from it sends password resets
//! to an attacker's server, fills caches with his links (CWE-644), and answers under a name that a
//! hostile page rebound to our address (DNS rebinding, CWE-350).
//!
//! **What it decides, in order.** Which name was asked for: `:authority` or the absolute form and `Host`
//! must agree; `Host` must stand once; behind a trusted proxy, and only where the policy says
//! `use_forwarded_host`, what the proxy forwards counts instead. Whether it is a name at all: letters,
//! digits, `-` and `_`, or an address as browsers write it. Whether it is one of `names`. Whether the name
//! of the TLS handshake (SNI) is one of them too; it need not be the same one, because browsers use one
//! HTTP/2 connection for all names of a certificate (RFC 9113 section 9.1.1). What is not ours gets 421
//! and an answer that names nothing.
//!
//! **What it does not stop.** An app that links to a name of its own choice.
//!
//! **What the operator must ensure.** That `names` lists every public name and nothing else, and that a
//! proxy whose forwarded host is believed replaces what its clients wrote.

mod config;
mod decide;
mod reason;
mod site;
#[cfg(test)]
mod tests;

pub use config::{Config, Raw};
pub(crate) use decide::judge;
pub use reason::Reason;
pub use site::Site;
