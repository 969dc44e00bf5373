//! client: who is calling, through trusted proxies only.
//!
//! **Attack.** `X-Forwarded-For` and `Forwarded` are headers like any other: whoever sends one writes
//! what he likes. An app that believes the left-most entry lets every caller choose the address that
//! limits, logs and allow lists go by, and one that believes `X-Forwarded-Proto` from anyone takes plain
//! HTTP for HTTPS (CWE-290, CWE-348).
//!
//! **What it decides, in order.** Without a trusted proxy, the address that connected, and every
//! forwarding header is ignored. Otherwise the entries of the one header that counts are read from the
//! right, as long as the hop that wrote the entry is trusted: by its address (`trusted_proxies`), by its
//! number (`proxy_hops`), or where both are set by both. The first address that is not trusted is the
//! client. `unknown` and names beginning with `_` (RFC 7239 section 6) end the way at the hop that wrote
//! them. An entry that a trusted hop must have written and that is no address is denied: any guess could
//! be the address that opens a door. What a proxy says of scheme and host is believed only from a trusted
//! one, and only what the outermost trusted one wrote.
//!
//! **What it does not stop.** A trusted proxy that passes on what its client wrote instead of appending
//! to it or replacing it.
//!
//! **What the operator must ensure.** That each trusted proxy writes the header named in `header`, and,
//! with `proxy_hops`, that nobody reaches the gate but through that many proxies.

mod config;
mod decide;
mod forwarded;
mod hops;
mod reason;
#[cfg(test)]
mod tests;

pub use config::{Config, ForwardingHeader, Raw};
pub use decide::Client;
pub(crate) use decide::judge;
pub use reason::Reason;
