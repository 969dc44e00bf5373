//! Values that are a command line by themselves.

use super::commands;
use super::name::{is_globbed, is_sensitive, program};
use super::word;
use crate::reading::Hit;
use crate::text::{at, cut, find, is_space, rest, run, skip_space};

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
