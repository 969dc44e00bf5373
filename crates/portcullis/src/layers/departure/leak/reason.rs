//! Why a response is not let out.

use http::StatusCode;

use crate::verdict::{Evidence, Grounds, Place};

/// Why this layer denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A stack trace, of the language named.
    ShowsTrace {
        /// Whose.
        of: &'static str,
        /// How it begins.
        excerpt: Vec<u8>,
    },
    /// A debugger's page.
    ShowsDebugger {
        /// Whose.
        of: &'static str,
        /// What gives it away.
        excerpt: Vec<u8>,
    },
    /// An error text of a database.
    ShowsDatabaseError {
        /// Whose.
        of: &'static str,
        /// How it begins.
        excerpt: Vec<u8>,
    },
    /// A private key or a credential.
    ShowsSecret {
        /// What it opens.
        of: &'static str,
        /// Its first characters and its length; never the whole.
        redacted: String,
    },
}

impl Grounds for Reason {
    fn code(&self) -> &'static str {
        match self {
            Self::ShowsTrace { .. } => "leak.shows_trace",
            Self::ShowsDebugger { .. } => "leak.shows_debugger",
            Self::ShowsDatabaseError { .. } => "leak.shows_database_error",
            Self::ShowsSecret { .. } => "leak.shows_secret",
        }
    }

    fn status(&self) -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }

    fn sentence(&self) -> String {
        match self {
            Self::ShowsTrace { of, .. } => format!("the response shows a stack trace of `{of}`"),
            Self::ShowsDebugger { of, .. } => format!("the response is a page of the debugger of `{of}`"),
            Self::ShowsDatabaseError { of, .. } => {
                format!("the response shows an error text of the database `{of}`")
            }
            Self::ShowsSecret { of, redacted } => {
                format!("the response shows a secret, `{of}`, beginning `{redacted}`")
            }
        }
    }

    fn why(&self) -> &'static str {
        match self {
            Self::ShowsTrace { .. } => {
                "a stack trace tells an attacker files, versions and code of the app (CWE-209)"
            }
            Self::ShowsDebugger { .. } => {
                "a debugger shows code, settings and variables to every visitor, and Werkzeug's runs code (CWE-489, CWE-215)"
            }
            Self::ShowsDatabaseError { .. } => {
                "an error text of the database shows the query, and tells an attacker that input reaches it (CWE-209, CWE-89)"
            }
            Self::ShowsSecret { .. } => {
                "who reads a key can use it; take it out of the app and replace it by a new one, for this one was about to leave (CWE-312, CWE-798)"
            }
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        let bytes = match self {
            Self::ShowsTrace { excerpt, .. }
            | Self::ShowsDebugger { excerpt, .. }
            | Self::ShowsDatabaseError { excerpt, .. } => excerpt.as_slice(),
            Self::ShowsSecret { redacted, .. } => redacted.as_bytes(),
        };
        Some(Evidence::new("response body", bytes))
    }

    fn exception(&self, at: &Place<'_>) -> Option<String> {
        let body = match self {
            Self::ShowsSecret { .. } => {
                "# danger: every secret that this path shows leaves the site\n[route.leak]\ndangerous_show_secrets = true\n"
            }
            Self::ShowsTrace { .. } | Self::ShowsDebugger { .. } | Self::ShowsDatabaseError { .. } => {
                "# danger: visitors see the app's errors on this path\n[route.leak]\ndangerous_show_errors = true\n"
            }
        };
        Some(at.route(body))
    }
}
