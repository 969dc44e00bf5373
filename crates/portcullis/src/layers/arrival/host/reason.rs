//! Why host denies.

use http::StatusCode;

use crate::verdict::{Evidence, Grounds, Place};

/// Why this layer denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// No `Host`, and no name in the target.
    OmitHost,
    /// `Host` stands more than once.
    RepeatHost,
    /// What was asked for is no name and no address.
    WriteUnreadable {
        /// As sent.
        host: Vec<u8>,
    },
    /// The target names one host, and `Host` another.
    ContradictTarget {
        /// The name in the target, or `:authority`.
        target: String,
        /// The name in `Host`.
        host: String,
    },
    /// The name is none of ours.
    AskForForeignName {
        /// The name, and the port where one was written.
        host: String,
    },
    /// The name of the TLS handshake is none of ours.
    ShakeHandsForForeignName {
        /// The name of the handshake.
        server_name: String,
    },
}

impl Grounds for Reason {
    fn code(&self) -> &'static str {
        match self {
            Self::OmitHost => "host.missing",
            Self::RepeatHost => "host.repeated",
            Self::WriteUnreadable { .. } => "host.unreadable",
            Self::ContradictTarget { .. } => "host.contradicts_target",
            Self::AskForForeignName { .. } => "host.unknown",
            Self::ShakeHandsForForeignName { .. } => "host.unknown_server_name",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            // RFC 9112 section 3.2.
            Self::OmitHost
            | Self::RepeatHost
            | Self::WriteUnreadable { .. }
            | Self::ContradictTarget { .. } => StatusCode::BAD_REQUEST,
            // RFC 9110 section 15.5.20.
            Self::AskForForeignName { .. } | Self::ShakeHandsForForeignName { .. } => {
                StatusCode::MISDIRECTED_REQUEST
            }
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::OmitHost => "the request has no `host`".to_owned(),
            Self::RepeatHost => "the header `host` stands more than once".to_owned(),
            Self::WriteUnreadable { host } => {
                let host: String = String::from_utf8_lossy(host).chars().take(64).collect();
                format!("the host `{}` is neither a name nor an address", host.escape_debug())
            }
            Self::ContradictTarget { target, host } => {
                format!("the target names `{target}` and the header `host` names `{host}`")
            }
            Self::AskForForeignName { host } => format!("the host `{host}` is none of ours"),
            Self::ShakeHandsForForeignName { server_name } => {
                let server_name: String = server_name.chars().take(64).collect();
                format!("the TLS handshake named `{}`, which is none of ours", server_name.escape_debug())
            }
        }
    }

    fn why(&self) -> &'static str {
        match self {
            Self::OmitHost => {
                "a request for no name is answered under whichever name comes first (RFC 9112 section 3.2)"
            }
            Self::RepeatHost | Self::ContradictTarget { .. } => {
                "two readers that pick different names route, cache and link differently (CWE-444, RFC 9112 section 3.2)"
            }
            Self::WriteUnreadable { .. } => {
                "what is no name ends up in links and redirects of the app all the same (CWE-20, CWE-644)"
            }
            Self::AskForForeignName { .. } | Self::ShakeHandsForForeignName { .. } => {
                "links built from a foreign name lead to its owner, as in poisoned password resets and DNS rebinding (CWE-644, CWE-350)"
            }
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::OmitHost | Self::RepeatHost => None,
            Self::WriteUnreadable { host } => Some(Evidence::new("header `host`", host)),
            Self::ContradictTarget { host, .. } | Self::AskForForeignName { host } => {
                Some(Evidence::new("header `host`", host.as_bytes()))
            }
            Self::ShakeHandsForForeignName { server_name } => {
                Some(Evidence::new("server name of the TLS handshake", server_name.as_bytes()))
            }
        }
    }

    fn exception(&self, _at: &Place<'_>) -> Option<String> {
        let name = match self {
            Self::AskForForeignName { host } => host,
            Self::ShakeHandsForForeignName { server_name } => server_name,
            Self::OmitHost
            | Self::RepeatHost
            | Self::WriteUnreadable { .. }
            | Self::ContradictTarget { .. } => return None,
        };
        // Names are for the whole site: a route is found by its path, whatever the name.
        Some(format!(
            "[host]\n# only if this name is yours; keep the others in the list\nnames = [{}]\n",
            toml::Value::String(name.clone())
        ))
    }
}
