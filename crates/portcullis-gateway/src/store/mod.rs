//! Allowances that several gates share, in a Redis; what rules remember, too (`collections.rs`).
//!
//! One script draws from every key at once, all or nothing, by the clock of the store: gates whose clocks
//! differ still count alike. A request waits for the store as long as `rate.store_timeout` says and no longer.
//! When the store does not answer it is away from then on: requests no longer wait for it, each gate counts by
//! itself or refuses, as `rate.store_lost` says, and a thread of its own asks for the store again, at first
//! after a tenth of a second, then less and less often, up to every five seconds.

mod collections;
mod scripts;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use portcullis::layers::caller::rate::{Draw, StoreLost};
use portcullis_tower::lend::{Drawn, Remote};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::record::{EventLog, Notice};
pub use collections::SharedCollections;
use scripts::Scripts;

/// The first and the longest pause before the store is asked for again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a connection may take to stand.
const CONNECTING: Duration = Duration::from_secs(2);
/// So many answers in a row that came too late mean that the store is away.
const TOO_LATE: u32 = 3;

/// Which store, as the policy says.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// `redis://` or `rediss://`; may hold a password.
    pub url: String,
    /// How long an answer is waited for.
    pub timeout: Duration,
    /// What happens while it is away.
    pub lost: StoreLost,
}

impl StoreSettings {
    /// The address without what must not be told.
    #[must_use]
    pub fn place(&self) -> String {
        match url::Url::parse(&self.url) {
            Ok(url) => format!("{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or(6379)),
            Err(_) => "?".to_owned(),
        }
    }
}

impl fmt::Debug for StoreSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("StoreSettings").field("place", &self.place()).finish_non_exhaustive()
    }
}

/// The store. Its thread ends when the last clone of it is gone.
pub struct Store {
    shared: Arc<Shared>,
    runtime: Handle,
    _alive: Alive,
}

struct Shared {
    settings: StoreSettings,
    scripts: Scripts,
    /// Nothing while it is away.
    connection: ArcSwapOption<MultiplexedConnection>,
    late: AtomicU32,
    lost: Notify,
    why: Mutex<String>,
    log: EventLog,
}

/// Tells the thread to end.
struct Alive(Arc<Notify>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Store {
    /// Begins to connect; whether it is there shows at the first draw.
    ///
    /// # Errors
    /// When the address is none, or no thread is to be had.
    pub fn open(settings: StoreSettings, log: EventLog) -> Result<Self, std::io::Error> {
        let client = Client::open(settings.url.as_str()).map_err(|error| {
            std::io::Error::other(format!("the store at `{}`: {}", settings.place(), kind(&error)))
        })?;
        let shared = Arc::new(Shared {
            settings,
            scripts: Scripts::new(),
            connection: ArcSwapOption::empty(),
            late: AtomicU32::new(0),
            lost: Notify::new(),
            why: Mutex::default(),
            log,
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (ending, watched) = (Arc::new(Notify::new()), shared.clone());
        let ended = ending.clone();
        let (first, ready) = std::sync::mpsc::channel();
        std::thread::Builder::new().name("store".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = ended.notified() => {}
                    () = watched.keep(&client, first) => {}
                }
            });
        })?;
        // The first connection is waited for, so that a gate does not begin by counting alone.
        let _ = ready.recv_timeout(CONNECTING);
        Ok(Self { shared, runtime: handle, _alive: Alive(ending) })
    }

    /// Whether it answers.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.shared.connection.load().is_some()
    }
}

impl Shared {
    /// Connects, again and again.
    async fn keep(&self, client: &Client, first: std::sync::mpsc::Sender<()>) {
        let mut first = Some(first);
        let mut told = false;
        let mut pause = FIRST_PAUSE;
        loop {
            match self.connect(client).await {
                Ok(connection) => {
                    if told {
                        let sentence =
                            format!("the store at `{}` is back: gates count together", self.settings.place());
                        tracing::info!("{sentence}");
                        self.log.notice(Notice::info("portcullis.gateway.store_back", &sentence));
                    }
                    told = false;
                    pause = FIRST_PAUSE;
                    self.late.store(0, Ordering::Relaxed);
                    self.connection.store(Some(Arc::new(connection)));
                    first.take().map(|first| first.send(()));
                    self.lost.notified().await;
                    self.connection.store(None);
                }
                Err(error) => {
                    *self.why.lock().unwrap_or_else(PoisonError::into_inner) = error;
                }
            }
            if !told {
                told = true;
                let why = std::mem::take(&mut *self.why.lock().unwrap_or_else(PoisonError::into_inner));
                let meanwhile = match self.settings.lost {
                    StoreLost::Local => "each gate counts by itself meanwhile",
                    StoreLost::Refuse => "what shared limits count is refused meanwhile",
                };
                let sentence =
                    format!("the store at `{}` is away: {why}; {meanwhile}", self.settings.place());
                tracing::warn!("{sentence}");
                self.log.notice(Notice::warn("portcullis.gateway.store_lost", &sentence));
            }
            first.take().map(|first| first.send(()));
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }

    /// A connection over which an answer has come.
    async fn connect(&self, client: &Client) -> Result<MultiplexedConnection, String> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            .set_response_timeout(Some(CONNECTING));
        let open = async {
            let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
            redis::cmd("PING").query_async::<String>(&mut connection).await?;
            Ok::<_, RedisError>(connection)
        };
        match tokio::time::timeout(CONNECTING, open).await {
            Ok(opened) => opened.map_err(|error| kind(&error)),
            Err(_) => Err("it does not answer".to_owned()),
        }
    }

    fn lose(&self, why: String) {
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = why;
        self.connection.store(None);
        self.lost.notify_one();
    }

    fn away(&self) -> Drawn {
        metrics::counter!("portcullis_store_failures_total").increment(1);
        match self.settings.lost {
            StoreLost::Local => Drawn::CountHere,
            StoreLost::Refuse => Drawn::Refuse,
        }
    }
}

impl Remote for Store {
    fn draw<'a>(&'a self, draws: &'a [&'a Draw]) -> Pin<Box<dyn Future<Output = Drawn> + Send + 'a>> {
        let shared = &self.shared;
        Box::pin(async move {
            let Some(connection) = shared.connection.load_full() else { return shared.away() };
            let mut connection = MultiplexedConnection::clone(&connection);
            let drawn = shared.scripts.draw(&mut connection, draws);
            match tokio::time::timeout(shared.settings.timeout, drawn).await {
                Ok(Ok(allowances)) if allowances.len() == draws.len() => {
                    shared.late.store(0, Ordering::Relaxed);
                    Drawn::Allowances(allowances)
                }
                Ok(Ok(_)) => {
                    shared.lose("it answered with something else than asked".to_owned());
                    shared.away()
                }
                Ok(Err(error)) => {
                    shared.lose(kind(&error));
                    shared.away()
                }
                Err(_) => {
                    if shared.late.fetch_add(1, Ordering::Relaxed).saturating_add(1) >= TOO_LATE {
                        shared.lose(format!(
                            "it did not answer within {} ms",
                            shared.settings.timeout.as_millis()
                        ));
                    }
                    shared.away()
                }
            }
        })
    }

    fn give_back(&self, draws: Vec<Draw>) -> Vec<Draw> {
        let shared = self.shared.clone();
        let Some(connection) = shared.connection.load_full() else { return draws };
        self.runtime.spawn(async move {
            let mut connection = MultiplexedConnection::clone(&connection);
            let given = shared.scripts.give_back(&mut connection, &draws);
            // What is not given back comes back by itself, only later.
            let _ = tokio::time::timeout(CONNECTING, given).await;
        });
        Vec::new()
    }
}

/// What went wrong, without what the store may have quoted.
fn kind(error: &RedisError) -> String {
    error.to_string().chars().take(200).collect()
}
