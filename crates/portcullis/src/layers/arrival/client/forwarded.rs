//! The grammar of `Forwarded` (RFC 7239 section 4).

use super::Reason;
use super::hops::{Hop, Node, node, scheme};

/// The elements, from the left, the outermost, to the right, the nearest.
///
/// A value that does not fit the grammar cannot be split for certain, also not from the right: the
/// quote that is left open may swallow what a trusted proxy appended.
pub(super) fn elements(text: &[u8]) -> Result<Vec<Hop>, Reason> {
    let mut rest = text;
    let mut hops = Vec::new();
    let broken = || Reason::WriteUnreadable { entry: text.to_vec() };
    loop {
        rest = rest.trim_ascii_start();
        if let Some(after) = rest.strip_prefix(b",") {
            rest = after;
            continue;
        }
        if rest.is_empty() {
            return Ok(hops);
        }
        let (hop, after) = element(rest).ok_or_else(broken)?;
        hops.push(hop);
        rest = after;
    }
}

/// One element, up to the comma behind it or the end.
fn element(text: &[u8]) -> Option<(Hop, &[u8])> {
    let mut rest = text;
    let (mut by_whom, mut proto, mut host) = (None, None, None);
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() || rest.starts_with(b",") {
            break;
        }
        if let Some(after) = rest.strip_prefix(b";") {
            rest = after;
            continue;
        }
        let (name, after) = token(rest)?;
        let after = after.strip_prefix(b"=")?;
        let (value, after) = match after.strip_prefix(b"\"") {
            Some(quoted) => quoted_string(quoted)?,
            None => {
                let (value, after) = bare(after)?;
                (value.to_vec(), after)
            }
        };
        let slot = match name.to_ascii_lowercase().as_slice() {
            b"for" => &mut by_whom,
            b"proto" => &mut proto,
            b"host" => &mut host,
            _ => &mut None,
        };
        // Each parameter at most once (RFC 7239 section 4).
        if slot.replace(value).is_some() {
            return None;
        }
        rest = after.trim_ascii_start();
        if !rest.is_empty() && !rest.starts_with(b";") && !rest.starts_with(b",") {
            return None;
        }
    }
    let hop = Hop {
        // An element without `for` does not say who connected: the same as `unknown`.
        node: by_whom.map_or(Node::Hidden, |value| node(&value)),
        scheme: proto.and_then(|value| scheme(&value)),
        host: host.and_then(|value| String::from_utf8(value).ok()),
    };
    Some((hop, rest))
}

fn token(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| !is_token(*byte)).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(token, _)| !token.is_empty())
}

/// A token, or what proxies forget to quote: addresses and hosts with colons and brackets.
fn bare(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let fits = |byte: u8| is_token(byte) || b":[]".contains(&byte);
    let end = text.iter().position(|byte| !fits(*byte)).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(bare, _)| !bare.is_empty())
}

/// RFC 9110 section 5.6.4.
fn quoted_string(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut value = Vec::new();
    let mut bytes = text.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some((value, text.get(at.saturating_add(1)..)?)),
            b'\\' => value.push(*bytes.next()?.1),
            other => value.push(*other),
        }
    }
    None
}

/// RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
