//! The lexis that PHP, Python, JavaScript, Ruby, Perl, Java and C# have in common: names, numbers, strings,
//! brackets, signs and comments. Where the languages differ, what is read is what most of them would read.

use std::ops::Range;

use super::grammar::follows;
use crate::text::{at, cut, is_space, rest, run};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword; `$` belongs to it.
    Name,
    /// A number.
    Number,
    /// A string, with its quote.
    Text(u8),
    /// `(`, `[` or `{`.
    Open(u8),
    /// `)`, `]` or `}`.
    Close(u8),
    /// Any other sign; `.`, `->`, `::` and `?.` are [`Kind::Member`].
    Sign(u8),
    /// What stands between an object and its member.
    Member,
    /// The end of a line.
    Line,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Where it stands; of a string, with its quotes.
    pub(super) span: Range<usize>,
    /// White space stands before it.
    pub(super) spaced: bool,
    /// For a bracket, the index of the token that closes or opens it.
    pub(super) mate: Option<usize>,
}

/// Code that is longer is not read to its end: nothing that is injected is.
const MOST_BYTES: usize = 2048;
const MOST_TOKENS: usize = 400;

/// What was read as code.
pub(super) struct Code {
    pub(super) tokens: Vec<Token>,
    /// A sentence begins behind the last token.
    pub(super) sentence: bool,
}

/// The tokens of `text` from `start` on, as far as they are code.
pub(super) fn code(text: &[u8], start: usize) -> Code {
    let text = cut(text, 0..start.saturating_add(MOST_BYTES));
    let mut tokens: Vec<Token> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut index = start;
    let mut spaced = false;
    while let Some(&byte) = text.get(index) {
        if tokens.len() >= MOST_TOKENS {
            break;
        }
        if byte != b'\n' && is_space(byte) {
            spaced = true;
            index += 1;
            continue;
        }
        let last = tokens.last().map(|token| token.kind);
        if let Some(end) = comment(text, index, last) {
            spaced = true;
            index = end;
            continue;
        }
        if text.get(index..index + 2) == Some(b"?>") || text.get(index..index + 2) == Some(b"%>") {
            break;
        }
        let (kind, end) = token(text, index, last);
        let here = Token { kind, span: index..end, spaced, mate: None };
        if matches!(kind, Kind::Name | Kind::Number | Kind::Text(_)) && !follows(text, &tokens, &here) {
            return Code { tokens, sentence: true };
        }
        let mut mate = None;
        match kind {
            Kind::Open(_) => open.push(tokens.len()),
            Kind::Close(close) => {
                let fits = open.last().and_then(|&at| tokens.get(at)).is_some_and(|token| {
                    matches!(
                        (token.kind, close),
                        (Kind::Open(b'('), b')') | (Kind::Open(b'['), b']') | (Kind::Open(b'{'), b'}')
                    )
                });
                if fits {
                    mate = open.pop();
                    let here = tokens.len();
                    if let Some(opening) = mate.and_then(|at| tokens.get_mut(at)) {
                        opening.mate = Some(here);
                    }
                }
            }
            _ => {}
        }
        tokens.push(Token { mate, ..here });
        spaced = false;
        index = end;
    }
    Code { tokens, sentence: false }
}

/// The end of the comment that begins at `index`.
fn comment(text: &[u8], index: usize, last: Option<Kind>) -> Option<usize> {
    let next = at(text, index + 1);
    match at(text, index) {
        // `http://` is no comment.
        b'/' if next == b'/' && last != Some(Kind::Sign(b':')) => {
            Some(run(text, index, |byte| byte != b'\n'))
        }
        b'/' if next == b'*' => {
            let end = memchr::memmem::find(rest(text, index + 2), b"*/").map(|length| index + length + 4);
            Some(end.unwrap_or(text.len()))
        }
        // `#{…}` stands in strings of Ruby, `#x` is a name in OGNL.
        b'#' if next != b'{' && !matches!(last, Some(Kind::Open(_))) => {
            Some(run(text, index, |byte| byte != b'\n'))
        }
        _ => None,
    }
}

fn token(text: &[u8], index: usize, last: Option<Kind>) -> (Kind, usize) {
    let byte = at(text, index);
    let next = at(text, index + 1);
    match byte {
        b'\n' => (Kind::Line, run(text, index, |byte| byte == b'\n' || is_space(byte))),
        b'\'' | b'"' | b'`' => (Kind::Text(byte), string(text, index, byte)),
        // `%x(id)` and `qx(id)` are commands, as backticks are.
        b'%' if next == b'x' && matches!(at(text, index + 2), b'(' | b'{' | b'[' | b'|' | b'!') => {
            (Kind::Text(b'`'), delimited(text, index + 2))
        }
        b'q' if next == b'x'
            && matches!(at(text, index + 2), b'(' | b'{' | b'/' | b'[' | b'|')
            && !is_object(last) =>
        {
            (Kind::Text(b'`'), delimited(text, index + 2))
        }
        b'0'..=b'9' => (
            Kind::Number,
            run(text, index, |byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_'),
        ),
        _ if is_name(byte) => (Kind::Name, run(text, index, |byte| is_name(byte) || byte.is_ascii_digit())),
        b'(' | b'[' | b'{' => (Kind::Open(byte), index + 1),
        b')' | b']' | b'}' => (Kind::Close(byte), index + 1),
        b'-' if next == b'>' => (Kind::Member, index + 2),
        b':' if next == b':' => (Kind::Member, index + 2),
        b'?' if next == b'.' => (Kind::Member, index + 2),
        b'.' => (Kind::Member, index + 1),
        _ => (Kind::Sign(byte), index + 1),
    }
}

fn is_object(last: Option<Kind>) -> bool {
    matches!(last, Some(Kind::Member | Kind::Name))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

/// The end of the string that begins at `index`; the end of the text where nothing closes it.
fn string(text: &[u8], index: usize, quote: u8) -> usize {
    let mut place = index + 1;
    while let Some(offset) = memchr::memchr2(quote, b'\\', rest(text, place)) {
        place += offset + 1;
        if at(text, place - 1) == quote {
            return place;
        }
        place += 1;
    }
    text.len()
}

/// The end of what stands within the delimiter at `index` and the one that closes it.
fn delimited(text: &[u8], index: usize) -> usize {
    let close = match at(text, index) {
        b'(' => b')',
        b'{' => b'}',
        b'[' => b']',
        other => other,
    };
    memchr::memchr(close, rest(text, index + 1)).map_or(text.len(), |length| index + length + 2)
}

impl Token {
    /// The bytes of the token.
    pub(super) fn of<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        cut(text, self.span.clone())
    }

    /// What stands within the quotes of a string.
    pub(super) fn inside<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        let whole = self.of(text);
        let lead = if matches!(whole.first(), Some(b'%' | b'q')) { 3 } else { 1 };
        let closed = whole.len() > lead && whole.last().is_some_and(|byte| !byte.is_ascii_alphanumeric());
        cut(whole, lead..whole.len() - usize::from(closed))
    }

    /// Whether it is this name, in any case of letters.
    pub(super) fn is(&self, text: &[u8], name: &[u8]) -> bool {
        self.kind == Kind::Name && self.of(text).eq_ignore_ascii_case(name)
    }
}
