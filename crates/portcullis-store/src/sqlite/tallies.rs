//! Counts in SQLite.

use rusqlite::OptionalExtension;

use super::Sqlite;
use super::rows::{instant, micros};
use crate::{Instant, Key, Pending, Tallies, Tally};

impl Tallies for Sqlite {
    fn tally(&self, key: Key, now: Instant) -> Pending<'_, Option<Tally>> {
        self.read(move |connection| {
            let mut select = connection
                .prepare_cached("SELECT count, last, since FROM tally WHERE key = ?1 AND until > ?2")?;
            let read = |row: &rusqlite::Row<'_>| {
                let (last, since) = (instant(row, "last")?, instant(row, "since")?);
                Ok(Tally { count: row.get("count")?, last, since })
            };
            select.query_row((key, micros(now)), read).optional()
        })
    }

    fn set_tally(
        &self,
        key: Key,
        before: Option<Tally>,
        after: Option<Tally>,
        until: Instant,
        now: Instant,
    ) -> Pending<'_, bool> {
        self.write(move |connection| {
            let changed = match (before, after) {
                (None, None) => return Ok(true),
                (None, Some(after)) => connection
                    .prepare_cached(
                        "INSERT INTO tally (key, count, last, since, until) VALUES (?1, ?2, ?3, ?4, ?5)
                         ON CONFLICT (key) DO UPDATE SET count = excluded.count, last = excluded.last,
                         since = excluded.since, until = excluded.until WHERE until <= ?6",
                    )?
                    .execute((
                        key,
                        after.count,
                        micros(after.last),
                        micros(after.since),
                        micros(until),
                        micros(now),
                    ))?,
                (Some(before), Some(after)) => connection
                    .prepare_cached(
                        "UPDATE tally SET count = ?5, last = ?6, since = ?7, until = ?8
                         WHERE key = ?1 AND count = ?2 AND last = ?3 AND since = ?4",
                    )?
                    .execute((
                        key,
                        before.count,
                        micros(before.last),
                        micros(before.since),
                        after.count,
                        micros(after.last),
                        micros(after.since),
                        micros(until),
                    ))?,
                (Some(before), None) => connection
                    .prepare_cached(
                        "DELETE FROM tally WHERE key = ?1 AND count = ?2 AND last = ?3 AND since = ?4",
                    )?
                    .execute((key, before.count, micros(before.last), micros(before.since)))?,
            };
            Ok(changed > 0)
        })
    }
}
