//! What only a shell takes for a command, where the value has ended its word before: a variable, a path, a
//! compound command, an expression of PowerShell.

use super::commands::{self, Kind};
use super::left::Left;
use super::name::program;
use super::word::Command;
use crate::text::{at, before, begins, cut, has, is_space, rest, run};

/// Why what begins at `start`, behind a separator, is run although it names no program that is known here.
pub(super) fn placed(text: &[u8], place: usize, start: usize, left: Left<'_>) -> Option<&'static str> {
    if !left.is_blank() && !left.is_token() || text.len() > 4096 {
        return None;
    }
    let between = cut(text, place..start);
    if between.contains(&b'\n') && !left.is_odd_token() && !left.is_blank() {
        return None;
    }
    let here = cut(text, start..start + 256);
    let tight = !between.iter().any(|&byte| is_space(byte));
    if at(here, 0) == b'$' && variable(text, start) {
        return Some("it runs what a variable holds");
    }
    if between != b"|" && path(here, tight) {
        return Some("it runs a program by its path");
    }
    if at(here, 0) == b'%' && between.iter().any(|byte| matches!(byte, b'&' | b'|')) && of_windows(here) {
        return Some("it runs what a variable holds");
    }
    if compound(here) {
        return Some("it is a compound command");
    }
    let method = memchr::memmem::find(before(here, 64), b"]::");
    if at(here, 0) == b'['
        && method.is_some_and(|end| cut(here, 1..end).iter().all(|b| b.is_ascii_alphanumeric() || *b == b'.'))
    {
        return Some("it calls a method of PowerShell");
    }
    None
}

/// A command whose name is a variable: `$SHELL -c`, `${x:-id}`, `${PATH:0:1}bin`, or one assigned before.
fn variable(text: &[u8], start: usize) -> bool {
    let here = rest(text, start);
    let braced = at(here, 1) == b'{';
    let from = if braced { 2 } else { 1 };
    let end = run(here, from, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let name = cut(here, from..end);
    if name.is_empty() {
        return false;
    }
    // `${x:-id}` and `${PATH:0:1}` work out a word of their own.
    if braced && at(here, end) == b':' && matches!(at(here, end + 1), b'-' | b'=' | b'+' | b'0'..=b'9') {
        return true;
    }
    let word = run(here, end, |byte| !is_space(byte) && !matches!(byte, b';' | b'|' | b'&'));
    let argument = rest(here, run(here, word, |byte| byte == b' '));
    if matches!(argument, [b'-', letter, ..] if letter.is_ascii_alphabetic()) {
        return name == b"SHELL"
            || name == b"0"
            || name == b"BASH"
            || name.iter().all(u8::is_ascii_lowercase);
    }
    let assigned: Vec<u8> = [name, b"="].concat();
    memchr::memmem::find_iter(before(text, start), &assigned).any(|at_name| {
        let prior = at(text, at_name.wrapping_sub(1));
        (at_name == 0 || matches!(prior, b';' | b'&' | b'|' | b' '))
            && !is_space(at(text, at_name + assigned.len()))
    })
}

/// `./x.sh`, `~/x`, `. /tmp/x`, right behind the separator.
fn path(here: &[u8], tight: bool) -> bool {
    let sourced = here.starts_with(b". /") && at(here, 3).is_ascii_alphabetic();
    let named = |from: usize| at(here, from).is_ascii_alphanumeric() || at(here, from) == b'_';
    sourced || tight && (here.starts_with(b"./") || here.starts_with(b"~/")) && named(2)
}

/// `%COMSPEC% /c`, `%ProgramFiles:~10,1%`
fn of_windows(here: &[u8]) -> bool {
    let end = run(here, 1, |byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'(' | b')'));
    let sliced = rest(here, end).starts_with(b":~");
    end > 3 && (sliced || at(here, end) == b'%' && matches!(at(here, end + 1), b' ' | b'\\' | 0))
}

/// `if …; then`, `for … do`, `[ … ] &&`, `f(){ …`, with the parts that make it one.
fn compound(here: &[u8]) -> bool {
    let pairs: [(&[u8], &[u8]); 7] = [
        (b"if ", b"then "),
        (b"for ", b"do "),
        (b"while ", b"do "),
        (b"until ", b"do "),
        (b"case ", b" in "),
        (b"[ ", b" ] &&"),
        (b"test ", b"&& "),
    ];
    let paired = pairs.iter().any(|(first, second)| {
        here.starts_with(first)
            && memchr::memmem::find(here, second).is_some_and(|place| {
                // What it leads to is a command that is known, in brackets of a pattern perhaps.
                let body = rest(here, place + second.len());
                let body = if *second == b" in " {
                    rest(body, memchr::memchr(b')', body).map_or(0, |end| end + 1))
                } else {
                    body
                };
                let body = body.trim_ascii_start();
                let word =
                    run(body, 0, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-'));
                commands::kind(program(cut(body, 0..word))).is_some()
            })
            && (memchr::memchr(b';', here).is_some() || memchr::memchr(b'&', here).is_some())
    });
    let name = run(here, 0, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let function = name > 0 && begins(rest(here, name), b"(){") && has(here, b"}");
    let negated = here.first() == Some(&b'!') && {
        let word = run(here, 1, |byte| byte.is_ascii_lowercase());
        matches!(commands::kind(cut(here, 1..word)), Some(Kind::Alone | Kind::Short))
    };
    paired || function || negated
}

/// A command that is known, behind what stands for a value: `a; env`, `1 & ver`, `10.0.0.1; which python`.
pub(super) fn behind_placeholder(
    here: &Command,
    name: &[u8],
    arguments: usize,
    between: &[u8],
    left: Left<'_>,
) -> bool {
    let text = left.text.trim_ascii();
    let placeholder = left.is_odd_token() || text.len() == 1 && text.iter().all(u8::is_ascii_alphanumeric);
    let barred = between.contains(&b'|')
        || here.stop == b'|'
        || between.iter().any(|byte| matches!(byte, b'\n' | b'\r'));
    if !placeholder || barred || here.calls {
        return false;
    }
    let program = program(name);
    match commands::kind(program) {
        Some(Kind::Alone) => true,
        Some(Kind::Short) => arguments == 0 && program.len() > 1,
        Some(Kind::Tool) => arguments > 0,
        Some(Kind::Word) => {
            arguments == 1 && matches!(program, b"which" | b"type" | b"whereis" | b"locate" | b"start")
        }
        None => arguments > 0 && commands::is_only_a_program(program),
    }
}
