//! Whether what was read changes the meaning of the query.
//!
//! Facts that no sentence produces decide alone. Facts that a sentence may produce by chance (an operator in
//! quotes, `1 or 2`, a word that is also a keyword) decide only with a second sign: the input puts the quote
//! back that it took, cuts off the rest by a comment, or stands in a place where prose does not.

mod bare;

use super::facts::{Clause, Facts, Literal, Query};
use super::lexer::{Kind, Token};
use super::parser::Stop;
use super::words::Word;

/// Where the input is taken to land.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Inside a string or a quoted name that this byte closes.
    Quoted(u8),
    /// As a value without quotes; it begins with a literal or a parenthesis.
    Value,
    /// Where a name is due; it begins with a name.
    Name,
    /// Behind an operand of the application.
    Behind,
    /// As a statement of its own.
    Statement,
}

impl Place {
    pub(super) fn of_first(kind: Kind, begins_statement: bool, continues: bool) -> Self {
        match kind {
            _ if begins_statement => Self::Statement,
            _ if continues => Self::Behind,
            Kind::Name | Kind::Quoted | Kind::Variable => Self::Name,
            Kind::Word(word)
                if !matches!(
                    word,
                    Word::Null | Word::True | Word::False | Word::Case | Word::Exists | Word::Select
                ) =>
            {
                Self::Name
            }
            _ => Self::Value,
        }
    }

    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Quoted(b'\'') => "a single-quoted string",
            Self::Quoted(b'"') => "a double-quoted string",
            Self::Quoted(b'`') => "a backquoted name",
            Self::Quoted(b']') => "a name in brackets",
            Self::Quoted(_) => "a comment",
            Self::Value => "a value without quotes",
            Self::Name => "the place of a name",
            Self::Behind => "the place behind an operand",
            Self::Statement => "the place of a statement",
        }
    }

    pub(super) fn letter(self) -> char {
        match self {
            Self::Quoted(b'\'') => 's',
            Self::Quoted(b'"') => 'd',
            Self::Quoted(b'`') => 'b',
            Self::Quoted(b']') => 'r',
            Self::Quoted(_) => 'c',
            Self::Value => 'v',
            Self::Name => 'n',
            Self::Behind => 'o',
            Self::Statement => 'q',
        }
    }
}

/// How the input ends in the place where it lands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// A comment takes what comes after it out of the query.
    Cut,
    /// It is inside a string again, which the quote of the application closes.
    Rejoined,
    /// Neither.
    Plain,
}

/// All that the judgement rests on.
pub(super) struct Case<'a> {
    pub(super) place: Place,
    pub(super) facts: &'a Facts,
    pub(super) stop: Option<Stop>,
    pub(super) input: &'a [u8],
    /// Where the input leaves the string that it lands in; 0 outside of strings.
    pub(super) broke: usize,
    pub(super) first: Token,
    pub(super) first_literal: Option<Literal>,
    pub(super) versions: bool,
}

impl Case<'_> {
    /// Why this is an attack, or nothing.
    pub(super) fn judge(&self) -> Option<&'static str> {
        let facts = self.facts;
        if self.stop == Some(Stop::Wrong) {
            return self.judge_unread();
        }
        let reason = match self.place {
            Place::Quoted(b'\'' | b'"') => self.judge_strong().or_else(|| self.judge_quoted()),
            Place::Quoted(_) => self.judge_strong(),
            Place::Value => self.judge_strong().or_else(|| self.judge_value()),
            Place::Name => self.judge_name(),
            Place::Behind => self.judge_behind(),
            Place::Statement => self.judge_statement(),
        };
        reason.or_else(|| {
            let asks = facts.union.is_some() || facts.statement.is_some_and(|query| query.from);
            ((facts.obscured || self.versions) && asks).then_some("comments hide the keywords of a query")
        })
    }

    /// A statement without `;` stands behind a value, not in the middle of a quotation.
    fn stands_behind_value(&self, query: Query) -> bool {
        let before = self.before();
        let value =
            before.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@' | b'%'));
        match self.place {
            Place::Quoted(_) => value && !before.is_empty() && !before.starts_with(b"-"),
            _ => query.system || query.definite || query.technical && query.from && !query.wordy,
        }
    }

    /// The input lands in a string, rather than in a name or a comment.
    fn in_text(&self) -> bool {
        matches!(self.place, Place::Quoted(b'\'' | b'"'))
    }

    pub(super) fn ending(&self) -> Ending {
        let Place::Quoted(quote) = self.place else {
            return if self.facts.cut.is_some() { Ending::Cut } else { Ending::Plain };
        };
        match (self.facts.cut, self.facts.open) {
            (Some(_), _) => Ending::Cut,
            (None, Some((open, _))) if open == quote => Ending::Rejoined,
            _ => Ending::Plain,
        }
    }

    /// What counts although the reading stopped at something that is no SQL.
    fn judge_unread(&self) -> Option<&'static str> {
        let facts = self.facts;
        let firm = matches!(self.place, Place::Quoted(_) | Place::Value);
        if let Some(union) = facts.union
            && (union.technical || (union.numbers || facts.union_all) && firm)
            && (firm || facts.union_all || union.system)
        {
            return Some("it unites the result with that of another query");
        }
        if facts.acts && self.place != Place::Name && self.place != Place::Statement {
            return Some("it calls a function that acts on the server");
        }
        if facts.chooses && (facts.ended || firm) {
            return Some("it asks a question by a condition of its own");
        }
        if firm
            && facts.statement.is_some_and(|query| {
                query.technical && (!facts.unannounced || self.stands_behind_value(query))
            })
        {
            return Some("it ends the statement and begins another");
        }
        self.surrounded().then_some("it joins an expression of its own between two parts of the string")
    }

    /// Facts that no sentence produces, in the firm places.
    fn judge_strong(&self) -> Option<&'static str> {
        let facts = self.facts;
        if facts.union.is_some() {
            return Some("it unites the result with that of another query");
        }
        if facts.acts {
            return Some("it calls a function that acts on the server");
        }
        if facts.tautology && !self.is_quotation() {
            return Some("it adds a condition that is always true or always false");
        }
        if let Some(query) = facts.statement
            && (!facts.unannounced || self.stands_behind_value(query))
        {
            let cut = facts.cut.is_some() && self.in_text();
            let telling = query.definite || query.from && query.technical || query.system || facts.tells;
            if telling || facts.ended && (query.technical || cut) {
                return Some("it ends the statement and begins another");
            }
        }
        if facts.chooses {
            return Some("it asks a question by a condition of its own");
        }
        if facts.subquery.is_some_and(is_technical) {
            return Some("it puts a subquery into the expression");
        }
        if facts.tells && (facts.operators > 0 || facts.listed || facts.boolean_call || facts.condition) {
            return Some("it asks the database about itself");
        }
        if matches!(facts.clause, Some(Clause::Outfile | Clause::Procedure)) {
            return Some("it adds a clause to the query");
        }
        None
    }

    pub(super) fn quote(&self) -> u8 {
        if let Place::Quoted(quote) = self.place { quote } else { 0 }
    }

    pub(super) fn before(&self) -> &[u8] {
        self.input.get(..self.broke).unwrap_or_default()
    }

    pub(super) fn bytes(&self, token: Token) -> &[u8] {
        self.input.get(token.start..token.end).unwrap_or_default()
    }

    /// What stands behind the comment sign says nothing: it is empty, or one short word behind `-- `.
    pub(super) fn cut_says_nothing(&self, words: usize) -> bool {
        let Some(cut) = self.facts.cut else { return false };
        let body = self.input.get(cut..).unwrap_or_default();
        let dashes = body.starts_with(b"--");
        let mut body = trim_by(body, |b| {
            b <= 0x20 || matches!(b, b'-' | b'#' | b'/' | b'*' | b'+' | b';' | b'!' | b'%' | b')')
        });
        if self.broke > 0 && body.len() == 1 && matches!(body, b"'" | b"\"") {
            body = b"";
        }
        body.is_empty()
            || words > 0
                && dashes
                && body.len() <= 12
                && body.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
                && !body.first().is_some_and(u8::is_ascii_digit)
    }

    /// What stands behind the comment sign is text of more than one word.
    fn cut_tells(&self) -> bool {
        let body = self.input.get(self.facts.cut.unwrap_or(0)..).unwrap_or_default();
        body.split(u8::is_ascii_whitespace).filter(|word| word.iter().any(u8::is_ascii_alphabetic)).count()
            > 1
    }

    fn judge_value(&self) -> Option<&'static str> {
        let facts = self.facts;
        let cut = facts.cut.is_some();
        if facts.condition && (facts.lone_first || cut) {
            return Some("it adds a condition to the query");
        }
        if self.constant_value() {
            return Some("it adds a condition that is always true or always false");
        }
        if facts.boolean_call && cut {
            return Some("it adds a condition to the query");
        }
        match facts.clause {
            Some(Clause::Order | Clause::Group | Clause::Having | Clause::Limit) => {
                return Some("it adds a clause to the query");
            }
            Some(clause) if cut && clause != Clause::Other => return Some("it adds a clause to the query"),
            _ => {}
        }
        if facts.closed > 0 && facts.clause == Some(Clause::Where) {
            return Some("it adds a clause to the query");
        }
        if cut
            && self.stop.is_none()
            && !facts.listed
            && !self.input.starts_with(b"--")
            && self.cut_says_nothing(0)
        {
            return Some("it cuts off the rest of the query");
        }
        None
    }

    /// `1 or 1`: AND or OR with a lone literal behind a literal.
    fn constant_value(&self) -> bool {
        let Some(literal) = self.facts.constant else { return false };
        if self.stop.is_some() || !matches!(self.first_literal, Some(Literal::Number(_) | Literal::Text(_))) {
            return false;
        }
        let cut = self.facts.cut.is_some() && !self.cut_tells();
        if cut || self.facts.closed > 0 && self.facts.peculiar {
            return true;
        }
        // `6 and 8 or 6` is an answer again.
        if self.facts.booleans > 1 && !self.facts.peculiar {
            return false;
        }
        match (self.first_literal, literal) {
            (_, Literal::True | Literal::False | Literal::Computed) => true,
            (_, Literal::Number(token)) if self.bytes(token) == b"1" => true,
            (_, Literal::Number(token)) if self.bytes(token) == b"0" => self.facts.and,
            (Some(Literal::Number(_)), Literal::Number(token))
                if self.bytes(token).get(1).is_some_and(|b| matches!(b | 0x20, b'x' | b'b' | b'e')) =>
            {
                true
            }
            (Some(Literal::Number(first)), Literal::Number(second)) => {
                self.bytes(first) == self.bytes(second)
            }
            (Some(Literal::Text(first)), Literal::Text(second)) => {
                self.bytes(first) == self.bytes(second)
                    && self.bytes(first).get(1).is_some_and(u8::is_ascii_digit)
            }
            (Some(Literal::Number(_)), Literal::Text(second)) => {
                self.bytes(second).get(1).is_some_and(u8::is_ascii_digit)
            }
            _ => false,
        }
    }

    /// A clause continues the query that no sentence has by chance.
    fn orders(&self) -> bool {
        self.facts.clause.is_some_and(|clause| !matches!(clause, Clause::Other | Clause::From))
    }

    fn unites(&self) -> bool {
        self.facts.union.is_some_and(|union| {
            is_technical(union)
                || self.facts.union_all
                || union.numbers && !union.wordy
                || self.facts.cut.is_some() && !union.wordy
        })
    }
}

fn is_technical(query: Query) -> bool {
    query.technical || query.system || query.from && !query.wordy
}

fn trim_by(mut bytes: &[u8], space: impl Fn(u8) -> bool) -> &[u8] {
    while let Some((&first, rest)) = bytes.split_first()
        && space(first)
    {
        bytes = rest;
    }
    while let Some((&last, rest)) = bytes.split_last()
        && space(last)
    {
        bytes = rest;
    }
    bytes
}

pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}

/// The keyword goes on where an operand stands, so the input is taken to stand behind one.
pub(super) fn continues(kind: Kind) -> bool {
    match kind {
        Kind::Word(word) => {
            super::parser::is_clause(word)
                || matches!(
                    word,
                    Word::And
                        | Word::Or
                        | Word::Xor
                        | Word::In
                        | Word::Is
                        | Word::Like
                        | Word::Rlike
                        | Word::Regexp
                        | Word::Between
                        | Word::Asc
                        | Word::Desc
                        | Word::Div
                )
        }
        Kind::Operator(super::lexer::Operator::Boolean | super::lexer::Operator::Concat) => true,
        Kind::Mark(mark) => matches!(mark, b')' | b';' | b','),
        _ => false,
    }
}
