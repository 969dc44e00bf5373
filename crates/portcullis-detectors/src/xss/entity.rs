//! Character references, as the HTML standard decodes them in text and in attribute values.

use std::borrow::Cow;

/// References by name that stand for a character of code; the longest comes first where one begins another.
const NAMED: &[(&[u8], u8)] = &[
    (b"newline", b'\n'),
    (b"tab", b'\t'),
    (b"colon", b':'),
    (b"lpar", b'('),
    (b"rpar", b')'),
    (b"lsqb", b'['),
    (b"lbrack", b'['),
    (b"rsqb", b']'),
    (b"rbrack", b']'),
    (b"lcub", b'{'),
    (b"lbrace", b'{'),
    (b"rcub", b'}'),
    (b"rbrace", b'}'),
    (b"quot", b'"'),
    (b"apos", b'\''),
    (b"grave", b'`'),
    (b"diacriticalgrave", b'`'),
    (b"semi", b';'),
    (b"comma", b','),
    (b"period", b'.'),
    (b"sol", b'/'),
    (b"bsol", b'\\'),
    (b"equals", b'='),
    (b"plus", b'+'),
    (b"dollar", b'$'),
    (b"num", b'#'),
    (b"percnt", b'%'),
    (b"excl", b'!'),
    (b"quest", b'?'),
    (b"ast", b'*'),
    (b"lowbar", b'_'),
    (b"commat", b'@'),
    (b"amp", b'&'),
    (b"lt", b'<'),
    (b"gt", b'>'),
];

/// The text with its references decoded; borrowed where there are none.
pub(super) fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'&', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'&'
            && let Some((character, length)) = reference(after)
        {
            let mut buffer = [0; 4];
            decoded.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            rest = after.get(length..).unwrap_or_default();
        } else {
            decoded.push(byte);
            rest = after;
        }
    }
    Cow::Owned(decoded)
}

/// The character that a reference stands for, and its length without the `&`.
pub(crate) fn reference(after: &[u8]) -> Option<(char, usize)> {
    if after.first() == Some(&b'#') {
        return numeric(after);
    }
    for (name, character) in NAMED {
        if after.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)) {
            let closed = after.get(name.len()) == Some(&b';');
            // Of these only the oldest may stand without the semicolon.
            if closed || matches!(*name, b"lt" | b"gt" | b"amp" | b"quot") {
                return Some((char::from(*character), name.len() + usize::from(closed)));
            }
        }
    }
    None
}

fn numeric(after: &[u8]) -> Option<(char, usize)> {
    let (radix, mut at) = match after.get(1) {
        Some(b'x' | b'X') => (16, 2),
        _ => (10, 1),
    };
    let begin = at;
    let mut value = 0_u32;
    while let Some(digit) = after.get(at).and_then(|byte| char::from(*byte).to_digit(radix)) {
        value = value.saturating_mul(radix).saturating_add(digit);
        at += 1;
    }
    if at == begin {
        return None;
    }
    if after.get(at) == Some(&b';') {
        at += 1;
    }
    Some((char::from_u32(value).unwrap_or('\u{fffd}'), at))
}
