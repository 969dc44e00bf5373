//! Header fields: does the value end the line that it stands in and begin a field of its own, of HTTP
//! (CWE-113) or of mail (CWE-93).
//!
//! The line end may be sent as CR, LF or both, percent-encoded again, or as letters whose low bytes are these
//! (U+560A, U+560D). What follows must be a field that changes what is done with the message. A text of
//! several lines has line ends too: it is ordinary where its first line is a field, a request or a status
//! itself (a message that is shown whole), or where no field follows.

use crate::finding::{Finding, Language};
use crate::reading::{Hit, judge};
use crate::text::{Bytes, at, before, begins, cut, rest, run, skip_space, stands, words};

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

/// `X-Anything: …`, `Header:value`: a field of any name, written as fields are.
fn is_named(text: &[u8], start: usize) -> bool {
    let end = run(text, start, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
    at(text, start).is_ascii_uppercase()
        && end > start + 1
        && end - start < 40
        && at(text, end) == b':'
        && at(text, end + 1) != b'/'
}

/// A command of SMTP, IMAP, POP3 or Redis, which are spoken in lines (CWE-93).
fn is_command(text: &[u8], start: usize) -> bool {
    let line = cut(text, start..start + 120);
    let line = before(line, line.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(line.len()))
        .trim_ascii_end();
    let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let (Some(first), second) = (words.next(), words.next()) else { return false };
    let verb = first.to_ascii_uppercase();
    let loud = first.iter().all(u8::is_ascii_uppercase);
    let tag = first.len() <= 5
        && first.first().is_some_and(u8::is_ascii_alphabetic)
        && first.iter().skip(1).all(u8::is_ascii_digit)
        && first.len() > 1;
    match verb.as_slice() {
        b"MAIL" => begins(line, b"MAIL FROM:"),
        b"RCPT" => begins(line, b"RCPT TO:"),
        b"EHLO" | b"HELO" | b"AUTH" | b"RETR" | b"APOP" | b"TOP" | b"DELE" | b"UIDL" | b"VRFY" | b"EXPN" => {
            loud && second.is_some()
        }
        b"DATA" | b"QUIT" | b"RSET" | b"STLS" | b"STARTTLS" | b"FLUSHALL" | b"FLUSHDB" => {
            loud && second.is_none()
        }
        b"SET" | b"CONFIG" | b"SLAVEOF" | b"REPLICAOF" | b"EVAL" | b"LPUSH" | b"SADD" | b"SAVE"
        | b"MODULE" => loud && (second.is_some() || verb == b"SAVE"),
        _ if tag => second.is_some_and(|command| {
            matches!(
                command.to_ascii_uppercase().as_slice(),
                b"APPEND"
                    | b"AUTHENTICATE"
                    | b"STATUS"
                    | b"UID"
                    | b"EXAMINE"
                    | b"COPY"
                    | b"LIST"
                    | b"STORE"
                    | b"SEARCH"
                    | b"FETCH"
                    | b"SELECT"
                    | b"CREATE"
                    | b"DELETE"
                    | b"RENAME"
                    | b"LOGIN"
                    | b"LOGOUT"
                    | b"QUIT"
                    | b"LSUB"
                    | b"EXPUNGE"
            )
        }),
        _ => false,
    }
}

enum Field {
    Http,
    Mail,
}

/// The field that begins at `start`, where it is one that an attacker has a use for.
fn field(text: &[u8], start: usize) -> Option<Field> {
    let end = run(text, start, |byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let name = cut(text, start..end).to_ascii_lowercase();
    if at(text, run(text, end, |byte| byte == b' ')) != b':' || name.is_empty() {
        return None;
    }
    Some(match name.as_slice() {
        b"set-cookie"
        | b"set-cookie2"
        | b"location"
        | b"content-length"
        | b"content-type"
        | b"transfer-encoding"
        | b"content-encoding"
        | b"refresh"
        | b"x-xss-protection"
        | b"content-security-policy"
        | b"access-control-allow-origin"
        | b"access-control-allow-credentials"
        | b"last-modified"
        | b"cache-control"
        | b"expires"
        | b"connection"
        | b"link"
        | b"www-authenticate"
        | b"content-disposition"
        | b"x-forwarded-for"
        | b"x-forwarded-host"
        | b"host"
        | b"cookie"
        | b"strict-transport-security"
        | b"etag"
        | b"x-frame-options"
        | b"content-location"
        | b"x-accel-redirect"
        | b"x-sendfile"
        | b"status"
        | b"upgrade"
        | b"proxy-authenticate"
        | b"clear-site-data"
        | b"x-real-ip"
        | b"x-original-url"
        | b"x-rewrite-url"
        | b"referer"
        | b"origin"
        | b"authorization"
        | b"user-agent"
        | b"vary"
        | b"age"
        | b"server"
        | b"date"
        | b"accept" => {
            // Words that stand before a colon in plain notes too.
            let plain = matches!(
                name.as_slice(),
                b"location"
                    | b"host"
                    | b"link"
                    | b"date"
                    | b"status"
                    | b"server"
                    | b"age"
                    | b"expires"
                    | b"connection"
                    | b"origin"
                    | b"refresh"
                    | b"upgrade"
                    | b"cookie"
                    | b"accept"
                    | b"vary"
            );
            let value = cut(text, end + 1..end + 200);
            let value = rest(value, skip_space(value, 0));
            let line = before(
                value,
                value.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(value.len()),
            );
            let fits = match name.as_slice() {
                b"location" => {
                    begins(line, b"http")
                        || begins(line, b"//")
                        || begins(line, b"/")
                        || begins(line, b"javascript:")
                        || begins(line, b"data:")
                }
                b"host" | b"origin" => {
                    line.contains(&b'.')
                        && words(line, 3) == 1
                        && !line.contains(&b'"')
                        && !line.contains(&b'\'')
                }
                b"link" => begins(line, b"<"),
                b"refresh" => line.first().is_some_and(u8::is_ascii_digit),
                b"cookie" => line.contains(&b'='),
                b"connection" => {
                    begins(line, b"close") || begins(line, b"keep-alive") || begins(line, b"upgrade")
                }
                b"status" => line.first().is_some_and(u8::is_ascii_digit) && line.len() < 24,
                _ => !plain,
            };
            if !fits {
                return None;
            }
            Field::Http
        }
        b"bcc"
        | b"cc"
        | b"to"
        | b"from"
        | b"reply-to"
        | b"subject"
        | b"mime-version"
        | b"content-transfer-encoding"
        | b"x-mailer"
        | b"return-path"
        | b"sender"
        | b"x-priority"
        | b"rcpt" => Field::Mail,
        _ => return None,
    })
}

fn is_recipient(text: &[u8], start: usize) -> bool {
    let line = cut(text, start..start + 200);
    let line = before(line, line.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(line.len()));
    (begins(line, b"bcc")
        || begins(line, b"cc")
        || begins(line, b"to:")
        || begins(line, b"reply-to")
        || begins(line, b"from")
        || begins(line, b"mime-version"))
        && (line.contains(&b'@') || begins(line, b"mime"))
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

#[cfg(test)]
mod tests {
    use super::header;

    #[test]
    fn a_field_after_a_line_end_is_found() {
        let attacks = [
            "en\r\nSet-Cookie: admin=1",
            "x\r\nLocation: http://evil.example/",
            "x\nSet-Cookie:a=b",
            "%0d%0aSet-Cookie:%20a=b",
            "x%0aContent-Length:%200",
            "\u{560a}\u{560d}Set-Cookie: x=y",
            "/home\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>",
            "a@example.com\r\nBcc: b@example.com",
            "bob\nBcc: everyone@example.com",
            "x\r\n\r\n<html><h1>hi",
            "x\r\nHTTP/1.1 200 OK\r\nContent-Length: 5",
            "a@b.example\nSubject: spam\n\nbuy",
            "x\rSet-Cookie: a=b",
            "x\r\nX-XSS-Protection: 0",
            "x HTTP/1.1\r\nHost: internal.example\r\n\r\nGET /admin HTTP/1.1",
            "\r\nTransfer-Encoding: chunked",
            "x\r\nRefresh: 0;url=http://evil.example",
        ];
        let missed: Vec<_> = attacks.into_iter().filter(|value| header(value.as_bytes()).is_none()).collect();
        assert!(missed.is_empty(), "{missed:#?}");
    }

    #[test]
    fn a_text_of_several_lines_is_left_alone() {
        let ordinary = [
            "Hello,\r\nthis is my question: how?\r\nThanks",
            "From: Bob <bob@example.com>\r\nTo: alice@example.com\r\nSubject: hi\r\n\r\nHello",
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: a=b",
            "GET / HTTP/1.1\r\nHost: example.com",
            "Place and time\nLocation: the big hall\nDate: Monday",
            "Server settings\nHost: mine\nStatus: ok",
            "My address\r\nTo: be decided",
            "I get this from the server, can anybody help me to understand it?\nContent-Type: text/html",
            "---------- Forwarded message ---------\nFrom: x@example.com\nSubject: y",
            "one\ntwo\nthree",
            "Note:\nLink: see below",
            "100%\nfree",
            "Item\nFrom: the shelf",
        ];
        let alarms: Vec<_> =
            ordinary.into_iter().filter(|value| header(value.as_bytes()).is_some()).collect();
        assert!(alarms.is_empty(), "{alarms:#?}");
    }
}
