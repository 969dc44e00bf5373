//! What is wrong with policies, and where.

use std::fmt;

use miette::Diagnostic;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, as it was named.
    pub file: String,
    /// From 1; `None` where it is about the whole.
    pub line: Option<usize>,
    /// What, in Cedar's words where it is Cedar who says so.
    pub message: String,
    /// How to mend it; empty where that is plain.
    pub help: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}:{line}: {}", self.file, self.message)?,
            None => write!(out, "{}: {}", self.file, self.message)?,
        }
        if self.help.is_empty() { Ok(()) } else { write!(out, "\n  help: {}", self.help) }
    }
}

/// Why policies were not loaded: every fault with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct LoadError {
    /// At least one.
    pub faults: Vec<Fault>,
}

/// The file that is read, to tell where in it something stands.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
}

impl Text<'_> {
    /// The line of a byte.
    pub(crate) fn line(self, offset: usize) -> usize {
        let before = self.text.as_bytes().iter().take(offset);
        before.filter(|byte| **byte == b'\n').count().saturating_add(1)
    }

    pub(crate) fn fault(self, line: Option<usize>, message: impl Into<String>, help: &str) -> Fault {
        Fault { file: self.file.to_owned(), line, message: message.into(), help: help.to_owned() }
    }

    /// What Cedar says, where it says it.
    pub(crate) fn told(self, diagnostic: &dyn Diagnostic) -> Fault {
        let offset = diagnostic.labels().and_then(|mut labels| labels.next()).map(|label| label.offset());
        let help = diagnostic.help().map(|help| help.to_string()).unwrap_or_default();
        self.fault(offset.map(|offset| self.line(offset)), diagnostic.to_string(), &help)
    }
}
