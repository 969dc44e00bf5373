//! `cmdLine`: what shells of Unix and Windows pass over when they read a command.
//!
//! Backslashes, quotes and carets go; commas, semicolons and runs of white space become one space, which goes
//! too before `/` and `(`; letters become lower case.

use std::borrow::Cow;

use super::settle;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::with_capacity(input.len());
    let mut space = false;
    for &byte in input {
        match byte {
            b'"' | b'\'' | b'\\' | b'^' => {}
            b' ' | b',' | b';' | b'\t' | b'\r' | b'\n' => {
                if !space {
                    out.push(b' ');
                    space = true;
                }
            }
            b'/' | b'(' => {
                if space {
                    out.pop();
                    space = false;
                }
                out.push(byte);
            }
            _ => {
                space = false;
                out.push(byte.to_ascii_lowercase());
            }
        }
    }
    settle(input, out)
}
