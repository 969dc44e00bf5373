//! STUB

use http::StatusCode;

use crate::verdict::{Evidence, Grounds, Place};

/// Why this layer denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// STUB
    Stub,
}

impl Grounds for Reason {
    fn code(&self) -> &'static str {
        "host.stub"
    }
    fn status(&self) -> StatusCode {
        StatusCode::FORBIDDEN
    }
    fn sentence(&self) -> String {
        String::new()
    }
    fn why(&self) -> &'static str {
        ""
    }
    fn evidence(&self) -> Option<Evidence> {
        None
    }
    fn exception(&self, _at: &Place<'_>) -> Option<String> {
        None
    }
}
