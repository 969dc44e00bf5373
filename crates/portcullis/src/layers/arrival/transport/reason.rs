//! Why transport denies.

use http::StatusCode;

use crate::verdict::{Evidence, Grounds, Place};

/// Why this layer denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It asks over plain HTTP for what is served over HTTPS only.
    PlainHttp {
        /// The same target over HTTPS; `None` where the name of the site is not known.
        location: Option<String>,
    },
    /// It sent something over plain HTTP.
    SendInTheOpen {
        /// The method.
        method: String,
    },
    /// The client has not shown a certificate, which this route asks for.
    NoClientCertificate,
}

impl Reason {
    /// Where to go instead: the value of `Location`.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        match self {
            Self::PlainHttp { location } => location.as_deref(),
            Self::SendInTheOpen { .. } | Self::NoClientCertificate => None,
        }
    }
}

impl Grounds for Reason {
    fn code(&self) -> &'static str {
        match self {
            Self::PlainHttp { .. } => "transport.plain_http",
            Self::SendInTheOpen { .. } => "transport.sent_in_the_open",
            Self::NoClientCertificate => "transport.no_client_certificate",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            // Method and body stay (RFC 9110 section 15.4.9).
            Self::PlainHttp { location: Some(_) } => StatusCode::PERMANENT_REDIRECT,
            Self::PlainHttp { location: None } => StatusCode::BAD_REQUEST,
            Self::SendInTheOpen { .. } | Self::NoClientCertificate => StatusCode::FORBIDDEN,
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::PlainHttp { location: Some(location) } => {
                format!("the request came over plain HTTP, and is served at `{location}`")
            }
            Self::PlainHttp { location: None } => "the request came over plain HTTP".to_owned(),
            Self::SendInTheOpen { method } => {
                format!("a `{method}` came over plain HTTP, so that what it sent has travelled in the open")
            }
            Self::NoClientCertificate => {
                "this route is for clients with a certificate, and this one has shown none".to_owned()
            }
        }
    }

    fn why(&self) -> &'static str {
        match self {
            Self::PlainHttp { .. } | Self::SendInTheOpen { .. } => {
                "whoever stands between reads and changes what travels in the open, session cookies first (CWE-319, RFC 6797 section 2.3)"
            }
            Self::NoClientCertificate => {
                "who may come here proves it by a key that never leaves the client, not by what can be phished (RFC 8446 section 4.4.2)"
            }
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        None
    }

    fn exception(&self, at: &Place<'_>) -> Option<String> {
        if matches!(self, Self::NoClientCertificate) {
            return Some(at.route("transport.require_client_certificate = false\n"));
        }
        Some(
            "[client]\n# only if a proxy of yours ends TLS in front: its address, so that its `x-forwarded-proto` is believed\ntrusted_proxies = [\"10.0.0.1\"]\n"
                .to_owned(),
        )
    }
}
