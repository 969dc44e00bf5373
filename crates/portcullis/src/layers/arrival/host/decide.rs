//! STUB

use http::request;

use super::{Config, Reason};
use crate::layers::arrival::client::Client;
use crate::request::Peer;
use crate::verdict::Verdict;

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

    /// As the request says, unchecked.
    #[must_use]
    pub fn as_asked(head: &request::Parts, _client: &Client) -> Self {
        let host = head
            .headers
            .get(http::header::HOST)
            .and_then(|h| h.to_str().ok())
            .or(head.uri.host())
            .unwrap_or("");
        Self { name: host.to_ascii_lowercase(), port: None }
    }

    /// `name` or `name:port`.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.name),
            None => self.name.clone(),
        }
    }
}

/// STUB
pub(crate) fn judge(
    head: &request::Parts,
    client: &Client,
    _peer: &Peer,
    _config: &Config,
) -> Verdict<Site, Reason> {
    Verdict::Pass(Site::as_asked(head, client))
}
