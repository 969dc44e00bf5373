//! What a response's body is, and so what is done with it.

use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, TRANSFER_ENCODING,
};
use http::{HeaderMap, Method, StatusCode, response};

use super::coding::{Coding, UnknownCoding};
use crate::layers::departure::html;

/// The most of a body that is held as it came: what is longer goes out before its end is seen.
pub(super) const HELD: usize = 256 << 10;
/// The same of a page whose length is not known: it may be streamed on purpose.
pub(super) const HELD_OF_STREAM: usize = 64 << 10;
/// The most that what is held may decode to.
pub(super) const HELD_PLAIN: usize = 1 << 20;

/// A kind of body, by its `Content-Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Page(html::Kind),
    Text,
    Script,
    /// What only rules look at.
    Other,
}

/// A body that is looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) body: Body,
    pub(super) charset: Option<String>,
    pub(super) coding: Coding,
    /// How much is held before the head goes; zero when nothing is.
    pub(super) hold: usize,
}

/// What is looked into, and why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Look {
    Into(Subject),
    /// There is no body, or none that we would read.
    Away,
    /// It would be read, were its coding known.
    AwayFrom(UnknownCoding),
}

/// Looks at the head.
pub(super) fn look(method: &Method, head: &response::Parts) -> Look {
    if !has_whole_body(method, head.status) || is_attachment(&head.headers) {
        return Look::Away;
    }
    let Some((body, charset)) = kind(&head.headers) else { return Look::Away };
    let coding = match Coding::of(&head.headers) {
        Ok(coding) => coding,
        Err(unknown) => return Look::AwayFrom(unknown),
    };
    let short = known_length(&head.headers).is_some_and(|length| length <= HELD as u64);
    let hold = match body {
        Body::Script => 0,
        _ if short || head.status.is_server_error() => HELD,
        Body::Page(_) => HELD_OF_STREAM,
        Body::Text | Body::Other => 0,
    };
    Look::Into(Subject { body, charset, coding, hold })
}

/// Whether a page may be changed on its way: not what the app says must stay (RFC 9111 section 5.2.2.6),
/// nor what shared caches will give to other visitors.
pub(super) fn may_be_changed(headers: &HeaderMap) -> bool {
    !headers.get_all(CACHE_CONTROL).iter().any(|value| {
        value.as_bytes().split(|byte| *byte == b',').any(|directive| {
            let name = directive.split(|byte| *byte == b'=').next().unwrap_or(directive).trim_ascii();
            [&b"no-transform"[..], b"public", b"s-maxage"]
                .iter()
                .any(|shared| name.eq_ignore_ascii_case(shared))
        })
    })
}

/// Answers that have a body, and all of it: no HEAD, 1xx, 204, 304 (RFC 9110 section 6.4.1), no range.
pub(super) fn has_whole_body(method: &Method, status: StatusCode) -> bool {
    method != Method::HEAD
        && method != Method::CONNECT
        && !status.is_informational()
        && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED | StatusCode::PARTIAL_CONTENT)
}

/// What the `Content-Type` says. A browser takes the last of several; without one it may sniff a page, so
/// that the text is at least searched.
pub(super) fn kind(headers: &HeaderMap) -> Option<(Body, Option<String>)> {
    let Some(value) = headers.get_all(CONTENT_TYPE).iter().next_back() else {
        return Some((Body::Text, None));
    };
    let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut parts = text.split(';');
    let essence = parts.next().unwrap_or("").trim().to_ascii_lowercase();
    let charset = parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_owned())
    });
    let body = match essence.as_str() {
        "text/html" => Body::Page(html::Kind::Html),
        "application/xhtml+xml" => Body::Page(html::Kind::Xhtml),
        "text/javascript"
        | "application/javascript"
        | "application/x-javascript"
        | "application/ecmascript" => Body::Script,
        "text/css" | "text/event-stream" => return None,
        "application/json" | "application/xml" | "application/x-ndjson" | "" => Body::Text,
        other if other.starts_with("text/") => Body::Text,
        other if other.starts_with("application/grpc") => return None,
        other if other.ends_with("+json") || other.ends_with("+xml") => Body::Text,
        _ => return None,
    };
    Some((body, charset))
}

fn is_attachment(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_DISPOSITION).iter().any(|value| {
        let bytes = value.as_bytes();
        let kind = bytes.split(|byte| *byte == b';').next().unwrap_or(bytes);
        kind.trim_ascii().eq_ignore_ascii_case(b"attachment")
    })
}

fn known_length(headers: &HeaderMap) -> Option<u64> {
    if headers.contains_key(TRANSFER_ENCODING) {
        return None;
    }
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// Fields that speak of the exact bytes (RFC 9530, RFC 3230, RFC 2616 section 14.15).
pub(super) const OF_EXACT_BYTES: [HeaderName; 5] = [
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("accept-ranges"),
];
