//! The logs of the rules: lines in ModSecurity's form and audit records, for tools that read those.
//!
//! Written at once and by whoever serves the request, so that the lines are there before the answer has gone:
//! test runners and log shippers look for them as soon as they have it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use portcullis::layers::record::event::RuleLog;

/// The files, each opened once.
pub struct RuleFiles {
    lines: Option<Mutex<File>>,
    audit: Option<Mutex<File>>,
}

impl RuleFiles {
    /// Opens what is wanted; `None` where nothing is.
    ///
    /// # Errors
    /// The file that cannot be written, and why.
    pub fn open(lines: Option<&Path>, audit: Option<&Path>) -> Result<Option<Self>, (PathBuf, io::Error)> {
        if lines.is_none() && audit.is_none() {
            return Ok(None);
        }
        Ok(Some(Self { lines: lines.map(appended).transpose()?, audit: audit.map(appended).transpose()? }))
    }

    /// Writes what the rules logged of one exchange, each file in one piece.
    pub(super) fn write(&self, log: &RuleLog) {
        let mut lines = log.lines.join("\n");
        if !lines.is_empty() {
            lines.push('\n');
        }
        put(self.lines.as_ref(), &lines);
        let record = log.audit.as_ref().map_or_else(String::new, |record| format!("{}\n", record.trim_end()));
        put(self.audit.as_ref(), &record);
    }
}

fn appended(path: &Path) -> Result<Mutex<File>, (PathBuf, io::Error)> {
    let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    opened.map(Mutex::new).map_err(|error| (path.to_owned(), error))
}

fn put(file: Option<&Mutex<File>>, text: &str) {
    let Some(file) = file.filter(|_| !text.is_empty()) else { return };
    let written = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(text.as_bytes());
    if let Err(error) = written {
        tracing::error!(%error, "a log of the rules could not be written");
    }
}
