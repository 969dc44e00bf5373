//! What a browser adds to a request by itself, and what it adds only after asking the app.

use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use http::{HeaderMap, Method, request};

use crate::exchange::Exchange;

/// Authentication schemes whose credentials browsers keep and add by themselves. A bearer token is added
/// by a script that holds it, so that a foreign page cannot.
const AMBIENT_SCHEMES: [&str; 4] = ["basic", "digest", "negotiate", "ntlm"];

/// Types of body that a page may send anywhere without a CORS preflight (Fetch, "CORS-safelisted
/// request-header").
const FORM_TYPES: [&str; 3] = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];

/// Whether the request has credentials that its sender need not have known.
pub(super) fn are_ambient(headers: &HeaderMap, exchange: &Exchange) -> bool {
    // Our own cookies have been taken out of the head.
    exchange.presented.is_ambient()
        || exchange.peer.tls.as_ref().is_some_and(|tls| tls.client_certificate)
        || headers.get_all(COOKIE).iter().any(|value| !value.as_bytes().trim_ascii().is_empty())
        || headers.get_all(AUTHORIZATION).iter().any(|value| is_ambient_scheme(value.as_bytes()))
}

/// Whether a page of another origin could only have made a browser send this after the app agreed to it
/// in a CORS preflight.
pub(super) fn had_preflight(head: &request::Parts, exchange: &Exchange) -> bool {
    // A key of ours has been taken out of `Authorization`.
    exchange.presented.key.is_some()
        || ![Method::POST, Method::GET, Method::HEAD].contains(&head.method)
        || head.headers.contains_key(AUTHORIZATION)
        || head.headers.get_all(CONTENT_TYPE).iter().any(|value| !is_form_type(value.as_bytes()))
}

/// Whether the body can hold a form field, and with it our token.
pub(super) fn body_is_form(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| {
        let essence = essence(value.as_bytes());
        FORM_TYPES.iter().take(2).any(|form| essence.eq_ignore_ascii_case(form.as_bytes()))
    })
}

fn is_ambient_scheme(value: &[u8]) -> bool {
    let scheme =
        value.trim_ascii_start().split(|byte| *byte == b' ' || *byte == b'\t').next().unwrap_or(value);
    AMBIENT_SCHEMES.iter().any(|ambient| scheme.eq_ignore_ascii_case(ambient.as_bytes()))
}

fn is_form_type(value: &[u8]) -> bool {
    let essence = essence(value);
    // An empty type is what a `Blob` without one sends, and needs no preflight either.
    essence.is_empty() || FORM_TYPES.iter().any(|form| essence.eq_ignore_ascii_case(form.as_bytes()))
}

/// The type without its parameters. A browser reads `text/plain; application/json` as `text/plain`,
/// while some frameworks find JSON in it.
fn essence(value: &[u8]) -> &[u8] {
    value.split(|byte| *byte == b';' || *byte == b',').next().unwrap_or(value).trim_ascii()
}
