//! STUB

use http::response;

use crate::exchange::Exchange;

/// STUB
pub(crate) fn apply(_head: &mut response::Parts, _exchange: &mut Exchange) {}
