//! STUB: the pages that we answer with ourselves.

use bytes::Bytes;
use http::Response;

use crate::exchange::Exchange;
use crate::reason::Reason;
use crate::verdict::Grounds;

/// The answer to a refused request.
pub(crate) fn refusal(exchange: &Exchange, reason: &Reason) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("refused: {}\n", exchange.id)));
    *response.status_mut() = reason.status();
    response
}
