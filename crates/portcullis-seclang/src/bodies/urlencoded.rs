//! `application/x-www-form-urlencoded`, and query strings (WHATWG URL, section 5.1).

use std::borrow::Cow;

use super::Field;
use crate::transforms::Transform;

/// The fields of a form or a query string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Urlencoded<'a> {
    /// The fields in order, those of the same name all. One without `=` has an empty value.
    pub fields: Vec<Field<'a>>,
    /// A `%` stands somewhere that two hexadecimal digits do not follow; it is taken as it is.
    pub invalid_encoding: bool,
    /// There were more than `most` fields; those are not in `fields`.
    pub overflow: bool,
}

/// Reads `text`, whose fields stand between `separator`s (`SecArgumentSeparator`), and at most `most` of them.
#[must_use]
pub fn parse(text: &[u8], separator: u8, most: usize) -> Urlencoded<'_> {
    let mut read = Urlencoded::default();
    for pair in text.split(|byte| *byte == separator).filter(|pair| !pair.is_empty()) {
        if read.fields.len() == most {
            read.overflow = true;
            break;
        }
        let (name, value) = match memchr::memchr(b'=', pair) {
            Some(at) => (pair.split_at(at).0, pair.get(at + 1..).unwrap_or_default()),
            None => (pair, &b""[..]),
        };
        let field = Field { name: read.decode(name), value: read.decode(value) };
        read.fields.push(field);
    }
    read
}

impl<'a> Urlencoded<'a> {
    fn decode(&mut self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let decoded = Transform::UrlDecode.apply(text);
        if !self.invalid_encoding && memchr::memchr(b'%', text).is_some() {
            let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_hexdigit);
            self.invalid_encoding =
                memchr::memchr_iter(b'%', text).any(|at| !(digit(at + 1) && digit(at + 2)));
        }
        decoded
    }
}
