//! `cssDecode`: the escapes of CSS 2.1 (section 4.1.3).
//!
//! A backslash and one to six hexadecimal digits write a character, of which the low byte is kept; one white
//! space after them belongs to the escape. A backslash before a line feed goes with it, before anything else
//! alone.

use std::borrow::Cow;

use super::{hex_digit, is_space, narrow, rewrite};

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    rewrite(input, b'\\', |out, escape| {
        let after = escape.get(1..).unwrap_or_default();
        let digits = after.iter().take(6).take_while(|byte| hex_digit(**byte).is_some()).count();
        let (number, tail) = after.split_at(digits);
        if number.is_empty() {
            return match tail {
                [b'\n', tail @ ..] => tail,
                [byte, tail @ ..] => {
                    out.push(*byte);
                    tail
                }
                [] => tail,
            };
        }
        let value = number
            .iter()
            .filter_map(|byte| hex_digit(*byte))
            .fold(0_u32, |sum, digit| sum << 4 | u32::from(digit));
        let low = u8::try_from(value & 0xff).unwrap_or(0);
        // Four digits or more write a full-width form, if what stands before them is zero.
        let high = if digits >= 4 && value <= 0xffff { u8::try_from(value >> 8).unwrap_or(0) } else { 0 };
        out.push(narrow(high, low));
        match tail {
            [byte, tail @ ..] if is_space(*byte) => tail,
            tail => tail,
        }
    })
}
