//! Letters in SQLite.

use super::Sqlite;
use super::rows::{all, instant, micros};
use crate::{Instant, Key, Letter, Letters, Pending};

impl Letters for Sqlite {
    fn keep_letter(&self, letter: Letter, due: Instant, most: u32) -> Pending<'_, bool> {
        self.write(move |connection| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO letter (id, content, due, expires, tries) SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS
                 (SELECT 1 FROM letter WHERE due >= 0 ORDER BY due LIMIT 1 OFFSET max(?6 - 1, 0))",
            )?;
            let Letter { id, content, end, tries } = &letter;
            Ok(insert.execute((id, content, micros(due), micros(*end), tries, most))? > 0)
        })
    }

    fn take_letters(&self, now: Instant, until: Instant, most: u32) -> Pending<'_, Vec<Letter>> {
        self.write(move |connection| {
            let mut take = connection.prepare_cached(
                "UPDATE letter SET due = ?2, tries = tries + 1 WHERE id IN
                 (SELECT id FROM letter WHERE due <= ?1 ORDER BY due LIMIT ?3) RETURNING *",
            )?;
            all(&mut take, (micros(now), micros(until), most), |row| {
                Ok(Letter {
                    id: row.get("id")?,
                    content: row.get("content")?,
                    end: instant(row, "expires")?,
                    tries: row.get("tries")?,
                })
            })
        })
    }

    fn put_letter_back(&self, id: Key, due: Instant) -> Pending<'_, bool> {
        self.write(move |connection| {
            let mut update = connection.prepare_cached("UPDATE letter SET due = ?2 WHERE id = ?1")?;
            Ok(update.execute((id, micros(due)))? > 0)
        })
    }

    fn drop_letter(&self, id: Key) -> Pending<'_, bool> {
        self.write(move |connection| {
            Ok(connection.prepare_cached("DELETE FROM letter WHERE id = ?1")?.execute([id])? > 0)
        })
    }
}
