//! The logs of the rules: lines in ModSecurity's form and audit records, for tools that read those.
//!
//! Written at once and by whoever serves the request, so that the lines are there before the answer has gone:
//! test runners and log shippers look for them as soon as they have it. With `SecAuditLogType Concurrent` each exchange
//! has a file of its own below `SecAuditLogStorageDir`, and the audit log is their index.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use portcullis::layers::record::event::RuleLog;
use portcullis_seclang::AuditRecord;

/// The files, each opened once.
pub struct RuleFiles {
    lines: Option<Mutex<File>>,
    audit: Option<Mutex<File>>,
    storage: Option<Storage>,
}

/// Where each exchange has a file of its own (`SecAuditLogStorageDir`), and with which rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// The directory.
    pub folder: PathBuf,
    /// Of directories that are made in it, as for `chmod`.
    pub dir_mode: u32,
    /// Of files.
    pub file_mode: u32,
}

impl Storage {
    /// What the set asks for, if it wants a file for each exchange; relative to `folder`.
    #[must_use]
    pub fn of(audit: &portcullis_seclang::Audit, folder: &Path) -> Option<Self> {
        let (dir_mode, file_mode) = (audit.dir_mode, audit.file_mode);
        let stored = audit.storage_dir.as_ref().filter(|_| audit.concurrent)?;
        Some(Self { folder: folder.join(stored), dir_mode, file_mode })
    }

    fn write(&self, path: &str, text: &str) -> io::Result<()> {
        let path = self.folder.join(path);
        if let Some(folder) = path.parent() {
            fs::DirBuilder::new().recursive(true).mode(self.dir_mode).create(folder)?;
        }
        // One exchange, one file: one that is there already belongs to somebody else.
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(self.file_mode)
            .open(path)?
            .write_all(text.as_bytes())
    }
}

impl RuleFiles {
    /// Opens what is wanted; `None` where nothing is.
    ///
    /// # Errors
    /// The file that cannot be written, and why.
    pub fn open(
        lines: Option<&Path>,
        audit: Option<&Path>,
        storage: Option<&Storage>,
    ) -> Result<Option<Self>, (PathBuf, io::Error)> {
        if lines.is_none() && audit.is_none() && storage.is_none() {
            return Ok(None);
        }
        if let Some(storage) = storage {
            let made = fs::DirBuilder::new().recursive(true).mode(storage.dir_mode).create(&storage.folder);
            made.map_err(|error| (storage.folder.clone(), error))?;
        }
        let (lines, audit) = (lines.map(appended).transpose()?, audit.map(appended).transpose()?);
        Ok(Some(Self { lines, audit, storage: storage.cloned() }))
    }

    /// Writes what the rules logged of one exchange, each file in one piece.
    pub(super) fn write(&self, log: &RuleLog) {
        let mut lines = log.lines.join("\n");
        if !lines.is_empty() {
            lines.push('\n');
        }
        put(self.lines.as_ref(), &lines);
        if let Some(record) = &log.audit {
            self.write_record(record);
        }
    }

    fn write_record(&self, record: &AuditRecord) {
        let (Some(storage), Some(path), Some(index)) = (&self.storage, &record.path, &record.index) else {
            return put(self.audit.as_ref(), &format!("{}\n", record.text.trim_end()));
        };
        match storage.write(path, &record.text) {
            Ok(()) => put(self.audit.as_ref(), index),
            Err(error) => tracing::error!(%error, path, "an audit record could not be written"),
        }
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn each_exchange_has_a_file_of_its_own_and_a_line_in_the_index() {
        let folder = crate::testing::folder("audit");
        let rules = "SecAuditEngine On\nSecAuditLogType Concurrent\nSecAuditLogStorageDir stored\n\
                     SecAuditLogDirMode 0750\nSecAuditLogFileMode 0640\n";
        let source = portcullis_seclang::Source::text("own.conf", rules.to_owned());
        let set =
            portcullis_seclang::RuleSet::load(&[source], &portcullis_seclang::MemoryFiles::new()).unwrap();
        let audit = &set.settings().audit;
        let storage = Storage::of(audit, &folder).unwrap();
        let index = folder.join("index.log");
        let files = RuleFiles::open(None, Some(&index), Some(&storage)).unwrap().unwrap();
        for id in ["a", "b"] {
            let record = AuditRecord {
                text: format!("--1-A--\n{id}\n"),
                path: Some(format!("20251125/20251125-1745/20251125-174542-{id}")),
                index: Some(format!("host /20251125/20251125-1745/20251125-174542-{id} 0 9 md5:0\n")),
            };
            files.write(&RuleLog { lines: Vec::new(), audit: Some(record.clone()) });
            // The same id again writes over nothing.
            files.write(&RuleLog { lines: Vec::new(), audit: Some(record) });
        }
        let stored = folder.join("stored/20251125/20251125-1745/20251125-174542-b");
        assert_eq!(fs::read_to_string(&stored).unwrap(), "--1-A--\nb\n");
        assert_eq!(fs::metadata(&stored).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::metadata(stored.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o750);
        assert_eq!(fs::read_to_string(&index).unwrap().lines().count(), 2);
    }
}
