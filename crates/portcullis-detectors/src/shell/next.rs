//! The command behind a separator: would it run, or is it said in passing.

use super::commands::{self, Kind};
use super::left::Left;
use super::name::{is_file_or_host, is_globbed, is_sensitive, name_of, program};
use super::placed::{behind_placeholder, placed};
use super::word::{self, Command, Word};
use crate::reading::Hit;
use crate::text::{at, before, cut, find, is_space, rest, run};

/// The command after a separator.
pub(super) fn next_command(text: &[u8], place: usize, start: usize, left: Left<'_>) -> Option<Hit> {
    let between = cut(text, place..start);
    let here = word::command(text, start, 0);
    if let Some(why) = placed(text, place, start, left) {
        return Some(Hit::new(
            "a word of a command line",
            place..here.end.max(start),
            why,
            "word ; $command",
        ));
    }
    let (name, arguments) = name_of(&here)?;
    let program = program(&name.text);
    let kind = commands::kind(program);
    let sensitive = arguments.iter().any(|word| is_sensitive(&word.text));
    let tight = !between.iter().any(|&byte| is_space(byte));
    let lines = between.contains(&b'\n') || between.contains(&b'\r');

    if between == b"&" && left.takes_address() {
        return None;
    }
    // `(ls|cat|id)` in a regular expression.
    if at(text, start) == b'(' && here.stop == b'|' && arguments.is_empty() {
        return None;
    }
    if here.calls && !program.eq_ignore_ascii_case(b"iex") {
        return None;
    }
    let lone = !lines
        || left.is_token() && left.text.len() < 64 && !left.text.starts_with(b"```") && few_lines(text);
    let odd = lone
        && ((name.disguised && program.len() > 1 || here.spaceless) && kind.is_some() || is_globbed(name));
    // A program that is not known here, told to read what must stay secret or to work on the file system.
    let alone = left.is_blank() || left.is_token() && tight;
    let rooted = arguments.iter().any(|word| word.text.starts_with(b"/") && word.text.len() > 4);
    let flagged = arguments.first().is_some_and(|word| word.text.starts_with(b"-") && word.text.len() > 1);
    let named = program.len() > 1
        && program.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-');
    let unknown = kind.is_none() && named && alone && lone && (sensitive || rooted && flagged);
    let behind = behind_placeholder(&here, &name.text, arguments.len(), between, left);
    let evident = if odd || unknown || behind || sensitive && kind.is_some() {
        true
    } else if left.is_command() || !lone {
        false
    } else if between.trim_ascii() == b"|" && here.stop == b'|'
        || between == b"|"
        || between.contains(&b'|') && is_listed(text, &here)
    {
        is_pipe(text, place, &here, name, arguments, kind?, left)
    } else {
        let in_query = between == b"&" && memchr::memchr2(b'=', b'?', left.text).is_some();
        !(in_query && arguments.is_empty()) && runs(&here, name, arguments, kind?, left, tight, lines)
    };
    evident.then(|| {
        Hit::new(
            "a word of a command line",
            place..here.end,
            format!("it ends the word and runs `{}`", String::from_utf8_lossy(program)),
            format!(
                "word {} command",
                between
                    .iter()
                    .filter(|byte| !is_space(**byte))
                    .map(|byte| char::from(*byte))
                    .take(2)
                    .collect::<String>()
            ),
        )
    })
}

/// A single `|`, which also stands in tables, regular expressions and titles.
fn is_pipe(
    text: &[u8],
    place: usize,
    here: &Command,
    name: &Word,
    arguments: &[Word],
    kind: Kind,
    left: Left<'_>,
) -> bool {
    let listed = is_listed(text, here);
    let plain = !arguments.iter().any(|word| matches!(word.text.first(), Some(b'/' | b'-')));
    // A row of a table: `| read the docs | find a bug |`
    if here.stop == b'|' && plain && (listed || arguments.len() > 1) {
        return false;
    }
    if here.stop == b'|' && plain && left.text.contains(&b'|') && !left.is_blank() {
        return false;
    }
    let choice = here.stop == b')' || left.text.contains(&b'|');
    if arguments.is_empty() && choice && !left.is_blank() {
        return false;
    }
    if arguments.is_empty()
        && here.stop == b'|'
        && (!last_is_bar(text, here.end) || left.text.contains(&b'('))
    {
        return false;
    }
    let tight = !is_space(at(text, place + 1));
    runs(here, name, arguments, kind, left, tight, false)
}

/// The command stands among others that are none, with a bar between them: a row of a table, a choice.
fn is_listed(text: &[u8], here: &Command) -> bool {
    here.stop == b'|' && {
        let next = run(text, here.end, |byte| matches!(byte, b'|' | b' ' | b'\t'));
        let command = word::command(text, next, 0);
        command.words.first().is_some_and(|word| commands::kind(program(&word.text)).is_none())
    }
}

fn last_is_bar(text: &[u8], bar: usize) -> bool {
    !rest(text, bar).iter().any(u8::is_ascii_alphanumeric)
}

/// Whether a known command, with what follows it, would run and is not said in passing.
fn runs(
    here: &Command,
    name: &Word,
    arguments: &[Word],
    kind: Kind,
    left: Left<'_>,
    tight: bool,
    lines: bool,
) -> bool {
    let alone = left.is_blank() || left.is_token();
    let program = program(&name.text);
    let clear = arguments.first().is_some_and(|first| is_clear(program, first, arguments, kind))
        || kind != Kind::Word
            && arguments.iter().take(3).any(|word| {
                word.text.starts_with(b"/") || word.text.contains(&b':') && word.text.contains(&b'/')
            });
    if program == b"echo" && left.text.contains(&b'$') && left.text.contains(&b'=') {
        // PHP: `$total = 3; echo $total;`
        return false;
    }
    if program == b"echo" && !alone && !tight {
        // `(( DEBUG )) && echo "…"`: what tries whether it is run does so at once.
        return false;
    }
    match kind {
        _ if clear => !lines || alone,
        Kind::Alone => arguments.is_empty() || (alone || tight) && arguments.len() <= 2,
        Kind::Short if program == b"id" => arguments.is_empty() && (alone || tight),
        Kind::Short => {
            arguments.is_empty() && (left.is_blank() || left.is_odd_token() || tight && left.is_token())
        }
        Kind::Tool if arguments.is_empty() => left.is_blank() && tight && here.stop != b'|',
        Kind::Tool => (alone || tight) && arguments.len() <= 3 && (!lines || left.is_odd_token()),
        Kind::Word => {
            !arguments.is_empty()
                && arguments.len() <= 2
                && (left.is_blank() || tight && left.is_token())
                && !arguments.iter().any(|word| word.text.first().is_some_and(u8::is_ascii_digit))
                && !lines
        }
    }
}

/// The first argument is what only a command would get.
fn is_clear(program: &[u8], first: &Word, arguments: &[Word], kind: Kind) -> bool {
    let text = first.text.as_slice();
    let lone = arguments.len() <= 2;
    if first.expands
        || first.disguised
        || first.glob
            && (before(text, text.len().saturating_sub(1)).iter().any(|byte| matches!(byte, b'*' | b'?'))
                || text.starts_with(b"*"))
    {
        return true;
    }
    if first.redirects {
        return text.len() > 1 || lone;
    }
    match text {
        [b'-', letter, ..] if letter.is_ascii_alphanumeric() || *letter == b'-' => return true,
        [b'/', ..] | [b'~', b'/', ..] | [b'.', b'/', ..] | [b'.', b'.', b'/', ..] => return true,
        [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic() => return true,
        _ => {}
    }
    if find(text, b"://").is_some() {
        return true;
    }
    let number = !text.is_empty() && text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    if number {
        return match program {
            b"sleep" | b"timeout" | b"seq" | b"expr" => arguments.len() == 1 || kind == Kind::Tool,
            b"nc" | b"ncat" | b"telnet" | b"ssh" => true,
            b"kill" | b"ping" | b"host" | b"dig" | b"nslookup" => lone,
            _ => false,
        };
    }
    match program.to_ascii_lowercase().as_slice() {
        b"net" => matches!(
            text,
            b"user"
                | b"users"
                | b"localgroup"
                | b"view"
                | b"share"
                | b"start"
                | b"stop"
                | b"group"
                | b"use"
                | b"config"
                | b"accounts"
                | b"session"
        ),
        b"reg" => matches!(text, b"query" | b"add" | b"save" | b"export"),
        b"sc" => matches!(text, b"query" | b"config" | b"create" | b"qc"),
        _ if first.quoted => kind == Kind::Tool || lone,
        _ => lone && is_file_or_host(text),
    }
}

/// At most three lines.
fn few_lines(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', text.trim_ascii()).take(4).count() <= 3
}
