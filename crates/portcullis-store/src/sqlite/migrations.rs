//! The shape of the file, version by version. A migration that has been released is never changed.

use rusqlite::{Connection, TransactionBehavior};

use super::fault;
use crate::StoreError;

/// Marks the file as ours: "PCLS".
const APPLICATION: i64 = 0x5043_4c53;

const MIGRATIONS: &[&str] =
    &[include_str!("0001_people_and_sessions.sql"), include_str!("0002_waiting_counting_and_providers.sql")];

/// Brings the file to today's shape. Two gates that start at once take turns.
pub(super) fn run(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
    let number = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(fault);
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables = transaction.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0));
    if application != APPLICATION && tables.map_err(fault)? > 0 {
        return Err(StoreError::Unreadable("the file is a database of something else".to_owned()));
    }
    let done = usize::try_from(version).ok().and_then(|version| MIGRATIONS.get(version..));
    let Some(open) = done else {
        return Err(StoreError::Unreadable(format!(
            "it has version {version}; this program knows {} at most",
            MIGRATIONS.len()
        )));
    };
    for migration in open {
        transaction.execute_batch(migration).map_err(fault)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION).map_err(fault)?;
    transaction
        .pragma_update(None, "user_version", i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX))
        .map_err(fault)?;
    transaction.commit().map_err(fault)
}
