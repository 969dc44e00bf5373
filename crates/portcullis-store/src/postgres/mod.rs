//! People and sessions in PostgreSQL, in the schema `portcullis` of the database that the address names.
//!
//! The address is one of libpq: `postgres://name:password@host/database?sslmode=verify-full&sslrootcert=…`. Without
//! `sslmode` TLS is used when the server offers it, but nobody's certificate is looked at: across a network
//! that is not trusted, say `verify-full`.
//!
//! What must be one step is one statement, or a transaction that first takes the lock of the user it is about
//! (`sessions.rs`). `synchronous_commit` is turned on where it is off: what was answered is on the disk.

mod devices;
mod grants;
mod letters;
mod migrations;
mod people;
mod rows;
mod sessions;
mod tallies;

use std::future::Future;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgConnection, PgPool};

use crate::remote::{Remote, Trouble};
use crate::{Pending, StoreError};

/// How many connections a gate holds at the most.
const CONNECTIONS: u32 = 8;

/// A store in a PostgreSQL.
pub struct Postgres {
    pool: PgPool,
    remote: Remote,
}

impl Postgres {
    /// Opens the store at this address and brings its tables to today's shape; a call may take as long as
    /// `patience`.
    ///
    /// # Errors
    /// When the address is none, the server is away or does not let us in, or the tables were written by a newer
    /// version.
    pub fn open(url: &str, patience: Duration) -> Result<Self, StoreError> {
        let options: PgConnectOptions =
            url.parse().map_err(|_| StoreError::Away("its address is none of a PostgreSQL".to_owned()))?;
        let named = options.get_application_name().is_some();
        let options = if named { options } else { options.application_name("portcullis") };
        let remote = Remote::start("store-postgres", patience)?;
        let pool = {
            let _in_its_runtime = remote.handle().enter();
            PgPoolOptions::new()
                .max_connections(CONNECTIONS)
                .acquire_timeout(patience)
                .after_connect(move |connection, _| Box::pin(settle(connection, patience)))
                .connect_lazy_with(options)
        };
        let migrating = pool.clone();
        remote.ask_blocking(async move {
            let mut connection = migrating.acquire().await.map_err(fault)?;
            migrations::run(&mut connection).await
        })?;
        Ok(Self { pool, remote })
    }

    /// Does `work` with a connection of the pool.
    fn ask<T, W>(&self, work: impl FnOnce(PgPool) -> W) -> Pending<'_, T>
    where
        T: Send + 'static,
        W: Future<Output = sqlx::Result<T>> + Send + 'static,
    {
        let work = work(self.pool.clone());
        self.remote.ask(async move { work.await.map_err(fault) })
    }
}

/// What each connection is told before its first use: the server gives up when we do.
async fn settle(connection: &mut PgConnection, patience: Duration) -> sqlx::Result<()> {
    sqlx::query(
        "SELECT set_config('statement_timeout', $1, false),
                set_config('idle_in_transaction_session_timeout', $1, false)",
    )
    .bind(patience.as_millis().to_string())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
    )
    .execute(&mut *connection)
    .await
    .map(drop)
}

/// What PostgreSQL or its client says, by whose fault it is.
fn fault(error: sqlx::Error) -> Trouble {
    use sqlx::Error;
    let text = error.to_string();
    match &error {
        Error::Database(refused) => match refused.code().as_deref() {
            // statement_timeout: it works, but too slowly.
            Some("57014") => Trouble::Late,
            // Shutting down, starting, out of resources, a replica that cannot write, a password that is wrong.
            Some(code)
                if ["08", "28", "3D", "53", "57", "58"].iter().any(|class| code.starts_with(class)) =>
            {
                Trouble::Lost(text)
            }
            Some("25006") => Trouble::Lost(text),
            Some(code) if code.starts_with("XX") || code.starts_with("42") => {
                Trouble::Refused(StoreError::Unreadable(text))
            }
            _ => Trouble::Refused(StoreError::Away(text)),
        },
        Error::ColumnNotFound(_)
        | Error::ColumnDecode { .. }
        | Error::ColumnIndexOutOfBounds { .. }
        | Error::Decode(_)
        | Error::TypeNotFound { .. } => Trouble::Refused(StoreError::Unreadable(text)),
        _ => Trouble::Lost(text),
    }
}
