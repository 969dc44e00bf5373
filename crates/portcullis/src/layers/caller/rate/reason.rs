//! Why rate denies.

use std::time::Duration;

use http::StatusCode;

use crate::verdict::{Evidence, Grounds, Place};

/// Why this layer denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The allowance of a limit is spent.
    Exceeded {
        /// The limit's name.
        limit: String,
        /// The route that it was written below; empty for the site.
        scope: String,
        /// How many requests it allows.
        requests: u64,
        /// In which window.
        window: Duration,
        /// Until this request would pass.
        retry_after: Duration,
        /// Told of a moment ago.
        told: bool,
    },
    /// The caller is banned.
    Banned {
        /// How long still.
        left: Duration,
    },
    /// The shared store is away, and the policy says to refuse then.
    StoreLost,
}

impl Reason {
    /// Until when coming back is of no use; `None` where nobody knows.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Exceeded { retry_after, .. } => Some(*retry_after),
            Self::Banned { left } => Some(*left),
            Self::StoreLost => Some(Duration::from_secs(5)),
        }
    }

    /// Whether the log has been told already: a flood must not become a flood of lines.
    #[must_use]
    pub fn is_told(&self) -> bool {
        match self {
            Self::Exceeded { told, .. } => *told,
            Self::Banned { .. } => true,
            Self::StoreLost => false,
        }
    }
}

impl Grounds for Reason {
    fn code(&self) -> &'static str {
        match self {
            Self::Exceeded { .. } => "rate.exceeded",
            Self::Banned { .. } => "rate.banned",
            Self::StoreLost => "rate.store_lost",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            // RFC 6585 section 4.
            Self::Exceeded { .. } | Self::Banned { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::StoreLost => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Exceeded { limit, requests, window, .. } => {
                format!("the limit `{limit}` of {requests} in {} is spent", span(*window))
            }
            Self::Banned { left } => {
                format!("the caller kept being refused, and is banned for another {}", span(*left))
            }
            Self::StoreLost => {
                "the store of shared allowances is away, and the policy says to refuse then".to_owned()
            }
        }
    }

    fn why(&self) -> &'static str {
        match self {
            Self::Exceeded { .. } => {
                "without a limit passwords can be guessed and costly pages asked for without end (CWE-307, CWE-770)"
            }
            Self::Banned { .. } => {
                "a scanner tries thousands of attacks, and only one has to get through (CWE-799)"
            }
            Self::StoreLost => "what several gates count together cannot be counted by one alone (CWE-636)",
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        None
    }

    fn exception(&self, at: &Place<'_>) -> Option<String> {
        match self {
            Self::Exceeded { limit, scope, requests, window, .. } => {
                let more = requests.saturating_mul(2);
                let lines = format!(
                    "# twice as much, here alone\nname = \"{limit}\"\nrequests = {more}\nper = \"{} s\"\n",
                    window.as_secs().max(1)
                );
                let place = if scope.is_empty() { at.path } else { scope };
                let path = toml::Value::String(place.to_owned());
                Some(format!("[[route]]\npath = {path}\n[[route.rate.limit]]\n{lines}"))
            }
            Self::Banned { .. } => Some("# `portcullis ban lift ID` ends it; never to be banned:\n[rate.ban]\nexempt = [\"192.0.2.1\"] # the caller's address\n".to_owned()),
            Self::StoreLost => Some("[rate]\nstore_lost = \"local\" # each gate counts by itself meanwhile\n".to_owned()),
        }
    }
}

/// `90 s`, `15 min`, `2 h`.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0 => format!("{} ms", span.as_millis()),
        _ if seconds.is_multiple_of(3600) => format!("{} h", seconds / 3600),
        _ if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}
