//! Logical lines and their words.
//!
//! A backslash at the end of a line joins the next to it, without the blanks that the next begins with, as in
//! ModSecurity v3 and Coraza. A line whose first character is `#` is a comment and never continues.
//! Words are bare or stand in quotes; in double quotes `\"` is a quote, and every other backslash stays as it
//! is, since it belongs to the regular expression or the action that the word carries.

use std::sync::Arc;

use crate::error::Fault;
use crate::source::Location;

/// One directive as written, possibly over several lines.
#[derive(Debug)]
pub(crate) struct Logical {
    file: Arc<str>,
    text: String,
    /// Where pieces of `text` begin: (offset in `text`, line, column).
    pieces: Vec<(usize, u32, u32)>,
}

/// One word of a directive.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    /// The word without its quotes.
    pub(crate) text: String,
    start: usize,
    /// Offsets in `text` before which a backslash was dropped.
    dropped: Vec<usize>,
}

impl Logical {
    /// The place of the byte at `offset`.
    pub(crate) fn locate(&self, offset: usize) -> Location {
        let (line, column) = self
            .pieces
            .iter()
            .rev()
            .find(|(start, ..)| *start <= offset)
            .map_or((1, 1), |(start, line, column)| (*line, column + to_u32(offset - start)));
        Location { file: Arc::clone(&self.file), line, column }
    }

    /// Where the directive begins.
    pub(crate) fn start(&self) -> Location {
        self.locate(0)
    }

    /// The place of the byte at `offset` of `word`.
    pub(crate) fn locate_in(&self, word: &Word, offset: usize) -> Location {
        let dropped = word.dropped.iter().filter(|at| **at <= offset).count();
        self.locate(word.start + offset + dropped)
    }

    /// The words of the directive; the first is its name.
    pub(crate) fn words(&self) -> Result<Vec<Word>, Fault> {
        let mut words = Vec::new();
        let mut chars = self.text.char_indices().peekable();
        while let Some(&(start, first)) = chars.peek() {
            if first.is_whitespace() {
                chars.next();
                continue;
            }
            if first == '"' || (first == '\'' && !words.is_empty()) {
                chars.next();
                words.push(self.quoted(first, start, &mut chars)?);
                continue;
            }
            let mut text = String::new();
            while let Some(&(_, char)) = chars.peek() {
                if char.is_whitespace() {
                    break;
                }
                text.push(char);
                chars.next();
            }
            words.push(Word { text, start, dropped: Vec::new() });
        }
        Ok(words)
    }

    fn quoted(
        &self,
        quote: char,
        start: usize,
        chars: &mut std::iter::Peekable<std::str::CharIndices<'_>>,
    ) -> Result<Word, Fault> {
        let mut word = Word { text: String::new(), start: start + 1, dropped: Vec::new() };
        while let Some((at, char)) = chars.next() {
            if char == quote {
                return match chars.peek() {
                    Some((_, next)) if !next.is_whitespace() => Err(Fault::new(
                        self.locate(at),
                        "a quote ends the word here but is followed by more of it; a quote inside a word is written `\\\"`",
                    )),
                    _ => Ok(word),
                };
            }
            if char != '\\' {
                word.text.push(char);
                continue;
            }
            match chars.next() {
                Some((_, next)) if next == quote => {
                    word.dropped.push(word.text.len());
                    word.text.push(next);
                }
                Some((_, next)) => {
                    word.text.push(char);
                    word.text.push(next);
                }
                None => word.text.push(char),
            }
        }
        Err(Fault::new(self.locate(start), "a quote opens here and is never closed"))
    }
}

/// The directives of `text`, comments and empty lines left out.
pub(crate) fn logical_lines(file: &Arc<str>, text: &str) -> Vec<Logical> {
    let mut lines = Vec::new();
    let mut open: Option<Logical> = None;
    for (number, raw) in text.lines().enumerate() {
        let line = to_u32(number + 1);
        let trimmed = raw.trim_start();
        let column = to_u32(raw.len() - trimmed.len() + 1);
        if open.is_none() && (trimmed.is_empty() || trimmed.starts_with('#')) {
            continue;
        }
        let mut logical = open.take().unwrap_or_else(|| Logical {
            file: Arc::clone(file),
            text: String::new(),
            pieces: Vec::new(),
        });
        logical.pieces.push((logical.text.len(), line, column));
        // `\\` before the end of a line is a backslash that a regular expression may end with only inside quotes.
        match trimmed.trim_end().strip_suffix('\\') {
            Some(rest) => {
                logical.text.push_str(rest);
                open = Some(logical);
            }
            None => {
                logical.text.push_str(trimmed.trim_end_matches(['\r', '\n']));
                lines.push(logical);
            }
        }
    }
    lines.extend(open);
    lines
}

pub(crate) fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
