//! What stores at the other end of a wire have in common.
//!
//! Each has a thread with a runtime of its own, so that callers may live in any runtime, or in none, and a caller
//! that goes away leaves no change half made. Every call has a time-out. A store that does not answer is not
//! waited for by everybody: for half a second calls are told at once that it is away, then one tries again.
//!
//! A change that was not answered in time may have been made nevertheless; callers treat it as not made and ask
//! again, and nobody is signed in by it.

use std::future::Future;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, Runtime};
use tokio::sync::Semaphore;

use crate::{Pending, StoreError};

/// How many calls may wait. More means that the store does not keep up, and waiting longer helps nobody.
const WAITING: usize = 4096;
/// So many answers in a row that came too late mean that the store is away.
const TOO_LATE: u32 = 3;
/// How long nobody asks a store that is away.
const PAUSE: Duration = Duration::from_millis(500);

/// What went wrong with one call.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The store cannot be reached: others need not try.
    Lost(String),
    /// This call was not answered in time.
    Late,
    /// It answered, and would not do this.
    Refused(StoreError),
}

/// The runtime of a store, and whether it answers.
pub(crate) struct Remote {
    runtime: Option<Runtime>,
    handle: Handle,
    patience: Duration,
    room: Arc<Semaphore>,
    health: Arc<Health>,
}

impl Remote {
    /// Starts the thread `name`; each call may take as long as `patience`.
    pub(crate) fn start(name: &str, patience: Duration) -> Result<Self, StoreError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(name)
            .enable_all()
            .build()
            .map_err(|error| StoreError::Away(error.to_string()))?;
        let health = Health {
            began: std::time::Instant::now(),
            away_until: AtomicU64::new(0),
            late: AtomicU32::new(0),
            why: Mutex::default(),
        };
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
            patience,
            room: Arc::new(Semaphore::new(WAITING)),
            health: Arc::new(health),
        })
    }

    /// Where futures of the store's client are made.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Has `work` done in the store's own runtime.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Trouble>> + Send + 'static,
    ) -> Pending<'_, T> {
        let started = self.health.may_ask(self.patience).and_then(|()| {
            let room = self.room.clone().try_acquire_owned();
            room.map_err(|_| StoreError::Away("too many calls wait for it".to_owned()))
        });
        let task = started.map(|place| {
            let (health, patience) = (self.health.clone(), self.patience);
            self.handle.spawn(async move {
                let answer = tokio::time::timeout(patience, work).await.unwrap_or(Err(Trouble::Late));
                drop(place);
                health.learn(answer, patience)
            })
        });
        Box::pin(async move {
            task?.await.unwrap_or_else(|_| Err(StoreError::Away("its thread has ended".to_owned())))
        })
    }

    /// The same for one who may hold the thread, as while a store is opened.
    pub(crate) fn ask_blocking<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Trouble>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let (health, patience) = (self.health.clone(), self.patience);
        self.handle.spawn(async move {
            let answer = tokio::time::timeout(patience, work).await.unwrap_or(Err(Trouble::Late));
            // Nobody waits any more: the caller has given up.
            let _ = sender.send(health.learn(answer, patience));
        });
        receiver.recv().unwrap_or_else(|_| Err(StoreError::Away("its thread has ended".to_owned())))
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Not waited for: who drops a store may be in a runtime, where waiting is not allowed.
            runtime.shutdown_background();
        }
    }
}

struct Health {
    began: std::time::Instant,
    /// In milliseconds since `began`; nought while the store answers.
    away_until: AtomicU64,
    late: AtomicU32,
    why: Mutex<String>,
}

impl Health {
    /// Whether to ask: always while the store answers, and one call after each pause while it is away.
    fn may_ask(&self, patience: Duration) -> Result<(), StoreError> {
        let until = self.away_until.load(Ordering::Acquire);
        if until == 0 {
            return Ok(());
        }
        let next = self.after(patience);
        let free = self.now() >= until
            && self.away_until.compare_exchange(until, next, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if free { Ok(()) } else { Err(StoreError::Away(self.why())) }
    }

    fn learn<T>(&self, answer: Result<T, Trouble>, patience: Duration) -> Result<T, StoreError> {
        let lost = match &answer {
            Ok(_) | Err(Trouble::Refused(_)) => {
                self.away_until.store(0, Ordering::Release);
                self.late.store(0, Ordering::Relaxed);
                None
            }
            Err(Trouble::Lost(why)) => Some(why.clone()),
            Err(Trouble::Late) => {
                let late = self.late.fetch_add(1, Ordering::Relaxed).saturating_add(1);
                (late >= TOO_LATE).then(|| too_late(patience))
            }
        };
        if let Some(why) = lost {
            *self.why.lock().unwrap_or_else(PoisonError::into_inner) = why;
            self.away_until.store(self.after(PAUSE), Ordering::Release);
        }
        answer.map_err(|trouble| match trouble {
            Trouble::Lost(why) => StoreError::Away(why),
            Trouble::Late => StoreError::Away(too_late(patience)),
            Trouble::Refused(error) => error,
        })
    }

    fn why(&self) -> String {
        self.why.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Never nought, which means that the store answers.
    fn after(&self, pause: Duration) -> u64 {
        self.now().saturating_add(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)).max(1)
    }
}

fn too_late(patience: Duration) -> String {
    format!("it did not answer within {} ms", patience.as_millis())
}
