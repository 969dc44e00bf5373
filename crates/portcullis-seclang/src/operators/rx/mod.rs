//! `@rx`, `@rxGlobal`: regular expressions over bytes.
//!
//! Expressions are written for PCRE and run on `regex`, whose time is linear in the input whatever the
//! expression, so that no input can hold the gate up. They mean what the Core Rule Set means by them:
//! - bytes, not characters: `\x80` is a byte, `\w`, `\s` and `\b` know ASCII, `(?i)` folds ASCII;
//! - `.` is any byte, line feeds too;
//! - `^` and `$` are the beginning and the very end of the input, unless `(?m)` says otherwise.
//!
//! What needs backtracking (look-around, backreferences, atomic groups, possessive quantifiers) is an error
//! when rules are loaded, never a rule that silently does not match. `translate.rs` rewrites what PCRE and
//! `regex` write in different ways.

mod translate;

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

use super::Found;

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Rx {
    regex: Regex,
}

/// The compiled form of one expression, in bytes: a few hundred times the largest of the Core Rule Set fit.
const PROGRAM: usize = 32 << 20;
/// The states that one expression keeps while it searches, in bytes a thread.
const STATES: usize = 1 << 20;

impl Rx {
    /// Compiles `expression`.
    ///
    /// # Errors
    /// Says what PCRE writes that is not supported, and where; or what is wrong with the expression.
    pub fn parse(expression: &str) -> Result<Self, String> {
        let translated = translate::translate(expression)?;
        RegexBuilder::new(&translated)
            .unicode(false)
            .dot_matches_new_line(true)
            .size_limit(PROGRAM)
            .dfa_size_limit(STATES)
            .build()
            .map(|regex| Self { regex })
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(limit) => {
                    format!("the regular expression compiles to more than {} MiB", limit >> 20)
                }
                error => reason(&error.to_string()),
            })
    }

    /// The expression as `regex` reads it.
    #[must_use]
    pub fn translated(&self) -> &str {
        self.regex.as_str()
    }

    /// Whether it matches somewhere in `input`; the match and its groups are found.
    #[must_use]
    pub fn matches(&self, input: &[u8], found: Option<&mut Found>) -> bool {
        // Whether there is a match is much cheaper to tell than where.
        if !self.regex.is_match(input) {
            return false;
        }
        if let Some(found) = found {
            let mut places = self.regex.capture_locations();
            if self.regex.captures_read(&mut places, input).is_some() {
                for group in 0..places.len().min(Found::MOST) {
                    found.push(places.get(group).map(|(start, end)| start..end));
                }
            }
        }
        true
    }

    /// As [`matches`](Self::matches); the groups of all matches are found, one after the other.
    #[must_use]
    pub fn matches_all(&self, input: &[u8], found: Option<&mut Found>) -> bool {
        let Some(found) = found else { return self.regex.is_match(input) };
        let mut any = false;
        for captures in self.regex.captures_iter(input).take(Found::MOST) {
            any = true;
            for group in captures.iter() {
                found.push(group.map(|group| group.range()));
            }
        }
        any
    }

    /// The first match that begins at or after `from`.
    pub(super) fn find_at(&self, input: &[u8], from: usize) -> Option<Range<usize>> {
        if from > input.len() {
            return None;
        }
        self.regex.find_at(input, from).map(|found| found.range())
    }
}

/// The last line of a message of `regex`, which says what is wrong; those before it draw where.
fn reason(message: &str) -> String {
    let last = message.lines().last().unwrap_or(message).trim();
    format!("the regular expression is not valid: {}", last.strip_prefix("error: ").unwrap_or(last))
}
