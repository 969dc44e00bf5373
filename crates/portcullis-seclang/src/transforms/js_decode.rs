//! `jsDecode`: the escapes of JavaScript strings, `\uHHHH \xHH \OOO` and a backslash before a letter.
//!
//! Of `\uHHHH` the low byte is kept, full-width forms as what they look like.

use std::borrow::Cow;

use super::escape_seq_decode::control;
use super::{hex_byte, narrow, rewrite};

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    rewrite(input, b'\\', |out, escape| {
        if let [_, b'u', a, b, c, d, tail @ ..] = escape
            && let (Some(high), Some(low)) = (hex_byte(*a, *b), hex_byte(*c, *d))
        {
            out.push(narrow(high, low));
            return tail;
        }
        if let [_, b'x', high, low, tail @ ..] = escape
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

/// A backslash and octal digits that write one byte: three of them only up to `\377`.
fn octal(escape: &[u8]) -> Option<(u8, &[u8])> {
    let after = escape.get(1..)?;
    let most = if matches!(after.first(), Some(b'0'..=b'3')) { 3 } else { 2 };
    let digits = after.iter().take(most).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let (number, tail) = after.split_at(digits);
    let value = number.iter().fold(0_u8, |sum, digit| sum << 3 | (digit - b'0'));
    (digits > 0).then_some((value, tail))
}
