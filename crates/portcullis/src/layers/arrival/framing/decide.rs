use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, Method, Version, request};

use super::authority::{is_host_and_port, same};
use super::chunked::{MOST_TRAILERS, may_trail};
use super::field::{belongs_to_connection, decides, is_disguised, trimmed, undisguised};
use super::head::{coding_faults, length};
use super::{Config, Fault, Reason, path};
use crate::verdict::Verdict;

/// What the strict reader saw of a request head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// The request line and headers exactly as sent, up to and including the empty line (or as much as
    /// there was).
    pub head: Bytes,
    /// Everything that is wrong with it, in the order found. With most of these the head cannot be read,
    /// and [`crate::Engine::receive`] refuses it in every mode.
    pub faults: Vec<Reason>,
}

impl Wire {
    /// Whether the head can be read in one way alone, whatever is wrong with it.
    #[must_use]
    pub fn readable(&self) -> bool {
        self.faults.iter().all(Reason::leaves_one_reading)
    }

    /// The fault that made the head unreadable: the first of those that did.
    #[must_use]
    pub fn fatal(&self) -> Reason {
        let unreadable = self.faults.iter().find(|fault| !fault.leaves_one_reading());
        unreadable
            .or(self.faults.first())
            .cloned()
            .unwrap_or_else(|| Reason::new(Fault::RequestLineShape, "head", &self.head))
    }
}

/// Judges a head of any version, cheap checks first; see the module page for the order.
pub(crate) fn judge(head: &request::Parts, wire: Option<&Wire>, config: &Config) -> Verdict<(), Reason> {
    let fault = wire
        .and_then(|wire| wire.faults.first().cloned())
        .or_else(|| method_fault(head))
        .or_else(|| host_fault(head, wire.is_some()))
        .or_else(|| body_fault(head))
        .or_else(|| hop_fault(head))
        .or_else(|| name_fault(&head.headers, config))
        .or_else(|| path_fault(head, config));
    match fault {
        Some(reason) => Verdict::Deny(reason),
        None => Verdict::Pass(()),
    }
}

/// What is wrong with the trailers of a body that did not pass the strict reader, as those over HTTP/2: on
/// the way to the app they may become headers (RFC 9110 section 6.5.1).
#[must_use]
pub fn trailers_fault(trailers: &HeaderMap) -> Option<Reason> {
    if trailers.len() > MOST_TRAILERS {
        return Some(Reason::new(Fault::TrailersMany, "trailers", b""));
    }
    let name = trailers.keys().find(|name| !may_trail(name.as_str()))?;
    Some(Reason::new(Fault::TrailerForbidden, "trailers", name.as_str().as_bytes()))
}

fn multiplexed(head: &request::Parts) -> bool {
    head.version >= Version::HTTP_2
}

/// The method and the form of the target, for doors without the reader and for HTTP/2 (RFC 9113 section
/// 8.3.1).
fn method_fault(head: &request::Parts) -> Option<Reason> {
    let target = head.uri.path();
    let whole = head.uri.path_and_query().map_or("", http::uri::PathAndQuery::as_str);
    if !whole.is_ascii() {
        return Some(Reason::new(Fault::TargetEightBit, "target", whole.as_bytes()));
    }
    if head.method == Method::CONNECT {
        let asked = head.uri.to_string();
        return Some(Reason::new(Fault::ConnectMethod, "method", asked.as_bytes()));
    }
    match target {
        "*" if head.method != Method::OPTIONS => {
            Some(Reason::new(Fault::TargetAsterisk, "target", target.as_bytes()))
        }
        "*" => None,
        _ if target.starts_with('/') => None,
        _ => Some(Reason::new(Fault::TargetForm, "target", target.as_bytes())),
    }
}

/// One host, and the same wherever it is named (RFC 9112 section 3.2, RFC 9113 section 8.3.1).
fn host_fault(head: &request::Parts, on_the_wire: bool) -> Option<Reason> {
    let named = head.uri.authority().map(http::uri::Authority::as_str);
    let mut hosts = head.headers.get_all(HOST).iter();
    let here = |fault, bytes: &[u8]| Some(Reason::new(fault, "header `host`", bytes));
    if let Some(authority) = named
        && !is_host_and_port(authority.as_bytes())
    {
        return Some(Reason::new(Fault::HostInvalid, "target", authority.as_bytes()));
    }
    let Some(host) = hosts.next() else {
        // HTTP/2 names the host in `:authority`; so do doors that rebuild a request from parts.
        let told = named.is_some() && (multiplexed(head) || !on_the_wire);
        return if told { None } else { here(Fault::HostMissing, b"") };
    };
    if let Some(second) = hosts.next() {
        return here(Fault::HostRepeated, second.as_bytes());
    }
    if host.is_empty() {
        return here(Fault::HostEmpty, b"");
    }
    if !is_host_and_port(host.as_bytes()) {
        return here(Fault::HostInvalid, host.as_bytes());
    }
    match named {
        Some(authority) if !same(authority.as_bytes(), host.as_bytes(), head.uri.scheme_str()) => {
            here(Fault::HostDiffers, host.as_bytes())
        }
        _ => None,
    }
}

/// Lengths and codings once more: other doors' HTTP libraries are laxer than our reader, and an HTTP/2
/// request becomes HTTP/1 on its way to the app.
fn body_fault(head: &request::Parts) -> Option<Reason> {
    let mut faults = Vec::new();
    let lengths = values(&head.headers, &CONTENT_LENGTH);
    let codings = values(&head.headers, &TRANSFER_ENCODING);
    length(&lengths, &mut faults);
    if !multiplexed(head) {
        coding_faults(&codings, head.version < Version::HTTP_11, &mut faults);
    }
    if !lengths.is_empty() && !codings.is_empty() {
        let coding = codings.first().copied().unwrap_or_default();
        faults.push(Reason::new(Fault::LengthWithCoding, "header `transfer-encoding`", coding));
    }
    faults.into_iter().next()
}

/// Fields that belong to one connection must neither come over HTTP/2 (RFC 9113 section 8.2.2) nor hide
/// others from the app (RFC 9110 section 7.6.1).
fn hop_fault(head: &request::Parts) -> Option<Reason> {
    if multiplexed(head) {
        for (name, value) in &head.headers {
            let fault = match name.as_str() {
                "te" if value.as_bytes().eq_ignore_ascii_case(b"trailers") => continue,
                "te" => Fault::TeInHttp2,
                // `trailer` announces and does not belong to the connection.
                "trailer" => continue,
                other if belongs_to_connection(other) => Fault::ConnectionFieldInHttp2,
                _ => continue,
            };
            return Some(Reason::new(fault, format!("header `{name}`"), value.as_bytes()));
        }
    }
    for value in values(&head.headers, &CONNECTION) {
        for option in value.split(|byte| *byte == b',').map(trimmed) {
            let name = String::from_utf8_lossy(option).to_ascii_lowercase();
            if decides(&name) {
                return Some(Reason::new(Fault::ConnectionNamesField, "header `connection`", value));
            }
        }
    }
    let expectations = values(&head.headers, &EXPECT);
    let strange = expectations.iter().find(|value| !value.eq_ignore_ascii_case(b"100-continue"));
    let second = expectations.get(1);
    strange.or(second).map(|value| Reason::new(Fault::ExpectUnknown, "header `expect`", value))
}

/// `Content_Length`, `X.Forwarded.For` and the like: CGI, WSGI and PHP make one variable of all spellings.
fn name_fault(headers: &HeaderMap, config: &Config) -> Option<Reason> {
    if config.disguised_names {
        return None;
    }
    headers.keys().map(HeaderName::as_str).filter(|name| is_disguised(name)).find_map(|name| {
        let plain = undisguised(name);
        let taken = decides(&plain) || belongs_to_connection(&plain);
        taken.then(|| Reason::new(Fault::NameDisguised, "header name", name.as_bytes()))
    })
}

fn path_fault(head: &request::Parts, config: &Config) -> Option<Reason> {
    match head.uri.path() {
        "*" => None,
        path => path::fault(path, &config.path),
    }
}

fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a [u8]> {
    headers.get_all(name).iter().map(http::HeaderValue::as_bytes).collect()
}
