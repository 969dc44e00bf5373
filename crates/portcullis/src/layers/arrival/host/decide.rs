//! Judging the name that was asked for.

use http::header::HOST;
use http::request;

use super::{Config, Reason, Site};
use crate::layers::arrival::client::Client;
use crate::layers::arrival::transport::Scheme;
use crate::request::Peer;
use crate::verdict::Verdict;

/// Is this name ours.
pub(crate) fn judge(
    head: &request::Parts,
    client: &Client,
    peer: &Peer,
    config: &Config,
) -> Verdict<Site, Reason> {
    let site = match asked(head, client, peer, config) {
        Ok(site) => site,
        Err(reason) => return Verdict::Deny(reason),
    };
    if !config.is_ours(&site) {
        return Verdict::Deny(Reason::AskForForeignName { host: site.authority() });
    }
    // A proxy that ends TLS for the client uses a name of its own towards us.
    let server_name = peer.tls.as_ref().and_then(|tls| tls.server_name.as_deref());
    if let Some(server_name) = server_name.filter(|_| !client.by_trusted_proxy) {
        let named = Site::parse(server_name.as_bytes());
        if !named.is_some_and(|named| config.is_our_name(&named.name)) {
            return Verdict::Deny(Reason::ShakeHandsForForeignName { server_name: server_name.to_owned() });
        }
    }
    Verdict::Pass(site)
}

fn asked(head: &request::Parts, client: &Client, peer: &Peer, config: &Config) -> Result<Site, Reason> {
    let read = |text: &[u8]| Site::parse(text).ok_or_else(|| Reason::WriteUnreadable { host: text.to_vec() });
    if config.use_forwarded_host
        && let Some(host) = &client.forwarded_host
    {
        return read(host.as_bytes());
    }
    let mut lines = head.headers.get_all(HOST).iter();
    let header = match (lines.next(), lines.next()) {
        (Some(_), Some(_)) => return Err(Reason::RepeatHost),
        (Some(value), None) => Some(read(value.as_bytes())?),
        (None, _) => None,
    };
    let target = match head.uri.authority() {
        Some(authority) => Some(read(authority.as_str().as_bytes())?),
        None => None,
    };
    match (target, header) {
        (Some(target), Some(header)) => {
            let scheme = if peer.tls.is_some() { Scheme::Https } else { Scheme::Http };
            if target.is_same(&header, scheme) {
                Ok(target)
            } else {
                let (target, host) = (target.authority(), header.authority());
                Err(Reason::ContradictTarget { target, host })
            }
        }
        (Some(site), None) | (None, Some(site)) => Ok(site),
        (None, None) => Err(Reason::OmitHost),
    }
}
