//! `compressWhitespace`, `removeWhitespace`, `trim`, `trimLeft`, `trimRight`.
//!
//! White space is what C's `isspace` takes for it; `removeWhitespace` takes the non-breaking space of Latin 1
//! (byte 0xA0) too, as the reference does.

use std::borrow::Cow;

use super::{is_space, settle, sift};

/// Each run of white space as one space.
pub(super) fn compress(input: &[u8]) -> Cow<'_, [u8]> {
    // Most text has single spaces and nothing else.
    let others = input.iter().fold(false, |any, byte| any | matches!(byte, b'\t'..=b'\r'));
    if !others && memchr::memmem::find(input, b"  ").is_none() {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len());
    let mut space = false;
    for &byte in input {
        if !is_space(byte) {
            out.push(byte);
            space = false;
        } else if !space {
            out.push(b' ');
            space = true;
        }
    }
    settle(input, out)
}

fn is_wide_space(byte: u8) -> bool {
    is_space(byte) || byte == 0xa0
}

pub(super) fn remove(input: &[u8]) -> Cow<'_, [u8]> {
    if !input.iter().copied().any(is_wide_space) {
        return Cow::Borrowed(input);
    }
    Cow::Owned(sift(input, |byte| !is_wide_space(byte)))
}

pub(super) fn trim_left(mut input: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = input
        && is_space(*first)
    {
        input = rest;
    }
    input
}

pub(super) fn trim_right(mut input: &[u8]) -> &[u8] {
    while let [rest @ .., last] = input
        && is_space(*last)
    {
        input = rest;
    }
    input
}
