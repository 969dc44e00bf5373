//! Expressions: operands, the operators between them, and what a term says.

use super::facts::{Literal, Value};
use super::lexer::{Kind, Operator};
use super::parser::{Parser, Read, Stop};
use super::words::Word;

impl Parser<'_> {
    /// An operand and all that operators add to it.
    pub(super) fn expression(&mut self) -> Read<Value> {
        let first = self.operand()?;
        self.chain(first)
    }

    /// Operators and operands after an operand. Returns what is known of the whole.
    pub(super) fn chain(&mut self, left: Value) -> Read<Value> {
        let mut term = left;
        let mut after_boolean = false;
        let mut whole = Value { constant: true, ..Value::default() };
        loop {
            match self.kind() {
                Kind::Operator(Operator::Boolean) | Kind::Word(Word::And | Word::Or | Word::Xor) => {
                    self.facts.lone_first |= !after_boolean && term.literal.is_some();
                    self.finish(after_boolean, term, &mut whole);
                    if matches!(self.kind(), Kind::Operator(_)) {
                        self.facts.peculiar = true;
                    }
                    self.facts.booleans += 1;
                    let and = self.is(Word::And);
                    self.bump();
                    after_boolean = true;
                    let operand = self.operand()?;
                    self.facts.and = and;
                    term = operand;
                }
                Kind::Operator(Operator::Bang) => return self.finish_wrong(after_boolean, term, &mut whole),
                Kind::Operator(operator) => {
                    self.bump();
                    self.facts.operators += 1;
                    if matches!(operator, Operator::Concat | Operator::Assign) {
                        self.facts.peculiar = true;
                    }
                    let right = match self.operand() {
                        // `1=1-`: what is there of it compares already.
                        Err(Stop::Unfinished) if term.compares => {
                            self.finish(after_boolean, term, &mut whole);
                            return Err(Stop::Unfinished);
                        }
                        right => right?,
                    };
                    term = self.join(term, right, operator == Operator::Compare);
                }
                Kind::Word(Word::Div | Word::Mod) => {
                    self.bump();
                    self.facts.operators += 1;
                    let right = self.operand()?;
                    term = self.join(term, right, false);
                }
                Kind::Word(Word::Not) => {
                    self.bump();
                    if !matches!(
                        self.kind(),
                        Kind::Word(
                            Word::Like
                                | Word::In
                                | Word::Between
                                | Word::Rlike
                                | Word::Regexp
                                | Word::Ilike
                                | Word::Glob
                                | Word::Match
                                | Word::Similar
                                | Word::Null
                        )
                    ) {
                        return self.stop();
                    }
                    if self.eat(Word::Null) {
                        term.compares = true;
                        self.facts.compares = true;
                    }
                }
                Kind::Word(
                    Word::Like
                    | Word::Ilike
                    | Word::Rlike
                    | Word::Regexp
                    | Word::Glob
                    | Word::Match
                    | Word::Similar,
                ) => {
                    self.bump();
                    // SIMILAR TO, and TO is no keyword elsewhere.
                    if self.kind() == Kind::Name && self.lexer.text(self.now).eq_ignore_ascii_case(b"to") {
                        self.bump();
                    }
                    self.facts.operators += 1;
                    let right = self.operand()?;
                    if self.eat(Word::Escape) {
                        self.operand()?;
                    }
                    term = self.join(term, right, true);
                }
                Kind::Word(Word::Sounds) => {
                    self.bump();
                    if !self.is(Word::Like) {
                        return self.stop();
                    }
                }
                Kind::Word(Word::In) => {
                    self.bump();
                    self.facts.operators += 1;
                    // IN BOOLEAN MODE, the end of a full-text search that the input is a part of.
                    if self.kind() == Kind::Name && self.lexer.text(self.now).eq_ignore_ascii_case(b"boolean")
                    {
                        self.bump();
                        if self.kind() != Kind::Name
                            || !self.lexer.text(self.now).eq_ignore_ascii_case(b"mode")
                        {
                            return self.stop();
                        }
                        self.bump();
                        continue;
                    }
                    if !self.is_mark(b'(') {
                        return self.stop();
                    }
                    let right = self.operand()?;
                    term = self.join(term, right, true);
                }
                Kind::Word(Word::Between) => {
                    self.bump();
                    self.facts.operators += 1;
                    let low = self.arithmetic()?;
                    if !self.eat(Word::And) {
                        return self.stop();
                    }
                    let high = self.arithmetic()?;
                    term = self.join(term, low, true);
                    term = self.join(term, high, true);
                }
                Kind::Word(Word::Is) => {
                    self.bump();
                    self.facts.operators += 1;
                    self.eat(Word::Not);
                    if self.kind() == Kind::Name && self.lexer.text(self.now).eq_ignore_ascii_case(b"unknown")
                    {
                        self.bump();
                        term.compares = true;
                    } else if self.eat(Word::Distinct) {
                        if !self.eat(Word::From) {
                            return self.stop();
                        }
                        let right = self.operand()?;
                        term = self.join(term, right, true);
                    } else if matches!(
                        self.kind(),
                        Kind::Word(Word::Null | Word::True | Word::False)
                            | Kind::Number
                            | Kind::Text { .. }
                            | Kind::Mark(b'(')
                    ) {
                        let right = self.operand()?;
                        term = self.join(term, right, true);
                    } else {
                        return self.stop();
                    }
                }
                Kind::Word(Word::Isnull | Word::Notnull) => {
                    self.bump();
                    term.compares = true;
                    self.facts.compares |= !after_boolean;
                }
                Kind::Cast | Kind::Mark(b'[') | Kind::Word(Word::Collate) => self.postfix(&mut term)?,
                _ => {
                    self.finish(after_boolean, term, &mut whole);
                    return Ok(whole);
                }
            }
        }
    }

    fn finish_wrong(&mut self, after_boolean: bool, term: Value, whole: &mut Value) -> Read<Value> {
        self.finish(after_boolean, term, whole);
        Err(Stop::Wrong)
    }

    /// An operand with arithmetic, as BETWEEN takes on either side of its own AND.
    fn arithmetic(&mut self) -> Read<Value> {
        let mut value = self.operand()?;
        while let Kind::Operator(Operator::Sign | Operator::Star | Operator::Other | Operator::Concat) =
            self.kind()
        {
            self.bump();
            let right = self.operand()?;
            value = self.join(value, right, false);
        }
        Ok(value)
    }

    fn join(&mut self, left: Value, right: Value, compares: bool) -> Value {
        let same = match (left.name, right.name) {
            (Some(left), Some(right)) if compares => {
                self.lexer.text(left).eq_ignore_ascii_case(self.lexer.text(right))
            }
            _ => false,
        };
        if compares && left.given {
            self.facts.compares = true;
        }
        Value {
            constant: same || left.constant && right.constant,
            literal: None,
            name: None,
            compares: compares || left.compares || right.compares,
            calls: left.calls || right.calls,
            asks: left.asks || right.asks,
            given: left.given,
        }
    }

    /// A term of AND and OR is complete.
    fn finish(&mut self, after_boolean: bool, term: Value, whole: &mut Value) {
        if after_boolean {
            if term.compares && term.constant {
                self.facts.tautology = true;
            } else if term.compares {
                self.facts.condition = true;
            } else if let Some(literal) = term.literal {
                self.facts.constant = Some(literal);
                self.facts.numeric_constant |=
                    matches!(literal, Literal::Number(_) | Literal::True | Literal::False);
            } else if term.constant && !term.given {
                // Arithmetic on constants, such as `or 3-2`.
                self.facts.constant = Some(Literal::Computed);
            }
            self.facts.boolean_call |= term.calls || term.asks;
            whole.literal = None;
            whole.name = None;
        } else {
            whole.literal = term.literal;
            whole.name = term.name;
        }
        whole.constant &= term.constant;
        whole.compares |= term.compares;
        whole.calls |= term.calls;
        whole.asks |= term.asks;
        whole.given |= term.given;
    }
}
