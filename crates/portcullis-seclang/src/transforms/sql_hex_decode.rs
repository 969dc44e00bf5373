//! `sqlHexDecode`: `0x` and pairs of hexadecimal digits, as SQL writes strings.
//!
//! The reference loses the last byte of every value and all after a NUL; here nothing is lost.

use std::borrow::Cow;

use super::{hex_byte, rewrite};

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    rewrite(input, b'0', |out, here| {
        if let [_, b'x' | b'X', digits @ ..] = here {
            let mut rest = digits;
            while let [high, low, after @ ..] = rest
                && let Some(byte) = hex_byte(*high, *low)
            {
                out.push(byte);
                rest = after;
            }
            if rest.len() < digits.len() {
                return rest;
            }
        }
        out.push(b'0');
        here.get(1..).unwrap_or_default()
    })
}
