//! The name of a command, and words that tell what it is for.

use super::commands;
use super::word::{Command, Word};
use crate::text::{at, before, has_any, rest};

/// The command's name and arguments, past words that only pass on.
pub(super) fn name_of(here: &Command) -> Option<(&Word, &[Word])> {
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
pub(super) fn program(name: &[u8]) -> &[u8] {
    let Some(slash) = name.iter().rposition(|&byte| matches!(byte, b'/' | b'\\')) else { return name };
    let folder = before(name, slash + 1);
    let base = rest(name, slash + 1);
    let known = has_any(folder, &[b"bin/", b"system32", b"/busybox", b"windows"])
        || matches!(folder, b"./" | b"/" | b"\\");
    if known { base } else { name }
}

/// A path with a pattern in it: `/???/c?t`, `/bin/c*t`.
pub(super) fn is_globbed(name: &Word) -> bool {
    let text = name.text.as_slice();
    name.glob
        && text.starts_with(b"/")
        && memchr::memchr(b'/', rest(text, 1)).is_some()
        && text.iter().all(|&byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'?' | b'*' | b'[' | b']' | b'-')
        })
}

/// A file or device that only an attacker names here.
pub(super) fn is_sensitive(word: &[u8]) -> bool {
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

/// `backup.sql`, `10.0.0.1`, `files.example.org`, `db/users.csv`.
pub(super) fn is_file_or_host(text: &[u8]) -> bool {
    let dot = memchr::memchr(b'.', text)
        .is_some_and(|dot| dot > 0 && at(text, dot + 1).is_ascii_alphanumeric() && text.len() > 3);
    dot || memchr::memchr(b'\\', text).is_some_and(|slash| slash > 0)
}
