//! The app behind the gate: where it is, how it is reached, what it is told.
//!
//! `head` edits what passes (hop-by-hop fields, forwarding facts), `connect` opens connections, `pool`
//! keeps them, `proxy` is the service that the gate guards, `tunnel` carries WebSockets.

mod connect;
mod head;
mod pool;
mod proxy;
mod sending;
#[cfg(test)]
mod tests;
mod tunnel;

use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use http::uri::{Authority, Scheme};
use portcullis::policy::raw;

pub use proxy::Proxy;

/// How the app is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `http://`: HTTP/1.1 in the open.
    Http,
    /// `https://`: HTTP/2 or HTTP/1.1 over TLS, as the app prefers.
    Https,
    /// `h2c://`: HTTP/2 in the open, by prior knowledge (RFC 9113 section 3.3).
    H2c,
}

/// The app, checked.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// How it is spoken to.
    pub protocol: Protocol,
    /// Host and port.
    pub authority: Authority,
    /// Certificate authorities to trust instead of the machine's.
    pub ca: Option<PathBuf>,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long to wait for the head of a response after the request was sent.
    pub response_timeout: Duration,
    /// How long an unused connection is kept.
    pub idle_timeout: Duration,
}

/// Why the app cannot be reached at all.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The address is none.
    #[error("`{0}` is not the address of an app, which is as in `http://127.0.0.1:5000`")]
    Address(String),
    /// The file of authorities cannot be used.
    #[error("`{}`: {message}", path.display())]
    Authorities {
        /// Which file.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// TLS cannot be set up.
    #[error("TLS towards the app cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

impl Upstream {
    /// An app at `address`, everything else by default.
    ///
    /// # Errors
    /// When it is no `http`, `https` or `h2c` address of a host.
    pub fn parse(address: &str) -> Result<Self, UpstreamError> {
        let wrong = || UpstreamError::Address(address.to_owned());
        let uri: Uri = address.trim_end_matches('/').parse().map_err(|_| wrong())?;
        let protocol = match uri.scheme_str() {
            Some("http") => Protocol::Http,
            Some("https") => Protocol::Https,
            Some("h2c") => Protocol::H2c,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().cloned().ok_or_else(wrong)?;
        let has_path = uri.path_and_query().is_some_and(|path| !matches!(path.as_str(), "" | "/"));
        if has_path || authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(wrong());
        }
        Ok(Self {
            protocol,
            authority,
            ca: None,
            connect_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(30),
        })
    }

    /// As written in the policy.
    ///
    /// # Errors
    /// When the address is none.
    pub fn from_policy(raw: &raw::Upstream) -> Result<Self, UpstreamError> {
        let table = match raw {
            raw::Upstream::Address(address) => return Self::parse(address),
            raw::Upstream::Table(table) => table,
        };
        let mut upstream = Self::parse(&table.address)?;
        upstream.ca.clone_from(&table.ca);
        let spans = [
            (table.connect_timeout, &mut upstream.connect_timeout),
            (table.response_timeout, &mut upstream.response_timeout),
            (table.idle_timeout, &mut upstream.idle_timeout),
        ];
        for (written, span) in spans {
            if let Some(written) = written {
                *span = written.0;
            }
        }
        Ok(upstream)
    }

    /// Where connections go.
    fn uri(&self) -> Uri {
        let scheme = match self.protocol {
            Protocol::Http | Protocol::H2c => Scheme::HTTP,
            Protocol::Https => Scheme::HTTPS,
        };
        Uri::builder()
            .scheme(scheme)
            .authority(self.authority.clone())
            .path_and_query("/")
            .build()
            .unwrap_or_default()
    }
}

impl std::fmt::Display for Upstream {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = match self.protocol {
            Protocol::Http => "http",
            Protocol::Https => "https",
            Protocol::H2c => "h2c",
        };
        write!(out, "{scheme}://{}", self.authority)
    }
}
