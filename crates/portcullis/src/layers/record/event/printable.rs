//! Bytes of a client, made harmless to look at.

use std::fmt::Write as _;

/// The bytes as text that can stand in a log and on a terminal: what is not printable becomes `\n`, `\r`,
/// `\t`, `\x{ff}` (a byte that is no UTF-8) or `\u{202e}` (a character that does not show itself, or turns
/// others around); a backslash is doubled, so that nothing is ambiguous. Cut after `most` characters.
#[must_use]
pub fn printable(bytes: &[u8], most: usize) -> String {
    let mut text = String::with_capacity(bytes.len().min(most));
    let mut count = 0_usize;
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if count >= most {
                text.push('…');
                return text;
            }
            count = count.saturating_add(1);
            if letter == '\\' { text.push_str("\\\\") } else { push(&mut text, letter) }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{{{byte:02x}}}");
            count = count.saturating_add(1);
        }
    }
    text
}

/// A sentence of ours that quotes a client: it is escaped already, so that only what got through is.
#[must_use]
pub fn clean(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most));
    for letter in text.chars().take(most) {
        push(&mut out, letter);
    }
    if text.chars().nth(most).is_some() {
        out.push('…');
    }
    out
}

fn push(text: &mut String, letter: char) {
    match letter {
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        _ if shows(letter) => text.push(letter),
        _ => {
            let _ = write!(text, "\\u{{{:x}}}", u32::from(letter));
        }
    }
}

/// Letters, digits and common signs. Everything that moves, hides or reverses text is outside: controls,
/// line separators, bidirectional marks, joiners, tags.
fn shows(letter: char) -> bool {
    letter == ' ' || letter.is_ascii_graphic() || letter.is_alphanumeric() || "…„“”‘’–—«»·€£".contains(letter)
}
