//! What came of a stage, compared with what is written as go-ftw compares it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::suite::Output;

/// What came of a stage.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The status that the client got; `None` when there was no answer.
    pub status: Option<u16>,
    /// The whole answer as sent.
    pub answer: Vec<u8>,
    /// The lines that the gate logged for this stage.
    pub log: Vec<Vec<u8>>,
}

/// `[id "942100"]`, with quotes escaped or not.
static PLAIN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"\[(?:id |\\?"id\\?":)\\?"(\d+)\\?"\]"#).ok());
/// `{"id":942100`, within JSON.
static JSON: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"(?:\{|,)\s*"id":\s*(\d+)"#).ok());

impl Outcome {
    /// The rules that the log tells of.
    #[must_use]
    pub fn rules(&self) -> BTreeSet<u32> {
        let mut rules = BTreeSet::new();
        for line in &self.log {
            for form in [&*PLAIN, &*JSON].into_iter().flatten() {
                let found: Vec<u32> = form
                    .captures_iter(line)
                    .filter_map(|found| std::str::from_utf8(found.get(1)?.as_bytes()).ok()?.parse().ok())
                    .collect();
                if !found.is_empty() {
                    rules.extend(found);
                    break;
                }
            }
        }
        rules
    }

    /// Everything in which this differs from what is written.
    #[must_use]
    pub fn differences(&self, output: &Output) -> Vec<String> {
        let mut found = Vec::new();
        if output.expect_error == Some(true) {
            if let Some(status) = self.status {
                found.push(format!("expected no answer, got status {status}"));
            }
            return found;
        }
        let Some(status) = self.status else { return vec!["got no answer".to_owned()] };
        if let Some(expected) = output.status
            && expected != status
        {
            found.push(format!("expected status {expected}, got {status}"));
        }
        if let Some(pattern) = &output.response_contains
            && !matches(pattern, [self.answer.as_slice()])
        {
            found.push(format!("the answer does not match `{pattern}`"));
        }
        let lines = || self.log.iter().map(Vec::as_slice);
        if let Some(pattern) = &output.log.match_regex
            && !matches(pattern, lines())
        {
            found.push(format!("no line of the log matches `{pattern}`"));
        }
        if let Some(pattern) = &output.log.no_match_regex
            && matches(pattern, lines())
        {
            found.push(format!("a line of the log matches `{pattern}`"));
        }
        let rules = self.rules();
        for id in &output.log.expect_ids {
            if !rules.contains(id) {
                found.push(format!("rule {id} did not match; these did: {rules:?}"));
            }
        }
        for id in &output.log.no_expect_ids {
            if rules.contains(id) {
                found.push(format!("rule {id} matched"));
            }
        }
        if output.isolated && rules.len() != 1 {
            found.push(format!("one rule alone should match; these did: {rules:?}"));
        }
        found
    }
}

/// Whether one of the lines matches; an expression that cannot be read matches nothing and so shows as a
/// difference where one is wanted.
fn matches<'a>(pattern: &str, lines: impl IntoIterator<Item = &'a [u8]>) -> bool {
    Regex::new(pattern).is_ok_and(|pattern| lines.into_iter().any(|line| pattern.is_match(line)))
}
