//! Program code: does the value, put where a string or an expression should be, act in PHP, Python,
//! JavaScript, Ruby, Perl, Java or C# (CWE-94, CWE-95, CWE-1321), or as a formula of a spreadsheet (CWE-1236).
//!
//! What counts is code that *acts* when it is evaluated: it reaches the operating system, files, the
//! interpreter or the insides of classes, or evaluates what the request brings. The value is read as code from
//! its beginning, and from where it closes a string; two names in a row that are no keywords are a sentence and
//! end the reading. So a post that asks about `eval()` is left alone, and so is a program that computes. A
//! program of several lines, or one that only declares, is one that is shown.

mod arguments;
mod call;
mod dynamic;
mod evaluating;
mod formula;
mod grammar;
mod inside;
mod lexer;
mod php;
mod prototype;
mod sinks;
#[cfg(test)]
mod tests;

use crate::finding::{Finding, Language};
use crate::reading::{Hit, judge};
use crate::text::{Bytes, at, before, begins, find, has_any, rest, run, words};

const MARKS: Bytes = Bytes::of(b"(<$`[_.{|'\"");

/// Finds code that acts where a value should be.
///
/// Costs time linear in the input.
#[must_use]
pub fn code(input: &[u8]) -> Option<Finding> {
    if !MARKS.any(input) && !input.contains(&b'%') {
        return None;
    }
    judge(Language::Code, input, read)
}

/// Whether a piece of code, such as stands between the delimiters of a template, acts.
pub(crate) fn acts_within(text: &[u8]) -> bool {
    call::acts(text, 0, true).is_some()
}

fn read(text: &[u8]) -> Option<Hit> {
    // `\u0072equire`: names of JavaScript and Java may be written in escapes.
    judge_code(text).or_else(|| {
        let plain = crate::undo::script_escapes(text)?;
        judge_code(&plain).map(|hit| Hit { span: 0..text.len(), ..hit })
    })
}

fn judge_code(text: &[u8]) -> Option<Hit> {
    let hit = |place: usize, why: &'static str, shape: &'static str| {
        Some(Hit::new("code or a string in it", place..text.len(), why, shape))
    };
    if let Some(place) = prototype::prototype(text) {
        return hit(place, "it reaches the prototype of every object", "prototype");
    }
    if let Some(place) = php::tag(text) {
        return hit(place, "it is a program of PHP that acts", "<?php call");
    }
    if let Some(place) = php::interpolated(text) {
        return hit(place, "a string of PHP works it out", "{${call}}");
    }
    if let Some(place) = dunders(text) {
        return hit(place, "it reaches the insides of Python's classes", "__class__");
    }
    if let Some(place) = php::setting(text) {
        return hit(place, "it sets what PHP runs or may open", "setting=");
    }
    if let Some(why) = formula::formula(text) {
        return Some(Hit::new("a cell of a spreadsheet", 0..text.len(), why, "=call"));
    }
    if let Some((place, why)) = call::acts(text, 0, false) {
        return hit(place, why, "call(...)");
    }
    if let Some(start) = closed(text)
        && let Some((place, why)) = call::acts(text, start, true)
    {
        return hit(place, why, "' call(...)");
    }
    if endless(text) {
        return hit(0, "it is a loop without end", "while(1)");
    }
    None
}

/// Where the value goes on after it has closed a string: behind the first quote, if only a word stands before
/// it and what follows goes on with an expression.
fn closed(text: &[u8]) -> Option<usize> {
    let quote = text.iter().take(64).position(|byte| matches!(byte, b'\'' | b'"' | b'`'))?;
    let word = before(text, quote).trim_ascii();
    if word.iter().any(u8::is_ascii_whitespace) {
        return None;
    }
    let start = run(text, quote, |byte| matches!(byte, b'\'' | b'"'));
    let next = at(text, run(text, start, |byte| matches!(byte, b' ' | b'\t' | b'\r')));
    matches!(
        next,
        b'.' | b'+'
            | b';'
            | b')'
            | b','
            | b'}'
            | b']'
            | b'-'
            | b'|'
            | b'&'
            | b'*'
            | b':'
            | b'?'
            | b'\n'
            | b'%'
            | b'/'
            | b'^'
    )
    .then_some(start)
}

/// `while(true);` and nothing else.
fn endless(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let body = text.strip_prefix(b"while(").or(text.strip_prefix(b"for(;;"));
    body.is_some_and(|body| {
        body.len() < 20
            && matches!(body.last(), Some(b')' | b';' | b'}'))
            && !body.iter().any(|byte| matches!(byte, b'<' | b'='))
            && memchr::memchr(b'{', body).is_none_or(|place| body.get(place + 1) == Some(&b'}'))
    })
}

/// `().__class__.__bases__[0].__subclasses__()`, outside a template.
fn dunders(text: &[u8]) -> Option<usize> {
    let after = |name: &[u8], next: &[&[u8]]| {
        find(text, name).filter(|&place| {
            let tail = rest(text, place + name.len());
            next.iter().any(|next| begins(tail, next))
        })
    };
    let place = after(
        b"__class__",
        &[b".__base", b".__mro", b".__init", b".__subclasses", b".mro", b"[", b".__dict", b".__getattr"],
    )
    .or_else(|| after(b"__subclasses__", &[b"("]))
    .or_else(|| after(b"__globals__", &[b"[", b".", b"("]))
    .or_else(|| after(b"__builtins__", &[b"[", b".", b"'"]))
    .or_else(|| after(b"__bases__", &[b"[", b"."]))
    .or_else(|| after(b"__mro__", &[b"[", b"."]))?;
    let lead = before(text, place);
    (words(lead, 5) <= 2 && !has_any(lead, &[b"def ", b"self.", b"if "]) && !lead.contains(&b'\n'))
        .then_some(place)
}
