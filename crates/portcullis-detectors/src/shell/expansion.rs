//! What a shell works out or opens while it makes a word: substitutions and redirections.

use super::commands::{self, Kind};
use super::left::{BEHIND, Left};
use super::name::{is_globbed, is_sensitive, name_of, program};
use super::word;
use crate::reading::Hit;
use crate::text::{at, cut, is_space, run, words};

/// `$(…)`, backticks, `<(…)`.
pub(super) fn substitution(text: &[u8], start: usize, closer: u8, left: Left<'_>) -> Option<Hit> {
    let here = word::command(text, start, closer);
    let (name, arguments) = name_of(&here)?;
    let program = program(&name.text);
    // These tell nothing but what they were given.
    if matches!(program, b"dirname" | b"basename") {
        return None;
    }
    let sensitive = here.words.iter().any(|word| is_sensitive(&word.text));
    // `<event>` in backticks is Markdown; `</etc/passwd` in brackets reads.
    let target = name.text.iter().find(|byte| !matches!(byte, b'<' | b'>'));
    let reads = name.redirects && here.words.len() <= 2 && (closer != b'`' || target == Some(&b'/'));
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
        // Within one word without a space it is no Markdown.
        let inside =
            left.is_token() && !text.iter().any(|&byte| is_space(byte)) && attached && !left.is_blank();
        (inside || left.first && before + after <= 1) && attached && !idle && !left.is_command()
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

/// `$((7*7))`, by itself or in a word: to see whether a shell works it out.
pub(super) fn arithmetic(text: &[u8], place: usize) -> Option<Hit> {
    let inside = cut(text, place + 3..place + 40);
    let close = memchr::memmem::find(inside, b"))")?;
    let body = cut(inside, 0..close);
    let computes = body.iter().any(u8::is_ascii_digit)
        && body.iter().any(|byte| matches!(byte, b'*' | b'+' | b'-' | b'/' | b'%'))
        && body.iter().all(|&byte| {
            byte.is_ascii_digit() || matches!(byte, b'*' | b'+' | b'-' | b'/' | b'%' | b' ' | b'(' | b')')
        });
    (at(text, place + 2) == b'(' && computes && words(text, 3) <= 1).then(|| {
        Hit::new(
            "a word of a command line",
            place..place + 5 + close,
            "the shell works it out to make the word",
            "$((1))",
        )
    })
}

/// `> /var/www/html/a.php`, `</etc/passwd`, `>& /dev/tcp/…`.
pub(super) fn redirection(text: &[u8], place: usize, left: Left<'_>) -> Option<Hit> {
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
