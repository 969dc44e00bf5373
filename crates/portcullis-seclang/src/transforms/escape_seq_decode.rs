//! `escapeSeqDecode`: the escapes of ANSI C, `\a \b \f \n \r \t \v \\ \? \' \" \xHH \OOO`.
//!
//! Of an escape that is none of these the backslash goes and the rest stays.

use std::borrow::Cow;

use super::{hex_byte, rewrite};

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    rewrite(input, b'\\', |out, escape| {
        if let [_, b'x' | b'X', high, low, tail @ ..] = escape
            && let Some(byte) = hex_byte(*high, *low)
        {
            out.push(byte);
            return tail;
        }
        if let Some((byte, tail)) = octal(escape) {
            out.push(byte);
            return tail;
        }
        match escape {
            [_, letter, tail @ ..] => {
                out.push(control(*letter).unwrap_or(*letter));
                tail
            }
            alone => {
                out.extend_from_slice(alone);
                &[]
            }
        }
    })
}

/// The control character that the letter after a backslash stands for.
pub(super) fn control(letter: u8) -> Option<u8> {
    match letter {
        b'a' => Some(0x07),
        b'b' => Some(0x08),
        b'f' => Some(0x0c),
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        b'v' => Some(0x0b),
        _ => None,
    }
}

/// A backslash and one to three octal digits; of what they write the low byte.
fn octal(escape: &[u8]) -> Option<(u8, &[u8])> {
    let after = escape.get(1..)?;
    let digits = after.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let (number, tail) = after.split_at(digits);
    let value = number.iter().fold(0_u32, |sum, digit| sum << 3 | u32::from(digit - b'0'));
    (digits > 0).then_some((u8::try_from(value & 0xff).unwrap_or(0), tail))
}
