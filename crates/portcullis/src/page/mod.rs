//! The pages that we answer with ourselves: refusals, and an app that does not answer.
//!
//! A browser gets a page, a program that asks for JSON gets `application/problem+json` (RFC 9457), all else
//! plain text. Each tells what happened in a visitor's words, what the visitor can do and the id by which
//! the operator finds the event, and nothing of what stands behind the gate: the reason's own sentence is
//! for the log, since it would tell an attacker what to try next (CWE-209).

mod answer;
mod failure;
mod form;
mod taste;
mod words;

use bytes::Bytes;
use http::header::{CONNECTION, LOCATION, SET_COOKIE, STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

pub use failure::{GatewayError, gateway_error};
pub use taste::Taste;

use crate::exchange::Exchange;
use crate::layers::arrival::transport;
use crate::layers::caller::{access, rate, session};
use crate::layers::content::csrf;
use crate::reason::Reason;
use crate::verdict::{Grounds, Layer};

/// The answer to a refused request.
pub(crate) fn refusal(exchange: &Exchange, reason: &Reason) -> Response<Bytes> {
    let status = reason.status();
    let words = words::of(status, reason.code());
    let taste = exchange.request.taste;
    let expired = matches!(reason, Reason::Csrf(csrf::Reason::ExpiredToken));
    let resubmit = exchange.resubmit.as_ref().filter(|_| expired);
    let form = resubmit.map(|resubmit| form::Form::of(resubmit, exchange));
    let mut response = answer::with(taste, status, &words, exchange.id.as_str(), form);
    let headers = response.headers_mut();
    if let Reason::Transport(reason) = reason
        && let Some(Ok(location)) = reason.location().map(HeaderValue::from_str)
    {
        headers.insert(LOCATION, location);
    }
    if let Some(hsts) = transport::hsts_header(&exchange.rules.transport, exchange.scheme, &exchange.site) {
        headers.insert(STRICT_TRANSPORT_SECURITY, hsts);
    }
    if let Reason::Gate(reason) = reason
        && let Some(Ok(location)) = reason.location().map(HeaderValue::from_bytes)
    {
        headers.insert(LOCATION, location);
    }
    if let Reason::Rate(reason) = reason {
        rate::announce_refusal(headers, reason, &exchange.allowances);
    }
    if let Reason::Access(reason) = reason {
        access::announce(headers, reason);
    }
    if let Reason::Session(session::Reason::UnknownKey) = reason {
        // RFC 6750 section 3.1.
        let challenge = HeaderValue::from_static("Bearer realm=\"portcullis\", error=\"invalid_token\"");
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    for cookie in &exchange.cookies {
        headers.append(SET_COOKIE, cookie.clone());
    }
    if must_close(reason.layer(), status) && exchange.request.is_http1() {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if let Reason::Transport(reason) = reason
        && let Some(location) = reason.location().and_then(|url| HeaderValue::from_str(url).ok())
    {
        headers.insert(LOCATION, location);
    }
    response
}

/// Where the message ends is in doubt, or the rest of it will not be read: what follows on the connection
/// must not be taken for a request (RFC 9112 section 11.2).
fn must_close(layer: Layer, status: StatusCode) -> bool {
    layer == Layer::Framing || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE)
}

#[cfg(test)]
mod tests;
