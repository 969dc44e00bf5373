//! The letters that wait in the store, and the thread that sends them.
//!
//! A letter is kept before it is sent, so that it outlives this process, and gone once the mail server took it. Whoever
//! is killed between the two has sent it without knowing: it is sent once more then, under the same `Message-ID`. SMTP
//! knows no better (RFC 1047). Gates that share a store share its letters: each is taken by one of them.

use std::sync::Arc;
use std::time::Duration;

use portcullis::keys::Keyring;
use portcullis::layers::caller::session::Notice;
use portcullis_store::{Key, Letter as Waiting, People, StoreError};
use tokio::sync::{Notify, watch};

use super::smtp::{PostError, Setting, Smtp, Unsent};
use super::{Letter, kept};
use crate::accounts::{Writer, Written};
use crate::random::random;

/// How many letters wait at most.
const WAITING: u32 = 4096;
/// How many are taken at once; with [`LEASE`] long enough for all of them.
const TOGETHER: u32 = 4;
/// How long a letter that was taken is left to whoever took it.
const LEASE: Duration = Duration::from_secs(120);
/// How often is looked for letters of others: of a gate that is gone, of a command.
const LOOK: Duration = Duration::from_secs(5);
/// How long to wait before the next try; the last of them again and again, until the letter is no use any more.
const PAUSES: &[Duration] = &[
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
    Duration::from_secs(1800),
];
/// How long the letter that is being sent may take when the gate ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// Tells the time: since the Unix epoch.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Where letters wait.
#[derive(Clone)]
pub struct Outbox {
    people: Arc<dyn People>,
    keys: Keyring,
}

impl Outbox {
    /// Letters wait in the store of people, sealed with these keys.
    #[must_use]
    pub fn new(people: Arc<dyn People>, keys: Keyring) -> Self {
        Self { people, keys }
    }

    /// Keeps a letter to be sent from `now` on by any gate on this store; `false` where too many wait already.
    ///
    /// # Errors
    /// When the store is away or the system has no randomness: it is not kept.
    pub async fn keep(&self, letter: &Letter, now: Duration) -> Result<bool, StoreError> {
        let drawn = random().map_err(|_| StoreError::Away("the system gives no randomness".to_owned()))?;
        let id = Key(drawn);
        let content = kept::close(letter, id, &self.keys)
            .ok_or_else(|| StoreError::Away("the system gives no randomness".to_owned()))?;
        let end = now.saturating_add(letter.subject.lasts());
        self.people.keep_letter(Waiting { id, content, end, tries: 0 }, now, WAITING).await
    }
}

/// Sends letters. What waits when it is dropped waits on in the store.
pub struct Post {
    outbox: Outbox,
    wake: Arc<Notify>,
    closing: watch::Sender<bool>,
    thread: Option<std::thread::JoinHandle<()>>,
    tell: Arc<dyn Fn(Notice) + Send + Sync>,
}

impl Post {
    /// Starts the thread; `tell` hears of letters that cannot be sent, from that thread or a caller's.
    ///
    /// # Errors
    /// When the settings cannot work.
    pub fn start(
        setting: Setting,
        outbox: Outbox,
        clock: Clock,
        tell: Arc<dyn Fn(Notice) + Send + Sync>,
    ) -> Result<Self, PostError> {
        Self::with(setting, outbox, clock, tell, LOOK, PAUSES)
    }

    pub(super) fn with(
        setting: Setting,
        outbox: Outbox,
        clock: Clock,
        tell: Arc<dyn Fn(Notice) + Send + Sync>,
        look: Duration,
        pauses: &'static [Duration],
    ) -> Result<Self, PostError> {
        let smtp = Smtp::new(setting)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (wake, (closing, closed)) = (Arc::new(Notify::new()), watch::channel(false));
        let round = Round { smtp, outbox: outbox.clone(), clock, look, pauses, tell: tell.clone() };
        let woken = wake.clone();
        let thread = std::thread::Builder::new()
            .name("mail".to_owned())
            .spawn(move || runtime.block_on(round.serve(&woken, closed)))?;
        Ok(Self { outbox, wake, closing, thread: Some(thread), tell })
    }
}

impl Writer for Post {
    fn send(&self, letter: Letter, now: Duration) -> Written<'_> {
        Box::pin(async move {
            match self.outbox.keep(&letter, now).await {
                Ok(true) => self.wake.notify_one(),
                Ok(false) => (self.tell)(told("mail.dropped", "too many letters wait: one was not kept")),
                Err(error) => (self.tell)(told("mail.dropped", format!("a letter was not kept: {error}"))),
            }
        })
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.closing.send_replace(true);
        // A thread that serves requests, as after a reload, does not wait for a mail server: what is not sent waits in
        // the store.
        let serves = tokio::runtime::Handle::try_current().is_ok();
        if let Some(thread) = self.thread.take().filter(|_| !serves) {
            let _ = thread.join();
        }
    }
}

struct Round {
    smtp: Smtp,
    outbox: Outbox,
    clock: Clock,
    look: Duration,
    pauses: &'static [Duration],
    tell: Arc<dyn Fn(Notice) + Send + Sync>,
}

impl Round {
    /// Letters as they come, and those whose time has come, until it is closed.
    async fn serve(&self, wake: &Notify, mut closed: watch::Receiver<bool>) {
        let people = &self.outbox.people;
        while !*closed.borrow() {
            let now = (self.clock)();
            // A store that is away is told of by whoever asks it for more than this.
            let taken =
                people.take_letters(now, now.saturating_add(LEASE), TOGETHER).await.unwrap_or_default();
            if taken.is_empty() {
                tokio::select! {
                    _ = closed.wait_for(|closed| *closed) => return,
                    _ = tokio::time::timeout(self.look, wake.notified()) => continue,
                }
            }
            for waiting in taken {
                if *closed.borrow() {
                    // Others may have it at once.
                    let _ = people.put_letter_back(waiting.id, now).await;
                    continue;
                }
                tokio::select! {
                    () = self.attempt(&waiting) => {}
                    () = farewell(closed.clone()) => {
                        let _ = people.put_letter_back(waiting.id, (self.clock)()).await;
                    }
                }
            }
        }
    }

    async fn attempt(&self, waiting: &Waiting) {
        let now = (self.clock)();
        let id = waiting.id;
        if waiting.end <= now {
            self.done(id).await;
            return (self.tell)(told("mail.given_up", "a letter was given up: it is no use any more"));
        }
        let Some(letter) = kept::open(&waiting.content, id, &self.outbox.keys) else {
            if waiting.tries == 1 {
                (self.tell)(told("mail.unreadable", "a letter waits that another key sealed"));
            }
            return self.again(waiting, now).await;
        };
        match self.smtp.send(&letter, id).await {
            Ok(()) => self.done(id).await,
            Err(Unsent::Away(reason)) => {
                if waiting.tries == 1 {
                    let detail = format!("the mail server is away, and is tried again: {reason}");
                    (self.tell)(told("mail.away", detail));
                }
                self.again(waiting, now).await;
            }
            Err(refused @ Unsent::Refused(_)) => {
                self.done(id).await;
                (self.tell)(told("mail.refused", refused.to_string()));
            }
            Err(Unsent::Unwritable) => {
                self.done(id).await;
                (self.tell)(told("mail.unsendable", Unsent::Unwritable.to_string()));
            }
        }
    }

    /// Some time later; after its end it is told of and given up.
    async fn again(&self, waiting: &Waiting, now: Duration) {
        let tries = usize::try_from(waiting.tries).unwrap_or(usize::MAX).saturating_sub(1);
        let pause = self.pauses.get(tries).or(self.pauses.last()).copied().unwrap_or(LOOK);
        let due = now.saturating_add(pause).min(waiting.end);
        // Where the store is away by now, the lease ends, and it is tried again then.
        let _ = self.outbox.people.put_letter_back(waiting.id, due).await;
    }

    /// It is gone. A store that is away for longer than this sends it again.
    async fn done(&self, id: Key) {
        for _ in 0..5 {
            if self.outbox.people.drop_letter(id).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// Some time after it was closed.
async fn farewell(mut closed: watch::Receiver<bool>) {
    let _ = closed.wait_for(|closed| *closed).await;
    tokio::time::sleep(FAREWELL).await;
}

fn told(code: &'static str, detail: impl Into<String>) -> Notice {
    Notice { code, user: None, detail: detail.into() }
}
