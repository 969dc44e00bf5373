//! The formats of PHP's `serialize`, Python's `pickle` and Ruby's `Marshal`.

use crate::text::{at, before, has_any, rest, run};

/// `O:8:"stdClass":0:{`, `C:11:"ArrayObject":…`, `E:…`: the length must be that of the class's name.
pub(super) fn php(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b':', text).find_map(|colon| {
        let kind = at(text, colon.wrapping_sub(1));
        let before_it = at(text, colon.wrapping_sub(2));
        if !matches!(kind, b'O' | b'C' | b'E' | b'o') || before_it.is_ascii_alphanumeric() {
            return None;
        }
        // `O:+8:` was read too, once.
        let digits = if at(text, colon + 1) == b'+' { colon + 2 } else { colon + 1 };
        let end = run(text, digits, |byte| byte.is_ascii_digit());
        if end == digits || at(text, end) != b':' {
            return None;
        }
        let quote = if at(text, end + 1) == b'\\' { end + 2 } else { end + 1 };
        let name_end = run(text, quote + 1, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\\' | b':') || byte >= 0x80
        });
        let closed = at(text, name_end) == b'"'
            || at(text, name_end) == b'\\' && at(text, name_end + 1) == b'"'
            || at(text, name_end.wrapping_sub(1)) == b'\\' && at(text, name_end) == b'"';
        (at(text, quote) == b'"' && closed && name_end > quote + 1).then(|| colon - 1)
    })
}

/// A pickle that calls: `GLOBAL` and `REDUCE` of protocol 0 to 5, or `INST`, `OBJ`, `NEWOBJ`.
pub(super) fn pickle(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    if text.starts_with(b"\x80") && at(text, 1) <= 5 {
        return text.contains(&b'R') && (text.contains(&b'c') || text.contains(&0x93))
            || has_any(
                text,
                &[b"\x8c\x05posix", b"\x8c\x02os", b"\x8c\x08builtins", b"subprocess", b"\x93"],
            )
            || text.contains(&0x81);
    }
    // Protocol 0 is text: a name of a module and of what is in it, a line each.
    let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').take(64).collect();
    let global = lines.windows(2).any(|pair| {
        let [module, name] = pair else { return false };
        let module = module.trim_ascii_end();
        let opcode = module.iter().position(|&byte| byte == b'c' || byte == b'i');
        opcode.is_some_and(|place| {
            let path = rest(module, place + 1);
            place <= 3
                && before(module, place).iter().all(|byte| matches!(byte, b'(' | b'.' | b'}' | b']'))
                && !path.is_empty()
                && path.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
                && name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
                && name
                    .trim_ascii_end()
                    .iter()
                    .all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
        })
    });
    let calls = [&b"tR"[..], b"(S'", b"(S\"", b"R.", b"(V", b"(t", b"(l", b"\no."];
    // Whatever else it lacks: nothing but a pickle names a function of the system so.
    let system = lines.windows(2).any(|pair| {
        let [module, name] = pair else { return false };
        matches!(
            *module,
            b"cos"
                | b"cposix"
                | b"cnt"
                | b"csubprocess"
                | b"cbuiltins"
                | b"c__builtin__"
                | b"csys"
                | b"cpty"
                | b"ccommands"
                | b"(cos"
                | b"(cposix"
        ) && name.first().is_some_and(u8::is_ascii_lowercase)
    });
    system
        || global
            && calls.iter().any(|opcode| memchr::memmem::find(text, opcode).is_some())
            && text.ends_with(b".")
}

/// Ruby's Marshal 4.8, with an object in it.
pub(super) fn marshal(text: &[u8]) -> bool {
    text.starts_with(b"\x04\x08")
        && matches!(at(text, 2), b'o' | b'U' | b'u' | b'C' | b'c' | b'm' | b'S' | b'e' | b'[' | b'{' | b'I')
        && (matches!(at(text, 2), b'o' | b'U' | b'u' | b'C' | b'c' | b'm' | b'S' | b'e')
            || has_any(text, &[b"o:", b"U:", b"c\x0f", b"c\x15", b"Gem::"]))
}
