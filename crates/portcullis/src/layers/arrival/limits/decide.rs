//! Judging sizes and counts.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, RANGE};
use http::{HeaderMap, request};

use super::{Config, Reason};
use crate::body::{Inspector, query_fault};
use crate::verdict::Verdict;

/// What the head alone tells.
pub(crate) fn judge_head(head: &request::Parts, config: &Config) -> Verdict<(), Reason> {
    let url = length(head.uri.path_and_query().map_or(0, |target| target.as_str().len()));
    if url > config.url {
        return Verdict::Deny(Reason::UrlTooLong { length: url, limit: config.url });
    }
    let count = length(head.headers.len());
    if count > config.headers {
        return Verdict::Deny(Reason::TooManyHeaders { count, limit: config.headers });
    }
    // The request line: method, target, `HTTP/1.1`, two spaces and a line break.
    let mut sum = url.saturating_add(length(head.method.as_str().len())).saturating_add(12);
    for (name, value) in &head.headers {
        // As a line: a colon, a space and a line break besides.
        let size = length(name.as_str().len()).saturating_add(length(value.len()));
        sum = sum.saturating_add(size).saturating_add(4);
        if size > config.header {
            let name = name.as_str().to_owned();
            return Verdict::Deny(Reason::HeaderTooLarge { name, size, limit: config.header });
        }
    }
    if sum > config.head {
        return Verdict::Deny(Reason::HeadTooLarge { size: sum, limit: config.head });
    }
    let mut types = head.headers.get_all(CONTENT_TYPE).iter();
    if let (Some(_), Some(_)) = (types.next(), types.next()) {
        let values: Vec<&[u8]> = head.headers.get_all(CONTENT_TYPE).iter().map(|v| v.as_bytes()).collect();
        return Verdict::Deny(Reason::RepeatContentType { values: values.join(&b", "[..]) });
    }
    let ranges = asked_ranges(&head.headers);
    if ranges > config.ranges {
        return Verdict::Deny(Reason::TooManyRanges { count: ranges, limit: config.ranges });
    }
    if let Some(announced) = content_length(&head.headers).filter(|announced| *announced > config.body) {
        return Verdict::Deny(Reason::BodyTooLarge { announced: Some(announced), limit: config.body });
    }
    match head.uri.query().and_then(|query| query_fault(query, config)) {
        Some(reason) => Verdict::Deny(reason),
        None => Verdict::Pass(()),
    }
}

/// How many ranges of a resource are asked for (RFC 9110 section 14.2), each of them an answer of its own.
fn asked_ranges(headers: &HeaderMap) -> u64 {
    let list = |name| headers.get_all(name).iter().map(|value| value.as_bytes());
    // `Request-Range` is what an old browser sent, and old servers still read.
    let fields = list(RANGE).chain(list(HeaderName::from_static("request-range")));
    let specs = fields.map(|field| length(field.split(|byte| *byte == b',').count()));
    specs.fold(0, u64::saturating_add)
}

/// What the body told so far.
pub(crate) fn judge_body(inspector: &Inspector, _config: &Config) -> Verdict<(), Reason> {
    match inspector.exceeded() {
        Some(reason) => Verdict::Deny(reason.clone()),
        None => Verdict::Pass(()),
    }
}

/// What the head says of the body's length; a doubled or unreadable one is framing's business.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim_ascii();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

fn length(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}
