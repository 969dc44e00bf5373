//! Reads a piece of code for a call that acts.

use super::dynamic::dynamic;
use super::grammar::Reach;
use super::lexer::{Kind, Token, code};
use super::sinks;
use crate::text::is_word;

/// A program of more lines is one that is shown.
const MOST_LINES: usize = 3;

/// Where code that begins at `start` acts, and why. `closes` says that a string of the place was closed before.
pub(super) fn acts(text: &[u8], start: usize, closes: bool) -> Option<(usize, &'static str)> {
    let read = code(text, start);
    let tokens = read.tokens.as_slice();
    if !closes && (read.sentence || is_shown(text, tokens)) {
        return None;
    }
    let (head, tail) = bounds(tokens)?;
    for (index, token) in tokens.iter().enumerate() {
        let found = match token.kind {
            Kind::Name => named(text, tokens, index, head, tail),
            Kind::Open(b'(') => dynamic(text, tokens, index),
            Kind::Text(b'`') => command(text, tokens, index),
            _ => None,
        };
        if let Some(why) = found {
            return Some((token.span.start, why));
        }
    }
    None
}

/// The first and the last token that are more than what closes and separates.
fn bounds(tokens: &[Token]) -> Option<(usize, usize)> {
    let counts = |token: &Token| matches!(token.kind, Kind::Name | Kind::Number | Kind::Text(_));
    let first = tokens.iter().position(counts)?;
    let last =
        tokens.iter().rposition(|token| !matches!(token.kind, Kind::Sign(_) | Kind::Line | Kind::Member))?;
    Some((first, last))
}

/// A program that is shown: it has many lines, or is a definition.
fn is_shown(text: &[u8], tokens: &[Token]) -> bool {
    let lines = 1 + tokens.iter().filter(|token| token.kind == Kind::Line).count();
    let defines = match tokens {
        [first, second, third, ..] => {
            let word = first.of(text);
            second.kind == Kind::Name
                && (matches!(
                    word,
                    b"class"
                        | b"public"
                        | b"private"
                        | b"package"
                        | b"using"
                        | b"fn"
                        | b"func"
                        | b"sub"
                        | b"static"
                        | b"interface"
                ) || matches!(word, b"def" | b"function") && third.kind == Kind::Open(b'('))
        }
        _ => false,
    };
    lines > MOST_LINES || defines
}

/// A name that is called, mentioned, or given a string as a keyword is.
fn named(text: &[u8], tokens: &[Token], index: usize, head: usize, tail: usize) -> Option<&'static str> {
    let reach = Reach::at(text, tokens, index)?;
    let whole = reach.first == head && reach.last >= tail;
    // `const cp = require('child_process')` gets hold of it and does nothing yet.
    let assigned = reach.last >= tail
        && matches!(reach.name(), b"require" | b"import")
        && reach
            .first
            .checked_sub(1)
            .and_then(|before| tokens.get(before))
            .is_some_and(|token| token.kind == Kind::Sign(b'='));
    if assigned {
        return None;
    }
    if let Some(why) = sinks::acts(text, &reach, whole) {
        return Some(why);
    }
    let next = tokens.get(index + 1)?;
    let formatted = !next.spaced && matches!(reach.name(), b"f" | b"F" | b"fr" | b"rf");
    if let Kind::Text(quote) = next.kind
        && !formatted
    {
        let inside = next.inside(text);
        let foreign = inside.starts_with(b"/")
            || inside.starts_with(b"..")
            || memchr::memmem::find(inside, b"://").is_some();
        let alone = reach.names.len() == 1 && reach.first == head.min(index);
        return match reach.name() {
            b"system" | b"exec" | b"passthru" | b"shell_exec" if alone && is_command(inside) => {
                Some("it runs a command of the system")
            }
            b"include" | b"include_once" | b"require" | b"require_once" if foreign => {
                Some("it reaches a file")
            }
            b"echo" | b"print" | b"puts" | b"die" if quote == b'`' && is_command(inside) => {
                Some("it runs a command of the system")
            }
            _ => None,
        };
    }
    if reach.name() == b"process" && is_member_of_process(text, tokens, index) {
        return Some("it reaches the insides of the interpreter");
    }
    // `f"{…}"` works out what stands in its braces.
    if let Kind::Text(_) = next.kind {
        let inside = next.inside(text);
        let found = memchr::memchr_iter(b'{', inside).take(4).find_map(|open| acts(inside, open + 1, true));
        return found.map(|(_, why)| why);
    }
    let indexed = next.kind == Kind::Open(b'[')
        && tokens.get(index + 2).is_some_and(|token| matches!(token.kind, Kind::Text(_)));
    (indexed
        && whole_index(tokens, index, head, tail)
        && matches!(reach.name(), b"Dir" | b"ENV" | b"$_SERVER" | b"$_ENV" | b"$GLOBALS"))
    .then_some("it reaches the insides of the interpreter")
}

/// `process["env"]`, and `return process`, which hands it to who goes on.
fn is_member_of_process(text: &[u8], tokens: &[Token], index: usize) -> bool {
    let computed = tokens.get(index + 1).is_some_and(|open| open.kind == Kind::Open(b'['))
        && tokens.get(index + 2).is_some_and(|member| {
            let name = if let Kind::Text(_) = member.kind { member.inside(text) } else { member.of(text) };
            matches!(name, b"env" | b"mainModule" | b"binding" | b"exit" | b"kill")
        });
    let returned = index
        .checked_sub(1)
        .and_then(|before| tokens.get(before))
        .is_some_and(|token| token.is(text, b"return"))
        && tokens
            .get(index + 1)
            .is_none_or(|after| matches!(after.kind, Kind::Close(_) | Kind::Sign(b';') | Kind::Member));
    computed || returned
}

fn whole_index(tokens: &[Token], index: usize, head: usize, tail: usize) -> bool {
    index == head && tokens.get(index + 1).and_then(|open| open.mate).is_some_and(|close| close >= tail)
}

/// The words of a command, and no template with values in it.
fn is_command(inside: &[u8]) -> bool {
    inside.iter().any(u8::is_ascii_alphanumeric) && memchr::memmem::find(inside, b"${").is_none()
}

/// A command in backticks, as PHP, Perl and Ruby run it: where something is joined to it by a dot, or where its
/// form says so.
fn command(text: &[u8], tokens: &[Token], index: usize) -> Option<&'static str> {
    let token = tokens.get(index)?;
    let joined = index
        .checked_sub(1)
        .and_then(|before| tokens.get(before))
        .is_some_and(|before| before.kind == Kind::Member && before.span.len() == 1)
        && tokens.get(index + 1).is_none_or(|after| after.kind == Kind::Member);
    let told = token.of(text).first().is_some_and(|byte| *byte != b'`');
    let named = told && {
        let word = token.inside(text).split(|&byte| !is_word(byte)).next().unwrap_or_default();
        crate::shell::is_program(word)
    };
    let ended = token.of(text).last() == Some(&b'`') && token.span.len() < 120;
    let runs = token.inside(text).first().is_some_and(|&byte| is_word(byte) || matches!(byte, b'/' | b'.'));
    ((joined && ended || named) && runs && is_command(token.inside(text)))
        .then_some("it runs a command of the system")
}
