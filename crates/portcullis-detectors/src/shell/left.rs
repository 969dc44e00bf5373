//! What stands before a separator: nothing, one word, a command line that is shown, or a sentence.

use super::commands::{self, Kind};
use super::name::{is_file_or_host, program};
use crate::text::{before, is_space};

/// How far back the text before a separator is looked at.
pub(super) const BEHIND: usize = 160;

/// What stands before a separator, on its line.
#[derive(Clone, Copy)]
pub(super) struct Left<'a> {
    pub(super) text: &'a [u8],
    /// It reaches back to the beginning of the value.
    pub(super) first: bool,
}

impl<'a> Left<'a> {
    pub(super) fn of(text: &'a [u8], first: bool) -> Self {
        Self { text, first }
    }

    /// Nothing but what would close something: the value begins with the separator.
    pub(super) fn is_blank(self) -> bool {
        self.first && !self.text.iter().any(|&byte| byte.is_ascii_alphanumeric() || byte >= 0x80)
    }

    /// One word, as a host or a file name would be.
    pub(super) fn is_token(self) -> bool {
        self.first && self.text.trim_ascii().split(|&byte| is_space(byte)).count() == 1
    }

    /// One word that is no plain word of letters.
    pub(super) fn is_odd_token(self) -> bool {
        self.is_token()
            && self.text.trim_ascii().iter().any(|byte| !byte.is_ascii_alphabetic() && *byte < 0x80)
    }

    /// Words with flags or a redirection among them: a command line of a program that is not known here.
    fn has_flags(self) -> bool {
        let mut words = self.text.trim_ascii().split(|&byte| is_space(byte));
        let named = words.next().is_some_and(|word| {
            word.iter()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'$' | b'_' | b'-' | b'.' | b'/'))
                && word.len() > 1
        });
        named
            && words.any(|word| {
                word == b"2>&1" || matches!(word, [b'-', letter, ..] if letter.is_ascii_alphabetic())
            })
    }

    /// The address of a variable is taken: `x = &id;`, `f(&argc, &argv)`.
    pub(super) fn takes_address(self) -> bool {
        matches!(self.text.trim_ascii_end().last(), Some(b'=' | b',' | b'('))
    }

    /// A command line, shown whole or within a sentence.
    pub(super) fn is_command(self) -> bool {
        if self.text.trim_ascii_start().starts_with(b"[ ") {
            return true;
        }
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
                    || matches!(first.get(end + 1..), Some([b'$', ..] | [b'`', ..] | [b'"', b'$', ..] | []))
                    || self.text.ends_with(b"=\""))
        });
        prompt
            || matches!(first, b"[[" | b"!")
            || known(first)
            || set
            || self.has_flags()
            || commands::of_developers(first)
            || matches!(commands::kind(first), Some(Kind::Word))
                && seen.clone().next().is_some_and(|word| {
                    matches!(word.first(), Some(b'-' | b'/' | b'.' | b'$')) || is_file_or_host(word)
                })
            || seen.any(known)
    }
}
