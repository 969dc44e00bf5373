//! Why client denies.

use http::StatusCode;

use crate::verdict::{Evidence, Grounds, Place};

/// Why this layer denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// An entry of the forwarding header, which a trusted proxy must have written, is no address.
    WriteUnreadable {
        /// The entry, or the whole header where it cannot be split.
        entry: Vec<u8>,
    },
}

impl Grounds for Reason {
    fn code(&self) -> &'static str {
        match self {
            Self::WriteUnreadable { .. } => "client.unreadable_forwarding",
        }
    }
    fn status(&self) -> StatusCode {
        match self {
            Self::WriteUnreadable { .. } => StatusCode::BAD_REQUEST,
        }
    }
    fn sentence(&self) -> String {
        match self {
            Self::WriteUnreadable { entry } => {
                let entry: String = String::from_utf8_lossy(entry).chars().take(64).collect();
                format!("a trusted proxy forwarded for `{}`, which is no address", entry.escape_debug())
            }
        }
    }
    fn why(&self) -> &'static str {
        match self {
            Self::WriteUnreadable { .. } => {
                "limits, logs and allow lists go by the caller's address, and a guess could be the address that opens a door (CWE-290, RFC 7239 section 8.1)"
            }
        }
    }
    fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::WriteUnreadable { entry } => Some(Evidence::new("forwarding header", entry)),
        }
    }
    fn exception(&self, _at: &Place<'_>) -> Option<String> {
        match self {
            Self::WriteUnreadable { .. } => Some(
                "[client]\n# the header that your proxies write themselves; the other is ignored\nheader = \"forwarded\" # or \"x-forwarded-for\"\n"
                    .to_owned(),
            ),
        }
    }
}
