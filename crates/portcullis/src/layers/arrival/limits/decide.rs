//! STUB

use http::request;

use super::{Config, Reason};
use crate::body::Inspector;
use crate::verdict::Verdict;

/// STUB
pub(crate) fn judge_head(_head: &request::Parts, _config: &Config) -> Verdict<(), Reason> {
    Verdict::Pass(())
}

/// STUB
pub(crate) fn judge_body(_inspector: &Inspector, _config: &Config) -> Verdict<(), Reason> {
    Verdict::Pass(())
}
