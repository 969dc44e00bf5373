//! Who is banned, and who is on the way there.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use portcullis::layers::caller::rate::{Ban, Offence, Offender, RateKey, Subject};
use portcullis::{Event, Mode};
use serde::{Deserialize, Serialize};

use super::micros;
use super::table::Table;

/// How many callers' refusals are counted at once.
const OFFENDERS: usize = 1 << 16;
/// How many bans are listed; the one that ends first gives way.
const MOST: usize = 10_000;

/// One ban, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Banned {
    /// The exchange that led to it; `portcullis explain` tells of it.
    pub id: String,
    /// Who: an address, or a session or browser at one.
    pub who: String,
    /// The code of the last refusal.
    pub reason: String,
    /// Which ban of this caller it is.
    pub times: u32,
    /// How many seconds it still holds.
    pub seconds_left: u64,
    /// Whether it is only recorded.
    pub observed: bool,
}

struct Entry {
    id: String,
    who: String,
    reason: &'static str,
    times: u32,
    until: u64,
    observed: bool,
}

pub(super) struct Bans {
    offenders: Table<Offender>,
    entries: RwLock<HashMap<RateKey, Entry>>,
    /// So that where nobody is banned no lock is taken.
    count: AtomicUsize,
}

impl Bans {
    pub(super) fn new() -> Self {
        Self { offenders: Table::new(OFFENDERS), entries: RwLock::default(), count: AtomicUsize::new(0) }
    }

    /// The ban that holds for one of `keys`.
    pub(super) fn look(&self, keys: &[RateKey], now: Duration) -> Option<Ban> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let now = micros(now);
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let entry = keys.iter().filter_map(|key| entries.get(key)).find(|entry| entry.until > now)?;
        let left = Duration::from_micros(entry.until.saturating_sub(now));
        Some(Ban { left, id: entry.id.clone(), observed: entry.observed })
    }

    pub(super) fn offend(&self, offence: &Offence) -> Vec<Event> {
        let now = micros(offence.now);
        let mut events = Vec::new();
        for (subject, key, who) in &offence.against {
            let counted = self.offenders.with(*key, now, |state| {
                state.offend(*subject, &offence.rules, offence.now).map(|length| (length, *state))
            });
            let Some((length, state)) = counted else { continue };
            let observed = offence.rules.mode == Mode::Observe;
            let entry = Entry {
                id: offence.id.clone(),
                who: who.clone(),
                reason: offence.code,
                times: state.times,
                until: state.until,
                observed,
            };
            self.insert(*key, entry, now);
            metrics::counter!("portcullis_bans_total").increment(1);
            events.push(told(offence, *subject, who, length, observed));
        }
        events
    }

    pub(super) fn list(&self, now: Duration) -> Vec<Banned> {
        let now = micros(now);
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<Banned> =
            entries.values().filter(|entry| entry.until > now).map(|entry| entry.banned(now)).collect();
        list.sort_by(|left, right| {
            right.seconds_left.cmp(&left.seconds_left).then_with(|| left.id.cmp(&right.id))
        });
        list
    }

    pub(super) fn lift(&self, which: &str, now: Duration) -> Vec<Banned> {
        let micros = micros(now);
        let mut lifted = Vec::new();
        let mut keys = Vec::new();
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|key, entry| {
            // An address frees everybody behind it, the guests that are banned one by one too.
            let at = entry.who.split([' ']).any(|word| word == which);
            let meant = which == "all" || entry.id == which || at;
            if meant && entry.until > micros {
                lifted.push(entry.banned(micros));
            }
            if meant {
                keys.push(*key);
            }
            !meant
        });
        self.count.store(entries.len(), Ordering::Relaxed);
        drop(entries);
        for key in keys {
            // Lifted is forgiven: the next ban is a first one again.
            self.offenders.with(key, micros, |state| *state = Offender::default());
        }
        lifted
    }

    fn insert(&self, key: RateKey, entry: Entry, now: u64) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MOST {
            entries.retain(|_, entry| entry.until > now);
        }
        if entries.len() >= MOST
            && let Some(first) = entries.iter().min_by_key(|(_, entry)| entry.until).map(|(key, _)| *key)
        {
            entries.remove(&first);
        }
        entries.insert(key, entry);
        self.count.store(entries.len(), Ordering::Relaxed);
    }
}

impl Entry {
    fn banned(&self, now: u64) -> Banned {
        Banned {
            id: self.id.clone(),
            who: self.who.clone(),
            reason: self.reason.to_owned(),
            times: self.times,
            seconds_left: self.until.saturating_sub(now).div_ceil(1_000_000),
            observed: self.observed,
        }
    }
}

fn told(offence: &Offence, subject: Subject, who: &str, length: Duration, observed: bool) -> Event {
    let would = if observed { "would be" } else { "is" };
    let scope = match subject {
        Subject::Guest => "",
        Subject::Address => ", with everybody behind it",
    };
    let sentence = format!(
        "`{who}`{scope} {would} banned for {} s after refusals that kept coming, the last for `{}`",
        length.as_secs().max(1),
        offence.code
    );
    Event::change(offence.now, "portcullis.banned", &sentence).about(&offence.id)
}
