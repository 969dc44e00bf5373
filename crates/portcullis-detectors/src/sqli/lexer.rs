//! The words of SQL, as the databases cut them.
//!
//! Two families of lexis cover the five databases. MySQL and MariaDB escape with a backslash, begin a comment
//! with `#`, want a space after `--`, and execute what stands in `/*! … */`. PostgreSQL, SQLite, SQL Server
//! and Oracle do none of that; their `--` is always a comment, block comments may nest, and there are
//! `$$…$$`, `q'[…]'` and `[…]`. What only one member of a family has is accepted in the whole family.

use super::words::Word;
use memchr::{memchr, memmem};

/// A family of databases that cut text into words alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lexis {
    /// MySQL and MariaDB.
    MySql,
    /// PostgreSQL, SQLite, SQL Server and Oracle.
    Standard,
}

/// What a binary operator does, as far as the judgement needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `&&`, and `||` where it means OR.
    Boolean,
    /// `=`, `<`, `<=>`, `~` and their like.
    Compare,
    /// `||` where it joins strings.
    Concat,
    /// Signs, which may also stand in front of an operand.
    Sign,
    /// `*`, which is also every column.
    Star,
    /// The rest: `/`, `%`, `^`, `|`, `&`, `<<`, `->`.
    Other,
    /// `:=`
    Assign,
    /// `!`, only in front of an operand.
    Bang,
}

/// The kind of one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The input is over.
    End,
    /// A comment reaches to the end of the input, so that what follows it in the query is cut off.
    Cut,
    /// A number, in any notation.
    Number,
    /// A string; `open` where the input ends inside it, `quote` is the byte that would close it.
    Text { open: bool, quote: u8 },
    /// A name that is no keyword.
    Name,
    /// A name in quotes or brackets.
    Quoted,
    /// A keyword.
    Word(Word),
    /// `@name`, `@@name`, `:name`, `?` or `$1`.
    Variable,
    /// An operator in signs.
    Operator(Operator),
    /// `::`, the cast of PostgreSQL.
    Cast,
    /// One of `( ) [ ] { } , ; .`
    Mark(u8),
    /// A byte that has no place in SQL.
    Junk,
}

/// One word and where it stands in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// A comment, or bytes that are space to a database but not to a person, stood in front.
    pub(super) after_comment: bool,
}

/// Cuts an input into words, one at a time, and never goes back.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    pub(super) input: &'a [u8],
    pub(super) position: usize,
    pub(super) lexis: Lexis,
    /// The byte that closes the string in which the input lands, or 0.
    pub(super) home: u8,
    /// Some comment is not closed as often as it is opened.
    flat: bool,
    /// A `/*!` is open whose content is code.
    in_version: bool,
    /// How often `/*!` opened code.
    pub(super) versions: u32,
    /// How many comments stood between words.
    pub(super) comments: u32,
    /// Bytes looked at, for the proof that the cost is linear.
    pub(super) steps: usize,
}

pub(super) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

impl<'a> Lexer<'a> {
    pub(super) fn new(input: &'a [u8], position: usize, lexis: Lexis) -> Self {
        Self {
            input,
            position,
            lexis,
            home: 0,
            flat: false,
            in_version: false,
            versions: 0,
            comments: 0,
            steps: 0,
        }
    }

    pub(super) fn at(&self, index: usize) -> u8 {
        self.input.get(index).copied().unwrap_or(0)
    }

    pub(super) fn rest(&self, index: usize) -> &'a [u8] {
        self.input.get(index..).unwrap_or_default()
    }

    /// The bytes of a word.
    pub(super) fn text(&self, token: Token) -> &'a [u8] {
        self.input.get(token.start..token.end).unwrap_or_default()
    }

    /// The bytes between two places.
    pub(super) fn span(&self, start: usize, end: usize) -> &'a [u8] {
        self.input.get(start..end).unwrap_or_default()
    }

    /// The next word; `End` again and again once the input is over.
    pub(super) fn next(&mut self) -> Token {
        let mut dropped = false;
        loop {
            match self.next_or_dropped() {
                Some(token) => return Token { after_comment: token.after_comment || dropped, ..token },
                None => dropped = true,
            }
        }
    }

    fn next_or_dropped(&mut self) -> Option<Token> {
        let from = self.position;
        let mut after_comment = false;
        let kind = loop {
            match self.space() {
                Space::None => break None,
                Space::Comment => after_comment = true,
                Space::Cut(at) => {
                    self.steps += self.input.len() - from.min(self.input.len()) + 1;
                    self.position = self.input.len();
                    return Some(Token { kind: Kind::Cut, start: at, end: self.input.len(), after_comment });
                }
            }
            if self.position >= self.input.len() {
                break Some(Kind::End);
            }
        };
        let start = self.position;
        let kind = match kind {
            Some(kind) => kind,
            None if start >= self.input.len() => Kind::End,
            None => self.word(start),
        };
        // MySQL drops `1.e` without digits in front of what follows.
        if kind == Kind::Number && self.lexis == Lexis::MySql && self.bare_exponent(start) {
            self.steps += self.position - from + 1;
            self.comments += 1;
            return None;
        }
        self.steps += self.position - from + 1;
        Some(Token { kind, start, end: self.position, after_comment })
    }

    /// `1.e` with nothing behind the `e`.
    fn bare_exponent(&self, start: usize) -> bool {
        matches!(self.span(start, self.position), [.., b'.', b'e' | b'E'])
    }

    /// Skips spaces and at most one comment.
    fn space(&mut self) -> Space {
        while let Some(&byte) = self.input.get(self.position) {
            match byte {
                0..=0x20 | 0x7f => self.position += 1,
                // U+00A0 and U+3000 are space to SQL Server; a lone A0 is space to MySQL in Latin-1.
                0xc2 if self.at(self.position + 1) == 0xa0 => self.position += 2,
                0xe3 if self.rest(self.position).starts_with(b"\xe3\x80\x80") => self.position += 3,
                0xa0 => self.position += 1,
                _ => break,
            }
        }
        let start = self.position;
        match self.at(start) {
            b'-' if self.at(start + 1) == b'-' => {
                let spaced = self.input.get(start + 2).is_none_or(|&b| b <= 0x20 || b == 0x7f);
                if self.lexis == Lexis::Standard || spaced { self.line_comment(start) } else { Space::None }
            }
            b'#' if self.lexis == Lexis::MySql => self.line_comment(start),
            b'/' if self.at(start + 1) == b'*' => self.block_comment(start),
            b'*' if self.in_version && self.at(start + 1) == b'/' => {
                self.in_version = false;
                self.position += 2;
                Space::Comment
            }
            _ => Space::None,
        }
    }

    fn line_comment(&mut self, start: usize) -> Space {
        match memchr(b'\n', self.rest(start)) {
            Some(offset) if self.rest(start + offset).iter().any(|b| *b > 0x20) => {
                self.comments += 1;
                self.position = start + offset + 1;
                Space::Comment
            }
            _ => Space::Cut(start),
        }
    }

    fn block_comment(&mut self, start: usize) -> Space {
        if self.lexis == Lexis::MySql && self.at(start + 2) == b'!' {
            let mut at = start + 3;
            if self.at(at) == b'M' {
                at += 1;
            }
            while self.at(at).is_ascii_digit() && at < start + 10 {
                at += 1;
            }
            self.position = at;
            self.in_version = true;
            self.versions += 1;
            return Space::Comment;
        }
        // Comments nest in PostgreSQL and SQL Server; where an inner one is not closed, all are read flat.
        if self.lexis == Lexis::Standard && !self.flat {
            match nested_comment_end(self.input, start) {
                Some(end) => {
                    self.comments += 1;
                    self.position = end;
                    return Space::Comment;
                }
                None => self.flat = true,
            }
        }
        match memmem::find(self.rest(start + 2), b"*/") {
            Some(offset) => {
                self.comments += 1;
                self.position = start + 2 + offset + 2;
                Space::Comment
            }
            None => Space::Cut(start),
        }
    }

    fn word(&mut self, start: usize) -> Kind {
        let byte = self.at(start);
        match byte {
            b'0'..=b'9' => self.number(start),
            b'.' if self.at(start + 1).is_ascii_digit() => self.number(start),
            b'\'' => self.quoted(start, b'\''),
            b'"' => self.quoted(start, b'"'),
            b'`' => match self.quoted(start, b'`') {
                Kind::Text { open: false, .. } => Kind::Quoted,
                kind => kind,
            },
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => self.name(start),
            b'@' if self.at(start + 1) == b'>' => self.operator(start),
            b'@' => self.variable(start),
            b':' => self.colon(start),
            b'?' => self.take(start, 1, Kind::Variable),
            b'$' => self.dollar(start),
            b'[' => self.bracket(start),
            b'\\' if self.lexis == Lexis::MySql && self.at(start + 1) == b'N' => {
                self.take(start, 2, Kind::Word(Word::Null))
            }
            b'#' if is_word_byte(self.at(start + 1)) || self.at(start + 1) == b'#' => {
                // A temporary table of SQL Server.
                self.position = start + 1;
                while is_word_byte(self.at(self.position)) || self.at(self.position) == b'#' {
                    self.position += 1;
                }
                Kind::Name
            }
            b'(' | b')' | b']' | b'{' | b'}' | b',' | b';' | b'.' => self.take(start, 1, Kind::Mark(byte)),
            _ => self.operator(start),
        }
    }

    pub(super) fn take(&mut self, start: usize, length: usize, kind: Kind) -> Kind {
        self.position = (start + length).min(self.input.len());
        kind
    }

    pub(super) fn digits(&mut self, mut at: usize, good: fn(u8) -> bool) -> usize {
        while at < self.input.len() && good(self.at(at)) {
            at += 1;
        }
        at
    }

    fn operator(&mut self, start: usize) -> Kind {
        use Operator::{Bang, Boolean, Compare, Concat, Other, Sign, Star};
        let two = [self.at(start), self.at(start + 1)];
        let (length, operator) = match two {
            [b'<', b'='] if self.at(start + 2) == b'>' => (3, Compare),
            [b'-', b'>'] if self.at(start + 2) == b'>' => (3, Other),
            [b'#', b'>'] if self.at(start + 2) == b'>' => (3, Other),
            [b'!', b'~'] if self.at(start + 2) == b'*' => (3, Compare),
            [b'|', b'|'] if self.lexis == Lexis::MySql => (2, Boolean),
            [b'|', b'|'] => (2, Concat),
            [b'&', b'&'] => (2, Boolean),
            [b'<' | b'>' | b'!' | b'^' | b'=' | b'*', b'='] | [b'<', b'>'] => (2, Compare),
            [b'<', b'@'] | [b'!', b'<' | b'>' | b'~'] | [b'~', b'*' | b'~'] | [b'@', b'>'] | [b'=', b'*'] => {
                (2, Compare)
            }
            [b'<', b'<'] | [b'>', b'>'] | [b'-' | b'#', b'>'] => (2, Other),
            [b'=' | b'<' | b'>', _] => (1, Compare),
            [b'+' | b'-' | b'~', _] => (1, Sign),
            [b'*', _] => (1, Star),
            [b'/' | b'%' | b'^' | b'|' | b'&' | b'#', _] => (1, Other),
            [b'!', _] => (1, Bang),
            _ => return self.take(start, 1, Kind::Junk),
        };
        self.take(start, length, Kind::Operator(operator))
    }
}

enum Space {
    None,
    Comment,
    Cut(usize),
}

/// Where a comment ends in which others may stand.
fn nested_comment_end(input: &[u8], start: usize) -> Option<usize> {
    let mut depth = 1_u32;
    let mut at = start + 2;
    loop {
        at += memchr::memchr2(b'*', b'/', input.get(at..)?)?;
        match input.get(at..at + 2)? {
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(at);
                }
            }
            b"/*" => {
                depth += 1;
                at += 2;
            }
            _ => at += 1,
        }
    }
}
