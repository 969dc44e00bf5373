//! What was read from the store a moment ago, in memory of a fixed size.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis::layers::caller::session::Person;
use portcullis_store::{Key, UserId};

const SHARDS: usize = 32;
/// Sessions in each shard: with what they hold some 20 MiB in all, at the most.
const EACH: usize = 2048;

/// A session as it was read.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) user: UserId,
    pub(super) person: Arc<Person>,
    /// When it was read.
    pub(super) read: Duration,
    /// When its use was last written down.
    pub(super) seen: Duration,
    /// When it ends, if it is not used again before.
    pub(super) end: Duration,
    /// The browser as it called itself when this was read.
    pub(super) agent: Arc<str>,
}

#[derive(Default)]
struct Shard {
    entries: HashMap<[u8; 32], Entry>,
    /// Changes whenever something is forgotten: what was read before must not be remembered after.
    epoch: u64,
}

pub(super) struct Cache {
    shards: Vec<Mutex<Shard>>,
    memory: Duration,
}

/// When a look at the store began.
#[derive(Clone, Copy)]
pub(super) struct Epoch(u64);

impl Cache {
    pub(super) fn new(memory: Duration) -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), memory }
    }

    /// What is remembered of the session and may be answered at `now`.
    pub(super) fn get(&self, key: Key, now: Duration) -> Option<Entry> {
        let shard = self.shard(key)?;
        let entry = shard.entries.get(&key.0)?;
        let age = now.checked_sub(entry.read)?;
        (age < self.memory && now < entry.end).then(|| entry.clone())
    }

    /// To be asked before the store is.
    pub(super) fn epoch(&self, key: Key) -> Epoch {
        Epoch(self.shard(key).map_or(0, |shard| shard.epoch))
    }

    /// Remembers what was read since `epoch`, unless something has been forgotten meanwhile.
    pub(super) fn put(&self, key: Key, epoch: Epoch, entry: Entry) {
        let (now, memory) = (entry.read, self.memory);
        let Some(mut shard) = self.shard(key).filter(|shard| shard.epoch == epoch.0) else { return };
        if shard.entries.len() >= EACH && !shard.entries.contains_key(&key.0) {
            shard.entries.retain(|_, old| now.saturating_sub(old.read) < memory);
            if shard.entries.len() >= EACH {
                // More in use at once than fit: this one is looked up each time.
                return;
            }
        }
        shard.entries.insert(key.0, entry);
    }

    pub(super) fn forget(&self, key: Key) {
        if let Some(mut shard) = self.shard(key) {
            shard.epoch = shard.epoch.wrapping_add(1);
            shard.entries.remove(&key.0);
        }
    }

    /// Forgets a user's sessions: what they may has changed.
    pub(super) fn forget_user(&self, user: UserId) {
        for shard in &self.shards {
            let mut shard = locked(shard);
            shard.epoch = shard.epoch.wrapping_add(1);
            shard.entries.retain(|_, entry| entry.user != user);
        }
    }

    fn shard(&self, key: Key) -> Option<MutexGuard<'_, Shard>> {
        let [first, ..] = key.0;
        self.shards.get(usize::from(first) % SHARDS).map(locked)
    }
}

fn locked(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
