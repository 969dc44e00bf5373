//! `@pm`, `@pmFromFile`: any of many phrases, without regard to case.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};

use super::{Files, Found};

/// A set of phrases.
#[derive(Debug, Clone)]
pub struct Pm {
    phrases: AhoCorasick,
    list: Arc<[Vec<u8>]>,
}

impl Pm {
    /// Phrases between blanks; bytes may be written in hexadecimal between bars, as `|3c 3f|php`.
    ///
    /// # Errors
    /// Says which bytes between bars are not hexadecimal, or that there is no phrase.
    pub fn parse(argument: &str) -> Result<Self, String> {
        let mut phrases = Vec::new();
        let mut phrase = Vec::new();
        let mut rest = argument.trim();
        while let Some(next) = rest.chars().next() {
            let after = rest.get(next.len_utf8()..).unwrap_or_default();
            if next == '|'
                && let Some((inside, after)) = after.split_once('|')
            {
                phrase.extend(hexadecimal(inside)?);
                rest = after;
                continue;
            }
            if next.is_ascii_whitespace() {
                phrases.push(std::mem::take(&mut phrase));
            } else {
                phrase.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
            }
            rest = after;
        }
        phrases.push(phrase);
        Self::of(phrases)
    }

    /// The files that `names` names, between blanks: one phrase a line, with the white space around it cut
    /// off; lines that begin with `#` are comments.
    ///
    /// # Errors
    /// Names the file that cannot be read, or says that there is no phrase.
    pub fn from_files(names: &str, files: Files<'_>) -> Result<Self, String> {
        let mut phrases = Vec::new();
        for name in names.split_whitespace() {
            let bytes = files(name)?;
            phrases.extend(
                bytes
                    .split(|byte| *byte == b'\n')
                    .map(<[u8]>::trim_ascii)
                    .filter(|line| !line.starts_with(b"#"))
                    .map(<[u8]>::to_vec),
            );
        }
        Self::of(phrases)
    }

    fn of(mut phrases: Vec<Vec<u8>>) -> Result<Self, String> {
        // The empty phrase would be found in everything.
        phrases.retain(|phrase| !phrase.is_empty());
        if phrases.is_empty() {
            return Err("there is no phrase to look for".to_owned());
        }
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(&phrases)
            .map(|automaton| Self { phrases: automaton, list: phrases.into() })
            .map_err(|error| format!("the phrases cannot be searched for together: {error}"))
    }

    /// The phrases.
    #[must_use]
    pub fn phrases(&self) -> &[Vec<u8>] {
        &self.list
    }

    /// Whether one of the phrases stands in `input`; the first that does, the longest of those, is found.
    #[must_use]
    pub fn matches(&self, input: &[u8], found: Option<&mut Found>) -> bool {
        match found {
            None => self.phrases.is_match(input),
            Some(found) => match self.phrases.find(input) {
                Some(phrase) => {
                    found.push(Some(phrase.range()));
                    true
                }
                None => false,
            },
        }
    }
}

fn hexadecimal(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| c.to_digit(16))
        .collect::<Option<_>>()
        .ok_or_else(|| format!("`|{text}|` is not hexadecimal"))?;
    if !digits.len().is_multiple_of(2) {
        return Err(format!("`|{text}|` ends in half a byte"));
    }
    Ok(digits
        .chunks_exact(2)
        .filter_map(|pair| if let [high, low] = pair { u8::try_from(high << 4 | low).ok() } else { None })
        .collect())
}
