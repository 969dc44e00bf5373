//! A complete head: all that is wrong with it, and how its body is framed (RFC 9112 section 6).

use super::authority::is_host_and_port;
use super::field::{self, trimmed};
use super::request_line;
use super::{Fault, Reason};

/// Enough to tell what an attacker tried; how many faults there are is theirs to choose.
const MOST_FAULTS: usize = 16;

/// How the end of the body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// After this many bytes.
    Length(u64),
    /// After the last chunk and its trailers.
    Chunked,
}

/// What a head says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) faults: Vec<Reason>,
    pub(super) framing: Framing,
    pub(super) upgrade: bool,
    /// Both a length and a coding are given.
    pub(super) length_with_coding: bool,
}

/// Reads a head up to and including its empty line.
pub(super) fn parse(head: &[u8]) -> Parsed {
    let mut faults = Vec::new();
    line_end_faults(head, &mut faults);
    let mut lines = lines(head);
    let line = request_line::read(lines.next().unwrap_or_default(), &mut faults);
    let mut fields = Vec::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        fields.extend(field::read(line, &mut faults));
    }

    let lengths = values(&fields, b"content-length");
    let codings = values(&fields, b"transfer-encoding");
    let length = length(&lengths, &mut faults);
    coding_faults(&codings, line.old_version, &mut faults);
    let length_with_coding = !lengths.is_empty() && !codings.is_empty();
    if length_with_coding {
        let coding = codings.first().copied().unwrap_or_default();
        faults.push(Reason::new(Fault::LengthWithCoding, "header `transfer-encoding`", coding));
    }
    let hosts = values(&fields, b"host");
    // HTTP/1.0 knows no `Host`, and many of its clients send one all the same: one, then, is nobody's fault here.
    if !line.old_version || hosts.len() > 1 {
        host_faults(&hosts, &mut faults);
    }
    faults.truncate(MOST_FAULTS);
    Parsed {
        faults,
        framing: if codings.is_empty() { Framing::Length(length) } else { Framing::Chunked },
        upgrade: !values(&fields, b"upgrade").is_empty(),
        length_with_coding,
    }
}

/// HTTP/1.1 has exactly one host, and a server must refuse what has not (RFC 9112 section 3.2).
fn host_faults(hosts: &[&[u8]], faults: &mut Vec<Reason>) {
    let mut wrong = |fault, bytes: &[u8]| faults.push(Reason::new(fault, "header `host`", bytes));
    match hosts {
        [] => wrong(Fault::HostMissing, b""),
        [[]] => wrong(Fault::HostEmpty, b""),
        [host] if is_host_and_port(host) => {}
        [host] => wrong(Fault::HostInvalid, host),
        [_, second, ..] => wrong(Fault::HostRepeated, second),
    }
}

/// The lines of a head without their ends, whatever these are.
fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// One fault for each line with an end of its own making: a bare LF, or a CR that no LF follows.
pub(super) fn line_end_faults(head: &[u8], faults: &mut Vec<Reason>) {
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        if faults.len() >= MOST_FAULTS {
            return;
        }
        let content = match line {
            [content @ .., b'\r', b'\n'] => content,
            [content @ .., b'\n'] => {
                faults.push(Reason::new(Fault::BareLineFeed, "head", line));
                content
            }
            content => content,
        };
        if memchr::memchr(b'\r', content).is_some() {
            faults.push(Reason::new(Fault::BareCarriageReturn, "head", line));
        }
    }
}

fn values<'a>(fields: &[field::Field<'a>], name: &[u8]) -> Vec<&'a [u8]> {
    fields.iter().filter(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value).collect()
}

/// The length of the body, 0 where none is given (RFC 9112 section 6.3).
pub(super) fn length(values: &[&[u8]], faults: &mut Vec<Reason>) -> u64 {
    let mut wrong = |fault, bytes: &[u8]| faults.push(Reason::new(fault, "header `content-length`", bytes));
    let Some((first, others)) = values.split_first() else { return 0 };
    if let Some(other) = others.first() {
        if others.iter().all(|other| other == first) {
            wrong(Fault::LengthRepeated, other);
        } else {
            wrong(Fault::LengthDiffers, other);
        }
    }
    let mut length = 0;
    for value in values {
        match one_length(value) {
            Ok(read) => length = read,
            Err(fault) => wrong(fault, value),
        }
    }
    length
}

fn one_length(value: &[u8]) -> Result<u64, Fault> {
    match value {
        [] => Err(Fault::LengthEmpty),
        _ if value.contains(&b',') => Err(Fault::LengthList),
        [b'+' | b'-', ..] => Err(Fault::LengthSigned),
        _ if !value.iter().all(u8::is_ascii_digit) => Err(Fault::LengthInvalid),
        // 19 digits hold the largest signed 64-bit number, the most that any party counts to.
        _ => std::str::from_utf8(value)
            .ok()
            .filter(|text| text.len() <= 19)
            .and_then(|text| text.parse::<i64>().ok())
            .and_then(|number| u64::try_from(number).ok())
            .ok_or(Fault::LengthHuge),
    }
}

/// The one value that passes is `chunked`, once, in HTTP/1.1 (RFC 9112 section 6.1).
pub(super) fn coding_faults(values: &[&[u8]], old_version: bool, faults: &mut Vec<Reason>) {
    let mut wrong =
        |fault, bytes: &[u8]| faults.push(Reason::new(fault, "header `transfer-encoding`", bytes));
    let Some((first, others)) = values.split_first() else { return };
    if old_version {
        wrong(Fault::CodingInOldVersion, first);
    }
    if let Some(other) = others.first() {
        wrong(Fault::CodingRepeated, other);
    }
    for value in values {
        if value.eq_ignore_ascii_case(b"chunked") {
            continue;
        }
        let codings: Vec<&[u8]> = value.split(|byte| *byte == b',').map(trimmed).collect();
        let chunked = |coding: &&[u8]| coding.eq_ignore_ascii_case(b"chunked");
        let fault = match codings.iter().filter(|coding| chunked(coding)).count() {
            _ if value.is_empty() => Fault::CodingEmpty,
            2.. => Fault::ChunkedRepeated,
            1 if !codings.last().is_some_and(chunked) => Fault::ChunkedNotFinal,
            // A list that ends in `chunked`: lawful, and nobody sends it but to be misread.
            1 if codings.iter().any(|coding| coding.is_empty()) => Fault::ChunkedDisguised,
            1 => Fault::CodingUnknown,
            _ if codings.iter().any(|coding| coding.eq_ignore_ascii_case(b"identity")) => {
                Fault::CodingIdentity
            }
            _ if looks_like_chunked(value) => Fault::ChunkedDisguised,
            _ => Fault::CodingUnknown,
        };
        wrong(fault, value);
    }
}

fn looks_like_chunked(value: &[u8]) -> bool {
    value.to_ascii_lowercase().windows(5).any(|five| five == b"chunk")
}
