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
    input: &'a [u8],
    position: usize,
    lexis: Lexis,
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

fn is_word_byte(byte: u8) -> bool {
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

    fn at(&self, index: usize) -> u8 {
        self.input.get(index).copied().unwrap_or(0)
    }

    fn rest(&self, index: usize) -> &'a [u8] {
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

    fn take(&mut self, start: usize, length: usize, kind: Kind) -> Kind {
        self.position = (start + length).min(self.input.len());
        kind
    }

    fn digits(&mut self, mut at: usize, good: fn(u8) -> bool) -> usize {
        while at < self.input.len() && good(self.at(at)) {
            at += 1;
        }
        at
    }

    fn number(&mut self, start: usize) -> Kind {
        let second = self.at(start + 1) | 0x20;
        if self.at(start) == b'0' && (second == b'x' || second == b'b') {
            let end = self.digits(start + 2, |b| b.is_ascii_hexdigit());
            // `0x` alone is an empty value to SQL Server.
            self.position = end;
            return Kind::Number;
        }
        let mut end = self.digits(start, |b| b.is_ascii_digit() || b == b'_');
        let mut plain = true;
        if self.at(end) == b'.' && !is_word_byte_but_digit(self.at(end + 1))
            || self.at(end) == b'.' && self.number_runs_into_word(end + 1)
        {
            plain = false;
            end = self.digits(end + 1, |b| b.is_ascii_digit());
        }
        if self.at(end) | 0x20 == b'e' {
            let sign = usize::from(matches!(self.at(end + 1), b'+' | b'-'));
            let exponent = self.digits(end + 1 + sign, |b| b.is_ascii_digit());
            if exponent > end + 1 + sign {
                plain = false;
                end = exponent;
            }
        }
        self.position = end;
        // A letter may follow at once, but not space in another guise.
        let spaced = matches!([self.at(end), self.at(end + 1)], [0xa0, _] | [0xc2, 0xa0] | [0xe3, 0x80]);
        if !is_word_byte(self.at(end)) || end >= self.input.len() || spaced {
            return Kind::Number;
        }
        if !plain && self.at(end) | 0x20 == b'e' && !is_word_byte(self.at(end + 1)) {
            self.position = end + 1;
            return Kind::Number;
        }
        // A letter follows at once. SQLite and SQL Server cut before a keyword, MySQL after a fraction or an
        // exponent; otherwise it is one name to MySQL, such as `3rd`.
        let run = self.digits(end, is_word_byte);
        let word = self.input.get(end..run).unwrap_or_default();
        // Oracle marks numbers by `d` or `f`: `1=1Dunion`.
        if let [b'd' | b'f' | b'D' | b'F', rest @ ..] = word
            && Word::of(rest).is_some_and(Word::glues)
            && Word::of(word).is_none()
        {
            self.position = end + 1;
            return Kind::Number;
        }
        if Word::of(word).is_some_and(Word::glues) || !plain && word.len() > 1 {
            return Kind::Number;
        }
        self.position = run;
        Kind::Name
    }

    /// After `1.`: a keyword follows, as in `1.union`.
    fn number_runs_into_word(&mut self, from: usize) -> bool {
        let run = self.digits(from, is_word_byte);
        Word::of(self.input.get(from..run).unwrap_or_default()).is_some_and(Word::glues)
            || self.at(from) | 0x20 == b'e'
                && (!is_word_byte(self.at(from + 1)) || self.at(from + 1).is_ascii_digit())
    }

    /// A string in quotes; a doubled quote is one quote, and a backslash escapes for MySQL.
    fn quoted(&mut self, start: usize, quote: u8) -> Kind {
        let escapes = self.lexis == Lexis::MySql && quote != b'`';
        match string_end(self.input, start + 1, quote, escapes) {
            Some(end) => self.take(start, end + 1 - start, Kind::Text { open: false, quote }),
            None => self.take(start, self.input.len() - start, Kind::Text { open: true, quote }),
        }
    }

    fn name(&mut self, start: usize) -> Kind {
        let mut end = start;
        while end < self.input.len() {
            let byte = self.at(end);
            let temporary = byte == b'#' && self.lexis == Lexis::Standard && end > start;
            if !is_word_byte(byte) && !temporary {
                break;
            }
            // Space in another guise ends a name.
            if byte == 0xc2 && self.at(end + 1) == 0xa0 || self.rest(end).starts_with(b"\xe3\x80\x80") {
                break;
            }
            if byte == 0xa0 && !matches!(self.at(end.wrapping_sub(1)), 0x80..) {
                break;
            }
            end += 1;
        }
        self.position = end.max(start + 1);
        let word = self.input.get(start..end).unwrap_or_default();
        if self.at(end) == b'\'' && self.introduces(word) {
            return self.introduced(word, end);
        }
        Word::of(word).map_or(Kind::Name, Kind::Word)
    }

    /// Words that belong to the string after them: `N'…'`, `x'41'`, `E'…'`, `q'[…]'`, `_utf8'…'`.
    fn introduces(&self, word: &[u8]) -> bool {
        match word {
            [b'n' | b'N' | b'x' | b'X' | b'b' | b'B' | b'e' | b'E'] => true,
            [b'q' | b'Q'] | [b'n' | b'N', b'q' | b'Q'] => self.lexis == Lexis::Standard,
            [b'_', rest @ ..] => !rest.is_empty(),
            _ => false,
        }
    }

    fn introduced(&mut self, word: &[u8], quote_at: usize) -> Kind {
        let last = word.last().copied().unwrap_or(0) | 0x20;
        if last == b'q' && word.len() <= 2 {
            let open = self.at(quote_at + 1);
            let close = match open {
                b'[' => b']',
                b'(' => b')',
                b'{' => b'}',
                b'<' => b'>',
                other => other,
            };
            return match memmem::find(self.rest(quote_at + 2), &[close, b'\'']) {
                Some(offset) => {
                    self.position = quote_at + 2 + offset + 2;
                    Kind::Text { open: false, quote: b'\'' }
                }
                None => self.take(quote_at, self.input.len() - quote_at, Kind::Text { open: true, quote: 0 }),
            };
        }
        let escapes = self.lexis == Lexis::MySql || last == b'e';
        match string_end(self.input, quote_at + 1, b'\'', escapes) {
            Some(end) => {
                self.position = end + 1;
                Kind::Text { open: false, quote: b'\'' }
            }
            None => self.take(quote_at, self.input.len() - quote_at, Kind::Text { open: true, quote: b'\'' }),
        }
    }

    fn variable(&mut self, start: usize) -> Kind {
        let mut at = start + 1;
        if self.at(at) == b'@' {
            at += 1;
        }
        if matches!(self.at(at), b'\'' | b'"' | b'`') {
            let quote = self.at(at);
            if let Some(end) = string_end(self.input, at + 1, quote, false) {
                self.position = end + 1;
                return Kind::Variable;
            }
        }
        let end = self.digits(at, |b| is_word_byte(b) || b == b'.' || b == b'#');
        self.position = end.max(start + 1);
        if end > at {
            return Kind::Variable;
        }
        // MySQL takes a lone `@` for a variable with an empty name.
        if at == start + 1 && self.lexis == Lexis::MySql { Kind::Variable } else { Kind::Junk }
    }

    fn colon(&mut self, start: usize) -> Kind {
        match self.at(start + 1) {
            b':' => self.take(start, 2, Kind::Cast),
            b'=' => self.take(start, 2, Kind::Operator(Operator::Assign)),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => {
                self.position = self.digits(start + 1, is_word_byte);
                Kind::Variable
            }
            _ => self.take(start, 1, Kind::Junk),
        }
    }

    /// `$1`, and for PostgreSQL a string in `$$` or `$tag$`.
    fn dollar(&mut self, start: usize) -> Kind {
        if self.lexis == Lexis::Standard {
            let tag = self.digits(start + 1, |b| b.is_ascii_alphabetic() || b == b'_');
            if self.at(tag) == b'$' && tag - start < 32 {
                let fence = self.input.get(start..=tag).unwrap_or_default();
                return match memmem::find(self.rest(tag + 1), fence) {
                    Some(offset) => {
                        self.position = tag + 1 + offset + fence.len();
                        Kind::Text { open: false, quote: b'$' }
                    }
                    None => {
                        self.take(start, self.input.len() - start, Kind::Text { open: true, quote: b'$' })
                    }
                };
            }
        }
        let end = self.digits(start + 1, is_word_byte);
        self.position = end;
        if end > start + 1 { Kind::Variable } else { Kind::Junk }
    }

    /// `[name]`, as SQL Server and SQLite quote; `[` otherwise.
    fn bracket(&mut self, start: usize) -> Kind {
        let first = self.at(start + 1);
        if self.lexis == Lexis::Standard && (first.is_ascii_alphabetic() || first == b'_') {
            let end = self.digits(start + 1, |b| is_word_byte(b) || b == b' ' || b == b'.');
            if self.at(end) == b']' {
                return self.take(start, end + 1 - start, Kind::Quoted);
            }
        }
        if self.home == b']' && memchr(b']', self.rest(start)).is_none() {
            return self.take(start, self.input.len() - start, Kind::Text { open: true, quote: b']' });
        }
        self.take(start, 1, Kind::Mark(b'['))
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

fn is_word_byte_but_digit(byte: u8) -> bool {
    is_word_byte(byte) && !byte.is_ascii_digit()
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

/// Where the quote stands that closes a string whose content begins at `from`.
pub(super) fn string_end(input: &[u8], from: usize, quote: u8, escapes: bool) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = input.get(at..)?;
        let offset = if escapes { memchr::memchr2(quote, b'\\', rest)? } else { memchr(quote, rest)? };
        let here = at + offset;
        let byte = input.get(here).copied()?;
        let escaped = byte == b'\\' && escapes;
        if escaped || input.get(here + 1) == Some(&quote) {
            at = here + 2;
        } else {
            return Some(here);
        }
    }
}
