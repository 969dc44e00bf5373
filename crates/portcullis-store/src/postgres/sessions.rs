//! Sessions in PostgreSQL.
//!
//! A sign-out everywhere must not miss a session that is given a new id in the same moment: what moves a user's
//! sessions takes the lock of that user first, in a statement of its own, so that the next one sees what the
//! other wrote.

use sqlx::{PgConnection, Postgres as Database, Row, Transaction};
use subtle::ConstantTimeEq;

use super::Postgres;
use super::rows::{key as key_of, maybe_key, maybe_micros, micros, person, remembered, session, text};
use crate::{Instant, Key, Pending, Redeemed, Remembered, Session, Sessions, UserId};

impl Sessions for Postgres {
    fn begin(&self, session: Session) -> Pending<'_, ()> {
        const BEGIN: &str = "INSERT INTO portcullis.session
            (key, person, began, seen, idle_end, absolute_end, proved, factors, family, agent, network)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        self.ask(|pool| async move { written(BEGIN, session).execute(&pool).await.map(drop) })
    }

    fn session(&self, key: Key, now: Instant) -> Pending<'_, Option<Session>> {
        self.ask(|pool| async move {
            let row = sqlx::query(
                "SELECT * FROM portcullis.session WHERE key = $1 AND idle_end > $2 AND absolute_end > $2",
            )
            .bind(key.0)
            .bind(micros(now))
            .fetch_optional(&pool)
            .await?;
            row.as_ref().map(session).transpose()
        })
    }

    fn touch(&self, key: Key, seen: Instant, idle_end: Instant, network: String) -> Pending<'_, bool> {
        self.ask(|pool| async move {
            let done = sqlx::query(
                "UPDATE portcullis.session
                 SET seen = greatest(seen, $2), idle_end = greatest(idle_end, $3), network = $4
                 WHERE key = $1 AND idle_end > $2 AND absolute_end > $2",
            )
            .bind(key.0)
            .bind(micros(seen))
            .bind(micros(idle_end))
            .bind(text(network))
            .execute(&pool)
            .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn rotate(&self, key: Key, next: Session, now: Instant) -> Pending<'_, bool> {
        const ROTATE: &str = "WITH gone AS (
            DELETE FROM portcullis.session WHERE key = $12 AND idle_end > $13 AND absolute_end > $13 RETURNING 1)
            INSERT INTO portcullis.session
            (key, person, began, seen, idle_end, absolute_end, proved, factors, family, agent, network)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM gone";
        self.ask(|pool| async move {
            let mut transaction = pool.begin().await?;
            if let Some(user) = next.user {
                lock(&mut transaction, user).await?;
            }
            let done = written(ROTATE, next)
                .bind(key.0)
                .bind(micros(now))
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            transaction.commit().await?;
            Ok(done > 0)
        })
    }

    fn end(&self, key: Key) -> Pending<'_, bool> {
        self.ask(|pool| async move {
            let done = sqlx::query("DELETE FROM portcullis.session WHERE key = $1")
                .bind(key.0)
                .execute(&pool)
                .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn end_all(&self, user: UserId, keep: Option<Key>) -> Pending<'_, Vec<Key>> {
        self.ask(|pool| async move {
            let keep = keep.map(|keep| keep.0);
            let mut transaction = pool.begin().await?;
            lock(&mut transaction, user).await?;
            sqlx::query(
                "DELETE FROM portcullis.remembered WHERE person = $1 AND family IS DISTINCT FROM
                 (SELECT family FROM portcullis.session WHERE key = $2)",
            )
            .bind(user.0)
            .bind(keep)
            .execute(&mut *transaction)
            .await?;
            let ended = sqlx::query(
                "DELETE FROM portcullis.session WHERE person = $1 AND key IS DISTINCT FROM $2 RETURNING key",
            )
            .bind(user.0)
            .bind(keep)
            .fetch_all(&mut *transaction)
            .await?;
            transaction.commit().await?;
            ended.iter().map(|row| key_of(row, "key")).collect()
        })
    }

    fn sessions_of(&self, user: UserId, now: Instant) -> Pending<'_, Vec<Session>> {
        self.ask(|pool| async move {
            let rows = sqlx::query(
                "SELECT * FROM portcullis.session WHERE person = $1 AND idle_end > $2 AND absolute_end > $2
                 ORDER BY seen DESC",
            )
            .bind(user.0)
            .bind(micros(now))
            .fetch_all(&pool)
            .await?;
            rows.iter().map(session).collect()
        })
    }

    fn remember(&self, remembered: Remembered) -> Pending<'_, ()> {
        self.ask(|pool| async move {
            sqlx::query(
                "INSERT INTO portcullis.remembered (family, person, token, began, seen, absolute_end, agent)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(remembered.family.0)
            .bind(remembered.user.0)
            .bind(remembered.token.0)
            .bind(micros(remembered.began))
            .bind(micros(remembered.seen))
            .bind(micros(remembered.end))
            .bind(text(remembered.agent))
            .execute(&pool)
            .await
            .map(drop)
        })
    }

    fn redeem(
        &self,
        family: Key,
        token: Key,
        next: Key,
        now: Instant,
        grace: Instant,
    ) -> Pending<'_, Redeemed> {
        self.ask(|pool| async move {
            let mut transaction = pool.begin().await?;
            let redeemed = redeem(&mut transaction, family, token, next, now, grace).await?;
            transaction.commit().await?;
            Ok(redeemed)
        })
    }

    fn forget(&self, family: Key) -> Pending<'_, Vec<Key>> {
        self.ask(|pool| async move {
            let mut transaction = pool.begin().await?;
            let ended = forget(&mut transaction, family).await?;
            transaction.commit().await?;
            Ok(ended)
        })
    }

    fn remembered_by(&self, user: UserId, now: Instant) -> Pending<'_, Vec<Remembered>> {
        self.ask(|pool| async move {
            let rows = sqlx::query(
                "SELECT * FROM portcullis.remembered WHERE person = $1 AND absolute_end > $2 ORDER BY seen DESC",
            )
            .bind(user.0)
            .bind(micros(now))
            .fetch_all(&pool)
            .await?;
            rows.iter().map(remembered).collect()
        })
    }

    fn first_use(&self, key: Key, until: Instant, now: Instant) -> Pending<'_, bool> {
        self.ask(|pool| async move {
            let done = sqlx::query(
                "INSERT INTO portcullis.used AS mine (key, until) VALUES ($1, $2)
                 ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE mine.until <= $3",
            )
            .bind(key.0)
            .bind(micros(until))
            .bind(micros(now))
            .execute(&pool)
            .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn sweep(&self, now: Instant, most: u32) -> Pending<'_, u64> {
        // Rows that another gate is at are left to it.
        const OVER: [&str; 4] = [
            "DELETE FROM portcullis.session WHERE key IN (SELECT key FROM portcullis.session
             WHERE least(idle_end, absolute_end) <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
            "DELETE FROM portcullis.remembered WHERE family IN (SELECT family FROM portcullis.remembered
             WHERE absolute_end <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
            "DELETE FROM portcullis.used WHERE key IN (SELECT key FROM portcullis.used
             WHERE until <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
            "DELETE FROM portcullis.token WHERE key IN (SELECT key FROM portcullis.token
             WHERE expires <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
        ];
        self.ask(|pool| async move {
            let mut swept = 0;
            for query in OVER {
                let done = sqlx::query(query).bind(micros(now)).bind(i64::from(most)).execute(&pool).await?;
                swept += done.rows_affected();
            }
            Ok(swept)
        })
    }
}

type Query = sqlx::query::Query<'static, Database, sqlx::postgres::PgArguments>;

/// A query whose first eleven parameters are this session.
fn written(query: &'static str, session: Session) -> Query {
    sqlx::query(query)
        .bind(session.key.0)
        .bind(session.user.map(|user| user.0))
        .bind(micros(session.began))
        .bind(micros(session.seen))
        .bind(micros(session.idle_end))
        .bind(micros(session.end))
        .bind(maybe_micros(session.proved))
        .bind(i64::from(session.factors))
        .bind(session.family.map(|family| family.0))
        .bind(text(session.agent))
        .bind(text(session.network))
}

/// Waits for others who move this user's sessions, until the transaction ends.
async fn lock(connection: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 5043))")
        .bind(user.0)
        .execute(connection)
        .await
        .map(drop)
}

async fn redeem(
    transaction: &mut Transaction<'_, Database>,
    family: Key,
    token: Key,
    next: Key,
    now: Instant,
    grace: Instant,
) -> sqlx::Result<Redeemed> {
    let found =
        sqlx::query("SELECT person FROM portcullis.remembered WHERE family = $1 AND absolute_end > $2")
            .bind(family.0)
            .bind(micros(now))
            .fetch_optional(&mut **transaction)
            .await?;
    let Some(user) = found.map(|row| person(&row, "person")).transpose()? else {
        return Ok(Redeemed::Unknown);
    };
    lock(transaction, user).await?;
    // Again, for who had the lock before may have used or ended it.
    let found = sqlx::query("SELECT token, before, seen FROM portcullis.remembered WHERE family = $1")
        .bind(family.0)
        .fetch_optional(&mut **transaction)
        .await?;
    let Some(row) = found else { return Ok(Redeemed::Unknown) };
    let (current, before) = (key_of(&row, "token")?, maybe_key(&row, "before")?);
    if bool::from(current.0.ct_eq(&token.0)) {
        sqlx::query(
            "UPDATE portcullis.remembered SET before = token, token = $2, seen = greatest(seen, $3)
             WHERE family = $1",
        )
        .bind(family.0)
        .bind(next.0)
        .bind(micros(now))
        .execute(&mut **transaction)
        .await?;
        return Ok(Redeemed::Fresh(user));
    }
    let was_before = before.is_some_and(|before| bool::from(before.0.ct_eq(&token.0)));
    if was_before && micros(now).saturating_sub(row.try_get("seen")?) <= micros(grace) {
        return Ok(Redeemed::Concurrent(user));
    }
    // Who shows a token of this family that is not in force has an old copy, or is somebody else.
    forget(transaction, family).await?;
    Ok(Redeemed::Reused(user))
}

async fn forget(transaction: &mut Transaction<'_, Database>, family: Key) -> sqlx::Result<Vec<Key>> {
    let users = sqlx::query(
        "SELECT person FROM portcullis.remembered WHERE family = $1 UNION
         SELECT person FROM portcullis.session WHERE family = $1 AND person IS NOT NULL ORDER BY person",
    )
    .bind(family.0)
    .fetch_all(&mut **transaction)
    .await?;
    for row in users {
        lock(transaction, person(&row, "person")?).await?;
    }
    sqlx::query("DELETE FROM portcullis.remembered WHERE family = $1")
        .bind(family.0)
        .execute(&mut **transaction)
        .await?;
    let ended = sqlx::query("DELETE FROM portcullis.session WHERE family = $1 RETURNING key")
        .bind(family.0)
        .fetch_all(&mut **transaction)
        .await?;
    ended.iter().map(|row| key_of(row, "key")).collect()
}
