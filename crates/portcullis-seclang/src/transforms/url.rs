//! `urlDecode`, `urlDecodeUni`, `urlEncode` (RFC 3986, section 2.1; `+` as in HTML forms).

use std::borrow::Cow;

use super::hex::digit;
use super::{UnicodeMap, hex_byte, narrow, settle};

/// `%HH` and `+`; a `%` that begins no escape stays.
pub(super) fn decode(input: &[u8]) -> Cow<'_, [u8]> {
    decode_by(input, |out, escape| percent(out, escape))
}

/// `%uHHHH` too, as Microsoft writes it: by the map if it has the character, else full-width forms as what
/// they look like, else the low byte.
pub(super) fn decode_uni<'a>(input: &'a [u8], map: Option<&UnicodeMap>) -> Cow<'a, [u8]> {
    decode_by(input, |out, escape| {
        if let [_, b'u' | b'U', a, b, c, d, tail @ ..] = escape
            && let (Some(high), Some(low)) = (hex_byte(*a, *b), hex_byte(*c, *d))
        {
            let mapped = map.and_then(|map| map.get(u16::from_be_bytes([high, low])));
            out.push(mapped.unwrap_or_else(|| narrow(high, low)));
            return tail;
        }
        percent(out, escape)
    })
}

fn percent<'a>(out: &mut Vec<u8>, escape: &'a [u8]) -> &'a [u8] {
    if let [_, high, low, tail @ ..] = escape
        && let Some(byte) = hex_byte(*high, *low)
    {
        out.push(byte);
        return tail;
    }
    out.push(b'%');
    escape.get(1..).unwrap_or_default()
}

fn decode_by<'a>(
    mut input: &'a [u8],
    mut step: impl FnMut(&mut Vec<u8>, &'a [u8]) -> &'a [u8],
) -> Cow<'a, [u8]> {
    if memchr::memchr2(b'%', b'+', input).is_none() {
        return Cow::Borrowed(input);
    }
    let whole = input;
    let mut out = Vec::with_capacity(input.len());
    loop {
        let (plain, escape) = input.split_at(memchr::memchr(b'%', input).unwrap_or(input.len()));
        out.extend(plain.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }));
        if escape.is_empty() {
            return settle(whole, out);
        }
        input = step(&mut out, escape);
    }
}

/// All but ASCII letters, digits and `*`; a space becomes `+`. Digits of escapes are in lower case.
pub(super) fn encode(input: &[u8]) -> Cow<'_, [u8]> {
    if input.iter().all(|byte| kept(*byte)) {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len() * 2);
    for &byte in input {
        match byte {
            b' ' => out.push(b'+'),
            byte if kept(byte) => out.push(byte),
            byte => out.extend([b'%', digit(byte >> 4), digit(byte & 0xf)]),
        }
    }
    Cow::Owned(out)
}

fn kept(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'*'
}
