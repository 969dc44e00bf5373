//! `parityEven7bit`, `parityOdd7bit`, `parityZero7bit`: the eighth bit of each byte, set anew.

use std::borrow::Cow;

use super::settle;

/// The eighth bit is set where the number of ones in the byte, as it came, is odd.
pub(super) fn even(input: &[u8]) -> Cow<'_, [u8]> {
    settle(input, input.iter().map(|byte| with_eighth(*byte, byte.count_ones() % 2 == 1)).collect())
}

/// The eighth bit is set where the number of ones in the byte, as it came, is even.
pub(super) fn odd(input: &[u8]) -> Cow<'_, [u8]> {
    settle(input, input.iter().map(|byte| with_eighth(*byte, byte.count_ones() % 2 == 0)).collect())
}

pub(super) fn zero(input: &[u8]) -> Cow<'_, [u8]> {
    if input.is_ascii() {
        return Cow::Borrowed(input);
    }
    Cow::Owned(input.iter().map(|byte| byte & 0x7f).collect())
}

fn with_eighth(byte: u8, set: bool) -> u8 {
    if set { byte | 0x80 } else { byte & 0x7f }
}
