//! `removeComments`, `removeCommentsChar`, `replaceComments`.

use std::borrow::Cow;

use memchr::memmem;

use super::settle;

/// Without `/* … */` and `<!-- … -->`; from `--` or `#` on nothing is left. A comment that does not end
/// leaves a space.
pub(super) fn remove(input: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    loop {
        let after = match rest {
            [b'/', b'*', inside @ ..] | [b'<', b'!', b'-', b'-', inside @ ..] => after_end(inside),
            [b'-', b'-', ..] | [b'#', ..] | [] => break,
            [byte, after @ ..] => {
                out.push(*byte);
                Some(after)
            }
        };
        match after {
            Some(after) => rest = after,
            None => {
                out.push(b' ');
                break;
            }
        }
    }
    settle(input, out)
}

/// What follows the first `*/` or `-->`: either ends either kind, as in the reference.
fn after_end(inside: &[u8]) -> Option<&[u8]> {
    let mut rest = inside;
    loop {
        let at = memchr::memchr2(b'*', b'-', rest)?;
        let (_, here) = rest.split_at(at);
        match here {
            [b'*', b'/', after @ ..] | [b'-', b'-', b'>', after @ ..] => return Some(after),
            [_, after @ ..] => rest = after,
            [] => return None,
        }
    }
}

/// Without `/*`, `*/`, `<!--`, `-->`, `--` and `#`, whatever stands between them.
pub(super) fn remove_chars(input: &[u8]) -> Cow<'_, [u8]> {
    let marks = [&b"--"[..], b"/*", b"*/"];
    if memchr::memchr(b'#', input).is_none() && marks.iter().all(|mark| memmem::find(input, mark).is_none()) {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    loop {
        rest = match rest {
            [b'<', b'!', b'-', b'-', after @ ..]
            | [b'-', b'-', b'>', after @ ..]
            | [b'/', b'*', after @ ..]
            | [b'*', b'/', after @ ..]
            | [b'-', b'-', after @ ..]
            | [b'#', after @ ..] => after,
            [byte, after @ ..] => {
                out.push(*byte);
                after
            }
            [] => break,
        };
    }
    settle(input, out)
}

/// With one space for each `/* … */`, and for one that does not end. A `*/` alone stays.
pub(super) fn replace(input: &[u8]) -> Cow<'_, [u8]> {
    let begin = memmem::Finder::new(b"/*");
    let Some(mut at) = begin.find(input) else { return Cow::Borrowed(input) };
    let end = memmem::Finder::new(b"*/");
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    loop {
        let (plain, comment) = rest.split_at(at);
        out.extend_from_slice(plain);
        out.push(b' ');
        let inside = comment.get(2..).unwrap_or_default();
        let Some(after) = end.find(inside).and_then(|at| inside.get(at + 2..)) else { break };
        rest = after;
        match begin.find(rest) {
            Some(next) => at = next,
            None => {
                out.extend_from_slice(rest);
                break;
            }
        }
    }
    Cow::Owned(out)
}
