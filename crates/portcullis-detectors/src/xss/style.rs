//! Style sheets, for the few ways in which they run script or fetch one.

/// The declarations run script in some browser: `expression(…)`, `behavior:`, `-moz-binding:`, script addresses.
pub(super) fn acts(style: &[u8]) -> bool {
    let plain = plain(style);
    let has = |needle: &[u8]| memchr::memmem::find(&plain, needle).is_some();
    has(b"expression(")
        || has(b"behavior:")
        || has(b"-moz-binding")
        || has(b"javascript:")
        || has(b"vbscript:")
        || has(b"@import")
        || has(b"-o-link:") && has(b"data:")
        || has(b"data:text/html")
}

/// Lower case, without comments, spaces, NUL and escapes: as CSS reads it.
fn plain(style: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(style.len());
    let mut at = 0;
    while let Some(&byte) = style.get(at) {
        at += 1;
        match byte {
            0..=0x20 => {}
            b'/' if style.get(at) == Some(&b'*') => {
                match memchr::memmem::find(style.get(at + 1..).unwrap_or_default(), b"*/") {
                    Some(offset) => at += offset + 3,
                    None => break,
                }
            }
            b'\\' => {
                let mut value = 0_u32;
                let mut digits = 0;
                while digits < 6
                    && let Some(digit) = style.get(at).and_then(|b| char::from(*b).to_digit(16))
                {
                    value = value * 16 + digit;
                    at += 1;
                    digits += 1;
                }
                if digits > 0 {
                    if style.get(at).is_some_and(|b| *b <= 0x20) {
                        at += 1;
                    }
                    plain.push(u8::try_from(value).unwrap_or(b'?').to_ascii_lowercase());
                }
            }
            _ => plain.push(byte.to_ascii_lowercase()),
        }
    }
    plain
}
