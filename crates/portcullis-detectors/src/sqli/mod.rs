//! SQL injection (CWE-89).
//!
//! An input is an attack if it changes the meaning of the query that it is put into. So it is read as the
//! database would read it, in every place where an application may put it:
//!
//! - inside a string in single or double quotes, or a name in backquotes: only what comes after the quote
//!   that ends the string is read, as the continuation of an expression;
//! - without quotes, as a number, a name, the continuation of an operand, or a statement;
//! - once in the words of MySQL and once in those of the others, where the two would cut it differently.
//!
//! In each place the grammar of SQL decides how far it can be read ([`parser`]). What was read is judged
//! ([`judge`]): a sentence that happens to be valid (`1 or 2`, `select a plan from the list`) is none.
//!
//! What it does not stop: an injection that is all plain values in a place that should not take them (another
//! person's number), and what the application assembles from several inputs.

mod definition;
mod expression;
mod facts;
mod judge;
mod lexer;
mod literal;
mod operand;
mod parser;
mod query;
mod quoted;
mod statement;
mod words;

#[cfg(test)]
mod tests;

use crate::finding::{Finding, Language};
use crate::undo;
use facts::{Literal, Value};
use judge::{Case, Place};
use lexer::{Kind, Lexis, Operator};
use memchr::memmem;
use parser::Parser;
use words::Word;

/// Judges whether the input changes the meaning of a query that it is put into.
///
/// The input is taken as it is; where it is percent-encoded as a form is, it is also judged decoded. The cost
/// is linear in the length of the input.
#[must_use]
pub fn detect(input: &[u8]) -> Option<Finding> {
    let mut steps = 0;
    detect_counting(input, &mut steps)
}

fn detect_counting(input: &[u8], steps: &mut usize) -> Option<Finding> {
    let spaced = input.iter().any(u8::is_ascii_whitespace);
    let plain = input.iter().all(|byte| byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace());
    if plain && !spaced {
        *steps += input.len();
        return None;
    }
    if let Some(finding) = read(input, steps) {
        return Some(finding);
    }
    if plain {
        return None;
    }
    // Decoded once more, or twice where it was encoded twice.
    let mut decoded = None;
    for undo in [
        undo::form,
        undo::spaces,
        undo::script_escapes,
        undo::charset,
        undo::references,
        undo::stray_percents,
        undo::comments,
    ] {
        if let Some(bytes) = undo(input) {
            if let Some(finding) = read(&bytes, steps) {
                return Some(Finding { evidence: 0..input.len(), ..finding });
            }
            decoded.get_or_insert(bytes);
        }
    }
    let decoded = decoded?;
    for undo in [undo::form, undo::spaces, undo::charset] {
        if let Some(bytes) = undo(&decoded)
            && let Some(finding) = read(&bytes, steps)
        {
            return Some(Finding { evidence: 0..input.len(), ..finding });
        }
    }
    None
}

/// Reads the input in every place and lexis in which it could matter.
fn read(input: &[u8], steps: &mut usize) -> Option<Finding> {
    *steps += 1;
    let signs = Signs::of(input);
    let both = [Lexis::MySql, Lexis::Standard];
    let ways = if signs.lexis_matters { &both[..] } else { both.get(..1).unwrap_or_default() };
    for &lexis in ways {
        for (found, quote) in [
            (signs.single, b'\''),
            (signs.double, b'"'),
            (signs.back, b'`'),
            (signs.bracket, b']'),
            (signs.comment_end, b'*'),
        ] {
            if found && let Some(finding) = in_quotes(input, quote, lexis, steps) {
                return Some(finding);
            }
        }
    }
    for &lexis in ways {
        if let Some(finding) = bare(input, lexis, steps) {
            return Some(finding);
        }
    }
    if signs.comment { obscured_union(input, steps) } else { None }
}

/// What one look over the bytes tells about which readings can differ.
#[derive(Default)]
struct Signs {
    single: bool,
    double: bool,
    back: bool,
    bracket: bool,
    comment: bool,
    comment_end: bool,
    lexis_matters: bool,
}

impl Signs {
    fn of(input: &[u8]) -> Self {
        let mut signs = Self::default();
        let mut last = 0;
        for &byte in input {
            match byte {
                b'\'' => {
                    signs.single = true;
                    signs.lexis_matters |= last | 0x20 == b'q';
                }
                b'"' => signs.double = true,
                b'`' => signs.back = true,
                b'\\' | b'#' | b'$' | b'[' => signs.lexis_matters = true,
                b']' => signs.bracket = true,
                b'/' if last == b'*' => signs.comment_end = true,
                b'-' | b'|' => signs.lexis_matters |= last == byte,
                b'*' if last == b'/' => {
                    signs.comment = true;
                    signs.lexis_matters = true;
                }
                _ => {}
            }
            last = byte;
        }
        signs
    }
}

fn in_quotes(input: &[u8], quote: u8, lexis: Lexis, steps: &mut usize) -> Option<Finding> {
    let escapes = lexis == Lexis::MySql && matches!(quote, b'\'' | b'"');
    let end = match quote {
        b'*' => memmem::find(input, b"*/").map(|at| at + 1),
        _ => literal::string_end(input, 0, quote, escapes),
    };
    let Some(broke) = end else {
        *steps += input.len();
        return None;
    };
    *steps += broke;
    let mut parser = Parser::new(input, broke + 1, lexis, quote);
    let first = parser.now;
    let stop = parser.tail(Value { given: true, ..Value::default() }).err();
    *steps += parser.lexer.steps;
    conclude(
        &parser,
        &Case {
            place: Place::Quoted(quote),
            facts: &parser.facts,
            stop,
            input,
            broke,
            first,
            first_literal: None,
            versions: parser.lexer.versions > 0,
        },
    )
}

fn bare(input: &[u8], lexis: Lexis, steps: &mut usize) -> Option<Finding> {
    if is_plain_text(input, lexis, steps) {
        return None;
    }
    let mut parser = Parser::new(input, 0, lexis, 0);
    let first = parser.now;
    if matches!(first.kind, Kind::End | Kind::Cut) {
        *steps += parser.lexer.steps;
        return None;
    }
    let called = parser.peek() == Kind::Mark(b'(');
    let states = match first.kind {
        Kind::Word(word) => {
            parser::begins_statement(word)
                && (!called
                    || matches!(word, Word::Select | Word::Exec | Word::Execute | Word::With | Word::If))
        }
        _ => false,
    };
    let place = match first.kind {
        // `(a = b)` and `-a` begin with a name all the same.
        Kind::Mark(b'(') | Kind::Operator(Operator::Sign | Operator::Bang) | Kind::Word(Word::Not) => {
            Place::of_first(first_operand(input, lexis, steps), false, false)
        }
        _ => Place::of_first(first.kind, states, judge::continues(first.kind)),
    };
    let first_literal = match first.kind {
        Kind::Number => Some(Literal::Number(first)),
        Kind::Text { .. } => Some(Literal::Text(first)),
        _ => None,
    };
    let stop = parser.whole().err();
    *steps += parser.lexer.steps;
    conclude(
        &parser,
        &Case {
            place,
            facts: &parser.facts,
            stop,
            input,
            broke: 0,
            first,
            first_literal,
            versions: parser.lexer.versions > 0,
        },
    )
}

/// A word next to a word, or one alone: no grammar goes on from there, so most texts end here.
fn is_plain_text(input: &[u8], lexis: Lexis, steps: &mut usize) -> bool {
    let mut lexer = lexer::Lexer::new(input, 0, lexis);
    let first = lexer.next();
    if !matches!(first.kind, Kind::Name | Kind::Number) {
        *steps += lexer.steps;
        return false;
    }
    let second = lexer.next();
    *steps += lexer.steps;
    match second.kind {
        Kind::End | Kind::Junk => true,
        Kind::Name => !words::acts(lexer.text(second)),
        _ => false,
    }
}

/// The first word that is no sign and no parenthesis.
fn first_operand(input: &[u8], lexis: Lexis, steps: &mut usize) -> Kind {
    let mut lexer = lexer::Lexer::new(input, 0, lexis);
    let mut kind = Kind::End;
    for _ in 0..64 {
        kind = lexer.next().kind;
        if !matches!(
            kind,
            Kind::Mark(b'(') | Kind::Operator(Operator::Sign | Operator::Bang) | Kind::Word(Word::Not)
        ) {
            break;
        }
    }
    *steps += lexer.steps;
    kind
}

fn conclude(parser: &Parser<'_>, case: &Case<'_>) -> Option<Finding> {
    let why = case.judge()?;
    let (place, broke, length) = (case.place, case.broke, case.input.len());
    let end = match (parser.facts.cut, parser.facts.open) {
        (None, None) => parser.read_to,
        _ => length,
    };
    let mut fingerprint = String::with_capacity(parser.shape_length + 2);
    fingerprint.push(place.letter());
    fingerprint.push(':');
    fingerprint.extend(parser.shape.iter().take(parser.shape_length).map(|letter| char::from(*letter)));
    Some(Finding {
        language: Language::Sql,
        context: place.describe(),
        evidence: broke..end.clamp(broke, length),
        why: why.into(),
        fingerprint,
    })
}

/// UNION behind a comment that takes the place of a space, anywhere in the input: `x/*…*/2 union all`.
///
/// A comment in front of a number or a keyword is there to get past a filter; no path and no sentence has it.
fn obscured_union(input: &[u8], steps: &mut usize) -> Option<Finding> {
    let mut lexer = lexer::Lexer::new(input, 0, Lexis::MySql);
    let mut before = [Kind::End; 2];
    let mut commented = [false; 2];
    let mut began = 0;
    loop {
        let token = lexer.next();
        *steps += 1;
        if matches!(token.kind, Kind::End | Kind::Cut) {
            *steps += lexer.steps;
            return None;
        }
        let [_, union] = before;
        let hidden = commented.iter().any(|c| *c) || token.after_comment;
        if union == Kind::Word(Word::Union)
            && hidden
            && matches!(token.kind, Kind::Word(Word::All | Word::Distinct | Word::Select))
        {
            *steps += lexer.steps;
            return Some(Finding {
                language: Language::Sql,
                context: Place::Behind.describe(),
                evidence: began.min(token.end)..token.end,
                why: "comments hide the keywords of a query".into(),
                fingerprint: "o:cU".to_owned(),
            });
        }
        if token.after_comment {
            began = token.start;
        }
        let [_, last] = before;
        let [_, last_commented] = commented;
        // A name in front of UNION is as good as a number only if the comment stands directly before UNION.
        let number = token.kind == Kind::Number || token.kind == Kind::Word(Word::Union);
        before = [last, token.kind];
        commented = [last_commented && last == Kind::Number, token.after_comment && number];
    }
}
