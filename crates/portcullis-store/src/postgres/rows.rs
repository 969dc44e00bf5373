//! How values stand in the tables.

use std::time::Duration;

use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::people::{Activity, Credential, CredentialKind, Standing, Token, User};
use crate::{External, Instant, Key, Remembered, Session, UserId};

/// PostgreSQL's texts hold every sign but NUL, which nobody needs and a stranger might send.
pub(super) fn text(text: impl Into<String>) -> String {
    let text = text.into();
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// Microseconds; what is later than the year 290,000 is that year.
pub(super) fn micros(at: Instant) -> i64 {
    i64::try_from(at.as_micros()).unwrap_or(i64::MAX)
}

pub(super) fn maybe_micros(at: Option<Instant>) -> Option<i64> {
    at.map(micros)
}

fn from_micros(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

pub(super) fn instant(row: &PgRow, column: &str) -> sqlx::Result<Instant> {
    row.try_get(column).map(from_micros)
}

fn maybe_instant(row: &PgRow, column: &str) -> sqlx::Result<Option<Instant>> {
    row.try_get::<Option<i64>, _>(column).map(|micros| micros.map(from_micros))
}

pub(super) fn key(row: &PgRow, column: &str) -> sqlx::Result<Key> {
    row.try_get(column).map(Key)
}

pub(super) fn maybe_key(row: &PgRow, column: &str) -> sqlx::Result<Option<Key>> {
    row.try_get::<Option<[u8; 32]>, _>(column).map(|key| key.map(Key))
}

pub(super) fn person(row: &PgRow, column: &str) -> sqlx::Result<UserId> {
    row.try_get(column).map(UserId)
}

pub(super) fn standing_number(standing: Standing) -> i16 {
    match standing {
        Standing::Unconfirmed => 0,
        Standing::Active => 1,
        Standing::Disabled => 2,
    }
}

fn standing(row: &PgRow) -> sqlx::Result<Standing> {
    match row.try_get::<i16, _>("standing")? {
        0 => Ok(Standing::Unconfirmed),
        1 => Ok(Standing::Active),
        2 => Ok(Standing::Disabled),
        _ => Err(sqlx::Error::Decode("a standing that this program does not know".into())),
    }
}

pub(super) fn kind_number(kind: CredentialKind) -> i16 {
    match kind {
        CredentialKind::Totp => 0,
        CredentialKind::Passkey => 1,
        CredentialKind::RecoveryCode => 2,
        CredentialKind::External => 3,
        CredentialKind::ApiKey => 4,
    }
}

fn kind(row: &PgRow) -> sqlx::Result<CredentialKind> {
    match row.try_get::<i16, _>("kind")? {
        0 => Ok(CredentialKind::Totp),
        1 => Ok(CredentialKind::Passkey),
        2 => Ok(CredentialKind::RecoveryCode),
        3 => Ok(CredentialKind::External),
        4 => Ok(CredentialKind::ApiKey),
        _ => Err(sqlx::Error::Decode("a credential that this program does not know".into())),
    }
}

pub(super) fn user(row: &PgRow) -> sqlx::Result<User> {
    Ok(User {
        id: person(row, "id")?,
        email: row.try_get("email")?,
        name: row.try_get("name")?,
        password: row.try_get("password")?,
        standing: standing(row)?,
        roles: row.try_get("roles")?,
        made: instant(row, "made")?,
        password_changed: maybe_instant(row, "password_changed")?,
    })
}

pub(super) fn credential(row: &PgRow) -> sqlx::Result<Credential> {
    Ok(Credential {
        key: key(row, "key")?,
        user: person(row, "person")?,
        kind: kind(row)?,
        label: row.try_get("label")?,
        content: row.try_get("content")?,
        made: instant(row, "made")?,
        used: maybe_instant(row, "used")?,
    })
}

pub(super) fn token(row: &PgRow) -> sqlx::Result<Token> {
    Ok(Token {
        key: key(row, "key")?,
        user: person(row, "person")?,
        purpose: row.try_get("purpose")?,
        content: row.try_get("content")?,
        end: instant(row, "expires")?,
    })
}

pub(super) fn activity(row: &PgRow) -> sqlx::Result<Activity> {
    Ok(Activity {
        at: instant(row, "at")?,
        what: row.try_get("what")?,
        network: row.try_get("network")?,
        agent: row.try_get("agent")?,
    })
}

pub(super) fn session(row: &PgRow) -> sqlx::Result<Session> {
    let factors = row.try_get::<i64, _>("factors")?;
    Ok(Session {
        key: key(row, "key")?,
        user: row.try_get::<Option<[u8; 16]>, _>("person")?.map(UserId),
        began: instant(row, "began")?,
        seen: instant(row, "seen")?,
        idle_end: instant(row, "idle_end")?,
        end: instant(row, "absolute_end")?,
        proved: maybe_instant(row, "proved")?,
        factors: u32::try_from(factors).map_err(|error| sqlx::Error::Decode(error.into()))?,
        family: maybe_key(row, "family")?,
        agent: row.try_get("agent")?,
        network: row.try_get("network")?,
        external: external(row)?,
    })
}

fn external(row: &PgRow) -> sqlx::Result<Option<External>> {
    let Some(provider) = row.try_get::<Option<String>, _>("provider")? else { return Ok(None) };
    Ok(Some(External {
        provider,
        subject: key(row, "provider_subject")?,
        session: maybe_key(row, "provider_session")?,
        grant: key(row, "provider_grant")?,
    }))
}

pub(super) fn remembered(row: &PgRow) -> sqlx::Result<Remembered> {
    Ok(Remembered {
        family: key(row, "family")?,
        user: person(row, "person")?,
        token: key(row, "token")?,
        began: instant(row, "began")?,
        seen: instant(row, "seen")?,
        end: instant(row, "absolute_end")?,
        agent: row.try_get("agent")?,
    })
}
