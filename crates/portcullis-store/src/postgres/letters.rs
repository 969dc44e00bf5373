//! Letters in PostgreSQL.

use sqlx::Row;

use super::Postgres;
use super::rows::{instant, key, micros};
use crate::{Instant, Key, Letter, Letters, Pending};

impl Letters for Postgres {
    fn keep_letter(&self, letter: Letter, due: Instant, most: u32) -> Pending<'_, bool> {
        self.ask(|pool| async move {
            let done = sqlx::query(
                "INSERT INTO portcullis.letter (id, content, due, expires, tries) SELECT $1, $2, $3, $4, $5
                 WHERE NOT EXISTS (SELECT 1 FROM portcullis.letter WHERE due >= 0 ORDER BY due LIMIT 1 OFFSET $6)",
            )
            .bind(letter.id.0)
            .bind(letter.content)
            .bind(micros(due))
            .bind(micros(letter.end))
            .bind(i64::from(letter.tries))
            .bind(i64::from(most.saturating_sub(1)))
            .execute(&pool)
            .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn take_letters(&self, now: Instant, until: Instant, most: u32) -> Pending<'_, Vec<Letter>> {
        self.ask(|pool| async move {
            // Those that another gate takes in this moment are left to it.
            let rows = sqlx::query(
                "UPDATE portcullis.letter SET due = $2, tries = tries + 1 WHERE id IN (SELECT id
                 FROM portcullis.letter WHERE due <= $1 ORDER BY due LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING *",
            )
            .bind(micros(now))
            .bind(micros(until))
            .bind(i64::from(most))
            .fetch_all(&pool)
            .await?;
            let read = |row| {
                let tries = sqlx::postgres::PgRow::try_get::<i64, _>(row, "tries")?;
                Ok(Letter {
                    id: key(row, "id")?,
                    content: row.try_get("content")?,
                    end: instant(row, "expires")?,
                    tries: u32::try_from(tries).unwrap_or(u32::MAX),
                })
            };
            rows.iter().map(read).collect()
        })
    }

    fn put_letter_back(&self, id: Key, due: Instant) -> Pending<'_, bool> {
        self.ask(|pool| async move {
            let done = sqlx::query("UPDATE portcullis.letter SET due = $2 WHERE id = $1")
                .bind(id.0)
                .bind(micros(due))
                .execute(&pool)
                .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn drop_letter(&self, id: Key) -> Pending<'_, bool> {
        self.ask(|pool| async move {
            let done =
                sqlx::query("DELETE FROM portcullis.letter WHERE id = $1").bind(id.0).execute(&pool).await?;
            Ok(done.rows_affected() > 0)
        })
    }
}
