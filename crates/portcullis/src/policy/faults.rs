//! What is wrong with a policy, and where.

use std::fmt;
use std::ops::Range;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFault {
    /// The key, as in `client.trusted_proxies[1]`; empty for the file as a whole.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: String,
    /// Whether the key itself is wrong, or its value.
    pub part: Part,
    /// The bytes of the file it is about, when they are known.
    pub span: Option<Range<usize>>,
}

/// Which part of a setting is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The key: it does not belong here.
    Key,
    /// The value.
    Value,
}

/// Collects faults below a prefix of the key.
#[derive(Debug, Default)]
pub struct Faults<'a> {
    prefix: String,
    list: Vec<PolicyFault>,
    parent: Option<&'a mut Vec<PolicyFault>>,
}

impl<'a> Faults<'a> {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same list, for keys below `name`.
    pub fn section(&mut self, name: &str) -> Faults<'_> {
        let prefix = if self.prefix.is_empty() { name.to_owned() } else { format!("{}.{name}", self.prefix) };
        let parent = match &mut self.parent {
            Some(parent) => &mut **parent,
            None => &mut self.list,
        };
        Faults { prefix, list: Vec::new(), parent: Some(parent) }
    }

    /// Adds a fault at `key`, relative to this section.
    pub fn at(&mut self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        let key = if self.prefix.is_empty() { key.to_owned() } else { format!("{}.{key}", self.prefix) };
        let fault =
            PolicyFault { key, message: message.into(), help: help.into(), part: Part::Value, span: None };
        match &mut self.parent {
            Some(parent) => parent.push(fault),
            None => self.list.push(fault),
        }
    }

    /// The faults found.
    #[must_use]
    pub fn into_list(self) -> Vec<PolicyFault> {
        self.list
    }

    /// Whether nothing was found at this level.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parent.as_ref().map_or(self.list.is_empty(), |parent| parent.is_empty())
    }
}

/// A policy that does not hold, with its text, so that the place can be shown.
#[derive(Debug, Clone, thiserror::Error)]
pub struct PolicyError {
    /// The name of the file.
    pub file: String,
    /// Its text.
    pub text: String,
    /// Everything that is wrong with it.
    pub faults: Vec<PolicyFault>,
}

impl PolicyError {
    pub(crate) fn new(file: &str, text: &str, mut faults: Vec<PolicyFault>) -> Self {
        let spans = toml::de::DeTable::parse(text).ok();
        for fault in &mut faults {
            if fault.span.is_none() {
                fault.span = spans.as_ref().and_then(|table| locate(table, &fault.key, fault.part));
            }
        }
        faults.sort_by_key(|fault| fault.span.as_ref().map_or(0, |span| span.start));
        Self { file: file.to_owned(), text: text.to_owned(), faults }
    }

    pub(crate) fn syntax(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let fault = PolicyFault {
            key: String::new(),
            message: error.message().to_owned(),
            help: "`portcullis schema` prints every key with its type".to_owned(),
            part: Part::Value,
            span: error.span(),
        };
        Self { file: file.to_owned(), text: text.to_owned(), faults: vec![fault] }
    }

    /// The line and column of a fault, counted from 1.
    #[must_use]
    pub fn line_and_column(&self, fault: &PolicyFault) -> Option<(usize, usize)> {
        let start = fault.span.as_ref()?.start;
        let before = self.text.as_bytes().get(..start)?;
        let line = before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count().saturating_add(1);
        Some((line, column))
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, fault) in self.faults.iter().enumerate() {
            if position > 0 {
                writeln!(out)?;
            }
            match self.line_and_column(fault) {
                Some((line, column)) => write!(out, "{}:{line}:{column}: {}", self.file, fault.message)?,
                None => write!(out, "{}: {}", self.file, fault.message)?,
            }
            if !fault.help.is_empty() {
                write!(out, " ({})", fault.help)?;
            }
        }
        Ok(())
    }
}

/// The span of the deepest part of `key` that stands in the file.
fn locate(table: &toml::Spanned<toml::de::DeTable<'_>>, key: &str, part: Part) -> Option<Range<usize>> {
    let mut steps = key.split('.').flat_map(split_index);
    let first = steps.next()?;
    let Step::Key(name) = first else { return None };
    let (key_found, mut value) = table.get_ref().get_key_value(name)?;
    let mut span = covering(key_found.span(), value.span(), value.get_ref(), part);
    for step in steps {
        let next = match (step, value.get_ref()) {
            (Step::Key(name), toml::de::DeValue::Table(inner)) => inner
                .get_key_value(name)
                .map(|(found, inner)| (covering(found.span(), inner.span(), inner.get_ref(), part), inner)),
            (Step::Index(index), toml::de::DeValue::Array(inner)) => {
                inner.get(index).map(|inner| (inner.span(), inner))
            }
            _ => None,
        };
        let Some((found, inner)) = next else { break };
        span = found;
        value = inner;
    }
    Some(span)
}

/// A table is shown by its key alone; a value with its key would hide which part is meant.
fn covering(
    key: Range<usize>,
    value: Range<usize>,
    kind: &toml::de::DeValue<'_>,
    part: Part,
) -> Range<usize> {
    match kind {
        _ if part == Part::Key => key,
        toml::de::DeValue::Table(_) => key,
        _ => value,
    }
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

fn split_index(part: &str) -> Vec<Step<'_>> {
    match part.split_once('[') {
        Some((name, index)) => {
            let index = index.trim_end_matches(']').parse().unwrap_or(0);
            vec![Step::Key(name), Step::Index(index)]
        }
        None => vec![Step::Key(part)],
    }
}
