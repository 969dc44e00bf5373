//! A name and a port, in one spelling.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::header::HOST;
use http::request;

use crate::layers::arrival::client::Client;
use crate::layers::arrival::transport::Scheme;

/// The name and port that the client asked for, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Lower case, without port; an IPv6 address in brackets.
    pub name: String,
    /// The port, where one was written.
    pub port: Option<u16>,
}

impl Site {
    /// Before anything is known.
    #[must_use]
    pub fn unknown() -> Self {
        Self { name: String::new(), port: None }
    }

    /// As the request says, unchecked but in one spelling; unknown where it is not readable.
    #[must_use]
    pub fn as_asked(head: &request::Parts, _client: &Client) -> Self {
        let written = match head.uri.authority() {
            Some(authority) => Some(authority.as_str().as_bytes()),
            None => head.headers.get(HOST).map(http::HeaderValue::as_bytes),
        };
        written.and_then(Self::parse).unwrap_or_else(Self::unknown)
    }

    /// Reads `host` or `host:port` (RFC 3986 section 3.2) into one spelling: lower case, without the dot at
    /// the end that DNS allows, IPv6 as RFC 5952 writes it. `None` for everything that no browser sends.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (host, port) = match text.strip_prefix('[') {
            Some(inner) => {
                let (address, after) = inner.split_once(']')?;
                let address: Ipv6Addr = address.parse().ok()?;
                let port = match after {
                    "" => None,
                    _ => Some(after.strip_prefix(':')?),
                };
                (format!("[{address}]"), port)
            }
            None => {
                let (host, port) = match text.split_once(':') {
                    Some((host, port)) => (host, Some(port)),
                    None => (text, None),
                };
                (name(host)?, port)
            }
        };
        let port = match port {
            None | Some("") => None,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse::<u16>().ok().filter(|port| *port != 0)?)
            }
            Some(_) => return None,
        };
        Some(Self { name: host, port })
    }

    /// `name` or `name:port`, as asked for.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.name),
            None => self.name.clone(),
        }
    }

    /// The origin as browsers write it (RFC 6454 section 6.2): without the port that the scheme implies.
    #[must_use]
    pub fn origin(&self, scheme: Scheme) -> String {
        match self.port.filter(|port| *port != scheme.default_port()) {
            Some(port) => format!("{}://{}:{port}", scheme.as_str(), self.name),
            None => format!("{}://{}", scheme.as_str(), self.name),
        }
    }

    /// Whether the name is an address.
    #[must_use]
    pub fn is_address(&self) -> bool {
        self.name.starts_with('[') || self.name.parse::<Ipv4Addr>().is_ok()
    }

    /// Whether the name stays on the visitor's own machine (RFC 6761 section 6.3).
    #[must_use]
    pub fn is_localhost(&self) -> bool {
        self.name == "localhost" || self.name.ends_with(".localhost")
    }

    /// Whether both mean the same name and port under `scheme`.
    pub(super) fn is_same(&self, other: &Self, scheme: Scheme) -> bool {
        let port = |site: &Self| site.port.unwrap_or(scheme.default_port());
        self.name == other.name && port(self) == port(other)
    }
}

fn name(host: &str) -> Option<String> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let fits = host.len() <= 253 && host.split('.').all(is_label);
    if !fits {
        return None;
    }
    // A last label of digits is an address to a browser (URL Standard, "ends in a number checker"), and
    // browsers send it in four parts.
    let last = host.rsplit('.').next().unwrap_or(host);
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit())
        || last
            .to_ascii_lowercase()
            .strip_prefix("0x")
            .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
    if numeric && host.parse::<Ipv4Addr>().is_err() {
        return None;
    }
    Some(host.to_ascii_lowercase())
}
