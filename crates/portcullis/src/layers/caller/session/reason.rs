//! Why session denies.

use http::StatusCode;

use crate::verdict::{Evidence, Grounds, Place};

/// Why this layer denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// An API key that is not, or no longer, good.
    UnknownKey,
    /// Nobody can tell now whether the API key is good.
    Away,
}

impl Grounds for Reason {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownKey => "session.unknown_key",
            Self::Away => "session.away",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            // RFC 6750 section 3.1.
            Self::UnknownKey => StatusCode::UNAUTHORIZED,
            Self::Away => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::UnknownKey => {
                "the API key is not known, has ended, or its owner may not sign in".to_owned()
            }
            Self::Away => {
                "the store of API keys is away, so that nobody can tell whose key this is".to_owned()
            }
        }
    }

    fn why(&self) -> &'static str {
        match self {
            Self::UnknownKey => "who holds a key that was taken back must not get in with it (CWE-613)",
            Self::Away => "a store that does not answer must not open a door (CWE-636)",
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        // The key itself is a secret, even a wrong one: it may be another site's.
        None
    }

    fn exception(&self, _at: &Place<'_>) -> Option<String> {
        None
    }
}
