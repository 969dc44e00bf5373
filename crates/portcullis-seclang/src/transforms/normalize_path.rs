//! `normalizePath`, `normalizePathWin`: without doubled slashes, `.` and, as far as there is something to go
//! back over, `..`.
//!
//! An absolute path does not go above its root, a relative one keeps the `..` that it begins with. A slash at
//! the end stays. The reference takes a segment that merely ends in two dots (`name..`) for `..`; file systems
//! do not, nor does this.

use std::borrow::Cow;

use super::settle;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    if is_normal(input) {
        return Cow::Borrowed(input);
    }
    normalize(input, |byte| byte == b'/')
}

pub(super) fn apply_win(input: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', input).is_none() && is_normal(input) {
        return Cow::Borrowed(input);
    }
    normalize(input, |byte| matches!(byte, b'/' | b'\\'))
}

/// Whether no segment is empty or begins with a dot: what is then in normal form already. `false` is not certain.
fn is_normal(input: &[u8]) -> bool {
    !input.starts_with(b".")
        && memchr::memchr_iter(b'/', input)
            .all(|at| input.get(at + 1).is_none_or(|next| !matches!(next, b'/' | b'.')))
}

fn normalize(input: &[u8], slash: impl Fn(u8) -> bool) -> Cow<'_, [u8]> {
    let absolute = input.first().copied().is_some_and(&slash);
    let trailing = input.last().copied().is_some_and(&slash);
    let root = usize::from(absolute);
    let mut out: Vec<u8> = Vec::with_capacity(input.len());
    // Where the segments begin that `..` may go back over.
    let mut starts: Vec<usize> = Vec::new();
    if absolute {
        out.push(b'/');
    }
    for segment in input.split(|byte| slash(*byte)) {
        match segment {
            b"" | b"." => {}
            b".." if !starts.is_empty() => {
                out.truncate(starts.pop().unwrap_or(root));
            }
            b".." if absolute => {}
            _ => {
                if segment != b".." {
                    starts.push(out.len());
                }
                if out.len() > root {
                    out.push(b'/');
                }
                out.extend_from_slice(segment);
            }
        }
    }
    if trailing && !out.is_empty() && out.last() != Some(&b'/') {
        out.push(b'/');
    }
    settle(input, out)
}
