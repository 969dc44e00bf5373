//! Remembered devices in PostgreSQL, and the lock of a user's sessions.

use sqlx::{PgConnection, Postgres as Database, Row, Transaction};
use subtle::ConstantTimeEq;

use super::rows::{key as key_of, maybe_key, micros, person};
use crate::{Instant, Key, Redeemed, UserId};

/// Waits for others who move this user's sessions, until the transaction ends.
pub(super) async fn lock(connection: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 5043))")
        .bind(user.0)
        .execute(connection)
        .await
        .map(drop)
}

pub(super) async fn redeem(
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

pub(super) async fn forget(
    transaction: &mut Transaction<'_, Database>,
    family: Key,
) -> sqlx::Result<Vec<Key>> {
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
