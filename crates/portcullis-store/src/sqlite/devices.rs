//! Remembered devices in SQLite.

use rusqlite::{Connection, OptionalExtension, Row};
use subtle::ConstantTimeEq;

use super::rows::{all, instant, micros};
use crate::{Instant, Key, Redeemed, Remembered, UserId};

pub(super) fn redeem(
    connection: &Connection,
    family: Key,
    token: Key,
    next: Key,
    now: Instant,
    grace: Instant,
) -> rusqlite::Result<Redeemed> {
    let mut select = connection.prepare_cached(
        "SELECT user, token, before, seen FROM remembered WHERE family = ?1 AND absolute_end > ?2",
    )?;
    let found = select
        .query_row((family, micros(now)), |row| {
            Ok((
                row.get::<_, UserId>("user")?,
                row.get::<_, Key>("token")?,
                row.get::<_, Option<Key>>("before")?,
                instant(row, "seen")?,
            ))
        })
        .optional()?;
    let Some((user, current, before, seen)) = found else { return Ok(Redeemed::Unknown) };
    if bool::from(current.0.ct_eq(&token.0)) {
        connection
            .prepare_cached("UPDATE remembered SET before = token, token = ?2, seen = ?3 WHERE family = ?1")?
            .execute((family, next, micros(now)))?;
        return Ok(Redeemed::Fresh(user));
    }
    let was_before = before.is_some_and(|before| bool::from(before.0.ct_eq(&token.0)));
    if was_before && now.saturating_sub(seen) <= grace {
        return Ok(Redeemed::Concurrent(user));
    }
    // Who shows a token of this family that is not in force has an old copy, or is somebody else.
    forget(connection, family)?;
    Ok(Redeemed::Reused(user))
}

pub(super) fn forget(connection: &Connection, family: Key) -> rusqlite::Result<Vec<Key>> {
    connection.prepare_cached("DELETE FROM remembered WHERE family = ?1")?.execute([family])?;
    let mut ended = connection.prepare_cached("DELETE FROM session WHERE family = ?1 RETURNING key")?;
    all(&mut ended, [family], |row| row.get(0))
}

pub(super) fn remembered(row: &Row<'_>) -> rusqlite::Result<Remembered> {
    Ok(Remembered {
        family: row.get("family")?,
        user: row.get("user")?,
        token: row.get("token")?,
        began: instant(row, "began")?,
        seen: instant(row, "seen")?,
        end: instant(row, "absolute_end")?,
        agent: row.get("agent")?,
    })
}

/// Whether a device is remembered.
pub(super) fn is_remembered(connection: &Connection, family: Key) -> rusqlite::Result<bool> {
    let mut exists =
        connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM remembered WHERE family = ?1)")?;
    exists.query_row([family], |row| row.get(0))
}
