//! The request line (RFC 9112 section 3).

use super::authority::is_host_and_port;
use super::field::is_token;
use super::{Fault, Reason};

/// Longer than any registered method (`UPDATEREDIRECTREF`, 17).
const LONGEST_METHOD: usize = 32;

/// What later checks need of a request line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct RequestLine {
    /// HTTP/1.0 rather than HTTP/1.1.
    pub(super) old_version: bool,
}

/// Reads a request line without its end, adding to `faults` all that is wrong with it. There is no fault
/// of a request line with which a head could still be read.
pub(super) fn read(line: &[u8], faults: &mut Vec<Reason>) -> RequestLine {
    let mut wrong = |fault, bytes: &[u8]| faults.push(Reason::new(fault, "request line", bytes));
    if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
        wrong(Fault::LeadingWhitespace, line);
        return RequestLine::default();
    }
    let mut parts = line.split(|byte| *byte == b' ');
    let (method, target, version) = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(method), Some(target), Some(version), None) if !target.is_empty() && !version.is_empty() => {
            (method, target, version)
        }
        (_, Some(target), None, None) if !target.is_empty() => {
            wrong(Fault::VersionMissing, line);
            return RequestLine::default();
        }
        _ => {
            let words = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
            let fault = match words.count() {
                0..=2 => Fault::RequestLineShape,
                3 => Fault::RequestLineSpaces,
                _ => Fault::TargetSpace,
            };
            wrong(fault, line);
            return RequestLine::default();
        }
    };
    if !is_token(method) {
        wrong(Fault::MethodInvalid, method);
    } else if method.len() > LONGEST_METHOD {
        wrong(Fault::MethodLong, method);
    } else if method == b"CONNECT" {
        wrong(Fault::ConnectMethod, target);
    }
    if let Some(fault) = target_fault(method, target) {
        wrong(fault, target);
    }
    match version {
        b"HTTP/1.1" => {}
        b"HTTP/1.0" => return RequestLine { old_version: true },
        // What came before 1.0 has no version on its request line (RFC 1945 section 3.1).
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && *major != b'0' && minor.is_ascii_digit() =>
        {
            wrong(Fault::VersionUnsupported, version);
        }
        _ => wrong(Fault::VersionInvalid, version),
    }
    RequestLine::default()
}

fn target_fault(method: &[u8], target: &[u8]) -> Option<Fault> {
    for byte in target {
        match byte {
            0x80.. => return Some(Fault::TargetEightBit),
            0..=b' ' | 0x7F => return Some(Fault::TargetControl),
            b'#' => return Some(Fault::TargetFragment),
            _ => {}
        }
    }
    if method == b"CONNECT" {
        // RFC 9112 section 3.2.3: a host and a port, both.
        let has_port = target.rsplit(|byte| *byte == b':').next().is_some_and(|port| {
            port.len() < target.len() && !port.is_empty() && port.iter().all(u8::is_ascii_digit)
        });
        return (!has_port || !is_host_and_port(target)).then_some(Fault::TargetForm);
    }
    match target {
        b"*" if method == b"OPTIONS" => None,
        b"*" => Some(Fault::TargetAsterisk),
        [b'/', ..] => byte_fault(target),
        _ => absolute_fault(target),
    }
}

/// Bytes that browsers percent-encode in a path or a query and no RFC allows there; the others that no
/// RFC allows (`|`, `[`, `]`, `^`, and in queries the backquote and braces) browsers do send.
fn byte_fault(target: &[u8]) -> Option<Fault> {
    let split = target.iter().position(|byte| *byte == b'?').unwrap_or(target.len());
    let (path, query) = target.split_at(split);
    let bad_in_path = path.iter().any(|byte| matches!(byte, b'<' | b'>' | b'`'));
    let bad_in_query = query.iter().any(|byte| matches!(byte, b'<' | b'>' | b'"'));
    (bad_in_path || bad_in_query).then_some(Fault::TargetByte)
}

fn absolute_fault(target: &[u8]) -> Option<Fault> {
    let Some(mark) = target.windows(3).position(|three| three == b"://") else {
        return Some(Fault::TargetForm);
    };
    let (scheme, rest) = target.split_at(mark);
    let is_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    if scheme.is_empty() || !scheme.iter().all(is_scheme) {
        return Some(Fault::TargetForm);
    }
    if !scheme.eq_ignore_ascii_case(b"http") && !scheme.eq_ignore_ascii_case(b"https") {
        return Some(Fault::TargetScheme);
    }
    let rest = rest.get(3..).unwrap_or_default();
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains(&b'@') {
        return Some(Fault::TargetUserinfo);
    }
    if !is_host_and_port(authority) {
        return Some(Fault::TargetAuthority);
    }
    byte_fault(path)
}
