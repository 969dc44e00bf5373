//! Sessions in Redis; people need a store that keeps what it is given.
//!
//! The address is `redis://` or, for TLS, `rediss://`, with name, password and number of the database:
//! `rediss://name:password@host:6380/0`. One server, or one that replicas follow; in a cluster all keys lie on one
//! node, by their tag `{portcullis}`.
//!
//! What must be one step is one script (`sessions.lua`). Everything has a time after which Redis forgets it, and
//! nothing is swept. How much survives a crash of the *server* is its own setting: with `appendonly yes` and
//! `appendfsync always` all of it, with its defaults the last minutes may be missing, and those people sign in again.
//! A server that would drop keys when its memory is full is refused: it could forget that a code has been used.

mod counts;
mod rows;
mod sessions;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, RedisError, RedisResult, Script};
use tokio::sync::Mutex;

use crate::remote::{Remote, Trouble};
use crate::{Pending, StoreError};

/// What the keys look like. Written down in the store, so that another version does not misread them. Since 2 a session
/// knows the sign-in at a provider that it came from; one of version 1 is read as one that came from none.
const VERSION: u32 = 2;
const VERSION_KEY: &str = "{portcullis}:version";

/// Sessions in a Redis.
pub struct Redis {
    link: Arc<Link>,
    remote: Remote,
}

struct Link {
    client: Client,
    script: Script,
    patience: Duration,
    /// Nothing until somebody needs it, and after it broke.
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl Redis {
    /// Opens the store at this address; a call may take as long as `patience`.
    ///
    /// # Errors
    /// When the address is none, the server is away or does not let us in, it would drop keys, or what it holds was
    /// written by a newer version.
    pub fn open(url: &str, patience: Duration) -> Result<Self, StoreError> {
        let client =
            Client::open(url).map_err(|_| StoreError::Away("its address is none of a Redis".to_owned()))?;
        let link = Arc::new(Link {
            client,
            script: Script::new(include_str!("sessions.lua")),
            patience,
            connection: Mutex::default(),
        });
        let remote = Remote::start("store-redis", patience)?;
        let first = link.clone();
        remote.ask_blocking(async move { first.check().await })?;
        Ok(Self { link, remote })
    }

    /// Does `work` over the connection.
    fn ask<T, W>(
        &self,
        work: impl FnOnce(Arc<Link>, MultiplexedConnection) -> W + Send + 'static,
    ) -> Pending<'_, T>
    where
        T: Send + 'static,
        W: Future<Output = RedisResult<T>> + Send + 'static,
    {
        let link = self.link.clone();
        self.remote.ask(async move { link.clone().with(|connection| work(link, connection)).await })
    }

    /// Does one step of the script.
    fn step<T: FromRedisValue + Send + 'static>(
        &self,
        key: String,
        arguments: Vec<Vec<u8>>,
    ) -> Pending<'_, T> {
        self.ask(move |link, mut connection| async move {
            let mut call = link.script.key(key);
            for argument in arguments {
                call.arg(argument);
            }
            call.invoke_async(&mut connection).await
        })
    }
}

impl Link {
    async fn with<T, W>(&self, work: impl FnOnce(MultiplexedConnection) -> W) -> Result<T, Trouble>
    where
        W: Future<Output = RedisResult<T>>,
    {
        let connection = self.connect().await.map_err(|error| Trouble::Lost(told(&error)))?;
        let done = work(connection).await.map_err(fault);
        if matches!(done, Err(Trouble::Lost(_))) {
            *self.connection.lock().await = None;
        }
        done
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let mut place = self.connection.lock().await;
        if let Some(connection) = &*place {
            return Ok(connection.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.patience))
            .set_response_timeout(Some(self.patience));
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        *place = Some(connection.clone());
        Ok(connection)
    }

    /// Whether it is a store for us.
    async fn check(&self) -> Result<(), Trouble> {
        let unreadable = |why| Err(Trouble::Refused(StoreError::Unreadable(why)));
        let (version, memory) = self
            .with(async |mut connection| {
                redis::cmd("SET").arg(VERSION_KEY).arg(VERSION).arg("NX").exec_async(&mut connection).await?;
                let version: String = redis::cmd("GET").arg(VERSION_KEY).query_async(&mut connection).await?;
                let memory: String = redis::cmd("INFO").arg("memory").query_async(&mut connection).await?;
                Ok((version, memory))
            })
            .await?;
        match version.parse::<u32>() {
            Ok(VERSION) => {}
            Ok(older) if older < VERSION => {
                self.with(async |mut connection| {
                    redis::cmd("SET").arg(VERSION_KEY).arg(VERSION).exec_async(&mut connection).await
                })
                .await?;
            }
            _ => {
                return unreadable(format!("it has version {version}; this program knows {VERSION} at most"));
            }
        }
        let setting = |name: &str| memory.lines().find_map(|line| line.trim().strip_prefix(name));
        let policy = setting("maxmemory_policy:").unwrap_or("noeviction");
        if setting("maxmemory:").is_some_and(|bytes| bytes != "0") && policy != "noeviction" {
            return unreadable(format!(
                "with `maxmemory-policy {policy}` it would forget that codes have been used; set `noeviction`"
            ));
        }
        Ok(())
    }
}

/// What Redis or its client says, by whose fault it is.
fn fault(error: RedisError) -> Trouble {
    // Starting, a replica that cannot write, no password, no memory, no disk: others need not try.
    const UNFIT: [&str; 11] = [
        "LOADING",
        "READONLY",
        "NOAUTH",
        "WRONGPASS",
        "NOPERM",
        "OOM",
        "MISCONF",
        "MASTERDOWN",
        "CLUSTERDOWN",
        "NOREPLICAS",
        "BUSY",
    ];
    let text = told(&error);
    let unfit = error.code().is_some_and(|code| UNFIT.contains(&code));
    if error.is_timeout() {
        Trouble::Late
    } else if unfit || error.is_io_error() || error.is_connection_dropped() || error.is_unrecoverable_error()
    {
        Trouble::Lost(text)
    } else if matches!(error.kind(), redis::ErrorKind::UnexpectedReturnType) {
        Trouble::Refused(StoreError::Unreadable(text))
    } else {
        Trouble::Refused(StoreError::Away(text))
    }
}

/// What went wrong, without all that the store may have quoted.
fn told(error: &RedisError) -> String {
    error.to_string().chars().take(200).collect()
}
