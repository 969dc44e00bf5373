//! STUB

use bytes::Bytes;
use http::request;

use super::{Config, Reason};
use crate::verdict::Verdict;

/// What the strict reader saw of a request head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// The request line and headers exactly as sent, up to and including the empty line (or as much as
    /// there was).
    pub head: Bytes,
    /// Everything that is wrong with it, in the order found.
    pub faults: Vec<Reason>,
}

impl Wire {
    /// The fault that made the head unreadable: the first.
    #[must_use]
    pub fn fatal(&self) -> Reason {
        self.faults.first().cloned().unwrap_or(Reason::Stub)
    }
}

/// STUB
pub(crate) fn judge(_head: &request::Parts, wire: Option<&Wire>, _config: &Config) -> Verdict<(), Reason> {
    match wire.and_then(|wire| wire.faults.first()) {
        Some(fault) => Verdict::Deny(fault.clone()),
        None => Verdict::Pass(()),
    }
}

/// The path as routes are compared with: percent-decoded, slashes merged.
#[must_use]
pub fn normal_path(path: &str) -> String {
    path.to_owned()
}
