//! `utf8toUnicode`: characters beyond ASCII as `%uHHHH`, for `urlDecodeUni` to narrow.
//!
//! A sequence that could have been shorter, or that writes a surrogate, is followed by its first byte, so that
//! rules can tell. Bytes that are no UTF-8 stay as they are.

use std::borrow::Cow;

use super::hex::digit;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = input.iter().position(|byte| *byte >= 0x80) else { return Cow::Borrowed(input) };
    let (plain, mut rest) = input.split_at(first);
    let mut out = Vec::with_capacity(input.len() * 2);
    out.extend_from_slice(plain);
    while let [byte, after @ ..] = rest {
        if let Some((character, least, tail)) = sequence(rest) {
            write(&mut out, character);
            if character < least || (0xd800..=0xdfff).contains(&character) {
                out.push(*byte);
            }
            rest = tail;
        } else {
            out.push(*byte);
            rest = after;
        }
    }
    super::settle(input, out)
}

/// The character at the beginning of `rest`, the least one that needs as many bytes, and what follows.
fn sequence(rest: &[u8]) -> Option<(u32, u32, &[u8])> {
    let bits = |byte: u8| (byte & 0xc0 == 0x80).then_some(u32::from(byte & 0x3f));
    match *rest {
        [a @ 0xc0..=0xdf, b, ref tail @ ..] => Some((u32::from(a & 0x1f) << 6 | bits(b)?, 0x80, tail)),
        [a @ 0xe0..=0xef, b, c, ref tail @ ..] => {
            Some((u32::from(a & 0x0f) << 12 | bits(b)? << 6 | bits(c)?, 0x800, tail))
        }
        [a @ 0xf0..=0xf7, b, c, d, ref tail @ ..] => {
            Some((u32::from(a & 0x07) << 18 | bits(b)? << 12 | bits(c)? << 6 | bits(d)?, 0x1_0000, tail))
        }
        _ => None,
    }
}

/// `%u` and at least four digits, in lower case.
fn write(out: &mut Vec<u8>, character: u32) {
    out.extend(b"%u");
    for place in (0..6).rev() {
        let value = u8::try_from(character >> (place * 4) & 0xf).unwrap_or(0);
        if place < 4 || character >> (place * 4) != 0 {
            out.push(digit(value));
        }
    }
}
