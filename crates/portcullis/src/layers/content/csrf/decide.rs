//! STUB

use http::{HeaderMap, request};

use super::{Config, Reason};
use crate::body::Inspector;
use crate::exchange::Exchange;
use crate::keys::Keyring;
use crate::verdict::Verdict;

/// Why it is believed that the user meant to send this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// The layer is off here, or only observes.
    Unasked,
    /// STUB
    Safe,
}

impl Intent {
    /// Whether the body must be searched for a token.
    #[must_use]
    pub fn needs_token(&self) -> bool {
        false
    }
}

/// STUB
pub(crate) fn judge_head(
    _head: &request::Parts,
    _exchange: &Exchange,
    _keys: &Keyring,
) -> Verdict<Intent, Reason> {
    Verdict::Pass(Intent::Safe)
}

/// STUB
pub(crate) fn judge_body(
    _intent: &Intent,
    _inspector: &Inspector,
    _exchange: &Exchange,
    _keys: &Keyring,
) -> Verdict<(), Reason> {
    Verdict::Pass(())
}

/// STUB
pub(crate) fn prepare_for_app(
    _intent: &Intent,
    _headers: &mut HeaderMap,
    _inspector: &mut Inspector,
    _config: &Config,
) {
}
