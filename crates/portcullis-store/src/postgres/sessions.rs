//! Sessions in PostgreSQL.
//!
//! A sign-out everywhere must not miss a session that is given a new id in the same moment: what moves a user's
//! sessions takes the lock of that user first, in a statement of its own, so that the next one sees what the
//! other wrote.

use sqlx::Postgres as Database;

use super::Postgres;
use super::devices::{forget, lock, redeem};
use super::rows::{key as key_of, maybe_micros, micros, remembered, session, text};
use crate::{Instant, Key, Pending, Redeemed, Remembered, Session, Sessions, UserId};

impl Sessions for Postgres {
    fn begin(&self, session: Session) -> Pending<'_, bool> {
        const BEGIN: &str = "INSERT INTO portcullis.session
            (key, person, began, seen, idle_end, absolute_end, proved, factors, family, agent, network,
             provider, provider_subject, provider_session, provider_grant)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15
            WHERE $9 IS NULL OR EXISTS (SELECT 1 FROM portcullis.remembered WHERE family = $9)";
        self.ask(|pool| async move {
            let mut transaction = pool.begin().await?;
            // Only with a device: whoever revokes it takes the same lock.
            if let (Some(user), Some(_)) = (session.user, session.family) {
                lock(&mut transaction, user).await?;
            }
            let done = written(BEGIN, session).execute(&mut *transaction).await?.rows_affected();
            transaction.commit().await?;
            Ok(done > 0)
        })
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
        const NEXT: &str = "INSERT INTO portcullis.session
            (key, person, began, seen, idle_end, absolute_end, proved, factors, family, agent, network,
             provider, provider_subject, provider_session, provider_grant)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15 FROM portcullis.session AS before
            WHERE before.key = $16 AND before.idle_end > $17 AND before.absolute_end > $17
            AND ($9 IS NULL OR before.family = $9
                 OR EXISTS (SELECT 1 FROM portcullis.remembered WHERE family = $9))";
        const GRANT: &str =
            "UPDATE portcullis.provider_grant SET session = $3 WHERE id = $1 AND session = $2";
        self.ask(move |pool| async move {
            let mut transaction = pool.begin().await?;
            if let Some(user) = next.user {
                lock(&mut transaction, user).await?;
            }
            // Two that rotate it at once take turns, whoever's it is.
            let held = sqlx::query("SELECT 1 FROM portcullis.session WHERE key = $1 FOR UPDATE")
                .bind(key.0)
                .fetch_optional(&mut *transaction)
                .await?;
            if held.is_none() {
                return Ok(false);
            }
            let (next_key, grant) = (next.key, next.external.as_ref().map(|external| external.grant));
            let done = written(NEXT, next).bind(key.0).bind(micros(now)).execute(&mut *transaction).await?;
            if done.rows_affected() == 0 {
                return Ok(false);
            }
            if let Some(grant) = grant {
                let moved = sqlx::query(GRANT).bind(grant.0).bind(key.0).bind(next_key.0);
                moved.execute(&mut *transaction).await?;
            }
            sqlx::query("DELETE FROM portcullis.session WHERE key = $1")
                .bind(key.0)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok(true)
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

    fn end_external(&self, user: UserId, subject: Key, session: Option<Key>) -> Pending<'_, Vec<Key>> {
        self.ask(move |pool| async move {
            let mut transaction = pool.begin().await?;
            lock(&mut transaction, user).await?;
            let ended = sqlx::query(
                "DELETE FROM portcullis.session WHERE person = $1 AND provider_subject = $2
                 AND ($3::bytea IS NULL OR provider_session = $3) RETURNING key",
            )
            .bind(user.0)
            .bind(subject.0)
            .bind(session.map(|session| session.0))
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
            "DELETE FROM portcullis.tally WHERE key IN (SELECT key FROM portcullis.tally
             WHERE until <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
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

/// A query whose first fifteen parameters are this session.
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
        .bind(session.external.as_ref().map(|external| text(external.provider.as_str())))
        .bind(session.external.as_ref().map(|external| external.subject.0))
        .bind(session.external.as_ref().and_then(|external| external.session).map(|session| session.0))
        .bind(session.external.as_ref().map(|external| external.grant.0))
}
