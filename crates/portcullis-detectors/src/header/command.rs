//! Commands of protocols that are spoken in lines, where a line end leads to one.

use crate::text::{before, begins, cut};

/// A command of SMTP, IMAP, POP3 or Redis, which are spoken in lines (CWE-93).
pub(super) fn is_command(text: &[u8], start: usize) -> bool {
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
