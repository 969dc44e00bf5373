//! The head, once it is known what becomes of the body: the one place where it is made ready to go.

use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, SET_COOKIE, VARY,
};
use http::{HeaderMap, HeaderValue, response};

use super::subject::OF_EXACT_BYTES;
use crate::exchange::Exchange;
use crate::keys::Keyring;
use crate::layers::caller::rate;
use crate::layers::departure::html::Findings;
use crate::layers::departure::{cookies, headers};
use crate::layers::record::event::Event;

/// What was done to the body.
pub(super) enum Change {
    /// Nothing: the app's bytes.
    None,
    /// Tokens were put in, and the whole is this long.
    Length(usize),
    /// Tokens were put in, or may yet be.
    Streaming,
}

/// Makes the head ready: cookies of the app, cookies of ours, what spoke of the old bytes, headers.
pub(super) fn finish(
    head: &mut response::Parts,
    exchange: &mut Exchange,
    keys: &Keyring,
    change: &Change,
    ours: impl IntoIterator<Item = HeaderValue>,
    findings: Option<&Findings>,
) -> Vec<Event> {
    cookies::depart(&mut head.headers, exchange, keys);
    for cookie in std::mem::take(&mut exchange.cookies) {
        // What a page of ours set itself is later than what was found on the way in.
        if !cookies::sets_same(&head.headers, &cookie) {
            head.headers.append(SET_COOKIE, cookie);
        }
    }
    for cookie in ours {
        head.headers.append(SET_COOKIE, cookie);
    }
    match change {
        Change::None => {}
        Change::Length(length) => {
            body_differs(&mut head.headers);
            head.headers.insert(CONTENT_LENGTH, HeaderValue::from(*length));
        }
        Change::Streaming => {
            body_differs(&mut head.headers);
            head.headers.remove(CONTENT_LENGTH);
        }
    }
    // Our pages bring the policy that fits them; one that the site forces would take their style away.
    let own = exchange.own.and_then(|_| head.headers.get(CONTENT_SECURITY_POLICY).cloned());
    headers::apply(head, exchange, findings);
    if let Some(own) = own {
        head.headers.insert(CONTENT_SECURITY_POLICY, own);
    }
    if exchange.rules.rate.headers {
        rate::announce(&mut head.headers, &exchange.allowances);
    }
    if exchange.visitor.person().is_some() && !head.headers.contains_key(CACHE_CONTROL) {
        // Made for this person: no shared cache may keep it, and after sign-out no page may come back by the browser's
        // own (RFC 9111 section 5.2.2).
        let is_page =
            head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        let keep = if is_page { "no-store" } else { "private" };
        head.headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    }
    if !matches!(change, Change::None) && !head.headers.contains_key(CACHE_CONTROL) {
        // Without it a shared cache may keep the page and give one visitor's token to others.
        head.headers.insert(CACHE_CONTROL, HeaderValue::from_static("private"));
    }
    exchange.take_events()
}

/// What holds for the app's bytes does not hold for ours; the meaning is the same, so that the validator
/// stays as a weak one (RFC 9110 section 8.8.1).
pub(super) fn body_differs(headers: &mut HeaderMap) {
    for name in OF_EXACT_BYTES {
        headers.remove(name);
    }
    let weak = headers.get(ETAG).filter(|tag| tag.as_bytes().starts_with(b"\"")).and_then(|tag| {
        let mut bytes = b"W/".to_vec();
        bytes.extend_from_slice(tag.as_bytes());
        HeaderValue::from_bytes(&bytes).ok()
    });
    if let Some(weak) = weak {
        headers.insert(ETAG, weak);
    }
    // The token is the visitor's, who is known by a cookie.
    let varies = headers.get_all(VARY).iter().any(|value| {
        value.as_bytes().split(|byte| *byte == b',').any(|name| {
            let name = name.trim_ascii();
            name == b"*" || name.eq_ignore_ascii_case(b"cookie")
        })
    });
    if !varies {
        headers.append(VARY, HeaderValue::from_static("Cookie"));
    }
}
