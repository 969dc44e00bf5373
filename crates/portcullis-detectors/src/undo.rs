//! Encodings that something on the way to the page or the query may undo: percent signs, escapes of scripts,
//! character references written as numbers, charsets that are read for others.
//!
//! Each gives the decoded bytes, or nothing where there is nothing to decode.

/// `%3Cscript%3E`, once.
pub(crate) fn form(input: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(b'%', input)?;
    let mut decoded = Vec::with_capacity(input.len());
    let mut at = 0;
    while let Some(&byte) = input.get(at) {
        at += 1;
        if byte == b'%' {
            let wide = input.get(at).is_some_and(|b| b | 0x20 == b'u');
            let (from, length) = if wide { (at + 1, 4) } else { (at, 2) };
            if let Some(value) = hex(input.get(from..from + length)) {
                push(&mut decoded, value, !wide);
                at = from + length;
                continue;
            }
        }
        decoded.push(byte);
    }
    (decoded.len() != input.len()).then_some(decoded)
}

/// `\x3cscript\x3e`, `\u003c`, `\u{3c}`, `\74`: what a string of a script makes of it.
pub(crate) fn script_escapes(input: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(b'\\', input)?;
    let mut decoded = Vec::with_capacity(input.len());
    let mut at = 0;
    while let Some(&byte) = input.get(at) {
        at += 1;
        if byte != b'\\' {
            decoded.push(byte);
            continue;
        }
        let (value, length) = match input.get(at) {
            Some(b'x') => (hex(input.get(at + 1..at + 3)), 3),
            Some(b'u') if input.get(at + 1) == Some(&b'{') => {
                let digits = input
                    .get(at + 2..)
                    .unwrap_or_default()
                    .iter()
                    .take(6)
                    .take_while(|b| **b != b'}')
                    .count();
                (hex(input.get(at + 2..at + 2 + digits)), digits + 3)
            }
            Some(b'u') => (hex(input.get(at + 1..at + 5)), 5),
            Some(b'0'..=b'7') => {
                let digits = input
                    .get(at..)
                    .unwrap_or_default()
                    .iter()
                    .take(3)
                    .take_while(|b| matches!(b, b'0'..=b'7'))
                    .count();
                let value = input
                    .get(at..at + digits)
                    .unwrap_or_default()
                    .iter()
                    .fold(0, |v, b| v * 8 + u32::from(b - b'0'));
                ((digits > 1).then_some(value), digits)
            }
            _ => (None, 0),
        };
        match value {
            Some(value) => {
                push(&mut decoded, value, false);
                at += length;
            }
            None => decoded.push(byte),
        }
    }
    (decoded.len() != input.len()).then_some(decoded)
}

/// Characters that a charset, or a best-fit conversion on the way, turns into those of markup.
pub(crate) fn charset(input: &[u8]) -> Option<Vec<u8>> {
    const PAIRS: &[(&[u8], &[u8])] = &[
        (b"\xef\xbc\x9c", b"<"),
        (b"\xef\xbc\x9e", b">"),
        (b"\xef\xbc\x82", b"\""),
        (b"\xef\xbc\x87", b"'"),
        (b"\xef\xbc\x88", b"("),
        (b"\xef\xbc\x89", b")"),
        (b"\xef\xbc\x9d", b"="),
        (b"\xef\xb9\xa4", b"<"),
        (b"\xef\xb9\xa5", b">"),
        (b"\xc2\xbc", b"<"),
        (b"\xc2\xbe", b">"),
        (b"\xbc", b"<"),
        (b"\xbe", b">"),
        // U+02BC and U+2019 become quotes in code pages that lack them.
        (b"\xca\xbc", b"'"),
        (b"+ADw-", b"<"),
        (b"+AD4-", b">"),
        (b"+ACI-", b"\""),
        (b"+ADw", b"<"),
    ];
    let possible = memchr::memmem::find(input, b"+ADw").is_some()
        || memchr::memchr3(0xef, 0xbc, 0xc0, input).is_some()
        || memchr::memchr3(0xc1, 0xca, 0xe0, input).is_some();
    if !possible {
        return None;
    }
    let mut decoded = Vec::with_capacity(input.len());
    let mut rest = input;
    'next: while let Some((&byte, after)) = rest.split_first() {
        // Two bytes for a character of one, which no reader of UTF-8 may take and some do.
        if let (0xc0 | 0xc1, [second @ 0x80..=0xbf, behind @ ..]) = (byte, after) {
            decoded.push((byte & 1) << 6 | second & 0x3f);
            rest = behind;
            continue;
        }
        if let (0xe0, [second @ 0x80..=0x9f, third @ 0x80..=0xbf, behind @ ..]) = (byte, after) {
            let value = u32::from(second & 0x1f) << 6 | u32::from(third & 0x3f);
            push(&mut decoded, value, false);
            rest = behind;
            continue;
        }
        for (from, to) in PAIRS {
            if let Some(after) = rest.strip_prefix(*from) {
                decoded.extend_from_slice(to);
                rest = after;
                continue 'next;
            }
        }
        decoded.push(byte);
        rest = after;
    }
    (decoded != input).then_some(decoded)
}

/// `&#60;script&#62;`: nobody writes the signs of markup as numbers but to hide them. `&lt;` is ordinary.
pub(crate) fn references(input: &[u8]) -> Option<Vec<u8>> {
    memchr::memmem::find(input, b"&#")?;
    let mut decoded = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'&'
            && after.first() == Some(&b'#')
            && let Some((character, length)) = crate::xss::entity::reference(after)
        {
            let mut buffer = [0; 4];
            decoded.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            rest = after.get(length..).unwrap_or_default();
        } else {
            decoded.push(byte);
            rest = after;
        }
    }
    (decoded.len() != input.len()).then_some(decoded)
}

fn hex(digits: Option<&[u8]>) -> Option<u32> {
    let digits = digits.filter(|digits| !digits.is_empty())?;
    digits.iter().try_fold(0_u32, |value, byte| Some(value << 4 | char::from(*byte).to_digit(16)?))
}

/// Adds a code point, or a byte where the encoding is one of bytes.
fn push(decoded: &mut Vec<u8>, value: u32, byte: bool) {
    match u8::try_from(value) {
        Ok(value) if byte || value < 0x80 => decoded.push(value),
        _ => {
            // The wide forms of ASCII come out as ASCII in the code pages of Windows.
            let value = if (0xff01..=0xff5e).contains(&value) { value - 0xfee0 } else { value };
            let mut buffer = [0; 4];
            let character = char::from_u32(value).unwrap_or('\u{fffd}');
            decoded.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        }
    }
}

/// `+` for a space, as a form sends it, where there are more of them than spaces.
pub(crate) fn spaces(input: &[u8]) -> Option<Vec<u8>> {
    let pluses = memchr::memchr_iter(b'+', input).count();
    if pluses == 0 || memchr::memchr_iter(b' ', input).count() > pluses {
        return None;
    }
    let spaced: Vec<u8> = input.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    Some(form(&spaced).unwrap_or(spaced))
}

/// `%S%E%L%E%C%T`: old servers drop a percent sign that encodes nothing.
pub(crate) fn stray_percents(input: &[u8]) -> Option<Vec<u8>> {
    let percents = memchr::memchr_iter(b'%', input).count();
    if percents < 4 || percents * 3 < input.len() {
        return None;
    }
    Some(input.iter().copied().filter(|byte| *byte != b'%').collect())
}

/// `UN/**/ION`: what an application that strips comments makes of a word that is cut by one.
pub(crate) fn comments(input: &[u8]) -> Option<Vec<u8>> {
    memchr::memmem::find(input, b"*/")?;
    let mut stripped = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some(start) = memchr::memmem::find(rest, b"/*") {
        let Some(length) = memchr::memmem::find(rest.get(start + 2..)?, b"*/") else { break };
        stripped.extend_from_slice(rest.get(..start)?);
        rest = rest.get(start + 2 + length + 2..)?;
    }
    stripped.extend_from_slice(rest);
    (stripped.len() != input.len()).then_some(stripped)
}
