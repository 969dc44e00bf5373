//! The boundary, from the `Content-Type` of the request (RFC 2046, section 5.1.1).

use super::MultipartFlags;

const TYPE: &[u8] = b"multipart/form-data";

/// The boundary that `content_type` gives.
pub(super) fn boundary<'c>(content_type: &'c [u8], flags: &mut MultipartFlags) -> Result<&'c [u8], String> {
    if content_type.len() > 1024 {
        return Err("the content type is longer than 1024 bytes".to_owned());
    }
    let (kind, mut rest) = content_type.split_at_checked(TYPE.len()).unwrap_or((content_type, b""));
    if !kind.eq_ignore_ascii_case(TYPE) {
        return Err("the content type is not `multipart/form-data`".to_owned());
    }
    // Some readers look for the first `boundary`, some for the last, wherever it stands.
    if mentions(content_type) > 1 {
        return Err("the content type gives more than one boundary".to_owned());
    }
    let mut found = None;
    loop {
        rest = rest.trim_ascii_start();
        match rest {
            [] => break,
            [b';', after @ ..] => rest = after.trim_ascii_start(),
            _ if found.is_none() => flags.missing_semicolon = true,
            _ => return Err("something stands behind the boundary".to_owned()),
        }
        if rest.is_empty() {
            break;
        }
        let parameter = parameter(rest).ok_or("the content type is malformed")?;
        rest = parameter.rest;
        if parameter.name.eq_ignore_ascii_case(b"boundary") {
            if parameter.name != b"boundary" {
                return Err("`boundary` is not written in lower case".to_owned());
            }
            flags.boundary_whitespace |= parameter.spaced;
            flags.boundary_quoted |= parameter.quoted;
            found = Some(parameter.value);
        }
    }
    let boundary = found.ok_or("the content type gives no boundary")?;
    if boundary.is_empty() || boundary.len() > 70 {
        return Err("the boundary does not have 1 to 70 characters".to_owned());
    }
    if !boundary.iter().all(|byte| allowed(*byte)) || boundary.ends_with(b" ") {
        return Err("the boundary has characters that RFC 2046 does not allow".to_owned());
    }
    Ok(boundary)
}

/// How often `boundary` stands before some `=`, in any case.
fn mentions(content_type: &[u8]) -> usize {
    let last = memchr::memrchr(b'=', content_type).unwrap_or(0);
    let before = content_type.split_at(last).0;
    before.windows(8).filter(|word| word.eq_ignore_ascii_case(b"boundary")).count()
}

struct Parameter<'c> {
    name: &'c [u8],
    value: &'c [u8],
    quoted: bool,
    /// White space stood around the `=`.
    spaced: bool,
    rest: &'c [u8],
}

fn parameter(text: &[u8]) -> Option<Parameter<'_>> {
    let at = memchr::memchr(b'=', text)?;
    let (name, after) = text.split_at(at);
    let after = after.get(1..)?;
    let value = after.trim_ascii_start();
    let spaced = name.len() != name.trim_ascii_end().len() || value.len() != after.len();
    let name = name.trim_ascii_end();
    if name.is_empty() || !name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.*".contains(byte)) {
        return None;
    }
    if let Some(inside) = value.strip_prefix(b"\"") {
        let (value, rest) = inside.split_at(memchr::memchr(b'"', inside)?);
        // Readers differ in what a backslash does.
        let clear = memchr::memchr(b'\\', value).is_none();
        return clear.then_some(Parameter { name, value, quoted: true, spaced, rest: rest.get(1..)? });
    }
    let end =
        value.iter().position(|byte| *byte == b';' || byte.is_ascii_whitespace()).unwrap_or(value.len());
    let (value, rest) = value.split_at(end);
    Some(Parameter { name, value, quoted: false, spaced, rest })
}

fn allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte)
}
