//! Which kind of answer a client can show.

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, UPGRADE};

/// A page for people, a problem for programs, text for the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taste {
    /// HTML.
    Page,
    /// `application/problem+json` (RFC 9457).
    Problem,
    /// Plain text.
    Text,
}

impl Taste {
    /// What the request's headers ask for. Browsers tell best by `Sec-Fetch-Mode` and `Sec-Fetch-Dest`;
    /// `Accept` decides where they are silent.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let one = |name: HeaderName| headers.get(name).map(http::HeaderValue::as_bytes);
        let says = |name: &'static str, wanted: &[u8]| {
            one(HeaderName::from_static(name)).is_some_and(|value| value.eq_ignore_ascii_case(wanted))
        };
        if headers.contains_key(UPGRADE) {
            return Self::Text;
        }
        if says("x-requested-with", b"XMLHttpRequest") {
            return Self::Problem;
        }
        if says("sec-fetch-mode", b"navigate") {
            return Self::Page;
        }
        let (html, json) = accepted(headers);
        if html > json {
            return Self::Page;
        }
        let scripted = says("sec-fetch-dest", b"empty")
            && (says("sec-fetch-mode", b"cors") || says("sec-fetch-mode", b"same-origin"));
        let sends_json = one(CONTENT_TYPE).is_some_and(is_json);
        if json > 0 || scripted || sends_json { Self::Problem } else { Self::Text }
    }
}

/// How much HTML and JSON are wanted, in thousandths; wildcards want neither.
fn accepted(headers: &HeaderMap) -> (u16, u16) {
    let (mut html, mut json) = (0, 0);
    let items = headers.get_all(ACCEPT).iter().flat_map(|value| value.as_bytes().split(|b| *b == b','));
    for item in items.take(32) {
        let mut parts = item.split(|byte| *byte == b';');
        let kind = parts.next().unwrap_or_default().trim_ascii();
        let weight = parts.find_map(weight).unwrap_or(1000);
        if kind.eq_ignore_ascii_case(b"text/html") || kind.eq_ignore_ascii_case(b"application/xhtml+xml") {
            html = html.max(weight);
        } else if is_json(kind) {
            json = json.max(weight);
        }
    }
    (html, json)
}

/// `q=0.8` as 800 (RFC 9110 section 12.4.2).
fn weight(parameter: &[u8]) -> Option<u16> {
    let parameter = parameter.trim_ascii();
    let value = parameter.strip_prefix(b"q=").or_else(|| parameter.strip_prefix(b"Q="))?;
    let text = std::str::from_utf8(value).ok()?;
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: u16 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    Some(whole.parse::<u16>().ok()?.min(1).saturating_mul(1000).saturating_add(part).min(1000))
}

fn is_json(kind: &[u8]) -> bool {
    let essence = kind.split(|byte| *byte == b';').next().unwrap_or(kind).trim_ascii();
    let suffix = essence.get(essence.len().saturating_sub(5)..).unwrap_or_default();
    essence.eq_ignore_ascii_case(b"application/json") || suffix.eq_ignore_ascii_case(b"+json")
}
