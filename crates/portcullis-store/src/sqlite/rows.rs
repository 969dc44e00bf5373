//! How values stand in the file.

use std::time::Duration;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Row, Statement};

use crate::people::{CredentialKind, Standing};
use crate::{Instant, Key, UserId};

impl ToSql for Key {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.as_slice().to_sql()
    }
}

impl FromSql for Key {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        FromSql::column_result(value).map(Self)
    }
}

impl ToSql for UserId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.as_slice().to_sql()
    }
}

impl FromSql for UserId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        FromSql::column_result(value).map(Self)
    }
}

impl ToSql for Standing {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(match self {
            Self::Unconfirmed => 0_i64,
            Self::Active => 1,
            Self::Disabled => 2,
        }))
    }
}

impl FromSql for Standing {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self::Unconfirmed),
            1 => Ok(Self::Active),
            2 => Ok(Self::Disabled),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

impl ToSql for CredentialKind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(match self {
            Self::Totp => 0_i64,
            Self::Passkey => 1,
            Self::RecoveryCode => 2,
            Self::External => 3,
            Self::ApiKey => 4,
        }))
    }
}

impl FromSql for CredentialKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self::Totp),
            1 => Ok(Self::Passkey),
            2 => Ok(Self::RecoveryCode),
            3 => Ok(Self::External),
            4 => Ok(Self::ApiKey),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

/// Microseconds; what is later than the year 290,000 is that year.
pub(super) fn micros(at: Instant) -> i64 {
    i64::try_from(at.as_micros()).unwrap_or(i64::MAX)
}

pub(super) fn maybe_micros(at: Option<Instant>) -> Option<i64> {
    at.map(micros)
}

pub(super) fn instant(row: &Row<'_>, column: &str) -> rusqlite::Result<Instant> {
    row.get::<_, i64>(column).map(from_micros)
}

pub(super) fn maybe_instant(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Instant>> {
    row.get::<_, Option<i64>>(column).map(|micros| micros.map(from_micros))
}

fn from_micros(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// The rows of a query, as `read` makes them.
pub(super) fn all<T>(
    statement: &mut Statement<'_>,
    parameters: impl rusqlite::Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    statement.query_map(parameters, read)?.collect()
}
