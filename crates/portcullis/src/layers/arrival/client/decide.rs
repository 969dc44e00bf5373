//! STUB

use std::net::IpAddr;

use http::HeaderMap;

use super::{Config, Reason};
use crate::request::Peer;
use crate::verdict::Verdict;

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The nearest address that is not a trusted proxy.
    pub ip: IpAddr,
    /// How many trusted proxies stand between.
    pub proxies: usize,
    /// The scheme that the outermost trusted proxy says the client used.
    pub forwarded_scheme: Option<String>,
    /// The host that the outermost trusted proxy says the client asked for.
    pub forwarded_host: Option<String>,
}

impl Client {
    /// The client as the connection alone tells.
    #[must_use]
    pub fn connected(peer: &Peer) -> Self {
        Self {
            ip: peer.address.ip().to_canonical(),
            proxies: 0,
            forwarded_scheme: None,
            forwarded_host: None,
        }
    }
}

/// STUB
pub(crate) fn judge(peer: &Peer, _headers: &HeaderMap, _config: &Config) -> Verdict<Client, Reason> {
    Verdict::Pass(Client::connected(peer))
}
