//! What kind of body the head announces.

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

/// The kinds of body that are read, and all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// `application/x-www-form-urlencoded`
    Urlencoded,
    /// `multipart/form-data` with its boundary.
    Multipart(Vec<u8>),
    /// `multipart/form-data` whose boundary cannot be told for certain.
    MultipartUnclear(&'static str),
    /// `application/json` and its relatives.
    Json,
    /// Anything else: only its bytes are counted.
    Other,
}

impl Kind {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        if headers.get_all(CONTENT_ENCODING).iter().any(|value| !is_identity(value.as_bytes())) {
            return Self::Other;
        }
        let Some(value) = headers.get(CONTENT_TYPE) else { return Self::Other };
        let value = value.as_bytes();
        let (essence, parameters) = split_at_byte(value, b';');
        let essence = essence.trim_ascii().to_ascii_lowercase();
        match essence.as_slice() {
            b"application/x-www-form-urlencoded" => Self::Urlencoded,
            b"multipart/form-data" => match boundary(parameters) {
                Ok(boundary) => Self::Multipart(boundary),
                Err(fault) => Self::MultipartUnclear(fault),
            },
            b"application/json" | b"text/json" => Self::Json,
            other if other.ends_with(b"+json") => Self::Json,
            _ => Self::Other,
        }
    }
}

fn is_identity(value: &[u8]) -> bool {
    value.split(|byte| *byte == b',').all(|coding| {
        let coding = coding.trim_ascii();
        coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")
    })
}

/// The boundary (RFC 2046 section 5.1.1): 1 to 70 characters of a set of its own.
fn boundary(parameters: &[u8]) -> Result<Vec<u8>, &'static str> {
    let list = parameter_list(parameters).ok_or("the parameters of its content type cannot be read")?;
    let mut named = list.into_iter().filter(|(name, _)| name.eq_ignore_ascii_case(b"boundary"));
    let (_, boundary) = named.next().ok_or("its content type has no boundary")?;
    if named.next().is_some() {
        return Err("its content type has more than one boundary");
    }
    let fits = (1..=70).contains(&boundary.len())
        && boundary.iter().all(|byte| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(byte))
        && boundary.last() != Some(&b' ');
    if fits { Ok(boundary) } else { Err("its boundary is not one of RFC 2046") }
}

/// The parameters after `;`, as in `name="form field"; filename=a.txt`. `None` when they cannot be read.
///
/// A backslash escapes only a quote or another backslash: browsers send file names with plain
/// backslashes in them (HTML, multipart/form-data encoding algorithm).
pub(super) fn parameter_list(text: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut list = Vec::new();
    let mut rest = text.trim_ascii();
    loop {
        while let Some(after) = rest.strip_prefix(b";") {
            rest = after.trim_ascii_start();
        }
        if rest.is_empty() {
            return Some(list);
        }
        let equals = memchr::memchr(b'=', rest)?;
        let (name, after) = rest.split_at_checked(equals)?;
        if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
            return None;
        }
        let after = after.strip_prefix(b"=")?;
        let (value, after) = match after.strip_prefix(b"\"") {
            // A file name that ends with a backslash: browsers leave it plain, and it escapes nothing.
            Some(quoted) => quoted_string(quoted).or_else(|| plain_string(quoted))?,
            None => {
                let (value, _) = split_at_byte(after, b';');
                let tail = after.get(value.len()..)?;
                let value = value.trim_ascii_end();
                // More than a token, because boundaries are sent bare with `=`, `/` and `:` in them, and
                // names with letters beyond ASCII; every reader ends both at the semicolon.
                if !value.iter().all(|byte| is_bare(*byte)) {
                    return None;
                }
                (value.to_vec(), tail)
            }
        };
        list.push((name.to_vec(), value));
        rest = after.trim_ascii_start();
        if !rest.is_empty() && !rest.starts_with(b";") {
            return None;
        }
    }
}

/// What stands before the closing quote, and what after it.
fn quoted_string(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut value = Vec::new();
    let mut bytes = text.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some((value, text.get(at.saturating_add(1)..)?)),
            b'\\' => match text.get(at.saturating_add(1)) {
                Some(escaped @ (b'"' | b'\\')) => {
                    value.push(*escaped);
                    bytes.next();
                }
                _ => value.push(b'\\'),
            },
            other => value.push(*other),
        }
    }
    None
}

/// The same without escapes.
fn plain_string(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (value, after) = text.split_at_checked(memchr::memchr(b'"', text)?)?;
    Some((value.to_vec(), after.strip_prefix(b"\"")?))
}

/// RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_bare(byte: u8) -> bool {
    byte >= 0x80 || (byte.is_ascii_graphic() && !b"\"\\,;".contains(&byte))
}

/// What stands before the first `byte`, and what after it.
pub(super) fn split_at_byte(text: &[u8], byte: u8) -> (&[u8], &[u8]) {
    let mut halves = text.splitn(2, |found| *found == byte);
    (halves.next().unwrap_or_default(), halves.next().unwrap_or_default())
}
