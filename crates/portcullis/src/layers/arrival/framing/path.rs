//! The path: what it may hold, and the normal form that routes are compared with.

use super::config::PathRules;
use super::{Fault, Reason};

/// The path as routes are compared with: percent-decoded once, slashes merged, dot segments resolved
/// (RFC 3986 section 5.2.4), so that a path which the app may resolve is met by the rules of where it
/// ends. Bytes that are not UTF-8 become U+FFFD.
#[must_use]
pub fn normal_path(path: &str) -> String {
    if !path.starts_with('/') {
        return path.to_owned();
    }
    if !path.contains('%') && !path.contains("//") && !path.contains("/.") {
        return path.to_owned();
    }
    let (decoded, _) = decoded(path.as_bytes());
    let text = String::from_utf8_lossy(&decoded);
    let mut kept: Vec<&str> = Vec::new();
    let mut ends_open = false;
    for segment in text.split('/') {
        ends_open = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let mut normal = String::with_capacity(text.len());
    for segment in &kept {
        normal.push('/');
        normal.push_str(segment);
    }
    if ends_open || kept.is_empty() {
        normal.push('/');
    }
    normal
}

/// What the gate keeps for its own pages, on every site.
const RESERVED: &str = "/.portcullis";

/// Whether a path in normal form is the gate's own, and so never the app's, in any mode.
pub(crate) fn reserved(path: &str) -> Option<Reason> {
    let below = path.get(..RESERVED.len()).filter(|head| head.eq_ignore_ascii_case(RESERVED));
    let rest = below.and(path.get(RESERVED.len()..))?;
    (rest.is_empty() || rest.starts_with('/'))
        .then(|| Reason::new(Fault::PathReserved, "path", path.as_bytes()))
}

/// The first thing in a path that must not be there.
pub(super) fn fault(path: &str, rules: &PathRules) -> Option<Reason> {
    let bytes = path.as_bytes();
    let here = |fault| Some(Reason::new(fault, "path", bytes));
    if !rules.backslash && bytes.contains(&b'\\') {
        return here(Fault::PathBackslash);
    }
    if !rules.dot_segments && has_dot_segment(bytes) {
        return here(Fault::PathDotSegment);
    }
    if !bytes.contains(&b'%') {
        return None;
    }
    let (once, broken) = decoded(bytes);
    if broken && !rules.invalid_percent {
        return here(Fault::PathPercentInvalid);
    }
    if let Some(fault) = encoded_byte_fault(bytes, rules) {
        return here(fault);
    }
    if !rules.dot_segments {
        if has_dot_segment(&once) {
            return here(Fault::PathDotSegmentEncoded);
        }
        let (twice, _) = decoded(&once);
        if twice != once && has_parent_segment(&twice) {
            return here(Fault::PathDotSegmentDoublyEncoded);
        }
    }
    if is_overlong(&once) {
        return here(Fault::PathOverlong);
    }
    if !rules.non_utf8 && std::str::from_utf8(&once).is_err() {
        return here(Fault::PathNotUtf8);
    }
    None
}

/// A byte that must not be there even encoded.
fn encoded_byte_fault(path: &[u8], rules: &PathRules) -> Option<Fault> {
    for (position, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'%') {
        let fault = match hex_pair(path.get(position.saturating_add(1)..).unwrap_or_default()) {
            Some(0) => Fault::PathNul,
            Some(b'/') if !rules.encoded_slash => Fault::PathEncodedSlash,
            Some(b'\\') if !rules.backslash => Fault::PathEncodedBackslash,
            Some(1..=31 | 0x7F) if !rules.encoded_control => Fault::PathControl,
            _ => continue,
        };
        return Some(fault);
    }
    None
}

/// Percent-decoded once; the flag tells whether a `%` stood without two digits, which stays as it is.
fn decoded(path: &[u8]) -> (Vec<u8>, bool) {
    let mut plain = Vec::with_capacity(path.len());
    let mut broken = false;
    let mut rest = path;
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'%' {
            plain.push(*byte);
            continue;
        }
        match hex_pair(after) {
            Some(value) => {
                plain.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                broken = true;
                plain.push(b'%');
            }
        }
    }
    (plain, broken)
}

fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let [high, low, ..] = bytes else { return None };
    let high = char::from(*high).to_digit(16)?;
    let low = char::from(*low).to_digit(16)?;
    u8::try_from(high << 4 | low).ok()
}

/// Segments as any server behind might part them: by both slashes, and without the parameters after `;`
/// that Tomcat strips (`/..;/`).
fn segments(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| matches!(byte, b'/' | b'\\'))
        .map(|segment| segment.split(|byte| *byte == b';').next().unwrap_or(segment))
}

fn has_dot_segment(path: &[u8]) -> bool {
    segments(path).any(|segment| matches!(segment, b"." | b".."))
}

fn has_parent_segment(path: &[u8]) -> bool {
    segments(path).any(|segment| segment == b"..")
}

/// A UTF-8 sequence longer than its character needs (RFC 3629 section 3): C0 and C1 lead bytes, E0 below
/// A0, F0 below 90.
fn is_overlong(bytes: &[u8]) -> bool {
    bytes
        .windows(2)
        .any(|pair| matches!(pair, [0xC0 | 0xC1, 0x80..=0xBF] | [0xE0, 0x80..=0x9F] | [0xF0, 0x80..=0x8F]))
}
