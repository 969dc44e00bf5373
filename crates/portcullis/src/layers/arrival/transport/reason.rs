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
}

impl Reason {
    /// Where to go instead: the value of `Location`.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        match self {
            Self::PlainHttp { location } => location.as_deref(),
            Self::SendInTheOpen { .. } => None,
        }
    }
}

impl Grounds for Reason {
    fn code(&self) -> &'static str {
        match self {
            Self::PlainHttp { .. } => "transport.plain_http",
            Self::SendInTheOpen { .. } => "transport.sent_in_the_open",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            // Method and body stay (RFC 9110 section 15.4.9).
            Self::PlainHttp { location: Some(_) } => StatusCode::PERMANENT_REDIRECT,
            Self::PlainHttp { location: None } => StatusCode::BAD_REQUEST,
            Self::SendInTheOpen { .. } => StatusCode::FORBIDDEN,
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
        }
    }

    fn why(&self) -> &'static str {
        match self {
            Self::PlainHttp { .. } | Self::SendInTheOpen { .. } => {
                "whoever stands between reads and changes what travels in the open, session cookies first (CWE-319, RFC 6797 section 2.3)"
            }
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        None
    }

    fn exception(&self, _at: &Place<'_>) -> Option<String> {
        Some(
            "[client]\n# only if a proxy of yours ends TLS in front: its address, so that its `x-forwarded-proto` is believed\ntrusted_proxies = [\"10.0.0.1\"]\n"
                .to_owned(),
        )
    }
}
