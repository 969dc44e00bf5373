//! Template expressions: does the value hold an expression that a template engine would work out, and that
//! does more than to print a name (CWE-1336, CWE-917).
//!
//! The delimiters of Jinja2, Twig, Django, ERB, EJS, JSP, Freemarker, Velocity, Thymeleaf, Smarty, Razor,
//! Handlebars, Mako, Spring's SpEL, Struts' OGNL and of Log4j's look-ups are found and what stands between
//! them is read as an expression. An expression that calculates with constants, calls, or reaches an
//! object's class or the engine's own objects is an attack. A bare name (`{{ name }}`) or a chain of plain
//! names (`{{ user.first_name }}`) is what the author of a mail template writes; so are the filters and
//! blocks of a template shown in a longer text.

mod arithmetic;
mod directive;
mod expression;
mod look_up;
mod reach;
mod smarty;

use expression::{Engine, Weight};

use crate::finding::{Finding, Language};
use crate::reading::{Hit, judge};
use crate::text::{Bytes, at, before, cut, find, has, rest, run, skip_space, stands};

const MARKS: Bytes = Bytes::of(b"{}$#@<[%*");

/// How much of one expression is read.
const LONGEST: usize = 2048;

/// Finds a template expression that acts, or a look-up in a log message.
///
/// Costs time linear in the input.
#[must_use]
pub fn template(input: &[u8]) -> Option<Finding> {
    if !MARKS.any(input) {
        return None;
    }
    judge(Language::Template, input, read)
}

fn read(text: &[u8]) -> Option<Hit> {
    let mut index = 0;
    let mut budget = 64 * 1024 + text.len().saturating_mul(8);
    while let Some(offset) = rest(text, index)
        .iter()
        .position(|byte| matches!(byte, b'{' | b'<' | b'$' | b'#' | b'@' | b'*' | b'%' | b'[' | b'_'))
    {
        let place = index + offset;
        index = place + 1;
        let Some((engine, start, close)) = delimiter(text, place) else { continue };
        let window = cut(text, start..start + LONGEST);
        let ended = end_of(window, close);
        budget = budget.saturating_sub(ended.unwrap_or(window.len()));
        if budget == 0 {
            return Some(Hit::new(
                "a template",
                place..text.len(),
                "it nests more delimiters than any template does",
                "nested",
            ));
        }
        let Some(length) = ended else { continue };
        let inside = before(window, length);
        let end = start + length + close.len();
        let weight = match engine {
            Engine::LookUp => look_up::look_up(inside),
            _ => expression::weigh(inside, engine),
        };
        let found = match weight {
            Weight::Acts => true,
            // In a longer text it is shown; alone, it is sent.
            // `${config}` is a variable in any script of a shell, and `%{…}` one in a program of Perl.
            Weight::Works if engine == Engine::Dollar => {
                crate::text::words(before(text, place), 1) + crate::text::words(rest(text, end), 1) == 0
            }
            Weight::Works if at(text, place.wrapping_sub(1)) == b'\\' => false,
            Weight::Works => dominates(text, place, end),
            Weight::Names => false,
        };
        if found {
            return Some(Hit::new(
                "a template or a message that is formatted",
                place..end.min(text.len()),
                "it holds an expression that would be worked out",
                format!("{} expression", String::from_utf8_lossy(cut(text, place..start)).trim()),
            ));
        }
    }
    velocity(text).or_else(|| razor(text)).or_else(|| directive::directive(text))
}

/// The delimiter that opens at `place`: its engine, where the expression starts, and what closes it.
fn delimiter(text: &[u8], place: usize) -> Option<(Engine, usize, &'static [u8])> {
    let here = rest(text, place);
    let engine = match here {
        [b'$', b'{', b'{', ..] => (Engine::Braces, place + 3, &b"}}"[..]),
        [b'$', b'{', b'\\', ..] => (Engine::Perl, place + 3, &b"}"[..]),
        [b'$', b'{', ..] => {
            (if is_look_up(here) { Engine::LookUp } else { Engine::Dollar }, place + 2, &b"}"[..])
        }
        [b'{', b'{', b'{', ..] => (Engine::Braces, place + 3, &b"}}}"[..]),
        [b'{', b'{', ..] => (Engine::Braces, place + 2, &b"}}"[..]),
        [b'{', b'%', ..] => (Engine::Block, place + 2, &b"%}"[..]),
        [b'#', b'{', ..] => (Engine::Hash, place + 2, &b"}"[..]),
        [b'%', b'{', ..] => (Engine::Percent, place + 2, &b"}"[..]),
        [b'@', b'{', b'[' | b'\\', ..] => (Engine::Perl, place + 3, &b"}"[..]),
        [b'@', b'{', ..] | [b'*', b'{', ..] => (Engine::Dollar, place + 2, &b"}"[..]),
        [b'[', b'[', b'$', b'{', ..] | [b'[', b'(', b'$', b'{', ..] => (Engine::Dollar, place + 4, &b"}"[..]),
        [b'[', b'=', ..] => (Engine::Dollar, place + 2, &b"]"[..]),
        [b'<', b'%', ..] => (Engine::Percents, place + 2, &b"%>"[..]),
        [b'[', b'#', letter, ..] if letter.is_ascii_alphabetic() => (Engine::Directive, place + 2, &b"]"[..]),
        [b'<', b'#', ..] => (Engine::Directive, place + 2, &b">"[..]),
        [b'{', ..]
            if smarty::begins_smarty(rest(here, 1))
                && !at(text, place.wrapping_sub(1)).is_ascii_alphanumeric() =>
        {
            (Engine::Single, place + 1, &b"}"[..])
        }
        _ => return None,
    };
    Some(engine)
}

/// `${jndi:…}`, `${${lower:j}ndi:…}`, `${env:X}`: a look-up has a name, a colon, and no space in between.
fn is_look_up(here: &[u8]) -> bool {
    let mut letters = rest(here, 2).iter().take(64).filter(|byte| !matches!(byte, b'$' | b'{' | b'}'));
    let name = rest(here, 2);
    let end = run(name, 0, |byte| byte.is_ascii_alphanumeric());
    (end > 0 && at(name, end) == b':' && at(name, end + 1) != b'-')
        && at(name, end + 1) != b'='
        && at(name, end + 1) != b'+'
        && at(name, end + 1) != b'?'
        || name.starts_with(b"${") && letters.any(|&byte| byte == b':')
        || name.starts_with(b"::-")
}

/// Where the expression ends: at `close`, outside strings and inner braces.
fn end_of(window: &[u8], close: &[u8]) -> Option<usize> {
    let mut index = 0;
    let mut depth = 0usize;
    let mut quote = 0u8;
    let single = close == b"}";
    while let Some(&byte) = window.get(index) {
        if quote != 0 {
            match byte {
                b'\\' => index += 1,
                _ if byte == quote => quote = 0,
                _ => {}
            }
        } else if depth == 0 && rest(window, index).starts_with(close) {
            return Some(index);
        } else {
            match byte {
                b'"' | b'\'' => quote = byte,
                b'{' if single => depth += 1,
                b'}' if single => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        index += 1;
    }
    // A quote that is not closed was none.
    find(window, close).filter(|_| quote != 0 || depth > 0)
}

/// The expression is most of the value, or nothing but a word stands around it.
fn dominates(text: &[u8], start: usize, end: usize) -> bool {
    let around = |part: &[u8]| crate::text::words(part, 3);
    let lines = memchr::memchr_iter(b'\n', text).take(3).count();
    let outside = around(before(text, start)) + around(rest(text, end));
    lines < 3 && outside <= 2 && !has(before(text, start), b"`")
}

/// Velocity: `#set($x = …)` and a chain that reaches a class: `$x.class.forName(…)`.
fn velocity(text: &[u8]) -> Option<Hit> {
    let set = find(text, b"#set(").or_else(|| find(text, b"#set ("));
    let reach = memchr::memchr_iter(b'$', text).find(|&place| {
        let name = if at(text, place + 1) == b'!' { place + 2 } else { place + 1 };
        let end = run(text, name, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let chain = cut(text, end..end + 64);
        end > name
            && [&b".class."[..], b".getClass()", b".class)", b".class.forName", b".getRuntime"]
                .iter()
                .any(|member| stands(chain, 0, member))
            || chain.starts_with(b".inspect(")
    });
    let include = [&b"#include(\""[..], b"#parse(\"", b"#evaluate(", b"#include('", b"#parse('"]
        .iter()
        .find_map(|name| find(text, name));
    let acts = set.filter(|&place| {
        let body = cut(text, place..place + LONGEST);
        arithmetic::calculates(skip_assignment(body)) || reach::reaches(body)
    });
    let place = acts.or(reach).or(include.filter(|&place| place < 3))?;
    Some(Hit::new(
        "a template of Velocity",
        place..text.len(),
        "it holds a directive that would be carried out",
        "#set $",
    ))
}

fn skip_assignment(body: &[u8]) -> &[u8] {
    let equals = memchr::memchr(b'=', body).map_or(0, |place| place + 1);
    let body = rest(body, equals);
    before(body, memchr::memchr(b')', body).unwrap_or(body.len()))
}

/// Razor: `@(1+2)`, `@{ … }`, `@System.Diagnostics…`.
fn razor(text: &[u8]) -> Option<Hit> {
    let place = memchr::memchr_iter(b'@', text).find(|&place| {
        let after = rest(text, place + 1);
        if place > 0 && at(text, place - 1).is_ascii_alphanumeric() {
            return false;
        }
        if after.starts_with(b"(") {
            let inside = cut(text, place + 2..place + 256);
            let close = memchr::memchr(b')', inside).unwrap_or(inside.len());
            return arithmetic::calculates(before(inside, close))
                || reach::reaches(before(inside, close + 64));
        }
        after.starts_with(b"System.")
            || after.starts_with(b"{") && has(before(after, 512), b"System.")
            || stands(after, skip_space(after, 0), b"using System.Diagnostics")
    })?;
    Some(Hit::new(
        "a template of Razor",
        place..text.len(),
        "it holds an expression that would be worked out",
        "@ expression",
    ))
}

#[cfg(test)]
mod tests;
