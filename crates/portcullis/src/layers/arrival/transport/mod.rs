//! transport: HTTPS only.
//!
//! **Attack.** Whoever stands between can read and change what travels in the open, and take the cookie
//! with it (CWE-319); a browser that asks for `http://` once can be kept there (SSL stripping).
//!
//! **What it decides, in order.** What the client used: a trusted proxy's word (see
//! [`crate::layers::arrival::client`]), else whether the connection has TLS. A listener that only
//! redirects answers 308 to the same target over HTTPS, always. On a listener for HTTPS, a request that
//! came in the open is redirected too if it asks without sending (GET, HEAD), and refused otherwise,
//! because its body has already travelled in the open and the sender should learn of it. A listener that
//! the operator called dangerous serves what came in the open.
//!
//! **What else is here.** [`hsts_header`] (RFC 6797): never over plain HTTP, for an address, or for
//! `localhost`, where it would force every other thing the developer runs there onto HTTPS.
//!
//! **What it does not stop.** The very first request of a browser that never heard of the site, unless
//! the name is on the browsers' preload list.
//!
//! **What the operator must ensure.** That every name below is served over HTTPS before
//! `hsts_include_subdomains`, and for good before `hsts_preload`. A good order: defaults; subdomains
//! once all of them are served over HTTPS; preload last, if at all.

mod config;
mod decide;
mod hsts;
mod reason;
#[cfg(test)]
mod tests;

pub use config::{Config, Raw};
pub use decide::Scheme;
pub(crate) use decide::judge;
pub use hsts::hsts_header;
pub use reason::Reason;
