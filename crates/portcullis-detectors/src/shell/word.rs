//! The words of a simple command, read as a shell would: quotes and escapes taken off, expansions that come
//! to nothing taken out.

use crate::text::{at, cut, find_from, is_space, rest, run};

/// As much of one command as is read; what stands beyond cannot make it less of a command.
const LONGEST: usize = 256;
const MOST_WORDS: usize = 6;

/// One word, as the command would get it.
#[derive(Debug, Default, Clone)]
pub(super) struct Word {
    /// What is left of it after quotes, escapes and empty expansions.
    pub(super) text: Vec<u8>,
    /// Something stood inside of it that only a shell takes off: `c'a't`, `wh$@oami`.
    pub(super) disguised: bool,
    /// It has `*`, `?` or `[` outside quotes.
    pub(super) glob: bool,
    /// It begins with a quote.
    pub(super) quoted: bool,
    /// It holds a variable or a command substitution.
    pub(super) expands: bool,
    /// A redirection.
    pub(super) redirects: bool,
}

/// A simple command: words up to a separator.
#[derive(Debug, Default)]
pub(super) struct Command {
    pub(super) words: Vec<Word>,
    /// Variables were assigned before the first word.
    pub(super) assigns: bool,
    /// The first word is followed by `(`: a call in some other language.
    pub(super) calls: bool,
    /// `$IFS` stood between words, or words in braces.
    pub(super) spaceless: bool,
    /// A substitution that comes to nothing stands inside: nobody writes these but to hide.
    pub(super) end: usize,
    /// The byte that ended it, NUL at the end.
    pub(super) stop: u8,
}

/// Reads the command at `start`. `closer` ends it too: `)` or a backtick.
pub(super) fn command(text: &[u8], start: usize, closer: u8) -> Command {
    let text = cut(text, 0..start.saturating_add(LONGEST));
    let mut here = Command { end: start, ..Command::default() };
    let mut index = start;
    let mut in_braces = false;
    loop {
        index = run(text, index, |byte| byte == b' ' || byte == b'\t' || (in_braces && byte == b','));
        let first_word = here.words.is_empty();
        let byte = at(text, index);
        if first_word && matches!(byte, b'(' | b'@') {
            index += 1;
            continue;
        }
        if first_word && byte == b'{' {
            // `{cat,/etc/passwd}` is words without a space.
            let inside = run(text, index, |byte| byte != b'}' && byte != b'\n');
            let words = cut(text, index + 1..inside);
            in_braces = at(text, inside) == b'}'
                && words.contains(&b',')
                && words.first().is_some_and(u8::is_ascii_alphabetic)
                && !words.iter().any(|&byte| is_space(byte));
            here.spaceless |= in_braces;
            index += 1;
            continue;
        }
        if index >= text.len() || here.words.len() >= MOST_WORDS || ends(byte, closer) {
            break;
        }
        if byte == b'#' || (in_braces && byte == b'}') {
            break;
        }
        let (word, next) = word(text, index, closer, in_braces, &mut here.spaceless);
        if first_word && at(text, next) == b'(' && !word.disguised {
            here.calls = true;
        }
        if first_word && is_assignment(&word.text) {
            here.assigns = true;
        } else if !word.text.is_empty() || word.expands {
            here.words.push(word);
        }
        if next <= index {
            break;
        }
        index = next;
    }
    here.end = index;
    here.stop = at(text, index);
    here
}

fn ends(byte: u8, closer: u8) -> bool {
    matches!(byte, b';' | b'|' | b'&' | b'\n' | b'\r' | b'(' | b')') || (byte == closer && closer != 0)
}

fn is_assignment(word: &[u8]) -> bool {
    let name = word.iter().take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'_').count();
    name > 0 && !word.first().is_some_and(u8::is_ascii_digit) && at(word, name) == b'='
}

fn word(text: &[u8], start: usize, closer: u8, in_braces: bool, spaceless: &mut bool) -> (Word, usize) {
    let mut word = Word::default();
    let mut index = start;
    while let Some(&byte) = text.get(index) {
        let inside = index > start;
        match byte {
            b',' if in_braces => break,
            b'}' if in_braces => break,
            b'<' | b'>' => {
                if inside && !word.redirects && !word.text.iter().all(u8::is_ascii_digit) {
                    break;
                }
                word.redirects = true;
                word.text.push(byte);
                index += 1;
                if at(text, index) == b'&' {
                    index += 1;
                }
                continue;
            }
            _ if is_space(byte) || ends(byte, closer) => break,
            b'\\' => {
                let next = at(text, index + 1);
                // Before a letter it hides (`c\at`) or is a path of Windows: both are kept for who asks.
                word.disguised |= next.is_ascii_alphabetic();
                word.text.push(if next.is_ascii_alphabetic() && word.text.ends_with(b":") {
                    b'\\'
                } else {
                    next
                });
                index += 2;
                continue;
            }
            b'^' if at(text, index + 1).is_ascii_alphabetic() => word.disguised = true,
            b'\'' | b'"' => {
                let close = memchr::memchr(byte, rest(text, index + 1));
                let Some(length) = close else {
                    // Nothing closes it here: it closes one that the app has opened.
                    index += 1;
                    if inside {
                        break;
                    }
                    continue;
                };
                word.quoted |= !inside;
                let quoted = cut(text, index + 1..index + 1 + length);
                let after = at(text, index + 2 + length);
                word.disguised |= inside && word.text.last().is_some_and(u8::is_ascii_alphanumeric)
                    || (!inside && after.is_ascii_alphabetic() && length < 12);
                word.text.extend_from_slice(quoted);
                index += 2 + length;
                continue;
            }
            b'`' => {
                // An empty one hides; any other expands.
                let length = memchr::memchr(b'`', rest(text, index + 1));
                match length {
                    Some(0) => word.disguised = true,
                    Some(_) => word.expands = true,
                    None => break,
                }
                index += 2 + length.unwrap_or(0);
                continue;
            }
            b'$' => match dollar(text, index) {
                Dollar::Space(end) => {
                    *spaceless = true;
                    return (word, end);
                }
                Dollar::Nothing(end) => {
                    word.disguised = true;
                    index = end;
                    continue;
                }
                Dollar::Variable(end) => {
                    word.expands = true;
                    index = end;
                    continue;
                }
                Dollar::Text(bytes, end) => {
                    word.disguised = true;
                    word.text.extend_from_slice(&bytes);
                    index = end;
                    continue;
                }
                Dollar::Literal => word.text.push(byte),
            },
            b'*' | b'?' | b'[' => {
                word.glob = true;
                word.text.push(byte);
            }
            _ => word.text.push(byte),
        }
        index += 1;
    }
    (word, index)
}

enum Dollar {
    /// `$IFS`: white space.
    Space(usize),
    /// `$@`, `$9`, `$()`: nothing.
    Nothing(usize),
    /// Something that is not known here.
    Variable(usize),
    /// `$'\x69d'`.
    Text(Vec<u8>, usize),
    /// A dollar.
    Literal,
}

fn dollar(text: &[u8], index: usize) -> Dollar {
    let after = index + 1;
    match at(text, after) {
        b'\'' => {
            let end = find_from(text, after + 1, b"'").unwrap_or(text.len());
            Dollar::Text(ansi(cut(text, after + 1..end)), end + 1)
        }
        b'"' => Dollar::Nothing(after),
        b'@' | b'*' | b'!' | b'-' => Dollar::Nothing(after + 1),
        b'1'..=b'9' if !at(text, after + 1).is_ascii_digit() => Dollar::Nothing(after + 1),
        b'{' => {
            let close = run(text, after, |byte| byte != b'}' && byte != b'\n');
            match cut(text, after + 1..close) {
                name if name.starts_with(b"IFS") => Dollar::Space(close + 1),
                _ => Dollar::Variable(close + 1),
            }
        }
        b'(' => {
            let close = run(text, after, |byte| byte != b')' && byte != b'\n');
            match close - after {
                1 => Dollar::Nothing(close + 1),
                _ => Dollar::Variable(close + 1),
            }
        }
        byte if byte.is_ascii_alphabetic() || byte == b'_' => {
            let end = run(text, after, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
            match cut(text, after..end) {
                name if name.starts_with(b"IFS") => Dollar::Space(after + 3),
                _ => Dollar::Variable(end),
            }
        }
        _ => Dollar::Literal,
    }
}

/// The bytes of an ANSI-C quoted string.
fn ansi(quoted: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut index = 0;
    while let Some(&byte) = quoted.get(index) {
        if byte != b'\\' {
            bytes.push(byte);
            index += 1;
            continue;
        }
        let (start, radix, most) = match at(quoted, index + 1) {
            b'x' => (index + 2, 16, 2),
            b'u' => (index + 2, 16, 4),
            b'0'..=b'7' => (index + 1, 8, 3),
            other => {
                bytes.push(other);
                index += 2;
                continue;
            }
        };
        let mut value = 0u32;
        let mut place = start;
        while let Some(digit) = char::from(at(quoted, place)).to_digit(radix).filter(|_| place < start + most)
        {
            value = value * radix + digit;
            place += 1;
        }
        bytes.push(u8::try_from(value & 0xff).unwrap_or(b'?'));
        index = place.max(index + 2);
    }
    bytes
}
