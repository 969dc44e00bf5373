//! The shape of the tables, version by version. A migration that has been released is never changed.

use sqlx::{Connection, PgConnection};

use super::fault;
use crate::StoreError;
use crate::remote::Trouble;

/// Gates that start at once take turns at this lock: "PCLS".
const LOCK: i64 = 0x5043_4c53;

const MIGRATIONS: &[&str] =
    &[include_str!("0001_people_and_sessions.sql"), include_str!("0002_waiting_counting_and_providers.sql")];

/// Brings the tables to today's shape, all at once or not at all.
pub(super) async fn run(connection: &mut PgConnection) -> Result<(), Trouble> {
    let mut transaction = connection.begin().await.map_err(fault)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *transaction)
        .await
        .map_err(fault)?;
    // A schema that an administrator made for us is used; to ask is not to need the right to make one.
    let schema: bool = sqlx::query_scalar("SELECT to_regnamespace('portcullis') IS NOT NULL")
        .fetch_one(&mut *transaction)
        .await
        .map_err(fault)?;
    if !schema {
        sqlx::raw_sql("CREATE SCHEMA portcullis").execute(&mut *transaction).await.map_err(fault)?;
    }
    let begun: bool = sqlx::query_scalar("SELECT to_regclass('portcullis.version') IS NOT NULL")
        .fetch_one(&mut *transaction)
        .await
        .map_err(fault)?;
    if !begun {
        const BEGIN: &str = "CREATE TABLE portcullis.version (number BIGINT NOT NULL);
            INSERT INTO portcullis.version VALUES (0)";
        sqlx::raw_sql(BEGIN).execute(&mut *transaction).await.map_err(fault)?;
    }
    let version: i64 = sqlx::query_scalar("SELECT number FROM portcullis.version")
        .fetch_one(&mut *transaction)
        .await
        .map_err(fault)?;
    let Some(open) = usize::try_from(version).ok().and_then(|version| MIGRATIONS.get(version..)) else {
        return Err(Trouble::Refused(StoreError::Unreadable(format!(
            "it has version {version}; this program knows {} at most",
            MIGRATIONS.len()
        ))));
    };
    for migration in open {
        sqlx::raw_sql(*migration).execute(&mut *transaction).await.map_err(fault)?;
    }
    if !open.is_empty() {
        sqlx::query("UPDATE portcullis.version SET number = $1")
            .bind(i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await
            .map_err(fault)?;
    }
    transaction.commit().await.map_err(fault)
}
