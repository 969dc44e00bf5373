//! SELECT, its clauses, and the set operations that put one query behind another.

use super::facts::{Clause, Literal, Query, Value};
use super::lexer::{Kind, Operator};
use super::parser::{Parser, Read, Stop};
use super::words::{self, Word};

impl Parser<'_> {
    /// A query, from SELECT, WITH, VALUES or TABLE on.
    pub(super) fn select(&mut self) -> Read<Query> {
        let mut query = Query::default();
        if self.eat(Word::With) {
            self.eat(Word::Recursive);
            loop {
                self.alias_name()?;
                if self.eat_mark(b'(') {
                    self.skip_parentheses()?;
                }
                if !self.eat(Word::As) {
                    return self.stop();
                }
                self.expect_mark(b'(')?;
                self.deeper(Value::default(), |parser| {
                    let inner = parser.select()?;
                    parser.note_subquery(inner);
                    parser.expect_mark(b')')?;
                    Ok(Value::default())
                })?;
                if !self.eat_mark(b',') {
                    break;
                }
            }
            query.technical = true;
        }
        if self.eat(Word::Values) {
            self.eat(Word::Row);
            self.expect_mark(b'(')?;
            self.skip_parentheses()?;
            while self.eat_mark(b',') {
                self.eat(Word::Row);
                self.expect_mark(b'(')?;
                self.skip_parentheses()?;
            }
            query.technical = true;
            return Ok(query);
        }
        if self.eat(Word::Table) {
            self.alias_name()?;
            query.from = true;
            return Ok(query);
        }
        if !self.eat(Word::Select) {
            return self.stop();
        }
        let result = self.select_list(&mut query);
        // What was seen of it counts even where the reading stops inside.
        self.facts.subquery.get_or_insert_default();
        if let Err(stop) = result {
            self.note_unread(query);
            return Err(stop);
        }
        if let Err(stop) = self.clauses(&mut query) {
            self.note_unread(query);
            return Err(stop);
        }
        Ok(query)
    }

    fn note_unread(&mut self, query: Query) {
        self.note_subquery(query);
    }

    fn select_list(&mut self, query: &mut Query) -> Read<()> {
        while let Kind::Word(Word::All | Word::Distinct | Word::Distinctrow | Word::Top) = self.kind() {
            if matches!(self.peek(), Kind::Mark(b'.' | b',')) {
                break;
            }
            if self.eat(Word::Top) {
                query.technical = true;
                if self.eat_mark(b'(') {
                    self.skip_parentheses()?;
                } else if self.kind() == Kind::Number {
                    self.bump();
                }
            } else {
                self.bump();
            }
        }
        loop {
            self.select_item(query)?;
            if !self.eat_mark(b',') {
                return Ok(());
            }
            query.technical = true;
        }
    }

    fn select_item(&mut self, query: &mut Query) -> Read<()> {
        if let Kind::Operator(Operator::Star) = self.kind() {
            self.bump();
            query.technical = true;
            return Ok(());
        }
        let glued = self.now.after_comment;
        if glued {
            query.technical = true;
        }
        let calls = self.facts.calls;
        let tells = self.facts.tells;
        let result = self.expression();
        query.technical |= self.facts.calls != calls;
        let value = result?;
        query.computes |=
            self.facts.calls == calls + 1 && value.calls && value.constant && self.last_call_filled;
        let counts = matches!(value.literal, Some(Literal::Number(_) | Literal::Null));
        query.numbers |= counts;
        if value.name.is_none() && !counts || self.facts.calls != calls {
            query.technical = true;
        }
        if self.facts.tells && !tells {
            query.system = true;
        }
        match self.kind() {
            Kind::Word(Word::As) => {
                self.bump();
                self.alias_name()?;
                query.technical = true;
            }
            Kind::Name => {
                self.bump();
                query.wordy = true;
            }
            Kind::Quoted | Kind::Text { .. } => {
                self.bump();
                query.technical = true;
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn alias_name(&mut self) -> Read<()> {
        match self.kind() {
            Kind::Name | Kind::Quoted | Kind::Text { .. } | Kind::Variable | Kind::Word(_) | Kind::Number => {
                self.bump();
                Ok(())
            }
            _ => self.stop(),
        }
    }

    fn clauses(&mut self, query: &mut Query) -> Read<()> {
        loop {
            match self.kind() {
                Kind::Word(Word::From) => {
                    query.from = true;
                    self.bump();
                    self.tables(query)?;
                }
                Kind::Word(word) if super::parser::is_clause(word) => {
                    if !matches!(word, Word::Into | Word::For) {
                        query.technical = true;
                    }
                    query.unions |= matches!(word, Word::Union | Word::Intersect | Word::Except);
                    self.clause(false)?;
                }
                // ClickHouse: SETTINGS name=value.
                Kind::Name if self.lexer.text(self.now).eq_ignore_ascii_case(b"settings") => {
                    self.bump();
                    self.expression()?;
                }
                // MySQL: LOCK IN SHARE MODE, PARTITION (…); SQL Server: OPTION (…).
                Kind::Word(Word::Lock) => {
                    self.bump();
                    while matches!(self.kind(), Kind::Name | Kind::Word(Word::In)) {
                        self.bump();
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    /// The tables after FROM, with aliases and joins.
    pub(super) fn tables(&mut self, query: &mut Query) -> Read<()> {
        loop {
            self.table(query)?;
            loop {
                match self.kind() {
                    Kind::Word(word) if is_join(word) => {
                        query.technical = true;
                        while matches!(self.kind(), Kind::Word(word) if is_join(word)) {
                            self.bump();
                        }
                        self.table(query)?;
                    }
                    Kind::Word(Word::On) => {
                        self.bump();
                        self.expression()?;
                    }
                    Kind::Word(Word::Using | Word::Use | Word::With | Word::Partition) => {
                        self.bump();
                        while matches!(self.kind(), Kind::Name | Kind::Word(Word::Index)) {
                            self.bump();
                        }
                        self.expect_mark(b'(')?;
                        self.skip_parentheses()?;
                    }
                    _ => break,
                }
            }
            if !self.eat_mark(b',') {
                return Ok(());
            }
            query.technical = true;
        }
    }

    fn table(&mut self, query: &mut Query) -> Read<()> {
        let start = self.now.start;
        if self.eat_mark(b'(') {
            query.technical = true;
            let inner = self.deeper(Query::default(), |parser| {
                let mut inner = Query::default();
                if matches!(parser.kind(), Kind::Word(Word::Select | Word::With | Word::Values | Word::Table))
                {
                    inner = parser.select()?;
                    parser.note_subquery(inner);
                } else {
                    parser.tables(&mut inner)?;
                }
                if let Kind::Word(Word::Union | Word::Intersect | Word::Except) = parser.kind() {
                    parser.clause(false)?;
                }
                parser.expect_mark(b')')?;
                Ok(inner)
            })?;
            query.system |= inner.system;
        } else if self.kind() == Kind::Mark(b'{') {
            self.operand()?;
        } else {
            let value = match self.kind() {
                Kind::Name | Kind::Quoted | Kind::Text { .. } | Kind::Variable | Kind::Word(_) => {
                    self.operand()?
                }
                _ => return self.stop(),
            };
            let path = self.lexer.span(start, self.read_to);
            query.system |= words::is_system_table(path);
            query.technical |= value.name.is_none() || query.system;
        }
        match self.kind() {
            Kind::Word(Word::As) => {
                self.bump();
                self.alias_name()?;
            }
            Kind::Name => {
                self.bump();
                query.wordy = true;
            }
            Kind::Quoted | Kind::Text { .. } => {
                self.bump();
            }
            _ => return Ok(()),
        }
        if self.eat_mark(b'(') {
            self.skip_parentheses()?;
        }
        Ok(())
    }

    /// One clause or set operation. `outside` where it continues the query of the application.
    pub(super) fn clause(&mut self, outside: bool) -> Read<()> {
        let Kind::Word(word) = self.kind() else { return self.stop() };
        self.bump();
        let mut note = Clause::Other;
        match word {
            Word::Union | Word::Intersect | Word::Except | Word::Minus => return self.set_operation(outside),
            Word::Order | Word::Group => {
                if !self.eat(Word::By) {
                    return self.stop();
                }
                note = if word == Word::Order { Clause::Order } else { Clause::Group };
                loop {
                    self.expression()?;
                    self.ordering();
                    if outside {
                        self.facts.clause = Some(note);
                    }
                    if !self.eat_mark(b',') {
                        break;
                    }
                }
                if self.eat(Word::With) {
                    self.alias_name()?;
                }
            }
            Word::Having | Word::Where => {
                if outside && word == Word::Where {
                    self.facts.clause = Some(Clause::Where);
                }
                let value = self.expression()?;
                if value.compares && value.constant && outside {
                    self.facts.tautology = true;
                }
                let tells = value.compares || value.constant || value.calls || value.asks;
                note = match word {
                    Word::Where => Clause::Where,
                    _ if tells => Clause::Having,
                    _ => Clause::Other,
                };
            }
            Word::Limit => {
                self.eat(Word::All);
                let mut named = false;
                if !matches!(self.kind(), Kind::Word(Word::Offset)) {
                    named = self.expression()?.name.is_some();
                }
                if self.eat_mark(b',') {
                    self.expression()?;
                }
                note = if named { Clause::Other } else { Clause::Limit };
            }
            Word::Offset => {
                self.expression()?;
                let _ = self.eat(Word::Rows) || self.eat(Word::Row);
                note = Clause::Limit;
            }
            Word::Fetch => {
                if !(self.eat(Word::Next) || self.eat(Word::First)) {
                    return self.stop();
                }
                self.expression()?;
                let _ = self.eat(Word::Rows) || self.eat(Word::Row);
                self.eat(Word::Only);
                note = Clause::Limit;
            }
            Word::Into => {
                if self.eat(Word::Outfile) || self.eat(Word::Dumpfile) {
                    self.operand()?;
                    // FIELDS TERMINATED BY '…' LINES STARTING BY '…'
                    while matches!(
                        self.kind(),
                        Kind::Name | Kind::Word(Word::By) | Kind::Text { .. } | Kind::Number
                    ) {
                        self.bump();
                    }
                    note = Clause::Outfile;
                } else {
                    loop {
                        self.operand()?;
                        if !self.eat_mark(b',') {
                            break;
                        }
                    }
                }
            }
            Word::Procedure => {
                note = if self.operand()?.calls { Clause::Procedure } else { return Err(Stop::Wrong) };
            }
            Word::From => {
                let mut query = Query::default();
                self.tables(&mut query)?;
                if query.system {
                    self.facts.tells = true;
                }
                note = Clause::From;
            }
            Word::For => {
                while matches!(self.kind(), Kind::Name | Kind::Word(Word::Update | Word::Key)) {
                    self.bump();
                }
                if self.eat_mark(b'(') {
                    self.skip_parentheses()?;
                }
            }
            Word::On => {
                if self.eat(Word::Duplicate) {
                    if !(self.eat(Word::Key) && self.eat(Word::Update)) {
                        return self.stop();
                    }
                } else if self.eat(Word::Conflict) {
                    while matches!(self.kind(), Kind::Name | Kind::Word(_)) {
                        self.bump();
                    }
                }
                self.expression()?;
            }
            Word::Returning => loop {
                match self.kind() {
                    Kind::Operator(Operator::Star) => {
                        self.bump();
                    }
                    _ => {
                        self.expression()?;
                    }
                }
                if !self.eat_mark(b',') {
                    break;
                }
            },
            Word::Inner | Word::Cross | Word::Natural | Word::Join => {
                while matches!(self.kind(), Kind::Word(Word::Join | Word::Left | Word::Right | Word::Inner)) {
                    self.bump();
                }
                let mut query = Query::default();
                self.tables(&mut query)?;
            }
            _ => return self.stop(),
        }
        if outside {
            self.facts.clause = Some(note);
        }
        Ok(())
    }

    /// ASC, DESC, NULLS FIRST.
    pub(super) fn ordering(&mut self) {
        let _ = self.eat(Word::Asc) || self.eat(Word::Desc);
        if self.eat(Word::Nulls) {
            let _ = self.eat(Word::First) || self.kind() == Kind::Name && self.bump().end > 0;
        }
    }

    fn set_operation(&mut self, outside: bool) -> Read<()> {
        let mut all = false;
        while let Kind::Word(Word::All | Word::Distinct | Word::Distinctrow) = self.kind() {
            self.bump();
            all = true;
        }
        let mut open = 0_u32;
        while self.eat_mark(b'(') {
            open += 1;
        }
        let commented = self.now.after_comment;
        if !matches!(self.kind(), Kind::Word(Word::Select | Word::Values | Word::Table | Word::With)) {
            return self.stop();
        }
        let earlier = self.facts.subquery;
        self.facts.subquery = None;
        if outside {
            self.facts.union_all |= all || open > 0 || commented;
            self.facts.union.get_or_insert_default();
        }
        let query = self.select();
        let seen = self.facts.subquery.unwrap_or_default();
        let merged = match query {
            Ok(query) => Query { wordy: query.wordy, from: query.from, ..query.or(seen) },
            Err(_) => seen,
        };
        if outside {
            self.facts.union = Some(merged);
        }
        self.facts.subquery = earlier;
        query?;
        while open > 0 && self.is_mark(b')') {
            self.bump();
            open -= 1;
        }
        Ok(())
    }
}

/// A word of which joins are made.
fn is_join(word: Word) -> bool {
    matches!(
        word,
        Word::Inner
            | Word::Left
            | Word::Right
            | Word::Cross
            | Word::Full
            | Word::Natural
            | Word::Outer
            | Word::Join
            | Word::StraightJoin
            | Word::Apply
            | Word::Lateral
    )
}
