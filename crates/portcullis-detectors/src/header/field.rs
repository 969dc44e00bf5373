//! Header fields that an attacker has a use for.

use crate::text::{at, before, begins, cut, rest, run, skip_space, words};

pub(super) enum Field {
    Http,
    Mail,
}

/// The field that begins at `start`, where it is one that an attacker has a use for.
pub(super) fn field(text: &[u8], start: usize) -> Option<Field> {
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

pub(super) fn is_recipient(text: &[u8], start: usize) -> bool {
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

/// `X-Anything: …`, `Header:value`: a field of any name, written as fields are.
pub(super) fn is_named(text: &[u8], start: usize) -> bool {
    let end = run(text, start, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
    at(text, start).is_ascii_uppercase()
        && end > start + 1
        && end - start < 40
        && at(text, end) == b':'
        && at(text, end + 1) != b'/'
}
