//! STUB

use http::request;

use super::{Config, Reason};
use crate::layers::arrival::client::Client;
use crate::layers::arrival::host::Site;
use crate::request::Peer;
use crate::verdict::Verdict;

/// How the client's bytes came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Over TLS, to us or to a trusted proxy.
    Https,
    /// In the open.
    Http,
}

impl Scheme {
    /// What was seen, without judging it.
    #[must_use]
    pub fn seen(peer: &Peer, _client: &Client) -> Self {
        if peer.tls.is_some() { Self::Https } else { Self::Http }
    }

    /// `https` or `http`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

/// STUB
pub(crate) fn judge(
    _head: &request::Parts,
    peer: &Peer,
    client: &Client,
    _site: &Site,
    _config: &Config,
) -> Verdict<Scheme, Reason> {
    Verdict::Pass(Scheme::seen(peer, client))
}
