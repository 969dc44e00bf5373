//! Statements that define what is in the database, and those that execute procedures.

use super::facts::Query;
use super::lexer::Kind;
use super::parser::{Parser, Read};
use super::words::{self, Word};

impl Parser<'_> {
    /// DROP, CREATE and ALTER of a kind of object.
    pub(super) fn definition(&mut self, verb: Word) -> Read<Query> {
        self.bump();
        let mut object = Vec::new();
        // OR REPLACE, UNIQUE, TEMPORARY and the like come before the kind of object.
        for _ in 0..5 {
            let text = self.lexer.text(self.now);
            if is_object(text) {
                object = text.to_ascii_lowercase();
                self.bump();
                break;
            }
            match self.kind() {
                Kind::Word(Word::Or | Word::Replace) => self.bump(),
                Kind::Name if is_object_adjective(text) => self.bump(),
                _ => return self.stop(),
            };
        }
        if object.is_empty() {
            return self.stop();
        }
        if self.eat(Word::If) {
            self.eat(Word::Not);
            if !self.eat(Word::Exists) {
                return self.stop();
            }
        }
        self.path()?;
        while self.eat_mark(b',') {
            self.path()?;
        }
        let drops = verb == Word::Drop && (object == b"table" || object == b"database");
        let plain = Query { definite: true, drops, ..Query::default() };
        match self.kind() {
            Kind::End | Kind::Cut | Kind::Mark(b';') | Kind::Text { open: true, .. } => return Ok(plain),
            _ => {}
        }
        let follows = match self.kind() {
            Kind::Mark(b'(') => true,
            Kind::Operator(_) | Kind::Variable => true,
            Kind::Word(
                Word::As
                | Word::Using
                | Word::With
                | Word::Select
                | Word::Set
                | Word::Drop
                | Word::Rename
                | Word::Alter,
            ) => verb != Word::Drop,
            Kind::Word(Word::On) => true,
            Kind::Name => {
                let text = self.lexer.text(self.now);
                [
                    &b"add"[..],
                    b"modify",
                    b"column",
                    b"cascade",
                    b"restrict",
                    b"identified",
                    b"password",
                    b"returns",
                    b"to",
                    b"change",
                    b"owner",
                    b"without",
                    b"purge",
                ]
                .iter()
                .any(|word| text.eq_ignore_ascii_case(word))
            }
            Kind::Text { .. } => true,
            _ => false,
        };
        if !follows {
            return self.stop();
        }
        self.rest_of_statement()?;
        Ok(Query { technical: true, ..plain })
    }

    pub(super) fn execute(&mut self) -> Read<Query> {
        self.bump();
        let technical = Query { technical: true, definite: true, ..Query::default() };
        let weak = Query { technical: true, ..Query::default() };
        match self.kind() {
            Kind::Mark(b'(') => {
                self.bump();
                self.skip_parentheses()?;
                return Ok(weak);
            }
            Kind::Text { .. } | Kind::Variable => {
                self.rest_of_statement()?;
                return Ok(weak);
            }
            Kind::Name | Kind::Quoted | Kind::Word(_) => {}
            _ => return self.stop(),
        }
        let start = self.now.start;
        let immediate = self.lexer.text(self.now).eq_ignore_ascii_case(b"immediate");
        self.path()?;
        let text = self.lexer.span(start, self.read_to);
        let last = text.rsplit(|b| *b == b'.').next().unwrap_or_default();
        let procedure = words::acts(text)
            || last.len() > 3 && last.get(..3).is_some_and(|head| head.eq_ignore_ascii_case(b"sp_"))
            || text.windows(2).any(|pair| pair == b"..")
            || immediate;
        if words::acts(text) {
            self.facts.acts = true;
        }
        if procedure {
            self.rest_of_statement()?;
            return Ok(technical);
        }
        // A procedure of the application, with values.
        match self.kind() {
            Kind::Text { .. } | Kind::Variable | Kind::Mark(b'(') => {
                self.rest_of_statement()?;
                Ok(weak)
            }
            Kind::End | Kind::Cut | Kind::Mark(b';') => Ok(Query::default()),
            _ => self.stop(),
        }
    }
}

fn is_object(text: &[u8]) -> bool {
    const OBJECTS: &[&[u8]] = &[
        b"table",
        b"database",
        b"schema",
        b"view",
        b"index",
        b"user",
        b"login",
        b"function",
        b"procedure",
        b"proc",
        b"trigger",
        b"role",
        b"column",
        b"sequence",
        b"synonym",
        b"type",
        b"extension",
        b"tablespace",
        b"language",
        b"assembly",
    ];
    OBJECTS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn is_object_adjective(text: &[u8]) -> bool {
    const ADJECTIVES: &[&[u8]] = &[
        b"unique",
        b"temporary",
        b"temp",
        b"materialized",
        b"global",
        b"local",
        b"clustered",
        b"nonclustered",
        b"virtual",
        b"unlogged",
        b"public",
        b"editionable",
        b"trusted",
        b"procedural",
        b"definer",
    ];
    ADJECTIVES.iter().any(|word| text.eq_ignore_ascii_case(word))
}
