//! One header or trailer line (RFC 9112 section 5).

use std::borrow::Cow;

use super::{Fault, Reason};

/// A field as it stands on its line: the name, and the value without the white space around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
}

/// Reads a field line without its end, adding to `faults` all that is wrong with it.
pub(super) fn read<'a>(line: &'a [u8], faults: &mut Vec<Reason>) -> Option<Field<'a>> {
    let mut wrong = |fault, bytes: &[u8]| faults.push(Reason::new(fault, "header line", bytes));
    if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
        wrong(Fault::FoldedLine, line);
        return None;
    }
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        wrong(Fault::ColonMissing, line);
        return None;
    };
    let (name, value) = line.split_at(colon);
    let value = trimmed(value.get(1..).unwrap_or_default());
    let bare = name.trim_ascii_end();
    if name.is_empty() {
        wrong(Fault::NameEmpty, line);
    } else if bare.len() != name.len() && is_token(bare) {
        wrong(Fault::SpaceBeforeColon, line);
    } else if !is_token(name) {
        wrong(Fault::NameInvalid, name);
    }
    // RFC 9110 section 5.5; bytes over 0x7F are allowed there and do occur in cookies.
    if value.iter().any(|byte| matches!(byte, 0..=8 | 10..=31 | 0x7F)) {
        wrong(Fault::ValueControl, line);
    }
    // A name with its faults still tells which checks the field must meet.
    Some(Field { name: bare, value })
}

/// `token` of RFC 9110 section 5.6.2.
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && bytes.iter().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b'!' | b'#'
                        | b'$'
                        | b'%'
                        | b'&'
                        | b'\''
                        | b'*'
                        | b'+'
                        | b'-'
                        | b'.'
                        | b'^'
                        | b'_'
                        | b'`'
                        | b'|'
                        | b'~'
                )
        })
}

/// Without the optional white space of RFC 9110 section 5.6.3 around it: spaces and tabs, nothing else.
pub(super) fn trimmed(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Fields that decide where a message ends, where it goes or who sends it: nobody but the client's head,
/// or the gate, may set them.
pub(super) fn decides(name: &str) -> bool {
    matches!(
        name,
        "host"
            | "content-length"
            | "transfer-encoding"
            | "content-type"
            | "content-encoding"
            | "content-range"
            | "authorization"
            | "proxy-authorization"
            | "cookie"
            | "set-cookie"
            | "expect"
            | "range"
            | "origin"
            | "referer"
            | "forwarded"
            | "x-real-ip"
            | "x-csrf-token"
            | "x-csrftoken"
            | "x-xsrf-token"
            | "x-http-method-override"
            | "x-http-method"
            | "x-method-override"
            | "x-original-url"
            | "x-rewrite-url"
            | "remote-user"
    ) || name.starts_with("x-forwarded-")
        || name.starts_with("sec-")
}

/// Whether a name has more in it than letters, digits and `-`.
pub(super) fn is_disguised(name: &str) -> bool {
    !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The name with `-` for all that is no letter or digit: CGI (RFC 3875 section 4.1.18) and WSGI make `_` of
/// `-`, PHP of `.` too, and older servers of everything else.
#[must_use]
pub fn undisguised(name: &str) -> Cow<'_, str> {
    if !is_disguised(name) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect())
}

/// Fields that belong to one connection (RFC 9110 section 7.6.1).
pub(super) fn belongs_to_connection(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "http2-settings"
    )
}
