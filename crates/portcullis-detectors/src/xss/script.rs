//! JavaScript, read far enough to tell code that acts on the page from text.
//!
//! A name next to a name is no JavaScript unless one of them is a keyword: that is where sentences stop.

use super::names;

/// What was read of a piece of code.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Code {
    /// It calls a function that acts on the page, or assigns to what the page shows.
    pub(super) acts: bool,
    /// It calls something, or assigns.
    pub(super) does: bool,
    /// It is one that demonstrates: `alert(1)`, a call through a computed name, `document.cookie`.
    pub(super) demonstrates: bool,
    /// The quote that was asked for opens a string at the end, which the page closes.
    pub(super) rejoined: bool,
    /// A comment takes the rest away.
    pub(super) cut: bool,
    /// It calls `alert` or its like by that name.
    pub(super) alerts: bool,
    /// How many bytes were read before something that is no code, or all.
    pub(super) read: usize,
    /// All of it is code.
    pub(super) whole: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Begin,
    Operator,
    Name,
    Keyword,
    Value,
    Dot,
    Close,
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

const KEYWORDS: &[&[u8]] = &[
    b"var",
    b"let",
    b"const",
    b"new",
    b"typeof",
    b"throw",
    b"return",
    b"function",
    b"in",
    b"of",
    b"if",
    b"else",
    b"void",
    b"delete",
    b"async",
    b"await",
    b"try",
    b"catch",
    b"instanceof",
    b"for",
    b"while",
    b"do",
    b"with",
    b"yield",
    b"class",
    b"extends",
    b"case",
    b"default",
    b"finally",
];

/// Reads code from its beginning. `within` is the quote of the string that the code broke out of.
pub(super) fn read(code: &[u8], within: Option<u8>, steps: &mut usize) -> Code {
    let mut found = Code::default();
    let mut last = Last::Begin;
    let mut name: &[u8] = b"";
    // The first name of a path and whether its parts were computed: `window['al'+'ert']`.
    let mut root: &[u8] = b"";
    let mut computed = false;
    // Dots since the root: only `top['…'](…)` reaches a global by a computed name.
    let mut dots = 0_u32;
    let mut at = 0;
    while let Some(&byte) = code.get(at) {
        let start = at;
        match byte {
            0..=0x20 => at += 1,
            b'/' if code.get(at + 1) == Some(&b'/') => {
                // In an address `//` begins the comment that `%0a` or a line end closes.
                match memchr::memchr2(b'\n', b'\r', code.get(at..).unwrap_or_default()) {
                    Some(offset) => at += offset,
                    None => {
                        found.cut = true;
                        at = code.len();
                    }
                }
            }
            b'/' if code.get(at + 1) == Some(&b'*') => {
                match memchr::memmem::find(code.get(at + 2..).unwrap_or_default(), b"*/") {
                    Some(offset) => at += offset + 4,
                    None => {
                        found.cut = true;
                        at = code.len();
                    }
                }
            }
            b'<' if code.get(at..).is_some_and(|rest| rest.starts_with(b"<!--")) => {
                found.cut = true;
                at = code.len();
            }
            b'\'' | b'"' | b'`' => {
                // In a template the same quote ends it, so there it calls nothing.
                if byte == b'`' && within != Some(b'`') && matches!(last, Last::Name | Last::Close) {
                    called(&mut found, name, root, computed && dots == 0, last);
                }
                let end = string_end(code, at + 1, byte);
                if end.is_none() && within == Some(byte) {
                    found.rejoined = true;
                }
                let value = code.get(at + 1..end.unwrap_or(code.len())).unwrap_or_default();
                if byte == b'`' && memchr::memmem::find(value, b"${").is_some() {
                    found.does = true;
                }
                if matches!(last, Last::Name | Last::Value) && byte != b'`' {
                    break;
                }
                at = end.map_or(code.len(), |end| end + 1);
                last = Last::Value;
            }
            b'0'..=b'9' => {
                if matches!(last, Last::Name | Last::Value) {
                    break;
                }
                while code.get(at).is_some_and(|b| is_name_byte(*b) || *b == b'.') {
                    at += 1;
                }
                last = Last::Value;
            }
            b'\\' if code.get(at + 1) == Some(&b'u') => {
                // A name written in escapes: `\u0061lert`.
                if matches!(last, Last::Name | Last::Value) {
                    break;
                }
                while code.get(at).is_some_and(|b| is_name_byte(*b) || matches!(b, b'\\' | b'{' | b'}')) {
                    at += 1;
                }
                name = b"eval";
                root = name;
                computed = true;
                last = Last::Name;
            }
            _ if is_name_byte(byte) || byte == b'#' && last == Last::Dot => {
                at += 1;
                while code.get(at).is_some_and(|b| is_name_byte(*b)) {
                    at += 1;
                }
                let word = code.get(start..at).unwrap_or_default();
                if KEYWORDS.contains(&word) {
                    if matches!(last, Last::Name | Last::Value)
                        && !matches!(word, b"in" | b"of" | b"instanceof")
                    {
                        break;
                    }
                    if word == b"throw" {
                        found.does = true;
                    }
                    if word == b"function" {
                        name = b"";
                    }
                    last = Last::Keyword;
                    continue;
                }
                if matches!(last, Last::Name | Last::Value) {
                    break;
                }
                if last == Last::Dot {
                    dots += 1;
                } else {
                    root = word;
                    computed = false;
                    dots = 0;
                }
                name = word;
                if names::is_global(root)
                    && matches!(name, b"cookie" | b"domain" | b"location" | b"localStorage")
                {
                    found.demonstrates |= root != name;
                    found.acts |= root != name;
                }
                if code.get(at..).is_some_and(|rest| rest.starts_with(b"\\u")) {
                    while code.get(at).is_some_and(|b| is_name_byte(*b) || matches!(b, b'\\' | b'{' | b'}')) {
                        at += 1;
                    }
                    name = b"eval";
                    computed = true;
                }
                last = Last::Name;
            }
            b'.' => {
                at += 1;
                if code.get(at) == Some(&b'.') {
                    at += 1;
                }
                last = Last::Dot;
            }
            b'?' if code.get(at + 1) == Some(&b'.') => {
                at += 2;
                last = Last::Dot;
            }
            b'(' => {
                if matches!(last, Last::Name | Last::Close) {
                    called(&mut found, name, root, computed && dots == 0, last);
                }
                at += 1;
                last = Last::Operator;
            }
            b'[' => {
                if matches!(last, Last::Name | Last::Close | Last::Value) {
                    computed = true;
                } else {
                    root = b"";
                }
                at += 1;
                last = Last::Operator;
            }
            b')' | b']' | b'}' => {
                at += 1;
                last = Last::Close;
            }
            b'=' if code.get(at + 1) != Some(&b'=') && last != Last::Operator => {
                if code.get(at + 1) == Some(&b'>') {
                    at += 1;
                } else if matches!(last, Last::Name | Last::Close) {
                    found.does = true;
                    let target = lower(name);
                    let target = target.as_slice();
                    if matches!(
                        target,
                        b"location"
                            | b"href"
                            | b"innerhtml"
                            | b"outerhtml"
                            | b"src"
                            | b"cookie"
                            | b"domain"
                            | b"srcdoc"
                    ) || names::is_event(target)
                    {
                        found.acts = true;
                        found.demonstrates |= names::is_global(root) || names::is_event(target);
                    }
                }
                at += 1;
                last = Last::Operator;
            }
            b';' | b',' | b'{' | b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^' | b'!' | b'~'
            | b'?' | b':' | b'<' | b'>' | b'=' => {
                at += 1;
                last = Last::Operator;
            }
            _ => break,
        }
    }
    *steps += at + 1;
    found.read = at.min(code.len());
    found.whole = found.read == code.len();
    found
}

fn called(found: &mut Code, name: &[u8], root: &[u8], computed: bool, last: Last) {
    found.does = true;
    let reaches = names::is_global(root) || root.is_empty();
    found.alerts |= names::is_demonstration(name) && root == name;
    if names::is_sink(name) || computed && (reaches || last == Last::Close && names::is_global(root)) {
        found.acts = true;
    }
    if names::is_demonstration(name) && (root == name || reaches)
        || name == b"constructor"
        || computed && names::is_global(root)
        || matches!(
            name,
            b"Function" | b"setTimeout" | b"setInterval" | b"import" | b"importScripts" | b"fetch"
        ) && root == name
        || names::is_global(root) && matches!(name, b"write" | b"writeln" | b"open" | b"assign")
    {
        found.acts = true;
        found.demonstrates = true;
    }
}

fn lower(name: &[u8]) -> Vec<u8> {
    name.to_ascii_lowercase()
}

/// Where a string of JavaScript ends.
pub(super) fn string_end(code: &[u8], from: usize, quote: u8) -> Option<usize> {
    let mut at = from;
    loop {
        let offset = memchr::memchr2(quote, b'\\', code.get(at..)?)?;
        let here = at + offset;
        if code.get(here) == Some(&quote) {
            return Some(here);
        }
        at = here + 2;
    }
}
