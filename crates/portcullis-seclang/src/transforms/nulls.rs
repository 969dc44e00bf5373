//! `removeNulls`, `replaceNulls`.

use std::borrow::Cow;

pub(super) fn remove(input: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(0, input).is_none() {
        return Cow::Borrowed(input);
    }
    Cow::Owned(input.iter().copied().filter(|byte| *byte != 0).collect())
}

pub(super) fn replace(input: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(0, input).is_none() {
        return Cow::Borrowed(input);
    }
    Cow::Owned(input.iter().map(|byte| if *byte == 0 { b' ' } else { *byte }).collect())
}
