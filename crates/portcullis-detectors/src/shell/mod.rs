//! Shell commands: does the value end the word that it should be, and start a command of its own (CWE-78).
//!
//! The value is read as `sh`, `bash`, `cmd` and PowerShell would read it in the middle of a command line,
//! bare or within quotes of either kind. Each place at which a shell would begin another command is looked
//! at: `;`, `|`, `&`, a new line, `$(`, a backtick, `<(`, a redirection. What follows is read as a command,
//! with quotes, escapes, `$IFS`, braces and globs undone, and must be one that runs something of use to an
//! attacker, with arguments where it needs them.
//!
//! "Tom & Jerry" has the sign but no command, and "time; sleep on it" has words that are commands but no
//! arguments. A command line shown whole (`cd build && make`) begins with a command and not with the rest
//! of a word, and code in a Markdown text stands among words; both are left alone unless they read what
//! no reader of a tutorial reads.

mod commands;
mod word;

use commands::Kind;
use word::{Command, Word};

use crate::finding::{Finding, Language};
use crate::reading::{Hit, judge};
use crate::text::{Bytes, at, before, cut, find, has_any, is_space, rest, run, skip_space, words};

const MARKS: Bytes = Bytes::of(b";|&`$\n\r<>(%-/\\");
const STARTS: Bytes = Bytes::of(b";|&`$\n\r<>");

/// How far back the text before a separator is looked at.
const BEHIND: usize = 160;

/// Finds a shell command that the value would run where it should be a word of a command line.
///
/// Costs time linear in the input: at each separator a bounded number of bytes is read on both sides.
#[must_use]
pub fn shell(input: &[u8]) -> Option<Finding> {
    if !MARKS.any(input) {
        return None;
    }
    judge(Language::Shell, input, read)
}

fn read(text: &[u8]) -> Option<Hit> {
    function_in_variable(text)
        .or_else(|| fork_bomb(text))
        .or_else(|| whole_command(text))
        .or_else(|| separated(text))
}

/// `() { :; }; id` in a variable of the environment (CVE-2014-6271).
fn function_in_variable(text: &[u8]) -> Option<Hit> {
    let open = skip_space(text, 0);
    if at(text, open) != b'(' {
        return None;
    }
    let close = skip_space(text, open + 1);
    let brace = skip_space(text, close + 1);
    let found = at(text, close) == b')'
        && at(text, brace) == b'{'
        && is_space(at(text, brace + 1))
        && memchr::memchr(b';', rest(text, brace)).is_some()
        && (memchr::memchr2(b'=', b':', cut(text, brace..brace + 6)).is_some()
            || find(text, b"};").is_some()
            || find(text, b">_[").is_some());
    found.then(|| {
        Hit::new(
            "a variable of the environment",
            open..text.len(),
            "bash runs what follows a function that it takes from a variable",
            "() { ;",
        )
    })
}

/// A value that is a command by itself: an interpreter that is told what to run, or a program told to read
/// the accounts.
fn whole_command(text: &[u8]) -> Option<Hit> {
    let start = run(text, 0, |byte| is_space(byte) || matches!(byte, b'\'' | b'"' | b'@'));
    let here = word::command(text, start, 0);
    let name = here.words.first()?;
    let program = program(&name.text);
    let argument = here.words.get(1)?;
    let known = commands::kind(program).is_some();
    let odd = name.disguised
        || at(text, start.wrapping_sub(1)) == b'\''
            && text.iter().skip(start).take(16).any(|byte| *byte == b'\'');
    let why = if known && odd && disguised_at(text) {
        "it is a command in quotes that only a shell takes off"
    } else if commands::runs_argument(program, &argument.text) && here.words.len() > 2 {
        "it tells an interpreter what to run"
    } else if known && here.words.iter().skip(1).any(|word| is_sensitive(&word.text)) {
        "it is a command that reads what must stay secret"
    } else if known && here.spaceless {
        "it is a command without spaces, as only a shell would read it"
    } else if is_globbed(name) && here.words.iter().any(|word| word.text.len() > 3) {
        "it names a program by a pattern, as only a shell would read it"
    } else {
        return None;
    };
    Some(Hit::new("a command line", start..here.end, why, "command"))
}

/// The first word is a command with quotes inside: `'wh'oami`, `c""at`.
fn disguised_at(text: &[u8]) -> bool {
    let here = word::command(text, skip_space(text, 0), 0);
    here.words.first().is_some_and(|name| name.disguised && commands::kind(program(&name.text)).is_some())
}

/// `:(){ :|:& };:` by any name.
fn fork_bomb(text: &[u8]) -> Option<Hit> {
    let start = skip_space(text, 0);
    let end = run(text, start, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'.'));
    let name = cut(text, start..end);
    let body = rest(text, end);
    let defined = !name.is_empty() && (body.starts_with(b"(){") || body.starts_with(b"() {"));
    (defined
        && memchr::memchr2(b'|', b'&', body).is_some()
        && memchr::memmem::find(body, name).is_some()
        && text.len() < 120)
        .then(|| {
            Hit::new(
                "a command line",
                start..text.len(),
                "it is a function that calls itself without end",
                "f(){ f|f& }",
            )
        })
}

/// Every place at which a shell would start something.
fn separated(text: &[u8]) -> Option<Hit> {
    let mut index = 0;
    let mut line = 0;
    let mut ticks = 0usize;
    while let Some(offset) = rest(text, index).iter().position(|&byte| STARTS.has(byte)) {
        let place = index + offset;
        let byte = at(text, place);
        let left =
            Left::of(cut(text, line.max(place.saturating_sub(BEHIND))..place), line == 0 && place <= BEHIND);
        index = place + 1;
        let hit = match byte {
            b'$' if at(text, index) == b'(' && at(text, index + 1) != b'(' => {
                substitution(text, index + 1, b')', left)
            }
            b'`' => {
                index = run(text, place, |byte| byte == b'`');
                // Two and three of them fence code.
                let single = index == place + 1;
                ticks += usize::from(single);
                if single && ticks % 2 == 1 { substitution(text, index, b'`', left) } else { None }
            }
            b'<' | b'>' => {
                index = run(text, place, |byte| matches!(byte, b'<' | b'>' | b'&'));
                if at(text, index) == b'(' {
                    substitution(text, index + 1, b')', left)
                } else {
                    redirection(text, place, left)
                }
            }
            b'$' => None,
            _ => {
                index = run(text, place, |byte| {
                    matches!(byte, b';' | b'|' | b'&' | b'\n' | b'\r' | b' ' | b'\t')
                });
                let between = cut(text, place..index);
                // A backslash before the line end joins the lines.
                let joined = at(text, place.wrapping_sub(1)) == b'\\';
                if !joined && (between.contains(&b'\n') || between.contains(&b'\r')) {
                    line = index;
                }
                next_command(text, place, index, left)
            }
        };
        if hit.is_some() {
            return hit;
        }
    }
    None
}

/// What stands before a separator, on its line.
#[derive(Clone, Copy)]
struct Left<'a> {
    text: &'a [u8],
    /// It reaches back to the beginning of the value.
    first: bool,
}

impl<'a> Left<'a> {
    fn of(text: &'a [u8], first: bool) -> Self {
        Self { text, first }
    }

    /// Nothing but what would close something: the value begins with the separator.
    fn is_blank(self) -> bool {
        self.first && !self.text.iter().any(|&byte| byte.is_ascii_alphanumeric() || byte >= 0x80)
    }

    /// One word, as a host or a file name would be.
    fn is_token(self) -> bool {
        self.first && self.text.trim_ascii().split(|&byte| is_space(byte)).count() == 1
    }

    /// One word that is no plain word of letters.
    fn is_odd_token(self) -> bool {
        self.is_token()
            && self.text.trim_ascii().iter().any(|byte| !byte.is_ascii_alphabetic() && *byte < 0x80)
    }

    /// A command line, shown whole or within a sentence.
    fn is_command(self) -> bool {
        if self.is_blank() {
            return false;
        }
        let mut seen = self
            .text
            .split(|&byte| is_space(byte) || matches!(byte, b';' | b'|' | b'&' | b'`' | b'(' | b'"'))
            .filter(|word| !word.is_empty() && !matches!(word, [b'$' | b'#' | b'>' | b'%']));
        let Some(first) = seen.next() else { return false };
        let known = |word: &[u8]| {
            matches!(commands::kind(program(word)), Some(Kind::Alone | Kind::Tool)) && word.len() > 1
                || commands::is_only_a_program(word)
        };
        let prompt = self.text.trim_ascii_start().starts_with(b"$ ");
        // `dir="$(dirname "$0")"`, `now=`date``
        let set = memchr::memchr(b'=', first).is_some_and(|end| {
            let name = before(first, end);
            !name.is_empty()
                && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
                && (name.iter().all(|byte| !byte.is_ascii_lowercase())
                    || self.text.trim_ascii().ends_with(b"=")
                    || self.text.ends_with(b"=\""))
        });
        prompt
            || known(first)
            || set
            || commands::of_developers(first)
            || matches!(commands::kind(first), Some(Kind::Word))
                && seen.clone().next().is_some_and(|word| {
                    matches!(word.first(), Some(b'-' | b'/' | b'.' | b'$')) || is_file_or_host(word)
                })
            || seen.any(known)
    }
}

/// The command after a separator.
fn next_command(text: &[u8], place: usize, start: usize, left: Left<'_>) -> Option<Hit> {
    let between = cut(text, place..start);
    let here = word::command(text, start, 0);
    let (name, arguments) = name_of(&here)?;
    let program = program(&name.text);
    let kind = commands::kind(program);
    let sensitive = arguments.iter().any(|word| is_sensitive(&word.text));
    let tight = !between.iter().any(|&byte| is_space(byte));
    let lines = between.contains(&b'\n') || between.contains(&b'\r');

    // `(ls|cat|id)` in a regular expression.
    if at(text, start) == b'(' && here.stop == b'|' && arguments.is_empty() {
        return None;
    }
    if here.calls && !program.eq_ignore_ascii_case(b"iex") {
        return None;
    }
    let lone = !lines
        || left.is_token() && left.text.len() < 64 && !left.text.starts_with(b"```") && few_lines(text);
    let odd = lone && ((name.disguised || here.spaceless) && kind.is_some() || is_globbed(name));
    // A program that is not known here, told to read what must stay secret or to work on the file system.
    let alone = left.is_blank() || left.is_token() && tight;
    let rooted = arguments.iter().any(|word| word.text.starts_with(b"/") && word.text.len() > 4);
    let flagged = arguments.first().is_some_and(|word| word.text.starts_with(b"-") && word.text.len() > 1);
    let named = program.len() > 1
        && program.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-');
    let unknown = kind.is_none() && named && alone && lone && (sensitive || rooted && flagged);
    let evident = if odd || unknown || sensitive && kind.is_some() {
        true
    } else if left.is_command() || !lone {
        false
    } else if between == b"|" || between.contains(&b'|') && is_listed(text, &here) {
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
    if here.stop == b'|' && plain && listed {
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

/// `backup.sql`, `10.0.0.1`, `files.example.org`, `db/users.csv`.
fn is_file_or_host(text: &[u8]) -> bool {
    let dot = memchr::memchr(b'.', text)
        .is_some_and(|dot| dot > 0 && at(text, dot + 1).is_ascii_alphanumeric() && text.len() > 3);
    dot || memchr::memchr(b'\\', text).is_some_and(|slash| slash > 0)
}

/// `$(…)`, backticks, `<(…)`.
fn substitution(text: &[u8], start: usize, closer: u8, left: Left<'_>) -> Option<Hit> {
    let here = word::command(text, start, closer);
    let (name, arguments) = name_of(&here)?;
    let program = program(&name.text);
    let sensitive = here.words.iter().any(|word| is_sensitive(&word.text));
    let reads = name.redirects && here.words.len() <= 2;
    let known = commands::kind(program);
    if arguments.is_empty() && here.stop == b'|' && closer == b')' {
        return None;
    }
    if (here.calls && here.stop != closer) || known.is_none() && !reads && !is_globbed(name) {
        return None;
    }
    let (before, after) = (words(left.text, 3), {
        let end = memchr::memchr(closer, cut(text, here.end..here.end + 256))
            .map_or(text.len(), |end| here.end + end + 1);
        words(cut(text, end..end + BEHIND), 3)
    });
    let idle = arguments.is_empty()
        && (known == Some(Kind::Word) && program != b"cat" || known == Some(Kind::Tool) && here.stop != b'|');
    let evident = if name.disguised || here.spaceless || sensitive || is_globbed(name) {
        true
    } else if closer == b'`' {
        // In Markdown it is code; there it stands among words.
        let attached = left.is_blank() || !left.text.last().is_some_and(|&byte| is_space(byte));
        left.first && before + after <= 1 && attached && !idle && !left.is_command()
    } else {
        // An English word in brackets after a dollar is a variable of make, or a call of jQuery.
        !idle && !left.is_command()
    };
    evident.then(|| {
        Hit::new(
            "a word of a command line",
            start.saturating_sub(2)..here.end,
            format!("the shell runs `{}` to make the word", String::from_utf8_lossy(program)),
            if closer == b'`' { "`command`" } else { "$(command)" },
        )
    })
}

/// `> /var/www/html/a.php`, `</etc/passwd`, `>& /dev/tcp/…`.
fn redirection(text: &[u8], place: usize, left: Left<'_>) -> Option<Hit> {
    let start = run(text, place, |byte| matches!(byte, b'<' | b'>' | b'&'));
    let start = start + run(cut(text, start..start + 16), 0, |byte| byte == b' ');
    let target = cut(
        text,
        start..run(text, start, |byte| {
            !is_space(byte) && !matches!(byte, b'>' | b'<' | b';' | b'|' | b'"' | b'\'')
        }),
    );
    let end = start + target.len();
    let device = target.starts_with(b"/dev/tcp/") || target.starts_with(b"/dev/udp/");
    let system = [
        &b"/etc/"[..],
        b"/tmp/",
        b"/var/",
        b"/proc/",
        b"/home/",
        b"/\x72oot/",
        b"/usr/",
        b"/dev/shm/",
        b"/srv/",
        b"/opt/",
    ]
    .iter()
    .any(|folder| target.starts_with(folder) && target.len() > folder.len())
        && !matches!(at(text, end), b'>' | b'<');
    let evident = device
        || is_sensitive(target) && at(text, end) != b'>'
        || system && !left.is_command() && (left.is_token() || left.is_blank());
    evident.then(|| {
        Hit::new(
            "a word of a command line",
            place..end,
            "it sends a command's input or output somewhere else",
            "> file",
        )
    })
}

/// The command's name and arguments, past words that only pass on.
fn name_of(here: &Command) -> Option<(&Word, &[Word])> {
    let mut words = here.words.as_slice();
    while let [first, more @ ..] = words {
        // `timeout 7 sleep 7`, `nice -n 5 id`
        let timed = matches!(first.text.as_slice(), b"timeout" | b"nice");
        let more = if timed { before_name(more) } else { more };
        let passes = commands::passes_on(&first.text)
            && more.first().is_some_and(|next| {
                commands::kind(program(&next.text)).is_some() || commands::passes_on(&next.text)
            });
        if !passes {
            return Some((first, more));
        }
        words = more;
    }
    None
}

/// Past the flags and numbers that a word such as `timeout` takes for itself.
fn before_name(words: &[Word]) -> &[Word] {
    let own = words
        .iter()
        .take_while(|word| word.text.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-'));
    words.get(own.count()..).unwrap_or_default()
}

/// The name of a program without its folder: that of a folder of programs only.
fn program(name: &[u8]) -> &[u8] {
    let Some(slash) = name.iter().rposition(|&byte| matches!(byte, b'/' | b'\\')) else { return name };
    let folder = before(name, slash + 1);
    let base = rest(name, slash + 1);
    let known = has_any(folder, &[b"bin/", b"system32", b"/busybox", b"windows"])
        || matches!(folder, b"./" | b"/" | b"\\");
    if known { base } else { name }
}

/// A path with a pattern in it: `/???/c?t`, `/bin/c*t`.
fn is_globbed(name: &Word) -> bool {
    let text = name.text.as_slice();
    name.glob
        && text.starts_with(b"/")
        && memchr::memchr(b'/', rest(text, 1)).is_some()
        && text.iter().all(|&byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'?' | b'*' | b'[' | b']' | b'-')
        })
}

/// A file or device that only an attacker names here.
fn is_sensitive(word: &[u8]) -> bool {
    has_any(
        word,
        &[
            b"/etc/passwd",
            b"/etc/shadow",
            b"/dev/tcp/",
            b"/dev/udp/",
            b"\\win.ini",
            b"/.ssh/",
            b"/etc/hosts",
            b"/etc/group",
            b"/etc/issue",
            b"/proc/self/",
            b"/etc/sudoers",
        ],
    ) || word.starts_with(b"/e") && word.len() < 24 && memchr::memchr3(b'?', b'*', b'[', word).is_some()
}

/// At most three lines.
fn few_lines(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', text.trim_ascii()).take(4).count() <= 3
}

#[cfg(test)]
mod tests;
