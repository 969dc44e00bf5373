//! STUB

use http::response;

use crate::exchange::Exchange;
use crate::layers::departure::html::Findings;

/// STUB
///
/// `findings` is what the page contains; `None` where the body is no page or was not searched.
pub(crate) fn apply(_head: &mut response::Parts, _exchange: &mut Exchange, _findings: Option<&Findings>) {}
