//! Character references in attribute values (HTML section 13.2.5.72): a browser sees `&#x2f;` as `/`.
//!
//! Only the references that matter for URLs and scripts are known by name. What is not known makes the
//! text uncertain, and who reads it must then take the careful way.

use std::borrow::Cow;

/// A value as the browser reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decoded<'a> {
    pub(super) text: Cow<'a, str>,
    /// Whether every reference was understood.
    pub(super) certain: bool,
}

const NAMED: &[(&str, &str)] = &[
    ("AMP", "&"),
    ("GT", ">"),
    ("LT", "<"),
    ("NewLine", "\n"),
    ("QUOT", "\""),
    ("Tab", "\t"),
    ("amp", "&"),
    ("apos", "'"),
    ("ast", "*"),
    ("bsol", "\\"),
    ("colon", ":"),
    ("comma", ","),
    ("commat", "@"),
    ("copy", "©"),
    ("dollar", "$"),
    ("equals", "="),
    ("excl", "!"),
    ("grave", "`"),
    ("gt", ">"),
    ("hellip", "…"),
    ("hyphen", "\u{2010}"),
    ("laquo", "«"),
    ("lbrace", "{"),
    ("lbrack", "["),
    ("lcub", "{"),
    ("lowbar", "_"),
    ("lpar", "("),
    ("lsqb", "["),
    ("lt", "<"),
    ("mdash", "—"),
    ("middot", "·"),
    ("nbsp", "\u{a0}"),
    ("ndash", "–"),
    ("num", "#"),
    ("percnt", "%"),
    ("period", "."),
    ("plus", "+"),
    ("quest", "?"),
    ("quot", "\""),
    ("raquo", "»"),
    ("rbrace", "}"),
    ("rbrack", "]"),
    ("rcub", "}"),
    ("rpar", ")"),
    ("rsqb", "]"),
    ("semi", ";"),
    ("shy", "\u{ad}"),
    ("sol", "/"),
    ("times", "×"),
    ("verbar", "|"),
    ("vert", "|"),
];

/// References that hold without a semicolon too, where no letter, digit or `=` follows.
const BARE: [&str; 10] = ["AMP", "GT", "LT", "QUOT", "amp", "copy", "gt", "lt", "nbsp", "quot"];

/// The longest name of a reference that exists.
const LONGEST_NAME: usize = 32;

/// Reads the value of an attribute. Newlines are normalised first, as a browser does with its input.
pub(super) fn decode(value: &str) -> Decoded<'_> {
    let value = newlines(value);
    if !value.contains('&') {
        return Decoded { text: value, certain: true };
    }
    let mut text = String::with_capacity(value.len());
    let mut certain = true;
    let mut rest: &str = &value;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        let reference = reference(after);
        certain &= reference.certain;
        match reference.means {
            Some(means) => {
                text.push_str(&means);
                rest = after.get(reference.length..).unwrap_or("");
            }
            None => {
                text.push('&');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    Decoded { text: Cow::Owned(text), certain }
}

/// CR LF and CR become LF (HTML section 13.2.3.5).
pub(super) fn newlines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

struct Reference {
    /// `None`: the ampersand stands for itself.
    means: Option<Cow<'static, str>>,
    /// Bytes after the ampersand that belong to it.
    length: usize,
    certain: bool,
}

impl Reference {
    const NONE: Self = Self { means: None, length: 0, certain: true };
    const UNKNOWN: Self = Self { means: None, length: 0, certain: false };
}

fn reference(after: &str) -> Reference {
    if let Some(number) = after.strip_prefix('#') {
        return numeric(number);
    }
    let length = after.bytes().take(LONGEST_NAME).take_while(u8::is_ascii_alphanumeric).count();
    let (Some(name), next) = (after.get(..length), after.as_bytes().get(length)) else {
        return Reference::UNKNOWN;
    };
    let known = NAMED.iter().find(|(known, _)| *known == name).map(|(_, means)| Cow::Borrowed(*means));
    match (known, next) {
        _ if name.is_empty() => Reference::NONE,
        (Some(means), Some(b';')) => {
            Reference { means: Some(means), length: length.saturating_add(1), certain: true }
        }
        (None, Some(b';')) => Reference::UNKNOWN,
        // A bare reference before `=` or a letter is text: `?a=1&copy=2`.
        (_, Some(b'=')) => Reference::NONE,
        (Some(means), _) if BARE.contains(&name) => Reference { means: Some(means), length, certain: true },
        // All bare references have six letters or digits at most.
        _ if length > 6 => Reference::NONE,
        _ => Reference::UNKNOWN,
    }
}

fn numeric(number: &str) -> Reference {
    let (digits, radix, prefix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16, 2_usize),
        None => (number, 10, 1),
    };
    let length = digits.bytes().take_while(|byte| char::from(*byte).is_digit(radix)).count();
    if length == 0 {
        return Reference::NONE;
    }
    let Some(code) = digits.get(..length).and_then(|digits| u32::from_str_radix(digits, radix).ok()) else {
        return Reference::UNKNOWN;
    };
    // 0x80 to 0x9f are read as windows-1252, surrogates and zero are replaced: rare enough not to follow.
    let means = match code {
        0 | 0x80..=0x9f => return Reference::UNKNOWN,
        _ => char::from_u32(code),
    };
    let Some(means) = means else { return Reference::UNKNOWN };
    let closed = usize::from(digits.as_bytes().get(length) == Some(&b';'));
    Reference {
        means: Some(Cow::Owned(means.to_string())),
        length: prefix.saturating_add(length).saturating_add(closed),
        certain: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> (String, bool) {
        let decoded = decode(value);
        (decoded.text.into_owned(), decoded.certain)
    }

    #[test]
    fn references_are_read_as_a_browser_does() {
        for (written, meant) in [
            ("/a?b=1&amp;c=2", "/a?b=1&c=2"),
            ("/a?b=1&c=2", "/a?b=1&c=2"),
            ("/a?b=1&copy=2", "/a?b=1&copy=2"),
            ("&#x2f;&#47;evil&#46example", "//evil.example"),
            ("javascript&colon;alert&lpar;1&rpar;", "javascript:alert(1)"),
            ("a&amp", "a&"),
            ("&", "&"),
            ("&;", "&;"),
            ("&#;&#x;", "&#;&#x;"),
            ("a\r\nb\rc", "a\nb\nc"),
            ("a&#13;b", "a\rb"),
        ] {
            assert_eq!(read(written), (meant.to_owned(), true), "{written}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for written in ["&NotEqualTilde;", "&eacute", "&#0;", "&#x80;", "&#xd800;", "&#99999999999;"] {
            assert!(!decode(written).certain, "{written}");
        }
    }
}
