//! Certificates from an ACME authority (RFC 8555), such as Let's Encrypt: ordered, proven, renewed.
//!
//! `challenges` answers the authority on the gate's own listeners (HTTP-01, RFC 8555 section 8.3, and
//! TLS-ALPN-01, RFC 8737), `order` obtains one certificate, `schedule` says when the next one is due
//! (renewal information, RFC 9773) and when a failure is tried again, `files` keeps it all in the data
//! directory, `client` is the HTTP client, `keeper` goes round.
//!
//! One certificate for each name: a name that cannot be proven leaves the others alone. The old one is
//! served until the new one is there.

mod challenges;
mod client;
mod files;
mod keeper;
mod order;
mod schedule;

use std::path::PathBuf;

use serde::Serialize;

pub use challenges::Challenges;
pub(crate) use challenges::PROTOCOL;
pub(crate) use keeper::Keeper;

/// What an authority has to prove that a name is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A file over plain HTTP, at port 80 of the name.
    Http01,
    /// A certificate in a handshake, at port 443 of the name.
    TlsAlpn01,
}

/// How certificates are obtained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acme {
    /// The authority's directory.
    pub directory: String,
    /// The names to obtain certificates for.
    pub names: Vec<String>,
    /// Whom the authority may write to.
    pub contact: Vec<String>,
    /// Which kind of certificate, where the authority has several.
    pub profile: Option<String>,
    /// PEM: whom to trust in the authority's own HTTPS, instead of the machine's list.
    pub ca: Option<PathBuf>,
    /// The proofs to offer, the first one first; after a failure the next.
    pub proofs: Vec<Proof>,
    /// An account that the authority has opened already: its id, and the file of its key.
    pub external_account: Option<(String, PathBuf)>,
}

/// How it stands with the certificate of one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AcmeStatus {
    /// The name.
    pub name: String,
    /// The end of the certificate that is served, in seconds since the epoch; `None` where there is none.
    pub not_after: Option<u64>,
    /// When the next try is due, in seconds since the epoch.
    pub due: u64,
    /// How many tries in a row have failed.
    pub failures: u32,
    /// Why the last one did.
    pub error: Option<String>,
}

#[cfg(test)]
mod tests;
