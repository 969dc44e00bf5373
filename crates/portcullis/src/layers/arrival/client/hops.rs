//! The hops that a request came by, as its forwarding headers tell them.

use std::net::{IpAddr, Ipv6Addr};

use http::HeaderMap;

use super::forwarded;
use super::{ForwardingHeader, Reason};
use crate::layers::arrival::transport::Scheme;

/// One hop, told by the proxy that it connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hop {
    pub(super) node: Node,
    /// `Forwarded` says these of each hop.
    pub(super) scheme: Option<Scheme>,
    pub(super) host: Option<String>,
}

/// Who connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// An address, its port dropped.
    Address(IpAddr),
    /// `unknown`, or a name beginning with `_` (RFC 7239 section 6.3).
    Hidden,
    /// Nothing of the sort.
    Unreadable(Vec<u8>),
}

/// Everything that the header that counts tells.
#[derive(Debug)]
pub(super) struct Told {
    /// From the left, the outermost, to the right, the nearest.
    pub(super) hops: Vec<Hop>,
    /// `X-Forwarded-Proto`, from the left; empty with `Forwarded`.
    schemes: Vec<Option<Scheme>>,
    /// `X-Forwarded-Host`, from the left; empty with `Forwarded`.
    hosts: Vec<String>,
}

impl Told {
    /// What the outermost of `trusted` proxies says of the scheme.
    pub(super) fn scheme(&self, outermost: Option<&Hop>, trusted: usize) -> Option<Scheme> {
        outermost.and_then(|hop| hop.scheme).or_else(|| from_right(&self.schemes, trusted).copied().flatten())
    }

    /// What the outermost of `trusted` proxies says of the host.
    pub(super) fn host(&self, outermost: Option<&Hop>, trusted: usize) -> Option<String> {
        outermost.and_then(|hop| hop.host.clone()).or_else(|| from_right(&self.hosts, trusted).cloned())
    }
}

/// Each proxy appends one value, so that the outermost trusted one wrote that many from the right. Most
/// replace instead, so that there are fewer values than proxies: then the left-most is from a trusted one.
fn from_right<T>(values: &[T], trusted: usize) -> Option<&T> {
    values.get(values.len().saturating_sub(trusted.max(1)))
}

pub(super) fn hops(headers: &HeaderMap, header: ForwardingHeader) -> Result<Told, Reason> {
    match header {
        ForwardingHeader::Forwarded => {
            let lines: Vec<&[u8]> = values(headers, "forwarded").collect();
            // Elements and quotes may run over several lines once they are joined (RFC 9110 section 5.3).
            let hops = forwarded::elements(&lines.join(&b", "[..]))?;
            Ok(Told { hops, schemes: Vec::new(), hosts: Vec::new() })
        }
        ForwardingHeader::XForwardedFor => Ok(Told {
            hops: list(headers, "x-forwarded-for")
                .map(|entry| Hop { node: node(entry), scheme: None, host: None })
                .collect(),
            schemes: list(headers, "x-forwarded-proto").map(scheme).collect(),
            hosts: list(headers, "x-forwarded-host")
                .map(|entry| String::from_utf8_lossy(entry).into_owned())
                .collect(),
        }),
    }
}

fn values<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
    headers.get_all(name).iter().map(http::HeaderValue::as_bytes)
}

/// The entries of a list over all its lines; empty ones are none (RFC 9110 section 5.6.1.2).
fn list<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
    values(headers, name)
        .flat_map(|line| line.split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|entry| !entry.is_empty())
}

/// A scheme as proxies write it; some write that of a WebSocket.
pub(super) fn scheme(text: &[u8]) -> Option<Scheme> {
    match text.to_ascii_lowercase().as_slice() {
        b"https" | b"wss" => Some(Scheme::Https),
        b"http" | b"ws" => Some(Scheme::Http),
        _ => None,
    }
}

/// A node: `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]:80`, `unknown`, `_hidden:_port` (RFC 7239 section
/// 6); in `X-Forwarded-For` also a bare `2001:db8::1`.
pub(super) fn node(text: &[u8]) -> Node {
    let unreadable = || Node::Unreadable(text.to_vec());
    let Ok(text) = std::str::from_utf8(text) else { return unreadable() };
    if let Ok(address) = text.parse::<IpAddr>() {
        return Node::Address(address);
    }
    if let Some(inner) = text.strip_prefix('[') {
        let Some((address, port)) = inner.split_once(']') else { return unreadable() };
        return match address.parse::<Ipv6Addr>() {
            Ok(address) if port.is_empty() || port.strip_prefix(':').is_some_and(is_port) => {
                Node::Address(IpAddr::V6(address))
            }
            _ => unreadable(),
        };
    }
    let name = match text.split_once(':') {
        Some((name, port)) if is_port(port) => name,
        Some(_) => return unreadable(),
        None => text,
    };
    if name.eq_ignore_ascii_case("unknown") || is_obfuscated(name) {
        return Node::Hidden;
    }
    match name.parse::<std::net::Ipv4Addr>() {
        Ok(address) => Node::Address(IpAddr::V4(address)),
        Err(_) => unreadable(),
    }
}

fn is_port(text: &str) -> bool {
    let number = (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    number || is_obfuscated(text)
}

fn is_obfuscated(text: &str) -> bool {
    text.strip_prefix('_').is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    })
}
