//! What providers granted, in SQLite. A grant goes with its session, by its foreign key.

use rusqlite::OptionalExtension;

use super::Sqlite;
use crate::{Grant, Grants, Key, Pending};

impl Grants for Sqlite {
    fn keep_grant(&self, session: Key, id: Key, content: Vec<u8>) -> Pending<'_, bool> {
        self.write(move |connection| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO provider_grant (id, session, version, content)
                 SELECT ?2, key, 0, ?3 FROM session WHERE key = ?1 AND provider_grant = ?2",
            )?;
            Ok(insert.execute((session, id, content))? > 0)
        })
    }

    fn grant(&self, id: Key) -> Pending<'_, Option<Grant>> {
        self.read(move |connection| {
            let mut select =
                connection.prepare_cached("SELECT version, content FROM provider_grant WHERE id = ?1")?;
            let read = |row: &rusqlite::Row<'_>| {
                Ok(Grant { version: row.get("version")?, content: row.get("content")? })
            };
            select.query_row([id], read).optional()
        })
    }

    fn renew_grant(&self, id: Key, before: u32, content: Vec<u8>) -> Pending<'_, bool> {
        self.write(move |connection| {
            let mut update = connection.prepare_cached(
                "UPDATE provider_grant SET version = version + 1, content = ?3 WHERE id = ?1 AND version = ?2",
            )?;
            Ok(update.execute((id, before, content))? > 0)
        })
    }
}
