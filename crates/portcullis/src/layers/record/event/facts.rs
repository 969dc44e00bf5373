//! What an event tells of the request, taken before anything is changed.

use http::header::{HOST, USER_AGENT};
use http::{Version, request};

use crate::layers::arrival::framing::Wire;

/// More of a target than this is not kept; limits refuse such a request.
const LONGEST_TARGET: usize = 64 * 1024;
const LONGEST_NAME: usize = 512;

/// The request as it was sent, each part bounded. Holds secrets: it is redacted when an event is made, and
/// has no `Debug`.
#[derive(Clone)]
pub struct RequestFacts {
    /// The method.
    pub method: String,
    /// The path and query as sent, without the scheme and authority that HTTP/2 and the absolute form put
    /// before them: the site's own name is not something that the request told.
    pub target: String,
    /// `1.1`, `2`, …; `None` where it could not be read.
    pub(super) version: Option<&'static str>,
    /// `Host`, or the authority of HTTP/2, as sent.
    pub(super) host: Option<Vec<u8>>,
    /// `User-Agent`, as sent.
    pub(super) user_agent: Option<Vec<u8>>,
    /// Whether the request carried cookies.
    pub(crate) had_cookies: bool,
    /// Which kind of answer the client can show.
    pub(crate) taste: crate::page::Taste,
}

impl RequestFacts {
    pub(crate) fn of(head: &request::Parts, _wire: Option<&Wire>) -> Self {
        let header = |name| head.headers.get(name).map(|value: &http::HeaderValue| cut(value.as_bytes()));
        Self {
            method: text(head.method.as_str().as_bytes(), 64),
            target: match head.uri.path_and_query() {
                Some(target) => text(target.as_str().as_bytes(), LONGEST_TARGET),
                None => text(head.uri.to_string().as_bytes(), LONGEST_TARGET),
            },
            version: version(head.version),
            host: header(HOST)
                .or_else(|| head.uri.authority().map(|authority| cut(authority.as_str().as_bytes()))),
            user_agent: header(USER_AGENT),
            had_cookies: head.headers.contains_key(http::header::COOKIE),
            taste: crate::page::Taste::of(&head.headers),
        }
    }

    /// What the client says it is, for people.
    pub(crate) fn agent(&self) -> Option<String> {
        self.user_agent.as_ref().map(|agent| super::printable(agent.get(..64).unwrap_or(agent), 64))
    }

    /// What the client says it is, as far as it can be kept.
    pub(crate) fn whole_agent(&self) -> Option<String> {
        self.user_agent.as_ref().map(|agent| super::printable(agent.get(..256).unwrap_or(agent), 256))
    }

    /// Whether a connection header may go with the answer; HTTP/2 has none (RFC 9113 section 8.2.2).
    pub(crate) fn is_http1(&self) -> bool {
        !matches!(self.version, Some("2" | "3"))
    }

    /// From a head that could not be read: its first line as far as it looks like one.
    pub(crate) fn of_wire(wire: &Wire) -> Self {
        let line = wire.head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let mut words = line.trim_ascii().split(|byte| *byte == b' ');
        let method = words.next().unwrap_or_default();
        let target = words.next().unwrap_or_default();
        Self {
            method: text(method, 64),
            target: text(target, LONGEST_TARGET),
            version: None,
            host: field(&wire.head, b"host"),
            user_agent: field(&wire.head, b"user-agent"),
            had_cookies: false,
            taste: crate::page::Taste::Text,
        }
    }
}

/// The first header of that name in a head that may be broken: good enough to be told, not to be trusted.
fn field(head: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    head.split(|byte| *byte == b'\n').skip(1).find_map(|line| {
        let (found, value) = line.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":")?;
        found.eq_ignore_ascii_case(name).then(|| cut(value.trim_ascii()))
    })
}

fn version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}

fn cut(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().take(LONGEST_NAME).collect()
}

fn text(bytes: &[u8], most: usize) -> String {
    String::from_utf8_lossy(bytes.get(..most).unwrap_or(bytes)).into_owned()
}
