//! One part: its header lines, and what `Content-Disposition` says (RFC 7578, section 4.2).

use std::borrow::Cow;

use super::{Limits, MultipartFlags};

/// A part as read. One that could not be read has an empty name and everything as its content.
pub(super) struct Part<'a> {
    pub(super) name: Cow<'a, [u8]>,
    /// That of a file; `None` for a field. A file that was not chosen (`filename=""`) is a field.
    pub(super) filename: Option<Cow<'a, [u8]>>,
    /// The header lines, folded ones as one.
    pub(super) headers: Vec<Cow<'a, [u8]>>,
    pub(super) content: &'a [u8],
    pub(super) error: Option<String>,
}

pub(super) fn parse<'a>(bytes: &'a [u8], limits: &Limits, flags: &mut MultipartFlags) -> Part<'a> {
    let mut part =
        Part { name: Cow::Borrowed(b""), filename: None, headers: Vec::new(), content: bytes, error: None };
    match head(bytes, limits, flags, &mut part.headers) {
        Ok(content) => part.content = content,
        Err(why) => part.error = Some(why),
    }
    if let Err(why) = describe(&mut part, flags) {
        part.error.get_or_insert(why);
    }
    part
}

/// Reads header lines up to the empty one; what follows is the content.
fn head<'a>(
    bytes: &'a [u8],
    limits: &Limits,
    flags: &mut MultipartFlags,
    headers: &mut Vec<Cow<'a, [u8]>>,
) -> Result<&'a [u8], String> {
    let mut rest = bytes;
    loop {
        let Some(end) = memchr::memchr(b'\n', rest) else {
            return Err("the headers of a part do not end".to_owned());
        };
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        let line = match line.strip_suffix(b"\r") {
            Some(line) => {
                flags.crlf_line = true;
                line
            }
            None => {
                flags.lf_line = true;
                line
            }
        };
        if line.is_empty() {
            return Ok(rest);
        }
        if headers.len() >= limits.part_headers || bytes.len() - rest.len() > limits.part_header_bytes {
            return Err("the headers of a part are too many or too long".to_owned());
        }
        if memchr::memchr2(0, b'\r', line).is_some() {
            return Err("a header of a part has a NUL or a carriage return in it".to_owned());
        }
        let space = line.iter().position(|byte| !matches!(byte, b' ' | b'\t'..=b'\r'));
        let (fold, folded) = line.split_at(space.unwrap_or(line.len()));
        if !fold.is_empty() {
            flags.header_folding = true;
            flags.invalid_header_folding |= fold.iter().any(|byte| !matches!(byte, b' ' | b'\t'));
            let Some(header) = headers.last_mut() else {
                return Err("the first header of a part begins with white space".to_owned());
            };
            let header = header.to_mut();
            header.push(b' ');
            header.extend_from_slice(folded);
            continue;
        }
        headers.push(Cow::Borrowed(line));
    }
}

/// What the headers say of the part.
fn describe(part: &mut Part<'_>, flags: &mut MultipartFlags) -> Result<(), String> {
    let mut disposition = None;
    let mut seen: Vec<&[u8]> = Vec::with_capacity(part.headers.len());
    let mut fault = Ok(());
    for line in &part.headers {
        let Some(colon) = memchr::memchr(b':', line) else {
            fault = fault.and(Err("a header of a part has no colon".to_owned()));
            continue;
        };
        let (name, _) = line.split_at(colon);
        let value = value_of(line);
        if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
            fault = fault.and(Err("the name of a header of a part is not a name".to_owned()));
        }
        if seen.iter().any(|before| before.eq_ignore_ascii_case(name)) {
            fault = fault.and(Err("a header of a part is there twice".to_owned()));
        }
        seen.push(name);
        if name.eq_ignore_ascii_case(b"content-disposition") {
            disposition.get_or_insert(line);
        } else if name.eq_ignore_ascii_case(b"content-transfer-encoding") {
            let plain: [&[u8]; 3] = [b"7bit", b"8bit", b"binary"];
            if !plain.iter().any(|plain| value.eq_ignore_ascii_case(plain)) {
                fault = fault.and(Err("a part is encoded, which only some readers undo".to_owned()));
            }
        } else if name.eq_ignore_ascii_case(b"content-type")
            && value.get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case(b"multipart/"))
        {
            fault =
                fault.and(Err("a part has parts of its own, which only some readers look into".to_owned()));
        }
    }
    let Some(disposition) = disposition else {
        return fault.and(Err("a part has no content disposition".to_owned()));
    };
    let mut said = Said::default();
    let read = match disposition {
        Cow::Borrowed(line) => said.read(value_of(line), flags),
        Cow::Owned(line) => {
            let mut folded = Said::default();
            let read = folded.read(value_of(line), flags);
            said.name = folded.name.map(|name| Cow::Owned(name.into_owned()));
            said.filename = folded.filename.map(|name| Cow::Owned(name.into_owned()));
            read
        }
    };
    part.name = said.name.unwrap_or_default();
    part.filename = said.filename.filter(|name| !name.is_empty());
    fault.and(read)?;
    if part.name.is_empty() { Err("a part has no name".to_owned()) } else { Ok(()) }
}

fn value_of(line: &[u8]) -> &[u8] {
    let colon = memchr::memchr(b':', line).unwrap_or(line.len());
    line.get(colon + 1..).unwrap_or_default().trim_ascii()
}

/// What `Content-Disposition` says.
#[derive(Default)]
struct Said<'v> {
    name: Option<Cow<'v, [u8]>>,
    filename: Option<Cow<'v, [u8]>>,
}

impl<'v> Said<'v> {
    fn read(&mut self, value: &'v [u8], flags: &mut MultipartFlags) -> Result<(), String> {
        let Some(mut rest) = value.strip_prefix(b"form-data") else {
            return Err("a content disposition is not `form-data`".to_owned());
        };
        loop {
            rest = rest.trim_ascii_start();
            rest = match rest {
                [] => return Ok(()),
                [b';', after @ ..] => after.trim_ascii_start(),
                _ => {
                    // A quote that ended too early, or never.
                    flags.invalid_quoting |= memchr::memchr2(b'"', b'\'', rest).is_some();
                    return Err("a content disposition goes on where it should end".to_owned());
                }
            };
            let Some(at) = memchr::memchr(b'=', rest) else {
                return Err("a parameter of a content disposition has no value".to_owned());
            };
            let (name, after) = rest.split_at(at);
            let name = name.trim_ascii_end();
            let value;
            (value, rest) = quoted(after.get(1..).unwrap_or_default().trim_ascii_start(), flags)?;
            let slot = match name {
                b"name" => &mut self.name,
                b"filename" => &mut self.filename,
                b"filename*" => {
                    self.filename.get_or_insert(Cow::Owned(extended(&value)));
                    return Err("`filename*` is not for forms, and only some readers take it".to_owned());
                }
                _ => return Err("a content disposition has an unknown parameter".to_owned()),
            };
            if slot.is_some() {
                return Err("a parameter of a content disposition is there twice".to_owned());
            }
            *slot = Some(value);
        }
    }
}

/// A value, in quotes or not, and what follows it.
fn quoted<'v>(text: &'v [u8], flags: &mut MultipartFlags) -> Result<(Cow<'v, [u8]>, &'v [u8]), String> {
    let (quote, mut rest) = match text {
        [quote @ (b'"' | b'\''), inside @ ..] => (*quote, inside),
        _ => {
            let end = text.iter().position(|byte| !is_token(*byte)).unwrap_or(text.len());
            let (value, rest) = text.split_at(end);
            flags.invalid_quoting |= memchr::memchr(b'\'', value).is_some();
            return Ok((Cow::Borrowed(value), rest));
        }
    };
    flags.invalid_quoting |= quote == b'\'';
    let inside = rest;
    let mut value = Cow::Borrowed(&b""[..]);
    loop {
        match rest {
            [b'\\', escaped, after @ ..] if *escaped == quote || *escaped == b'\\' => {
                // Where the value ends depends on whether a reader knows escapes.
                flags.invalid_quoting |= *escaped == quote;
                value.to_mut().push(*escaped);
                rest = after;
            }
            [byte, after @ ..] if *byte == quote => return Ok((value, after)),
            [byte, after @ ..] => {
                match &mut value {
                    // Nothing was escaped so far: the value is a slice of the text.
                    Cow::Borrowed(plain) => *plain = inside.get(..=plain.len()).unwrap_or_default(),
                    Cow::Owned(value) => value.push(*byte),
                }
                rest = after;
            }
            [] => {
                flags.invalid_quoting = true;
                return Err("a quoted value does not end".to_owned());
            }
        }
    }
}

/// RFC 8187: `UTF-8''na%c3%afve.txt`.
fn extended(value: &[u8]) -> Vec<u8> {
    let text = value.splitn(3, |byte| *byte == b'\'').nth(2).unwrap_or(value);
    percent_encoding::percent_decode(text).collect()
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
