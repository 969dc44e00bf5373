//! `base64Decode`, `base64DecodeExt`, `base64Encode` (RFC 4648, section 4).

use std::borrow::Cow;

use super::settle;

/// Up to the first byte that is not of the alphabet; line breaks are passed over. What is left over of the
/// last group is decoded as far as it makes whole bytes.
///
/// libmodsecurity 3.0.9 makes nothing at all of input with a foreign byte in it; an attack followed by one
/// would be unseen.
pub(super) fn decode(input: &[u8]) -> Cow<'_, [u8]> {
    settle(input, sextets(input.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).map_while(value)))
}

/// As lax decoders do: bytes that are not of the alphabet are passed over, padding too.
pub(super) fn decode_ext(input: &[u8]) -> Cow<'_, [u8]> {
    settle(input, sextets(input.iter().copied().filter_map(value)))
}

pub(super) fn encode(input: &[u8]) -> Cow<'_, [u8]> {
    if input.is_empty() {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len().div_ceil(3) * 4);
    for group in input.chunks(3) {
        let mut bytes = group.iter().copied();
        let mut next = || u32::from(bytes.next().unwrap_or(0));
        let bits = next() << 16 | next() << 8 | next();
        let digits = [18, 12, 6, 0].map(|shift| digit(bits >> shift));
        out.extend(digits.iter().take(group.len() + 1));
        out.extend(std::iter::repeat_n(b'=', 3 - group.len()));
    }
    Cow::Owned(out)
}

fn sextets(values: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(values.size_hint().1.unwrap_or(0) / 4 * 3 + 3);
    let (mut bits, mut have) = (0_u32, 0);
    for value in values {
        bits = bits << 6 | u32::from(value);
        have += 6;
        if have >= 8 {
            have -= 8;
            out.extend(u8::try_from(bits >> have & 0xff));
        }
    }
    out
}

fn value(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

fn digit(bits: u32) -> u8 {
    match u8::try_from(bits & 0x3f).unwrap_or(0) {
        value @ 0..=25 => b'A' + value,
        value @ 26..=51 => b'a' + value - 26,
        value @ 52..=61 => b'0' + value - 52,
        62 => b'+',
        _ => b'/',
    }
}
