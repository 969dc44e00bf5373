//! Addresses that a server fetches: does the value, taken as a URL or a host, lead a server into its own
//! network (CWE-918).
//!
//! The whole value is read as a URL is read by the WHATWG's rules and by the looser ones of libraries; a
//! sentence with a link in it is none. The host is brought to an address through every notation: decimal,
//! octal, hexadecimal and short forms, IPv6 with an IPv4 address inside, names that resolve to the address
//! that they contain, full-width and circled digits, percent-encoding, user info before the host.
//!
//! What it does not stop: a public name that resolves to a private address. Only who fetches can tell.

mod host;

use crate::finding::{Finding, Language};
use crate::reading::{Hit, judge};
use crate::text::{Bytes, at, before, begins, cut, has, is_space, rest, run};

const MARKS: Bytes = Bytes::of(b":./\\%");

/// Finds a URL or a host that stands for an address which is not public, or a scheme that no one browses by.
///
/// Costs time linear in the input.
#[must_use]
pub fn ssrf(input: &[u8]) -> Option<Finding> {
    if !MARKS.any(input) && !begins(input, b"0x") && !input.trim_ascii().eq_ignore_ascii_case(b"localhost") {
        return None;
    }
    judge(Language::Url, input, read)
}

fn read(text: &[u8]) -> Option<Hit> {
    let text = text.trim_ascii();
    let text = text.strip_prefix(b"url:").or(text.strip_prefix(b"URL:")).unwrap_or(text);
    // What is written in C takes a null byte for the end.
    let text = before(text, memchr::memchr(0, text).filter(|&end| end > 8).unwrap_or(text.len()));
    // `url=http://127.0.0.1/`
    let name = run(text, 0, |byte| byte.is_ascii_alphabetic() || byte == b'_');
    if at(text, name) == b'=' && name > 0 && begins(rest(text, name + 1), b"http") {
        return read(rest(text, name + 1)).map(|hit| Hit { span: 0..text.len(), ..hit });
    }
    if text.iter().any(|&byte| is_space(byte) || byte < 0x20 || matches!(byte, b'<' | b'"')) {
        return spaced(text);
    }
    let (scheme, after) = scheme(text);
    let hit = |why: &'static str, shape: &'static str| {
        Some(Hit::new("an address to fetch", 0..text.len(), why, shape))
    };
    let Some(scheme) = scheme else { return bare(text) };
    if matches!(
        scheme.as_slice(),
        b"gopher"
            | b"dict"
            | b"ldap"
            | b"ldaps"
            | b"ldapi"
            | b"tftp"
            | b"netdoc"
            | b"jar"
            | b"rmi"
            | b"iiop"
            | b"file"
            | b"local_file"
            | b"smb"
            | b"view-source"
            | b"sftp"
            | b"imap"
            | b"imaps"
            | b"pop3"
            | b"smtp"
            | b"rtsp"
            | b"telnet"
            | b"unix"
            | b"http+unix"
            | b"fastcgi"
            | b"uwsgi"
    ) && !after.is_empty()
    {
        let slashes = after.starts_with(b"//") || after.starts_with(b"\\\\") || after.starts_with(b"/");
        let nested = matches!(scheme.as_slice(), b"jar" | b"netdoc" | b"view-source");
        if slashes || nested {
            let quiet = matches!(
                scheme.as_slice(),
                b"sftp" | b"smb" | b"imap" | b"imaps" | b"pop3" | b"smtp" | b"rtsp" | b"telnet" | b"ldaps"
            );
            if !quiet || leads_inside(after) {
                return hit("its scheme reaches what a browser never asks for", "scheme");
            }
            return None;
        }
        return None;
    }
    let usual = matches!(
        scheme.as_slice(),
        b"http" | b"https" | b"ftp" | b"ftps" | b"ws" | b"wss" | b"" | b"redis" | b"mongodb" | b"memcached"
    );
    if !usual && (!after.starts_with(b"//") || authority_is_single(after)) {
        return None;
    }
    // `//98` and `//go:noinline` are comments.
    let comment = scheme.is_empty()
        && !after.contains(&b'[')
        && memchr::memchr(b'.', after).is_none()
        && !has(after, b"localhost");
    if !comment && leads_inside(after) {
        return hit("its host is an address of the server's own network", "scheme host");
    }
    None
}

/// A URL whose text has spaces in it, as payloads for other protocols do.
fn spaced(text: &[u8]) -> Option<Hit> {
    let (scheme, after) = scheme(text);
    let scheme = scheme?;
    let confused = after.contains(&b'@')
        && after
            .split(|byte| matches!(byte, b'@' | b' '))
            .skip(1)
            .any(|part| leads_inside(&[b"//", part].concat()) && part.contains(&b'.'));
    let found = matches!(scheme.as_slice(), b"gopher" | b"dict") && after.starts_with(b"//")
        || matches!(scheme.as_slice(), b"http" | b"https")
            && after.starts_with(b"//")
            && confused
            && text.len() < 256
        || matches!(scheme.as_slice(), b"http" | b"https")
            && after.starts_with(b"//")
            && !cut(after, 0..after.iter().position(|&byte| is_space(byte)).unwrap_or(0)).is_empty()
            && has(after, b" HTTP/1.")
            && leads_inside(before(after, after.iter().position(|&byte| is_space(byte)).unwrap_or(0)));
    found.then(|| {
        Hit::new(
            "an address to fetch",
            0..text.len(),
            "it speaks another protocol to a server inside",
            "scheme",
        )
    })
}

/// A host without a scheme, perhaps with a port and a path.
fn bare(text: &[u8]) -> Option<Hit> {
    let end = text.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#' | b'\\')).unwrap_or(text.len());
    let authority = before(text, end);
    let (name, port) = host::split(authority);
    let reach = host::reach(name)?;
    let more = port.is_some() || end < text.len();
    let found = match reach {
        host::Reach::Loopback | host::Reach::Metadata => {
            more || name.eq_ignore_ascii_case(b"localhost") || name.iter().any(u8::is_ascii_digit)
        }
        host::Reach::Disguised if name.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') => {
            // `12:30` and `10.5:3` are no hosts.
            more && (name.starts_with(b"127.") || name.starts_with(b"0177")) && name.contains(&b'.')
        }
        host::Reach::Disguised => true,
        host::Reach::Private => {
            more && (port.is_some() && end < text.len() || name.iter().any(u8::is_ascii_alphabetic))
        }
        host::Reach::Single => false,
    };
    found.then(|| {
        Hit::new(
            "a host to connect to",
            0..text.len(),
            "it is an address of the server's own network",
            "host",
        )
    })
}

/// Whether what stands after the scheme begins with a host inside.
fn leads_inside(after: &[u8]) -> bool {
    let start = run(after, 0, |byte| matches!(byte, b'/' | b'\\'));
    let slashed = start >= 2;
    let text = rest(after, start);
    let ends = |byte: &u8| matches!(byte, b'/' | b'?' | b'#' | b'\\');
    let end = text.iter().position(ends).unwrap_or(text.len());
    let authority = before(text, end);
    // Libraries disagree on what of `a@b#c` and `a\@b` is the host: each candidate is looked at.
    let whole = before(text, text.iter().position(|byte| *byte == b'/').unwrap_or(text.len()));
    let candidates = [authority, whole];
    candidates.iter().any(|candidate| {
        candidate.split(|&byte| matches!(byte, b'@' | b'#' | b'\\' | b'?' | b';')).enumerate().take(6).any(
            |(index, part)| {
                let (name, port) = host::split(part);
                let query = index > 0 && !candidate.contains(&b'@');
                if query && candidate.contains(&b'?') {
                    return false;
                }
                match host::reach(name) {
                    Some(host::Reach::Single) => {
                        slashed && index == 0 && part.len() == authority.len() && !begins(part, b"www")
                    }
                    Some(_) => true,
                    None => {
                        // `http://127.0.0.1:80:80`, `http://a 127.0.0.1`
                        port.is_some_and(|port| {
                            host::reach(port).is_some_and(|reach| {
                                reach == host::Reach::Loopback || reach == host::Reach::Metadata
                            })
                        })
                    }
                }
            },
        )
    })
}

/// Apps have schemes of their own, in which a name without a dot is no host: `content://media`.
fn authority_is_single(after: &[u8]) -> bool {
    let text = rest(after, 2);
    let end = text.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(text.len());
    let (name, _) = host::split(before(text, end));
    matches!(host::reach(name), Some(host::Reach::Single) | None)
}

/// The scheme in lower case and what follows its colon. `//host` has an empty one.
fn scheme(text: &[u8]) -> (Option<Vec<u8>>, &[u8]) {
    if text.starts_with(b"//") || text.starts_with(b"\\\\") || text.starts_with(b"/\\") {
        return (Some(Vec::new()), text);
    }
    let end = run(text, 0, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_'));
    let named = at(text, end) == b':' && end > 1 && at(text, 0).is_ascii_alphabetic();
    if !named || at(text, end + 1).is_ascii_digit() && !matches!(before(text, end), b"http" | b"https") {
        return (None, text);
    }
    if rest(text, end + 1).is_empty() || before(text, end).contains(&b'.') {
        return (None, text);
    }
    (Some(before(text, end).to_ascii_lowercase()), rest(text, end + 1))
}

#[cfg(test)]
mod tests;
