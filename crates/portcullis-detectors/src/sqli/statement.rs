//! Statements that stand behind a `;`, or make up the whole input.

use super::facts::{Query, Value};
use super::lexer::{Kind, Operator};
use super::parser::{Parser, Read};
use super::words::{self, Word};

impl Parser<'_> {
    /// Statements, each ended by `;`, to the end of the input.
    pub(super) fn statements(&mut self) -> Read<()> {
        loop {
            while self.eat_mark(b';') || self.eat(Word::Go) {}
            match self.kind() {
                Kind::End => return Ok(()),
                Kind::Cut => {
                    self.bump();
                    return Ok(());
                }
                _ => {}
            }
            let query = self.statement()?;
            self.facts.statement = Some(self.facts.statement.unwrap_or_default().or(query));
            match self.kind() {
                Kind::Mark(b';') | Kind::End | Kind::Cut => {}
                Kind::Text { open: true, .. } => {
                    self.bump();
                }
                Kind::Word(word) if super::parser::begins_statement(word) => {}
                _ => return self.stop(),
            }
        }
    }

    /// One statement. The query says whether a person would have written it in a sentence.
    pub(super) fn statement(&mut self) -> Read<Query> {
        let technical = Query { technical: true, definite: true, ..Query::default() };
        let plain = Query::default();
        if self.is_mark(b'(') {
            self.expression()?;
            return Ok(self.facts.subquery.unwrap_or_default());
        }
        let Kind::Word(word) = self.kind() else { return self.stop() };
        match word {
            Word::Select | Word::With | Word::Values => {
                let earlier = self.facts.subquery.take();
                let result = self.select();
                let seen = self.facts.subquery.unwrap_or_default();
                self.facts.subquery = earlier;
                let query = result?;
                if matches!(
                    self.kind(),
                    Kind::Word(Word::Union | Word::Intersect | Word::Except | Word::Minus)
                ) {
                    self.clause(true)?;
                }
                Ok(Query { technical: query.technical || seen.technical, ..query })
            }
            Word::Insert | Word::Replace => {
                self.bump();
                while matches!(self.kind(), Kind::Word(Word::Ignore | Word::Or | Word::Replace | Word::Delay))
                {
                    self.bump();
                }
                if !self.eat(Word::Into) && word == Word::Replace {
                    return self.stop();
                }
                self.path()?;
                if self.eat_mark(b'(') {
                    self.skip_parentheses()?;
                }
                match self.kind() {
                    Kind::Word(Word::Values | Word::Select | Word::With) => self.select()?,
                    Kind::Word(Word::Set) => {
                        self.bump();
                        self.assignments()?;
                        plain
                    }
                    Kind::Word(Word::Exec | Word::Execute) => self.statement()?,
                    Kind::Word(Word::Default) => {
                        self.bump();
                        self.eat(Word::Values);
                        plain
                    }
                    _ => return self.stop(),
                };
                Ok(technical)
            }
            Word::Update => {
                self.bump();
                self.path()?;
                if self.kind() == Kind::Name {
                    self.bump();
                }
                if !self.eat(Word::Set) {
                    return self.stop();
                }
                self.assignments()?;
                self.clauses_to_end()?;
                Ok(technical)
            }
            Word::Delete => {
                self.bump();
                if !self.eat(Word::From) {
                    return self.stop();
                }
                self.path()?;
                let wordy = self.kind() == Kind::Name;
                if wordy {
                    self.bump();
                }
                let before = self.now.start;
                self.clauses_to_end()?;
                Ok(Query { technical: self.now.start != before, wordy, definite: true, ..plain })
            }
            Word::Truncate => {
                self.bump();
                let table = self.eat(Word::Table);
                self.path()?;
                Ok(Query { definite: table, drops: table, ..plain })
            }
            Word::Drop | Word::Create | Word::Alter => self.definition(word),
            Word::Exec | Word::Execute => self.execute(),
            Word::Declare => {
                self.bump();
                match self.kind() {
                    Kind::Variable | Kind::Word(Word::Begin) => {}
                    Kind::Name => {
                        self.bump();
                        if self.kind() != Kind::Name {
                            return self.stop();
                        }
                        self.bump();
                        let ends = matches!(
                            self.kind(),
                            Kind::Mark(b'(' | b';')
                                | Kind::Operator(Operator::Assign | Operator::Compare | Operator::Other)
                        );
                        if !ends {
                            return self.stop();
                        }
                    }
                    _ => return self.stop(),
                }
                self.rest_of_statement()?;
                Ok(technical)
            }
            Word::Set => {
                self.bump();
                while matches!(self.kind(), Kind::Name) && matches!(self.peek(), Kind::Name | Kind::Variable)
                {
                    self.bump();
                }
                let variable = self.kind() == Kind::Variable && self.lexer.text(self.now).starts_with(b"@");
                self.assignments()?;
                Ok(Query { technical: variable, definite: variable, ..plain })
            }
            Word::Call | Word::Do | Word::Print => {
                self.bump();
                let calls = self.facts.calls;
                self.expression()?;
                Ok(Query { technical: self.facts.calls > calls, ..plain })
            }
            Word::Waitfor => {
                self.bump();
                if !(self.eat(Word::Delay) || self.eat(Word::Time)) {
                    return self.stop();
                }
                match self.kind() {
                    Kind::Text { .. } | Kind::Variable => self.bump(),
                    _ => return self.stop(),
                };
                self.facts.acts = true;
                Ok(technical)
            }
            Word::Shutdown => {
                self.bump();
                while matches!(self.kind(), Kind::Word(Word::With) | Kind::Name) {
                    self.bump();
                }
                Ok(Query { definite: self.over() || self.is_mark(b';'), ..plain })
            }
            Word::If | Word::While => {
                self.bump();
                let condition = if self.is_mark(b'(') { self.condition()? } else { self.expression()? };
                let constant = condition.compares && condition.constant;
                self.facts.chooses |= constant;
                if self.over() || self.is_mark(b';') {
                    return Ok(if condition.calls && self.facts.chooses { technical } else { plain });
                }
                if self.eat(Word::Then) || self.eat(Word::Begin) {
                    self.block();
                    return Ok(plain);
                }
                if self.kind() == Kind::Name {
                    self.expression()?;
                    return Ok(plain);
                }
                let mut inner = self.deeper_statement()?;
                if self.eat(Word::Else) {
                    inner = inner.or(self.deeper_statement()?);
                }
                Ok(inner)
            }
            Word::Begin => {
                let acted = self.facts.acts;
                self.block();
                Ok(Query { technical: self.facts.acts != acted, ..plain })
            }
            Word::Load => {
                self.bump();
                if self.kind() != Kind::Name {
                    return self.stop();
                }
                let text = self.lexer.text(self.now);
                if !(text.eq_ignore_ascii_case(b"data") || text.eq_ignore_ascii_case(b"xml")) {
                    return self.stop();
                }
                self.bump();
                let next = self.lexer.text(self.now);
                if ![&b"infile"[..], b"local", b"low_priority", b"concurrent"]
                    .iter()
                    .any(|word| next.eq_ignore_ascii_case(word))
                {
                    return self.stop();
                }
                self.rest_of_statement()?;
                Ok(technical)
            }
            Word::Copy => {
                self.bump();
                if self.eat_mark(b'(') {
                    self.skip_parentheses()?;
                } else {
                    self.path()?;
                    if self.eat_mark(b'(') {
                        self.skip_parentheses()?;
                    }
                }
                let to = self.kind() == Kind::Name && self.lexer.text(self.now).eq_ignore_ascii_case(b"to");
                if !(to || self.is(Word::From)) {
                    return self.stop();
                }
                self.bump();
                let place = self.lexer.text(self.now);
                let named = [&b"program"[..], b"stdin", b"stdout"]
                    .iter()
                    .any(|word| place.eq_ignore_ascii_case(word));
                if !matches!(self.kind(), Kind::Text { .. }) && !named {
                    return self.stop();
                }
                self.rest_of_statement()?;
                Ok(technical)
            }
            Word::Attach
            | Word::Pragma
            | Word::Handler
            | Word::Prepare
            | Word::Backup
            | Word::Restore
            | Word::Dbcc => {
                self.bump();
                let database = self.eat(Word::Database);
                let strange = matches!(self.kind(), Kind::Text { open: false, .. });
                self.alias_name()?;
                let next = self.lexer.text(self.now);
                let goes_on = match word {
                    Word::Attach => database || strange && self.is(Word::As),
                    Word::Pragma => {
                        matches!(self.kind(), Kind::Operator(Operator::Compare) | Kind::Mark(b'(' | b';'))
                            || self.over()
                    }
                    Word::Handler => next.eq_ignore_ascii_case(b"open"),
                    Word::Prepare => self.is(Word::From),
                    Word::Dbcc => self.is_mark(b'(') || self.over(),
                    _ => database,
                };
                if !goes_on {
                    return self.stop();
                }
                self.rest_of_statement()?;
                Ok(technical)
            }
            Word::Grant | Word::Revoke | Word::Merge | Word::Bulk | Word::Rename | Word::Lock => {
                self.bump();
                let mut words = 0_u32;
                let mut joined = false;
                while !self.over() && !self.is_mark(b';') {
                    joined |= matches!(
                        self.kind(),
                        Kind::Word(
                            Word::On | Word::Into | Word::Insert | Word::Using | Word::Table | Word::Role
                        )
                    );
                    words += 1;
                    self.bump();
                }
                if words < 2 || !joined {
                    return self.stop();
                }
                Ok(Query { definite: matches!(word, Word::Grant | Word::Revoke), ..plain })
            }
            Word::Kill
            | Word::Reconfigure
            | Word::Vacuum
            | Word::Commit
            | Word::Rollback
            | Word::End
            | Word::Use => {
                self.bump();
                if matches!(self.kind(), Kind::Number | Kind::Name) {
                    self.bump();
                }
                Ok(plain)
            }
            Word::Show => {
                self.bump();
                let text = self.lexer.text(self.now);
                let known =
                    [&b"tables"[..], b"databases", b"columns", b"grants", b"variables", b"processlist"];
                if !known.iter().any(|word| text.eq_ignore_ascii_case(word)) {
                    return self.stop();
                }
                self.rest_of_statement()?;
                Ok(plain)
            }
            Word::Describe | Word::Explain | Word::Analyze => {
                self.bump();
                if let Kind::Word(word) = self.kind()
                    && super::parser::begins_statement(word)
                {
                    return self.deeper_statement();
                }
                self.path()?;
                Ok(plain)
            }
            Word::Raiserror => {
                self.bump();
                self.expect_mark(b'(')?;
                self.skip_parentheses()?;
                Ok(technical)
            }
            _ => self.stop(),
        }
    }

    /// `(1=1)`, and `(1=1, …, …)` where IF is the function.
    fn condition(&mut self) -> Read<Value> {
        self.bump();
        let first = self.expression()?;
        self.facts.chooses |= first.compares && first.constant;
        if self.eat_mark(b',') {
            let skipped = Value::default();
            self.deeper(skipped, |parser| parser.arguments())?;
            let mut whole = self.chain(skipped)?;
            whole.calls = true;
            return Ok(whole);
        }
        if self.over() {
            return Ok(first);
        }
        self.expect_mark(b')')?;
        self.chain(first)
    }

    fn deeper_statement(&mut self) -> Read<Query> {
        self.depth += 1;
        let result = if self.depth > 60 { self.stop() } else { self.statement() };
        self.depth -= 1;
        result
    }

    /// A dotted name.
    pub(super) fn path(&mut self) -> Read<()> {
        loop {
            match self.kind() {
                Kind::Name | Kind::Quoted | Kind::Variable | Kind::Text { .. } | Kind::Word(_) => self.bump(),
                _ => return self.stop(),
            };
            if !self.eat_mark(b'.') {
                return Ok(());
            }
            while self.eat_mark(b'.') {}
        }
    }

    /// `a = 1, b = 2`
    fn assignments(&mut self) -> Read<()> {
        loop {
            if self.eat_mark(b'(') {
                self.skip_parentheses()?;
            } else {
                match self.kind() {
                    Kind::Variable => {
                        self.bump();
                    }
                    _ => self.path()?,
                }
            }
            match self.kind() {
                Kind::Operator(Operator::Compare | Operator::Assign) => self.bump(),
                _ => return self.stop(),
            };
            self.expression()?;
            if !self.eat_mark(b',') {
                return Ok(());
            }
        }
    }

    fn clauses_to_end(&mut self) -> Read<()> {
        while let Kind::Word(word) = self.kind() {
            if !super::parser::is_clause(word) {
                break;
            }
            self.clause(false)?;
        }
        Ok(())
    }

    /// Whatever comes up to `;` or the end.
    pub(super) fn rest_of_statement(&mut self) -> Read<()> {
        while !self.over() && !self.is_mark(b';') {
            self.pass();
        }
        Ok(())
    }

    /// A block of a procedure: whatever comes up to the end.
    pub(super) fn block(&mut self) {
        while !self.over() {
            self.pass();
        }
    }

    /// Goes over one word, or a dotted name, and notes what acts.
    fn pass(&mut self) {
        let mut name = self.bump();
        if !matches!(name.kind, Kind::Name | Kind::Word(_)) {
            return;
        }
        while self.is_mark(b'.') && self.now.start == name.end {
            self.bump();
            if !matches!(self.kind(), Kind::Name | Kind::Word(_)) {
                break;
            }
            name.end = self.bump().end;
        }
        if words::acts(self.lexer.text(name)) {
            self.facts.acts = true;
        }
    }

    /// An expression that is the whole input, or a statement.
    pub(super) fn whole(&mut self) -> Read<()> {
        if let Kind::Word(word) = self.kind() {
            let called = self.peek() == Kind::Mark(b'(');
            if super::parser::begins_statement(word)
                && (!called
                    || matches!(word, Word::Select | Word::Exec | Word::Execute | Word::With | Word::If))
            {
                return self.statements();
            }
        }
        if super::judge::continues(self.kind()) {
            return self.tail(Value { given: true, ..Value::default() });
        }
        let first = self.operand()?;
        self.tail(first)
    }
}
