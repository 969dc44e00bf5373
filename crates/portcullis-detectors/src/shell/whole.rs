//! Values that are a command line by themselves.

use super::commands;
use super::name::{is_globbed, is_sensitive, name_of, program};
use super::word;
use crate::reading::Hit;
use crate::text::{at, cut, find, has, is_space, rest, run, skip_space};

/// `() { :; }; id` in a variable of the environment (CVE-2014-6271).
pub(super) fn function_in_variable(text: &[u8]) -> Option<Hit> {
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
pub(super) fn whole_command(text: &[u8]) -> Option<Hit> {
    let start = run(text, 0, |byte| is_space(byte) || matches!(byte, b'\'' | b'"' | b'@'));
    let here = word::command(text, start, 0);
    if is_braced(rest(text, start)) {
        return Some(Hit::new(
            "a command line",
            start..here.end,
            "it is a command without spaces, as only a shell would read it",
            "{command,}",
        ));
    }
    // Markdown and man pages quote by two backticks and more.
    if text.get(start..start + 2) == Some(b"``") {
        return None;
    }
    let (name, arguments) = name_of(&here)?;
    let program = program(&name.text);
    let argument = arguments.first()?;
    let known = commands::kind(program).is_some();
    // `\echo` is a command of psql.
    let escaped = at(text, start) == b'\\'
        && memchr::memchr3(b'\\', b'\'', b'"', cut(text, start + 1..start + 1 + program.len())).is_none();
    let odd = name.disguised && !escaped
        || at(text, start.wrapping_sub(1)) == b'\''
            && text.iter().skip(start).take(16).any(|byte| *byte == b'\'');
    let odd = odd || name.expands && known;
    let short = text.len() < 160 && !text.trim_ascii().contains(&b'\n');
    let pointed = matches!(argument.text.first(), Some(b'-' | b'/')) && argument.text.len() > 1;
    let of_the_shell = text.get(start..).is_some_and(|text| {
        [&b"$SHELL -"[..], b"${SHELL} -", b"$0 -", b"$BASH -"].iter().any(|form| text.starts_with(form))
    });
    let by_folder = [&b"/bin/"[..], b"/usr/bin/", b"/sbin/", b"/usr/sbin/", b"/usr/local/bin/"]
        .iter()
        .any(|folder| name.text.starts_with(folder));
    let fetches = is_invocation(program) && (pointed || find(&argument.text, b"://").is_some());
    let hands_over = matches!(program, b"nc" | b"ncat" | b"netcat" | b"socat")
        && arguments.iter().any(|word| {
            let name = super::name::program(&word.text);
            word.text.starts_with(b"/") && matches!(name, b"sh" | b"bash" | b"zsh" | b"dash" | b"ksh")
                || has(&word.text, b"exec:")
        });
    let why = if short && (of_the_shell && pointed || hands_over) {
        "it tells an interpreter what to run"
    } else if short && by_folder && pointed && here.words.len() <= 6 {
        "it runs a program by its full path"
    } else if short && fetches {
        "it fetches or evaluates what is run"
    } else if known && odd && (disguised_at(text) || name.expands) {
        "it is a command in quotes that only a shell takes off"
    } else if commands::runs_argument(program, &argument.text) && arguments.len() > 1 {
        "it tells an interpreter what to run"
    } else if known && arguments.iter().any(|word| is_sensitive(&word.text)) {
        "it is a command that reads what must stay secret"
    } else if known && here.spaceless {
        "it is a command without spaces, as only a shell would read it"
    } else if is_globbed(name)
        && !matches!(at(text, start.wrapping_sub(1)), b'"' | b'\'')
        && here.words.iter().any(|word| word.text.len() > 3)
    {
        "it names a program by a pattern, as only a shell would read it"
    } else {
        return None;
    };
    Some(Hit::new("a command line", start..here.end, why, "command"))
}

/// Cmdlets that fetch or evaluate.
fn is_invocation(program: &[u8]) -> bool {
    let name = program.to_ascii_lowercase();
    matches!(
        name.as_slice(),
        b"invoke-webrequest"
            | b"invoke-expression"
            | b"invoke-restmethod"
            | b"invoke-command"
            | b"iwr"
            | b"iex"
            | b"start-bitstransfer"
    )
}

/// `{cat,x}`, `{,ifconfig}`: words in braces, a command first.
fn is_braced(text: &[u8]) -> bool {
    let Some(words) = text.trim_ascii().strip_prefix(b"{").and_then(|text| text.strip_suffix(b"}")) else {
        return false;
    };
    let mut words = words.split(|&byte| byte == b',');
    let empty = text.contains(&b',') && (text.starts_with(b"{,") || text.trim_ascii().ends_with(b",}"));
    let first = words.find(|word| !word.is_empty()).unwrap_or_default();
    empty && text.len() < 80 && !text.contains(&b' ') && commands::kind(program(first)).is_some()
}

/// An option that makes a program run another one or write a file, where a value should be (CWE-88).
pub(super) fn option(text: &[u8]) -> Option<Hit> {
    if at(text, 0) != b'-' || text.len() > 512 {
        return None;
    }
    const OPTIONS: &[&[u8]] = &[
        b"-oProxyCommand=",
        b"-o ProxyCommand=",
        b"--use-askpass=",
        b"--checkpoint-action=",
        b"--upload-pack=",
        b"--receive-pack=",
        b"--exec=",
        b"-exec ",
        b"--to-command=",
        b"--use-compress-program=",
        b"--open-files-in-pager=",
        b"--rsh=",
        b"--pre-invoke=",
        b"--output=/",
        b"-o/var/",
        b"-oQ",
        b"-X/var/",
        b"--post-file=/",
        b"--config=/",
        b"--upload-file=/",
        b"-OQueueDirectory=",
        b"--renderer-cmd-prefix",
        b"--gpu-launcher=",
        b"--startup-file",
    ];
    OPTIONS.iter().any(|option| text.starts_with(option)).then(|| {
        Hit::new(
            "an argument of a command",
            0..text.len(),
            "it is an option that runs or writes something",
            "--option",
        )
    })
}

/// The first word is a command with quotes inside: `'wh'oami`, `c""at`.
fn disguised_at(text: &[u8]) -> bool {
    let here = word::command(text, skip_space(text, 0), 0);
    // A backslash in front alone is `\echo` of psql, and Markdown quotes by two backticks.
    let inner = rest(text, skip_space(text, 0) + 1);
    if text.trim_ascii_start().starts_with(b"\\")
        && !cut(inner, 0..here.end.min(24))
            .iter()
            .take_while(|byte| !is_space(**byte))
            .any(|byte| matches!(byte, b'\\' | b'\'' | b'"' | b'$'))
    {
        return false;
    }
    here.words.first().is_some_and(|name| name.disguised && commands::kind(program(&name.text)).is_some())
}

/// `:(){ :|:& };:` by any name.
pub(super) fn fork_bomb(text: &[u8]) -> Option<Hit> {
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
