//! `cmdLine`: what shells of Unix and Windows pass over when they read a command.
//!
//! Backslashes, quotes and carets go; commas, semicolons and runs of white space become one space, which goes
//! too before `/` and `(`; letters become lower case.

use std::borrow::Cow;

use super::settle;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    let mut out = vec![0; input.len()];
    let mut length = 0_usize;
    // Whether a space was written last. No branch depends on the text.
    let mut space = false;
    for &byte in input {
        let goes = matches!(byte, b'"' | b'\'' | b'\\' | b'^');
        let parts = matches!(byte, b' ' | b',' | b';' | b'\t' | b'\r' | b'\n');
        let joins = matches!(byte, b'/' | b'(');
        length -= usize::from(joins & space);
        if let Some(slot) = out.get_mut(length) {
            *slot = if parts { b' ' } else { byte.to_ascii_lowercase() };
        }
        length += usize::from(!(goes | (parts & space)));
        space = parts | (goes & space);
    }
    out.truncate(length);
    settle(input, out)
}
