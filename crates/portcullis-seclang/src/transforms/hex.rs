//! `hexDecode`, `hexEncode`.

use std::borrow::Cow;

use super::settle;

/// Two digits a byte; an odd one at the end is dropped. What is not a digit is counted as the reference
/// counts it, by its place in ASCII, rather than refused.
pub(super) fn decode(input: &[u8]) -> Cow<'_, [u8]> {
    let pair = |pair: &[u8]| match pair {
        [high, low] => value(*high).wrapping_mul(16).wrapping_add(value(*low)),
        _ => 0,
    };
    settle(input, input.chunks_exact(2).map(pair).collect())
}

pub(super) fn encode(input: &[u8]) -> Cow<'_, [u8]> {
    if input.is_empty() {
        return Cow::Borrowed(input);
    }
    Cow::Owned(input.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect())
}

/// A digit from 0 to 15, in lower case.
pub(super) fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

fn value(byte: u8) -> u8 {
    if byte >= b'A' { (byte & 0xdf).wrapping_sub(b'A').wrapping_add(10) } else { byte.wrapping_sub(b'0') }
}
