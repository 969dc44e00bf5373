//! Header fields: does the value end the line that it stands in and begin a field of its own, of HTTP
//! (CWE-113) or of mail (CWE-93).
//!
//! The line end may be sent as CR, LF or both, percent-encoded again, or as letters whose low bytes are these
//! (U+560A, U+560D). What follows must be a field that changes what is done with the message. A text of
//! several lines has line ends too: it is ordinary where its first line is a field, a request or a status
//! itself (a message that is shown whole), or where no field follows.

mod command;
mod field;
#[cfg(test)]
mod tests;

use command::is_command;
use field::{Field, field, is_named, is_recipient};

use crate::finding::{Finding, Language};
use crate::reading::{Hit, judge};
use crate::text::{Bytes, at, before, begins, rest, run, stands, words};

const MARKS: Bytes = Bytes::of(b"\r\n%\xe5\xc4\\");

const LINE_ENDS: Bytes = Bytes::of(b"\r\n\xe5\xc4\\");

/// Finds a line end with a header field after it.
///
/// Costs time linear in the input.
#[must_use]
pub fn header(input: &[u8]) -> Option<Finding> {
    if !MARKS.any(input) {
        return None;
    }
    judge(Language::Header, input, read)
}

fn read(text: &[u8]) -> Option<Hit> {
    let mut index = 0;
    let mut first = None;
    while let Some(offset) = rest(text, index).iter().position(|&byte| LINE_ENDS.has(byte)) {
        let place = index + offset;
        let Some(length) = line_end(text, place) else {
            index = place + 1;
            continue;
        };
        first = first.or(Some(place));
        let mut start = place + length;
        let mut ends = 1;
        while let Some(more) = line_end(text, start) {
            start += more;
            ends += 1;
        }
        index = start;
        let lettered = at(text, place) == b'\\';
        let disguised = matches!(at(text, place), 0xe5 | 0xc4)
            || at(text, place) == b'\r' && at(text, place + 1) != b'\n';
        let line = before(text, first.unwrap_or(place));
        if is_message(line) {
            return None;
        }
        // In letters it stands in programs too, with a quote before it.
        if lettered && (words(line, 2) > 1 || memchr::memchr3(b'"', b'\'', b'(', line).is_some()) {
            continue;
        }
        let start = start + usize::from(at(text, start) == b' ' && field(text, start + 1).is_some());
        let kind = field(text, start);
        let short = words(line, 8) < 6 && line.len() < 160;
        let found = match kind {
            Some(Field::Http) => short || disguised,
            Some(Field::Mail) => {
                short
                    && (line.contains(&b'@') || is_recipient(text, start) || disguised)
                    && !is_quoted_mail(text, start)
            }
            None if first == Some(place)
                && (is_named(text, start) && (disguised || is_address(line))
                    || short && words(line, 3) <= 1 && is_command(text, start)) =>
            {
                true
            }
            None => {
                // The head ends and a body begins, or another answer does.
                stands(text, start, b"HTTP/1.") && at(text, start + 7).is_ascii_digit() && short
                    || ends >= 2
                        && short
                        && first == Some(place)
                        && is_markup(text, start)
                        && text.get(place) == Some(&b'\r')
                    || is_request(text, start) && short && first == Some(place)
            }
        };
        if found {
            return Some(Hit::new(
                "a header field",
                place..run(text, start, |byte| !matches!(byte, b'\r' | b'\n')),
                "it ends the line and begins a field of its own",
                "CRLF field:",
            ));
        }
    }
    None
}

/// The length of the line end at `place`.
fn line_end(text: &[u8], place: usize) -> Option<usize> {
    match rest(text, place) {
        [b'\r', b'\n', ..] => Some(2),
        [b'\r' | b'\n', ..] => Some(1),
        [0xe5, 0x98, 0x8a | 0x8d, ..] => Some(3),
        [0xc4, 0x8d, 0xc4, 0x8a, ..] => Some(4),
        // `\r\n` in letters, which something on the way may take for what it stands for.
        [b'\\', b'r', b'\\', b'n', ..] => Some(4),
        _ => None,
    }
}

/// What stands before the line end is nothing, a path or an address, as no line of a text is.
fn is_address(line: &[u8]) -> bool {
    line.is_empty()
        || line.starts_with(b"/") && words(line, 2) <= 1
        || begins(line, b"http") && words(line, 2) <= 1
}

/// A forwarded mail in a text: its own fields follow one another.
fn is_quoted_mail(text: &[u8], start: usize) -> bool {
    let line = before(text, start).trim_ascii_end();
    let introduced = line.ends_with(b"-") || line.ends_with(b":") || line.ends_with(b"=");
    introduced
        && (begins(rest(text, start), b"from")
            || begins(rest(text, start), b"subject")
            || begins(rest(text, start), b"to"))
}

/// The first line is a field, a request or a status: what follows is shown, not slipped in.
fn is_message(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let line = line.strip_prefix(b"> ").unwrap_or(line);
    let end = run(line, 0, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let named = end > 1 && at(line, end) == b':' && at(line, end + 1) == b' ';
    named
        || line.starts_with(b"```")
        || line.starts_with(b"--")
        || line.starts_with(b"HTTP/")
        || is_request(line, 0)
        || line.starts_with(b"curl ")
        || line.starts_with(b"$ ")
}

fn is_request(text: &[u8], start: usize) -> bool {
    [&b"GET "[..], b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"TRACE ", b"CONNECT "]
        .iter()
        .any(|method| {
            let here = rest(text, start);
            here.starts_with(method) && {
                let line = before(
                    here,
                    here.iter()
                        .position(|byte| matches!(byte, b'\r' | b'\n'))
                        .unwrap_or(here.len())
                        .min(4096),
                );
                memchr::memmem::find(line, b" HTTP/").is_some()
            }
        })
}

fn is_markup(text: &[u8], start: usize) -> bool {
    [&b"<html"[..], b"<script", b"<svg", b"<img", b"<body", b"<iframe", b"<h1"]
        .iter()
        .any(|tag| stands(text, start, tag))
}
