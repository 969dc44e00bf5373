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
