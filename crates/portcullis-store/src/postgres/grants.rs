//! What providers granted, in PostgreSQL. A grant goes with its session, by its foreign key.

use sqlx::Row;

use super::Postgres;
use crate::{Grant, Grants, Key, Pending};

impl Grants for Postgres {
    fn keep_grant(&self, session: Key, id: Key, content: Vec<u8>) -> Pending<'_, bool> {
        self.ask(|pool| async move {
            let done = sqlx::query(
                "INSERT INTO portcullis.provider_grant (id, session, version, content)
                 SELECT $2, key, 0, $3 FROM portcullis.session WHERE key = $1 AND provider_grant = $2",
            )
            .bind(session.0)
            .bind(id.0)
            .bind(content)
            .execute(&pool)
            .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn grant(&self, id: Key) -> Pending<'_, Option<Grant>> {
        self.ask(|pool| async move {
            let row = sqlx::query("SELECT version, content FROM portcullis.provider_grant WHERE id = $1")
                .bind(id.0)
                .fetch_optional(&pool)
                .await?;
            let read = |row: &sqlx::postgres::PgRow| {
                let version = u32::try_from(row.try_get::<i64, _>("version")?).unwrap_or(u32::MAX);
                Ok(Grant { version, content: row.try_get("content")? })
            };
            row.as_ref().map(read).transpose()
        })
    }

    fn renew_grant(&self, id: Key, before: u32, content: Vec<u8>) -> Pending<'_, bool> {
        self.ask(move |pool| async move {
            let done = sqlx::query(
                "UPDATE portcullis.provider_grant SET version = version + 1, content = $3
                 WHERE id = $1 AND version = $2",
            )
            .bind(id.0)
            .bind(i64::from(before))
            .bind(content)
            .execute(&pool)
            .await?;
            Ok(done.rows_affected() > 0)
        })
    }
}
