//! The prototype of every object of JavaScript (CWE-1321): `__proto__`, `constructor.prototype`.

use crate::text::{at, before, begins, cut, find, find_from, has, has_any, rest, run, words};

/// `__proto__`, `constructor.prototype`, `constructor[prototype]`.
pub(super) fn prototype(text: &[u8]) -> Option<usize> {
    if let Some(place) = find(text, b"constructor:constructor")
        .or_else(|| find(text, b"__proto__:").filter(|_| !has_any(text, &[b"function", b"instanceof"])))
    {
        return Some(place);
    }
    let place = find(text, b"__proto__").or_else(|| {
        find_from(text, 0, b"constructor").filter(|&place| {
            let next = rest(text, place + 11);
            let next = rest(
                next,
                run(next, 0, |byte| {
                    matches!(byte, b'.' | b'[' | b']' | b'"' | b'\'' | b':' | b'{' | b' ' | b'\\')
                }),
            );
            begins(next, b"prototype") && at(text, place + 11) != b' '
        })
    })?;
    // `__proto__ explained`
    let said = matches!(rest(text, place + 9), [b' ', letter, ..] if letter.is_ascii_alphabetic());
    if said && !matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return None;
    }
    // In a sentence it is talked about; a name of a parameter or an object has it as a key.
    let around = words(before(text, place), 6) + words(rest(text, place + 9), 6);
    let object = begins(text.trim_ascii_start(), b"{") || begins(text.trim_ascii_start(), b"[");
    let key = object && around <= 9 && has(cut(text, place..place + 16), b":")
        || object && has(rest(text, place), b"constructor");
    let code = has_any(text, &[b"function", b"=>", b"class ", b"//"]) && !object;
    let said = around > 3 && !key && !object || code && around > 2;
    (!said).then_some(place)
}
