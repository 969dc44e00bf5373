//! Counts in PostgreSQL.

use sqlx::Row;

use super::Postgres;
use super::rows::{instant, micros};
use crate::{Instant, Key, Pending, Tallies, Tally};

impl Tallies for Postgres {
    fn tally(&self, key: Key, now: Instant) -> Pending<'_, Option<Tally>> {
        self.ask(|pool| async move {
            let row =
                sqlx::query("SELECT count, last, since FROM portcullis.tally WHERE key = $1 AND until > $2")
                    .bind(key.0)
                    .bind(micros(now))
                    .fetch_optional(&pool)
                    .await?;
            let read = |row: &sqlx::postgres::PgRow| {
                let count = u32::try_from(row.try_get::<i64, _>("count")?).unwrap_or(u32::MAX);
                Ok(Tally { count, last: instant(row, "last")?, since: instant(row, "since")? })
            };
            row.as_ref().map(read).transpose()
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
        const FIRST: &str = "INSERT INTO portcullis.tally AS mine (key, count, last, since, until)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (key) DO UPDATE SET count = excluded.count, last = excluded.last,
            since = excluded.since, until = excluded.until WHERE mine.until <= $6";
        const NEXT: &str = "UPDATE portcullis.tally SET count = $5, last = $6, since = $7, until = $8
            WHERE key = $1 AND count = $2 AND last = $3 AND since = $4";
        const NONE: &str =
            "DELETE FROM portcullis.tally WHERE key = $1 AND count = $2 AND last = $3 AND since = $4";
        self.ask(move |pool| async move {
            let query = match (before, after) {
                (None, None) => return Ok(true),
                (None, Some(_)) => FIRST,
                (Some(_), Some(_)) => NEXT,
                (Some(_), None) => NONE,
            };
            let mut query = sqlx::query(query).bind(key.0);
            for tally in [before, after].into_iter().flatten() {
                query = query.bind(i64::from(tally.count)).bind(micros(tally.last)).bind(micros(tally.since));
            }
            if after.is_some() {
                query = query.bind(micros(until));
            }
            if before.is_none() {
                query = query.bind(micros(now));
            }
            Ok(query.execute(&pool).await?.rows_affected() > 0)
        })
    }
}
