//! What the head says of the page that caused the request.

use http::header::{HeaderName, ORIGIN, REFERER, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, request};

use super::Reason;
use crate::exchange::Exchange;
use crate::origin::Origin;

/// Headers by which frameworks let a request change its method.
const OVERRIDES: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

pub(super) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// `Sec-Fetch-Site` (Fetch Metadata section 2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FetchSite {
    SameOrigin,
    SameSite,
    /// Also a value that nobody knows yet: in doubt it is foreign.
    CrossSite,
    /// Not caused by any page.
    None,
}

/// An `Origin` or `Referer`, compared with ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Ours,
    Trusted(Origin),
    Null,
    /// As sent, when it is not even an origin.
    Foreign(Vec<u8>),
}

/// A header that a browser sends at most once.
pub(super) fn single<'a>(
    headers: &'a HeaderMap,
    name: HeaderName,
    shown: &'static str,
) -> Result<Option<&'a HeaderValue>, Reason> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (first, None) => Ok(first),
        (_, Some(second)) => Err(Reason::RepeatedHeader { name: shown, second: second.as_bytes().to_vec() }),
    }
}

pub(super) fn fetch_site(headers: &HeaderMap) -> Result<Option<FetchSite>, Reason> {
    let value = single(headers, SEC_FETCH_SITE, "sec-fetch-site")?;
    Ok(value.map(|value| match value.as_bytes() {
        b"same-origin" => FetchSite::SameOrigin,
        b"same-site" => FetchSite::SameSite,
        b"none" => FetchSite::None,
        _ => FetchSite::CrossSite,
    }))
}

pub(super) fn origin(headers: &HeaderMap, exchange: &Exchange) -> Result<Option<Source>, Reason> {
    let Some(value) = single(headers, ORIGIN, "origin")? else { return Ok(None) };
    if value.as_bytes() == b"null" {
        return Ok(Some(Source::Null));
    }
    let read = value.to_str().ok().and_then(Origin::parse);
    Ok(Some(compare(read, value.as_bytes(), exchange)))
}

/// `Referer`, of which only the origin counts and is kept: its path may hold secrets of another site.
pub(super) fn referer(headers: &HeaderMap, exchange: &Exchange) -> Result<Option<Source>, Reason> {
    let Some(value) = single(headers, REFERER, "referer")? else { return Ok(None) };
    let read = value.to_str().ok().and_then(Origin::of_url);
    let shown = match &read {
        Some(origin) => origin.to_string().into_bytes(),
        None => {
            value.as_bytes().split(|byte| *byte == b'?' || *byte == b'#').next().unwrap_or_default().to_vec()
        }
    };
    Ok(Some(compare(read, &shown, exchange)))
}

fn compare(read: Option<Origin>, shown: &[u8], exchange: &Exchange) -> Source {
    let ours = Origin::ours(exchange.scheme, &exchange.site);
    match read {
        // The HTTPS side of a host is the stronger one: no page there is in the hands of the network.
        Some(origin) if origin == ours || ours.is_plain_side_of(&origin) => Source::Ours,
        Some(origin) if exchange.rules.csrf.trusts(&origin) => Source::Trusted(origin),
        Some(_) | None => Source::Foreign(shown.to_vec()),
    }
}

/// A handshake that opens a socket for scripts: `Upgrade: websocket` (RFC 6455 section 4.1), or extended
/// `CONNECT` (RFC 8441, and WebTransport), which is all that `CONNECT` is good for at a gate.
pub(super) fn is_websocket_handshake(head: &request::Parts) -> bool {
    head.method == Method::CONNECT
        || head.headers.get_all(UPGRADE).iter().any(|value| {
            value
                .as_bytes()
                .split(|byte| *byte == b',')
                .any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"websocket"))
        })
}

/// Whether the method promises to change nothing (RFC 9110 section 9.2.1), and nothing asks the app to
/// take it for another.
pub(super) fn is_safe(head: &request::Parts) -> bool {
    is_safe_method(head.method.as_str().as_bytes())
        && OVERRIDES
            .iter()
            .flat_map(|name| head.headers.get_all(*name))
            .all(|value| is_safe_method(value.as_bytes().trim_ascii()))
        && head.uri.query().is_none_or(|query| query.split('&').all(keeps_the_method))
}

/// Whether a parameter of the query is not `_method` with the name of an unsafe method.
fn keeps_the_method(pair: &str) -> bool {
    let could_be = pair.starts_with('_') || pair.starts_with('%');
    !could_be
        || url::form_urlencoded::parse(pair.as_bytes())
            .all(|(name, value)| name != "_method" || is_safe_method(value.as_bytes()))
}

fn is_safe_method(method: &[u8]) -> bool {
    [&b"GET"[..], b"HEAD", b"OPTIONS", b"TRACE"].iter().any(|safe| method.eq_ignore_ascii_case(safe))
}
