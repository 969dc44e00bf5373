//! Judging how a request came.

use http::{Method, request};

use super::{Config, Reason};
use crate::layers::arrival::client::Client;
use crate::layers::arrival::host::Site;
use crate::request::{Listener, Peer};
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
    /// What was seen, without judging it: a trusted proxy's word, else the connection.
    #[must_use]
    pub fn seen(peer: &Peer, client: &Client) -> Self {
        let connection = if peer.tls.is_some() { Self::Https } else { Self::Http };
        client.forwarded_scheme.unwrap_or(connection)
    }

    /// `https` or `http`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    /// The port that the scheme implies.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

/// Was it HTTPS.
pub(crate) fn judge(
    head: &request::Parts,
    peer: &Peer,
    client: &Client,
    site: &Site,
    config: &Config,
) -> Verdict<Scheme, Reason> {
    let scheme = Scheme::seen(peer, client);
    let proven = peer.tls.as_ref().is_some_and(|tls| tls.client_certificate);
    match (peer.listener, scheme) {
        (Listener::Redirect { https_port }, _) => {
            Verdict::Deny(Reason::PlainHttp { location: over_https(head, site, Some(https_port)) })
        }
        (Listener::Https, Scheme::Https) | (Listener::DangerousPlain, _)
            if config.require_client_certificate && !proven =>
        {
            Verdict::Deny(Reason::NoClientCertificate)
        }
        (Listener::Https, Scheme::Https) | (Listener::DangerousPlain, _) => Verdict::Pass(scheme),
        (Listener::Https, Scheme::Http) => {
            if head.method == Method::GET || head.method == Method::HEAD {
                // The port of plain HTTP says nothing of the one for HTTPS.
                let port = site.port.filter(|port| *port != Scheme::Http.default_port());
                Verdict::Deny(Reason::PlainHttp { location: over_https(head, site, port) })
            } else {
                Verdict::Deny(Reason::SendInTheOpen { method: head.method.to_string() })
            }
        }
    }
}

/// The same target over HTTPS; `None` where the name is not known, because the host layer is off and the
/// request has none.
fn over_https(head: &request::Parts, site: &Site, port: Option<u16>) -> Option<String> {
    if site.name.is_empty() {
        return None;
    }
    let mut location = Site { name: site.name.clone(), port }.origin(Scheme::Https);
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    if !target.starts_with('/') {
        // `OPTIONS *` has no place on the other side.
        location.push('/');
        return Some(location);
    }
    for byte in target.bytes() {
        if byte.is_ascii_graphic() {
            location.push(char::from(byte));
        } else {
            location.push_str(percent_encoding::percent_encode_byte(byte));
        }
    }
    Some(location)
}
