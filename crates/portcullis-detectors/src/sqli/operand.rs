//! Operands: literals, names, calls, subqueries, and what stands in front of and behind them.

use super::facts::{Literal, Query, Value};
use super::lexer::{Kind, Operator, Token};
use super::parser::{Parser, Read, Stop};
use super::words::{self, Word};

impl Parser<'_> {
    /// One operand with the signs in front and the casts behind.
    pub(super) fn operand(&mut self) -> Read<Value> {
        loop {
            match self.kind() {
                Kind::Operator(Operator::Sign | Operator::Bang) | Kind::Word(Word::Not) => {
                    self.bump();
                }
                Kind::Word(Word::Binary) if self.peek() != Kind::Mark(b'(') => {
                    self.bump();
                }
                _ => break,
            }
        }
        let mut value = self.primary()?;
        self.postfix(&mut value)?;
        Ok(value)
    }

    fn primary(&mut self) -> Read<Value> {
        let constant = Value { constant: true, ..Value::default() };
        match self.kind() {
            Kind::Number => {
                let token = self.bump();
                Ok(Value { literal: Some(Literal::Number(token)), ..constant })
            }
            // A name in backquotes that nothing closes; GNU texts quote `like this'.
            Kind::Text { open: true, quote: b'`' } if self.home != b'`' => Err(Stop::Wrong),
            Kind::Text { .. } => {
                let token = self.bump();
                if self.is_mark(b'.') {
                    return self.path_after(token);
                }
                let mut literal = Some(Literal::Text(token));
                while let Kind::Text { .. } = self.kind() {
                    self.bump();
                    literal = None;
                }
                Ok(Value { literal, ..constant })
            }
            Kind::Variable => {
                let token = self.bump();
                if words::is_system_variable(self.lexer.text(token)) {
                    self.facts.tells = true;
                }
                self.facts.names += 1;
                Ok(Value::default())
            }
            Kind::Name | Kind::Quoted => {
                let token = self.bump();
                self.path_after(token)
            }
            Kind::Mark(b'(') => {
                self.bump();
                self.deeper(constant, Self::group)
            }
            Kind::Mark(b'{') => self.braces(),
            Kind::Word(Word::Null) => {
                self.bump();
                Ok(Value { literal: Some(Literal::Null), ..constant })
            }
            Kind::Word(Word::True) => {
                self.bump();
                Ok(Value { literal: Some(Literal::True), ..constant })
            }
            Kind::Word(Word::False) => {
                self.bump();
                Ok(Value { literal: Some(Literal::False), ..constant })
            }
            Kind::Word(Word::Case) => self.case(),
            // Behind AND without its parentheses: an error that tells, to those who read it.
            Kind::Word(Word::Select) => {
                let query = self.deeper_select()?;
                self.note_subquery(query);
                Ok(Value { asks: true, ..Value::default() })
            }
            Kind::Word(Word::Exists) => {
                self.bump();
                self.expect_mark(b'(')?;
                self.deeper(constant, Self::group)
            }
            Kind::Word(Word::Interval) if self.peek() != Kind::Mark(b'(') => {
                self.bump();
                self.operand()?;
                if self.kind() == Kind::Name {
                    self.bump();
                }
                Ok(constant)
            }
            Kind::Word(word) => {
                let calls = self.peek() == Kind::Mark(b'(');
                if calls && may_be_called(word) || !calls && may_be_named(word) {
                    let token = self.bump();
                    return self.path_after(token);
                }
                self.stop()
            }
            _ => self.stop(),
        }
    }

    /// The rest of a dotted name, and the call it may be.
    fn path_after(&mut self, first: Token) -> Read<Value> {
        let mut path = first;
        let mut parts = 1;
        while self.is_mark(b'.') {
            self.bump();
            match self.kind() {
                Kind::Name
                | Kind::Quoted
                | Kind::Word(_)
                | Kind::Text { .. }
                | Kind::Operator(Operator::Star) => {
                    path.end = self.bump().end;
                    parts += 1;
                }
                Kind::Mark(b'.') => {}
                _ => return self.stop(),
            }
        }
        // Informix writes `database:table`.
        if self.kind() == Kind::Variable
            && self.now.start == path.end
            && self.lexer.text(self.now).starts_with(b":")
        {
            path.end = self.bump().end;
            parts += 1;
        }
        let text = self.lexer.text(path);
        if self.is_mark(b'(') {
            return self.call(path);
        }
        if parts == 1
            && let Kind::Text { .. } = self.kind()
            && types_a_literal(text)
        {
            let token = self.bump();
            return Ok(Value { constant: true, literal: Some(Literal::Text(token)), ..Value::default() });
        }
        if words::tells(text) && (text.contains(&b'_')) || words::is_catalog(text) && parts > 1 {
            self.facts.tells = true;
        }
        self.facts.names += 1;
        let name = (parts == 1).then_some(first);
        Ok(Value { name, ..Value::default() })
    }

    /// A call, from its opening parenthesis.
    fn call(&mut self, name: Token) -> Read<Value> {
        let text = self.lexer.text(name);
        let (acts, tells, chooses) = (words::acts(text), words::tells(text), words::chooses(text));
        self.bump();
        self.facts.calls += 1;
        self.facts.tells |= tells;
        if acts {
            self.facts.acts = true;
            match self.skip_parentheses() {
                Ok(()) | Err(Stop::Unfinished) => {}
                Err(stop) => return Err(stop),
            }
            return Ok(Value { calls: true, asks: true, ..Value::default() });
        }
        let inner = Value { constant: true, ..Value::default() };
        let filled = !self.is_mark(b')');
        let inside = self.deeper(inner, Self::arguments)?;
        self.last_call_filled = filled;
        if chooses && inside.compares {
            self.facts.chooses = true;
        }
        if self.is(Word::Over) {
            self.bump();
            self.expect_mark(b'(')?;
            self.skip_parentheses()?;
        }
        Ok(Value { constant: inside.constant && filled, calls: true, asks: inside.asks, ..Value::default() })
    }

    /// Arguments up to the closing parenthesis, with the words that some functions put between them.
    pub(super) fn arguments(&mut self) -> Read<Value> {
        let mut all = Value { constant: true, ..Value::default() };
        let mut after_operand = false;
        loop {
            match self.kind() {
                Kind::Mark(b')') => {
                    self.bump();
                    return Ok(all);
                }
                Kind::Mark(b',') => {
                    self.bump();
                    after_operand = false;
                }
                Kind::Operator(Operator::Star) if !after_operand => {
                    self.bump();
                    after_operand = true;
                }
                Kind::Word(
                    Word::Distinct
                    | Word::All
                    | Word::From
                    | Word::For
                    | Word::As
                    | Word::Using
                    | Word::Separator
                    | Word::Order
                    | Word::By
                    | Word::Asc
                    | Word::Desc
                    | Word::In
                    | Word::Where,
                ) => {
                    all.constant &= !self.is(Word::In);
                    self.bump();
                    after_operand = false;
                }
                Kind::Word(Word::Select | Word::With) => {
                    let query = self.select()?;
                    self.note_subquery(query);
                    all.asks = true;
                    all.constant = false;
                    after_operand = true;
                }
                Kind::Name if after_operand => {
                    self.bump();
                }
                _ if after_operand => return self.stop(),
                _ => {
                    let value = self.expression()?;
                    all.constant &= value.constant;
                    // Of a condition among the arguments only one on constants is telling.
                    all.compares |= value.compares && value.constant;
                    all.asks |= value.asks;
                    after_operand = true;
                }
            }
        }
    }

    /// What parentheses hold: a subquery, or one or more expressions.
    fn group(&mut self) -> Read<Value> {
        if matches!(self.kind(), Kind::Word(Word::Select | Word::With | Word::Values | Word::Table))
            && !(self.is(Word::Values) && self.peek() == Kind::Mark(b')'))
        {
            let query = self.select()?;
            self.note_subquery(query);
            self.expect_mark(b')')?;
            return Ok(Value { asks: true, ..Value::default() });
        }
        if self.is(Word::Begin) {
            self.block();
            return Ok(Value { asks: true, ..Value::default() });
        }
        let mut all = self.expression()?;
        while self.eat_mark(b',') {
            let value = self.expression()?;
            all.constant &= value.constant;
            all.compares |= value.compares;
            all.literal = None;
            all.name = None;
        }
        // `(select 1) union select 2` inside parentheses.
        if matches!(self.kind(), Kind::Word(Word::Union | Word::Intersect | Word::Except)) {
            self.clause(false)?;
        }
        // The parenthesis that the application closes: `') or ('1'='1`.
        if !self.over() {
            self.expect_mark(b')')?;
        }
        Ok(all)
    }

    fn deeper_select(&mut self) -> Read<Query> {
        self.depth += 1;
        let query = if self.depth > 60 { Err(Stop::Wrong) } else { self.select() };
        self.depth -= 1;
        query
    }

    pub(super) fn note_subquery(&mut self, query: Query) {
        self.facts.subquery = Some(self.facts.subquery.unwrap_or_default().or(query));
    }

    /// `{d '2020-01-01'}`, `{fn now()}`, and for MySQL `{anything value}`.
    fn braces(&mut self) -> Read<Value> {
        self.bump();
        if !matches!(self.kind(), Kind::Name | Kind::Quoted | Kind::Word(_)) {
            return self.stop();
        }
        self.bump();
        self.depth += 1;
        let value = if self.depth > 60 { Err(Stop::Wrong) } else { self.expression() };
        self.depth -= 1;
        let value = value?;
        self.expect_mark(b'}')?;
        Ok(value)
    }

    fn case(&mut self) -> Read<Value> {
        self.bump();
        self.depth += 1;
        let value = if self.depth > 60 { Err(Stop::Wrong) } else { self.case_rest() };
        self.depth -= 1;
        value
    }

    fn case_rest(&mut self) -> Read<Value> {
        let mut constant = false;
        if !self.is(Word::When) {
            constant = self.expression()?.constant;
        }
        let mut asks = false;
        while self.eat(Word::When) {
            let condition = self.expression()?;
            self.facts.chooses |=
                condition.constant && (condition.compares || constant || condition.literal.is_some());
            asks |= condition.asks;
            if !self.eat(Word::Then) {
                return self.stop();
            }
            asks |= self.expression()?.asks;
        }
        if self.eat(Word::Else) {
            asks |= self.expression()?.asks;
        }
        if !self.eat(Word::End) {
            return self.stop();
        }
        Ok(Value { calls: true, asks, ..Value::default() })
    }

    pub(super) fn postfix(&mut self, value: &mut Value) -> Read<()> {
        loop {
            match self.kind() {
                Kind::Cast => {
                    self.bump();
                    match self.kind() {
                        Kind::Name | Kind::Quoted | Kind::Word(_) | Kind::Text { .. } => self.bump(),
                        _ => return self.stop(),
                    };
                    if self.eat_mark(b'(') {
                        self.skip_parentheses()?;
                    }
                    self.facts.peculiar = true;
                }
                Kind::Mark(b'[') => {
                    value.name = None;
                    self.bump();
                    self.depth += 1;
                    let inside = if self.depth > 60 { Err(Stop::Wrong) } else { self.expression() };
                    self.depth -= 1;
                    inside?;
                    self.expect_mark(b']')?;
                }
                Kind::Word(Word::Collate) => {
                    self.bump();
                    match self.kind() {
                        Kind::Name | Kind::Quoted | Kind::Text { .. } | Kind::Word(Word::Binary) => {
                            self.bump()
                        }
                        _ => return self.stop(),
                    };
                }
                Kind::Mark(b'.') if value.asks || value.calls => {
                    self.bump();
                    match self.kind() {
                        Kind::Name | Kind::Quoted => self.bump(),
                        _ => return self.stop(),
                    };
                    if self.eat_mark(b'(') {
                        self.skip_parentheses()?;
                    }
                }
                _ => return Ok(()),
            }
        }
    }
}

/// A type name in front of a string, as in `date '2020-01-01'`.
fn types_a_literal(name: &[u8]) -> bool {
    [
        &b"date"[..],
        b"time",
        b"timestamp",
        b"datetime",
        b"char",
        b"nchar",
        b"varchar",
        b"int",
        b"text",
        b"bytea",
        b"bit",
    ]
    .iter()
    .any(|word| name.eq_ignore_ascii_case(word))
}

/// Keywords that are functions when a parenthesis follows.
fn may_be_called(word: Word) -> bool {
    !matches!(
        word,
        Word::Select
            | Word::And
            | Word::Or
            | Word::Xor
            | Word::Union
            | Word::Intersect
            | Word::Except
            | Word::From
            | Word::Where
            | Word::Having
            | Word::By
            | Word::On
            | Word::Using
            | Word::In
            | Word::When
            | Word::Then
            | Word::Else
            | Word::End
            | Word::Between
            | Word::Is
            | Word::As
            | Word::Into
            | Word::Exec
            | Word::Limit
            | Word::Offset
    )
}

/// Keywords that are also good names of columns.
fn may_be_named(word: Word) -> bool {
    matches!(
        word,
        Word::Time
            | Word::User
            | Word::Database
            | Word::Schema
            | Word::Index
            | Word::View
            | Word::Role
            | Word::Login
            | Word::First
            | Word::Next
            | Word::Row
            | Word::Rows
            | Word::Key
            | Word::Sequence
            | Word::Function
            | Word::Default
            | Word::Delay
            | Word::Conflict
            | Word::Copy
            | Word::Begin
            | Word::Do
            | Word::Show
            | Word::Use
            | Word::Kill
            | Word::Handler
            | Word::Load
            | Word::Lock
            | Word::Merge
            | Word::Print
            | Word::Go
            | Word::Top
            | Word::Offset
            | Word::Only
            | Word::Backup
            | Word::Restore
            | Word::Partition
            | Word::Window
            | Word::Any
            | Word::Some
            | Word::All
            | Word::Left
            | Word::Right
            | Word::Replace
            | Word::Analyze
            | Word::Flush
            | Word::Escape
            | Word::Duplicate
            | Word::Ignore
            | Word::Match
            | Word::Full
            | Word::Inner
            | Word::Outer
            | Word::Binary
            | Word::Separator
            | Word::Shutdown
            | Word::Trigger
            | Word::Table
    )
}
