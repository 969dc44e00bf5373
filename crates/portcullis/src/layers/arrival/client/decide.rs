//! Judging who is calling.

use std::net::IpAddr;

use http::HeaderMap;

use super::hops::{Hop, Node, hops};
use super::{Config, Reason};
use crate::layers::arrival::transport::Scheme;
use crate::request::Peer;
use crate::verdict::Verdict;

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The nearest address that is not a trusted proxy; IPv4 written within IPv6 is IPv4.
    pub ip: IpAddr,
    /// How many trusted proxies stand between.
    pub proxies: usize,
    /// Whether the connection came from a trusted proxy.
    pub by_trusted_proxy: bool,
    /// The scheme that the outermost trusted proxy says the client used.
    pub forwarded_scheme: Option<Scheme>,
    /// The host that the outermost trusted proxy says the client asked for, as written.
    pub forwarded_host: Option<String>,
}

impl Client {
    /// The client as the connection alone tells.
    #[must_use]
    pub fn connected(peer: &Peer) -> Self {
        Self {
            ip: peer.address.ip().to_canonical(),
            proxies: 0,
            by_trusted_proxy: false,
            forwarded_scheme: None,
            forwarded_host: None,
        }
    }
}

/// Who is calling: the one answer, for everything that asks.
pub(crate) fn judge(peer: &Peer, headers: &HeaderMap, config: &Config) -> Verdict<Client, Reason> {
    let mut client = Client::connected(peer);
    if !config.trusts(client.ip, 0) {
        return Verdict::Pass(client);
    }
    client.by_trusted_proxy = true;
    let told = match hops(headers, config.header) {
        Ok(told) => told,
        Err(reason) => return Verdict::Deny(reason),
    };
    let mut from_the_right = told.hops.iter().rev();
    let mut outermost: Option<&Hop> = None;
    while config.trusts(client.ip, client.proxies) {
        // No entry left: a trusted proxy calls on its own behalf, as for a health check.
        let Some(hop) = from_the_right.next() else { break };
        outermost = Some(hop);
        client.proxies = client.proxies.saturating_add(1);
        match &hop.node {
            Node::Address(address) => client.ip = address.to_canonical(),
            Node::Hidden => break,
            Node::Unreadable(text) => return Verdict::Deny(Reason::WriteUnreadable { entry: text.clone() }),
        }
    }
    client.forwarded_scheme = told.scheme(outermost, client.proxies);
    client.forwarded_host = told.host(outermost, client.proxies);
    Verdict::Pass(client)
}
