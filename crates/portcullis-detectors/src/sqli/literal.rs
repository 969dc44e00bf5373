//! Words that begin with a digit, a letter or a quote.

use super::lexer::{Kind, Lexer, Lexis, Operator, is_word_byte};
use super::words::Word;
use memchr::{memchr, memmem};

impl Lexer<'_> {
    pub(super) fn number(&mut self, start: usize) -> Kind {
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
    pub(super) fn number_runs_into_word(&mut self, from: usize) -> bool {
        let run = self.digits(from, is_word_byte);
        Word::of(self.input.get(from..run).unwrap_or_default()).is_some_and(Word::glues)
            || self.at(from) | 0x20 == b'e'
                && (!is_word_byte(self.at(from + 1)) || self.at(from + 1).is_ascii_digit())
    }

    /// A string in quotes; a doubled quote is one quote, and a backslash escapes for MySQL.
    pub(super) fn quoted(&mut self, start: usize, quote: u8) -> Kind {
        let escapes = self.lexis == Lexis::MySql && quote != b'`';
        match string_end(self.input, start + 1, quote, escapes) {
            Some(end) => self.take(start, end + 1 - start, Kind::Text { open: false, quote }),
            None => self.take(start, self.input.len() - start, Kind::Text { open: true, quote }),
        }
    }

    pub(super) fn name(&mut self, start: usize) -> Kind {
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
    pub(super) fn introduces(&self, word: &[u8]) -> bool {
        match word {
            [b'n' | b'N' | b'x' | b'X' | b'b' | b'B' | b'e' | b'E'] => true,
            [b'q' | b'Q'] | [b'n' | b'N', b'q' | b'Q'] => self.lexis == Lexis::Standard,
            [b'_', rest @ ..] => !rest.is_empty(),
            _ => false,
        }
    }

    pub(super) fn introduced(&mut self, word: &[u8], quote_at: usize) -> Kind {
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

    pub(super) fn variable(&mut self, start: usize) -> Kind {
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

    pub(super) fn colon(&mut self, start: usize) -> Kind {
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
    pub(super) fn dollar(&mut self, start: usize) -> Kind {
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
    pub(super) fn bracket(&mut self, start: usize) -> Kind {
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
}

fn is_word_byte_but_digit(byte: u8) -> bool {
    is_word_byte(byte) && !byte.is_ascii_digit()
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
