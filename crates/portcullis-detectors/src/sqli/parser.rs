//! Reads what an input does to the query from the place where it breaks out.
//!
//! The grammar is that of an expression which is already under way: an operand stands in front, given by the
//! application or by the input itself, and what comes next must continue it. English, German or C do not:
//! a name next to a name, or a number next to a word, is no SQL, and there the reading stops. What was read
//! until then is kept as [`Facts`]; whether they make an attack is judged elsewhere.

use super::facts::{Facts, Value};
use super::lexer::{Kind, Lexer, Lexis, Operator, Token};
use super::words::{self, Word};

/// Parentheses nested deeper than this are skipped by counting instead of being read.
const DEEPEST: u32 = 48;

/// Why the reading stopped before the end of the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The input ended where more was due; the rest of the query may supply it.
    Unfinished,
    /// What follows is no SQL.
    Wrong,
}

/// The outcome of reading one rule of the grammar.
pub(super) type Read<T> = Result<T, Stop>;

/// A reader with one word in hand and one ahead.
pub(super) struct Parser<'a> {
    pub(super) lexer: Lexer<'a>,
    pub(super) now: Token,
    ahead: Option<Token>,
    pub(super) facts: Facts,
    pub(super) depth: u32,
    pub(super) home: u8,
    /// The last call read has an argument.
    pub(super) last_call_filled: bool,
    /// The kinds of the words read, one letter each.
    pub(super) shape: [u8; 16],
    pub(super) shape_length: usize,
    /// Where the last word read ends.
    pub(super) read_to: usize,
}

impl<'a> Parser<'a> {
    /// `home` is the byte that closes the string in which the input lands, or 0.
    pub(super) fn new(input: &'a [u8], position: usize, lexis: Lexis, home: u8) -> Self {
        let mut lexer = Lexer::new(input, position, lexis);
        lexer.home = home;
        let now = lexer.next();
        Self {
            lexer,
            now,
            ahead: None,
            facts: Facts::default(),
            depth: 0,
            home,
            last_call_filled: false,
            shape: [0; 16],
            shape_length: 0,
            read_to: position,
        }
    }

    pub(super) fn kind(&self) -> Kind {
        self.now.kind
    }

    /// The kind of the word after the one in hand.
    pub(super) fn peek(&mut self) -> Kind {
        match self.ahead {
            Some(token) => token.kind,
            None => {
                let token = self.lexer.next();
                self.ahead = Some(token);
                token.kind
            }
        }
    }

    /// Goes on by one word and returns the one that was in hand.
    pub(super) fn bump(&mut self) -> Token {
        let token = self.now;
        match token.kind {
            Kind::Text { open: true, quote } => self.facts.open = Some((quote, token.start)),
            Kind::Cut => self.facts.cut = Some(token.start),
            Kind::End => {}
            _ => self.read_to = token.end,
        }
        if let Kind::Word(_) = token.kind
            && token.after_comment
        {
            self.facts.obscured = true;
        }
        if let Some(slot) = self.shape.get_mut(self.shape_length) {
            *slot = letter(token.kind);
            self.shape_length += 1;
        }
        self.now = self.ahead.take().unwrap_or_else(|| self.lexer.next());
        token
    }

    pub(super) fn is(&self, word: Word) -> bool {
        self.now.kind == Kind::Word(word)
    }

    pub(super) fn is_mark(&self, mark: u8) -> bool {
        self.now.kind == Kind::Mark(mark)
    }

    pub(super) fn eat(&mut self, word: Word) -> bool {
        let found = self.is(word);
        if found {
            self.bump();
        }
        found
    }

    pub(super) fn eat_mark(&mut self, mark: u8) -> bool {
        let found = self.is_mark(mark);
        if found {
            self.bump();
        }
        found
    }

    pub(super) fn over(&self) -> bool {
        matches!(self.now.kind, Kind::End | Kind::Cut)
    }

    /// Stops here: unfinished at the end of the input, wrong elsewhere.
    pub(super) fn stop<T>(&mut self) -> Read<T> {
        if self.now.kind == Kind::Cut {
            self.facts.cut = Some(self.now.start);
        }
        Err(if self.over() { Stop::Unfinished } else { Stop::Wrong })
    }

    pub(super) fn expect_mark(&mut self, mark: u8) -> Read<()> {
        if self.eat_mark(mark) { Ok(()) } else { self.stop() }
    }

    /// Skips to the parenthesis that closes the one already read.
    pub(super) fn skip_parentheses(&mut self) -> Read<()> {
        let mut open = 1_u32;
        loop {
            match self.kind() {
                Kind::Mark(b'(') => open += 1,
                Kind::Mark(b')') => open -= 1,
                Kind::End | Kind::Cut => return Err(Stop::Unfinished),
                _ => {}
            }
            self.bump();
            if open == 0 {
                return Ok(());
            }
        }
    }

    /// Reads one level deeper; beyond the deepest the parentheses are skipped.
    pub(super) fn deeper<T>(&mut self, otherwise: T, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth >= DEEPEST {
            self.skip_parentheses()?;
            return Ok(otherwise);
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Reads everything that may follow an operand, to the end of the input.
    pub(super) fn tail(&mut self, operand: Value) -> Read<()> {
        let begins = self.now.start;
        let mut operand = Some(operand);
        loop {
            let fresh = self.now.start == begins;
            match self.kind() {
                Kind::End => return Ok(()),
                Kind::Cut => {
                    self.bump();
                    return Ok(());
                }
                Kind::Mark(b')') => {
                    self.bump();
                    self.facts.closed += 1;
                }
                Kind::Mark(b',') => {
                    self.bump();
                    let value = self.expression()?;
                    self.ordering();
                    self.facts.listed = true;
                    operand = Some(value);
                }
                Kind::Mark(b';') => {
                    self.bump();
                    self.facts.ended = true;
                    self.statements()?;
                    return Ok(());
                }
                Kind::Text { .. } if fresh => {
                    self.facts.adjacent = true;
                    self.operand()?;
                }
                Kind::Mark(b'(') if fresh && self.peek() == Kind::Word(Word::Select) => {
                    self.operand()?;
                }
                // The `+` of a form that was decoded once too often is a space: the call still acts.
                Kind::Name if fresh && words::acts(self.lexer.text(self.now)) => {
                    self.operand()?;
                }
                Kind::Word(word) if is_clause(word) => {
                    self.clause(true)?;
                    operand = None;
                }
                Kind::Word(Word::As) => {
                    self.bump();
                    self.alias_name()?;
                    operand = None;
                }
                Kind::Word(Word::Asc | Word::Desc) => {
                    self.ordering();
                    operand = None;
                }
                // LOCK IN SHARE MODE
                Kind::Word(Word::Lock) if self.peek() == Kind::Word(Word::In) => {
                    self.bump();
                    self.bump();
                    while self.kind() == Kind::Name {
                        self.bump();
                    }
                    operand = None;
                }
                Kind::Word(word) if begins_unannounced(word) => {
                    self.facts.unannounced = !matches!(word, Word::Waitfor | Word::Declare);
                    self.statements()?;
                    return Ok(());
                }
                Kind::Operator(_) | Kind::Word(_) | Kind::Cast => {
                    let before = self.now.start;
                    let left = operand.unwrap_or_default();
                    self.chain(left)?;
                    if self.now.start == before {
                        return Err(Stop::Wrong);
                    }
                    operand = Some(Value::default());
                }
                _ => return self.stop(),
            }
        }
    }
}

/// Words that begin a clause of the query that is under way.
pub(super) fn is_clause(word: Word) -> bool {
    matches!(
        word,
        Word::Union
            | Word::Intersect
            | Word::Except
            | Word::Minus
            | Word::From
            | Word::Where
            | Word::Group
            | Word::Order
            | Word::Having
            | Word::Limit
            | Word::Offset
            | Word::Fetch
            | Word::Into
            | Word::Procedure
            | Word::For
            | Word::Returning
            | Word::On
            | Word::Inner
            | Word::Join
            | Word::Cross
            | Word::Natural
    )
}

/// Words that begin a statement where SQL Server asks for no `;` in front.
fn begins_unannounced(word: Word) -> bool {
    matches!(
        word,
        Word::Waitfor
            | Word::Exec
            | Word::Execute
            | Word::Declare
            | Word::Shutdown
            | Word::If
            | Word::Select
            | Word::Insert
            | Word::Drop
            | Word::Delete
            | Word::Update
    )
}

/// Words that begin a statement.
pub(super) fn begins_statement(word: Word) -> bool {
    matches!(
        word,
        Word::Select
            | Word::With
            | Word::Values
            | Word::Table
            | Word::Insert
            | Word::Update
            | Word::Delete
            | Word::Drop
            | Word::Create
            | Word::Alter
            | Word::Truncate
            | Word::Exec
            | Word::Execute
            | Word::Declare
            | Word::Set
            | Word::Call
            | Word::Grant
            | Word::Revoke
            | Word::Waitfor
            | Word::Shutdown
            | Word::If
            | Word::Begin
            | Word::While
            | Word::Merge
            | Word::Replace
            | Word::Load
            | Word::Copy
            | Word::Do
            | Word::Handler
            | Word::Prepare
            | Word::Attach
            | Word::Pragma
            | Word::Vacuum
            | Word::Reconfigure
            | Word::Backup
            | Word::Restore
            | Word::Kill
            | Word::Use
            | Word::Show
            | Word::Describe
            | Word::Explain
            | Word::Commit
            | Word::Rollback
            | Word::Rename
            | Word::Lock
            | Word::Unlock
            | Word::Print
            | Word::Raiserror
            | Word::Bulk
            | Word::Analyze
            | Word::Detach
            | Word::Flush
            | Word::Dbcc
            | Word::Go
            | Word::End
    )
}

fn letter(kind: Kind) -> u8 {
    match kind {
        Kind::End => b'.',
        Kind::Cut => b'c',
        Kind::Number => b'1',
        Kind::Text { .. } => b's',
        Kind::Name | Kind::Quoted => b'n',
        Kind::Word(Word::And | Word::Or | Word::Xor) | Kind::Operator(Operator::Boolean) => b'&',
        Kind::Word(Word::Union | Word::Intersect | Word::Except | Word::Minus) => b'U',
        Kind::Word(Word::Select | Word::Insert | Word::Update | Word::Delete | Word::Drop | Word::Exec) => {
            b'E'
        }
        Kind::Word(Word::Null | Word::True | Word::False) => b'1',
        Kind::Word(_) => b'k',
        Kind::Variable => b'v',
        Kind::Operator(_) | Kind::Cast => b'o',
        Kind::Mark(mark) => mark,
        Kind::Junk => b'?',
    }
}
