//! Judging an input that ends the string in which it lands.
//!
//! Here the same bytes may be a quotation in a sentence, so most facts need a second sign.

use super::facts::{Clause, Literal};
use super::judge::{Case, Ending, Place, trim};

impl Case<'_> {
    pub(super) fn judge_quoted(&self) -> Option<&'static str> {
        let facts = self.facts;
        let ending = self.ending();
        if facts.condition {
            return Some("it adds a condition to the query");
        }
        if self.constant_quoted(ending) {
            return Some("it adds a condition that is always true or always false");
        }
        if facts.boolean_call && ending != Ending::Plain {
            return Some("it adds a condition to the query");
        }
        if facts.subquery.is_some() && ending != Ending::Plain {
            return Some("it puts a subquery into the expression");
        }
        match facts.clause {
            Some(clause) if ending == Ending::Cut && clause != Clause::Other && self.cut_is_meant() => {
                return Some("it adds a clause to the query");
            }
            Some(Clause::Order) if facts.operators == 0 && self.stop.is_none() && ending == Ending::Plain => {
                return Some("it adds a clause to the query");
            }
            _ => {}
        }
        if ending == Ending::Cut {
            let structure = facts.operators > 0 || facts.listed || facts.constant.is_some();
            if structure && self.cut_is_meant() && !self.is_elision() || self.cuts_value() {
                return Some("it closes the string and cuts off the rest of the query");
            }
        }
        // `a'or'a`, without spaces: a sentence would have them.
        let glued = ending == Ending::Rejoined
            && facts.constant.is_some()
            && self.input.iter().all(|byte| !byte.is_ascii_whitespace())
            && self.broke > 0
            && !self.input.ends_with(&[self.quote()]);
        if glued && !self.is_elision() && self.is_value_like() {
            return Some("it adds a condition to the query");
        }
        let signs =
            self.input.iter().all(|b| !b.is_ascii_alphanumeric() && !b.is_ascii_whitespace() && *b < 0x80);
        let closed = self.input.ends_with(&[self.quote()]);
        if signs && closed && facts.compares && self.broke == 0 && self.input.len() < 8 && self.stop.is_none()
        {
            return Some("it joins an expression of its own between two parts of the string");
        }
        if ending == Ending::Rejoined && self.stop.is_none() {
            let joins = facts.operators > 0
                || facts.adjacent && self.input.len() < 5 && self.input.get(1) == Some(&b' ');
            let quotes = self.input.iter().filter(|byte| **byte == self.quote()).count();
            let most = if facts.compares && facts.operators > 2 { 9 } else { 5 };
            let word = trim(self.input.get(self.broke + 1..).unwrap_or_default())
                .first()
                .is_some_and(u8::is_ascii_alphabetic);
            // A tag, a path and an option in quotes are none.
            let middle =
                self.input.get(self.broke + 1..self.facts.open.map_or(0, |(_, at)| at)).unwrap_or_default();
            let middle = trim(middle);
            let known = middle.starts_with(b"<") && middle.ends_with(b">") && middle.len() > 2
                || middle.starts_with(b"--")
                || facts.names > 0 && !middle.first().is_some_and(|b| matches!(b, b'+' | b'-' | b'|'));
            if joins
                && !word
                && !known
                && quotes < most
                && self.input != b"\"*\""
                && facts.closed == 0
                && !facts.listed
                && self.is_value_like()
            {
                return Some("it joins an expression of its own between two parts of the string");
            }
        }
        None
    }

    /// AND or OR with a lone literal behind a quoted string.
    pub(super) fn constant_quoted(&self, ending: Ending) -> bool {
        let Some(literal) = self.facts.constant else { return false };
        if self.stop.is_some() || self.is_elision() {
            return false;
        }
        match (ending, literal) {
            (Ending::Cut, _) => true,
            (_, Literal::True | Literal::False) => true,
            (_, Literal::Null) => false,
            (Ending::Rejoined, Literal::Computed) => self.is_value_like(),
            (Ending::Plain, Literal::Computed) => true,
            (Ending::Rejoined, Literal::Number(_)) => true,
            (Ending::Rejoined, Literal::Text(token)) => {
                let content = self.bytes(token).get(1..).unwrap_or_default();
                self.facts.numeric_constant || trim(content).first().is_some_and(u8::is_ascii_digit)
            }
            (Ending::Plain, Literal::Number(token)) => {
                let before = self.input.get(..self.broke).unwrap_or_default();
                let measures =
                    before.last().is_some_and(u8::is_ascii_digit) && !matches!(before, b"1" | b"-1" | b"0");
                matches!(self.bytes(token), b"1" | b"0") && !measures
            }
            (Ending::Plain, Literal::Text(token)) => {
                self.bytes(token).get(1).is_some_and(u8::is_ascii_digit) && trim(self.before()).is_empty()
            }
        }
    }

    /// French and Italian elide before a quote: `d'or`.
    pub(super) fn is_elision(&self) -> bool {
        let before = self.input.get(..self.broke).unwrap_or_default();
        let glued = self.input.get(self.broke + 1).is_some_and(u8::is_ascii_alphabetic);
        let mut backwards = before.iter().rev();
        let letter = backwards.next().is_some_and(|b| matches!(b | 0x20, b'd' | b'l' | b'n' | b'm' | b's'));
        glued && letter && backwards.next().is_none_or(|b| !b.is_ascii_alphanumeric())
    }

    /// The comment ends an attack, not a quotation: `'%s --help'` goes on after it.
    pub(super) fn cut_is_meant(&self) -> bool {
        let Place::Quoted(quote) = self.place else { return true };
        let spaced = self.before().iter().any(u8::is_ascii_whitespace);
        let body = self.input.get(self.facts.cut.unwrap_or(0)..).unwrap_or_default();
        let quoted = body.contains(&quote);
        self.cut_says_nothing(1) && !(spaced && quoted) || !spaced && !quoted
    }

    /// `admin'--`: a value, a quote and a comment.
    pub(super) fn cuts_value(&self) -> bool {
        let before = self.before();
        let spaced = before.iter().any(u8::is_ascii_whitespace);
        let adjacent = self.facts.cut == Some(self.broke + 1) || self.facts.ended || self.facts.closed > 0;
        let quoted =
            self.input.get(self.facts.cut.unwrap_or(0)..).unwrap_or_default().ends_with(&[self.quote()]);
        let apart = before.last().is_some_and(u8::is_ascii_whitespace);
        if quoted && (spaced || before.is_empty()) || apart {
            return false;
        }
        let whole = before.iter().all(|b| {
            b.is_ascii_alphanumeric()
                || matches!(b, b'_' | b'-' | b'.' | b'@' | b'%' | b'+' | b' ')
                || *b >= 0x80
        });
        whole && (!spaced || adjacent) && self.cut_says_nothing(usize::from(!spaced))
    }

    /// Before the first quote and after the last there is a value, not a sentence.
    pub(super) fn is_value_like(&self) -> bool {
        let value = |bytes: &[u8]| {
            bytes.len() <= 64
                && bytes
                    .iter()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@' | b'%'))
                && !bytes.starts_with(b".")
        };
        let after = self.facts.open.map_or(&[][..], |(_, at)| self.input.get(at + 1..).unwrap_or_default());
        let words =
            self.input.split(u8::is_ascii_whitespace).filter(|word| word.iter().any(u8::is_ascii_alphabetic));
        let ruled = self
            .input
            .windows(3)
            .any(|run| matches!(run, [a, b, c] if a == b && b == c && !a.is_ascii_alphanumeric()));
        value(self.before()) && value(after) && words.count() < 4 && !ruled
    }

    /// The input closes the string, puts an operator behind it, and does the same in reverse at its end.
    pub(super) fn surrounded(&self) -> bool {
        let Place::Quoted(quote) = self.place else { return false };
        let inside = trim(self.input.get(self.broke + 1..).unwrap_or_default());
        let before = trim(self.input.get(..self.broke).unwrap_or_default());
        let Some((&last, inside)) = inside.split_last() else { return false };
        let inside = trim(inside);
        let (Some(first_sign), Some(last_sign)) = (inside.first(), inside.last()) else { return false };
        before.is_empty()
            && last == quote
            && inside.iter().any(u8::is_ascii_alphanumeric)
            && first_sign == last_sign
            && matches!(first_sign, b'|' | b'&' | b'+')
    }

    /// `use 'or' in a text, never 'like'`: the last quote ends a quotation, and only quotations are compared.
    pub(super) fn is_quotation(&self) -> bool {
        let Place::Quoted(quote) = self.place else { return false };
        self.facts.cut.is_none()
            && self.input.ends_with(&[quote])
            && self.before().iter().any(u8::is_ascii_whitespace)
            && self.facts.open.is_some_and(|(_, at)| at + 1 == self.input.len())
    }
}
