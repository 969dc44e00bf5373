//! The default store: SQLite, one file, in the process.
//!
//! One thread writes and one reads, each with a connection of its own; callers wait without holding a thread of
//! theirs. What waits to be written goes into one transaction together, each call within a savepoint, so that
//! a thousand sign-ins share a few flushes of the disk and still fail one by one. Write-ahead logging with full
//! flushes: what was answered survives the process and the power.
//!
//! Two gates may open the same file: SQLite's own locks keep them apart, and the migrations run once.

mod devices;
mod grants;
mod letters;
mod migrations;
mod people;
mod rows;
mod sessions;
mod tallies;
mod threads;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::{Pending, StoreError};
use threads::Thread;

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// A store in a file.
pub struct Sqlite {
    writer: Thread,
    reader: Thread,
}

impl Sqlite {
    /// Opens the store, and makes it if it is not there; only its owner may read it.
    ///
    /// # Errors
    /// When the file cannot be opened, is none of ours, or was written by a newer version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        private(path)?;
        let mut writer = connect(path)?;
        migrations::run(&mut writer)?;
        let reader = connect(path)?;
        reader.pragma_update(None, "query_only", true).map_err(fault)?;
        Ok(Self {
            writer: Thread::start("store-writer", writer)?,
            reader: Thread::start("store-reader", reader)?,
        })
    }

    /// A change: in a savepoint, all of it or nothing.
    fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Pending<'_, T> {
        self.writer.ask(change)
    }

    /// A look.
    fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Pending<'_, T> {
        self.reader.ask(look)
    }
}

/// Makes the file with rights for its owner alone, before SQLite does with others.
fn private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|error| StoreError::Away(format!("`{}`: {error}", path.display())))
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fault)?;
    connection.busy_timeout(PATIENCE).map_err(fault)?;
    write_ahead(&connection)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(fault)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(fault)?;
    connection.pragma_update(None, "trusted_schema", false).map_err(fault)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// Switches to a write-ahead log. SQLite waits for nobody there: two that open a new file at once take turns.
fn write_ahead(connection: &Connection) -> Result<(), StoreError> {
    let since = std::time::Instant::now();
    loop {
        let switched = connection.pragma_update(None, "journal_mode", "WAL");
        match switched {
            Err(error) if is_busy(&error) && since.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(10));
            }
            other => return other.map_err(fault),
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

/// What SQLite says, by whose fault it is.
fn fault(error: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => StoreError::Unreadable(error.to_string()),
        _ => StoreError::Away(error.to_string()),
    }
}
