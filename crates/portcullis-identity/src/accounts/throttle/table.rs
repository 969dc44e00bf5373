//! What is remembered of each subject, within a bound.

use std::collections::HashMap;
use std::time::Duration;

use portcullis_store::{Key, Tally};

use super::pace::{DAY, Kind, delay, left, one_more};
use crate::random::digest;

/// One of what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Subject {
    kind: Kind,
    name: u128,
}

impl Subject {
    pub(super) fn new(kind: Kind, digest: [u8; 32]) -> Self {
        let name = digest.first_chunk::<16>().map_or(0, |bytes| u128::from_be_bytes(*bytes));
        Self { kind, name }
    }

    pub(super) const fn number(kind: Kind, name: u128) -> Self {
        Self { kind, name }
    }

    pub(super) const fn kind(self) -> Kind {
        self.kind
    }

    /// Under which gates share its count.
    pub(super) fn key(self) -> Key {
        Key(digest(&[b"tries", self.kind.name().as_bytes(), &self.name.to_be_bytes()]))
    }

    /// Tells it apart from others of its kind, well enough to count them.
    pub(super) const fn short(self) -> u64 {
        #[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
        let low = self.name as u64;
        low
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    failures: Option<Tally>,
    /// Tries that have no answer yet.
    held: u32,
}

impl Count {
    fn failed(&self) -> u32 {
        self.failures.map_or(0, |tally| tally.count)
    }

    fn last(&self) -> Duration {
        self.failures.map_or(Duration::ZERO, |tally| tally.last)
    }
}

/// Counts for a bounded number of subjects. When it is full, those with least to remember go first, so that new
/// names by the thousand don't wash out the one that is being guessed at.
pub(super) struct Table {
    counts: HashMap<Subject, Count>,
    most: usize,
}

impl Table {
    pub(super) fn new(most: usize) -> Self {
        Self { counts: HashMap::new(), most: most.max(16) }
    }

    /// Failures and tries without an answer.
    pub(super) fn pending(&mut self, subject: Subject, now: Duration) -> u32 {
        self.current(subject, now).map_or(0, |count| count.failed().saturating_add(count.held))
    }

    /// How long to wait before the next try, if at all; `free` failures cost nothing.
    pub(super) fn wait(&mut self, subject: Subject, free: u32, now: Duration) -> Option<Duration> {
        let count = self.current(subject, now)?;
        if count.failed().saturating_add(count.held) < free {
            return None;
        }
        if count.failed() < free || count.held > 0 {
            // The answers that are on their way decide.
            return (count.held > 0).then_some(Duration::from_secs(1));
        }
        count.failures.and_then(|tally| delay(subject.kind, tally, free, now))
    }

    pub(super) fn hold(&mut self, subject: Subject, now: Duration) {
        let count = self.entry(subject, now);
        count.held = count.held.saturating_add(1);
    }

    pub(super) fn release(&mut self, subject: Subject) {
        if let Some(count) = self.counts.get_mut(&subject) {
            count.held = count.held.saturating_sub(1);
            if count.held == 0 && count.failures.is_none() {
                self.counts.remove(&subject);
            }
        }
    }

    pub(super) fn fail(&mut self, subject: Subject, now: Duration) {
        let count = self.entry(subject, now);
        count.failures = Some(one_more(count.failures, now));
    }

    /// Nothing went wrong any more.
    pub(super) fn forget(&mut self, subject: Subject) {
        if let Some(count) = self.counts.get_mut(&subject) {
            count.failures = None;
            if count.held == 0 {
                self.counts.remove(&subject);
            }
        }
    }

    /// What is left of the count by now.
    fn current(&mut self, subject: Subject, now: Duration) -> Option<Count> {
        let count = self.counts.get_mut(&subject)?;
        count.failures = count.failures.and_then(|tally| left(subject.kind, tally, now));
        let count = *count;
        if count.failures.is_none() && count.held == 0 {
            self.counts.remove(&subject);
            return None;
        }
        Some(count)
    }

    fn entry(&mut self, subject: Subject, now: Duration) -> &mut Count {
        if self.counts.len() >= self.most && !self.counts.contains_key(&subject) {
            self.make_room(now);
        }
        self.counts.entry(subject).or_default()
    }

    /// Takes out a sixteenth: what is over, then what has the fewest failures and lies longest back.
    fn make_room(&mut self, now: Duration) {
        self.counts.retain(|_, count| count.held > 0 || now.saturating_sub(count.last()) < DAY);
        let target = self.most - self.most / 16;
        if self.counts.len() <= target {
            return;
        }
        let mut order = self
            .counts
            .iter()
            .filter(|(_, count)| count.held == 0)
            .map(|(subject, count)| (count.failed(), count.last(), *subject))
            .collect::<Vec<_>>();
        order.sort_unstable_by_key(|(failures, last, _)| (*failures, *last));
        for (_, _, subject) in order.into_iter().take(self.counts.len() - target) {
            self.counts.remove(&subject);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }
}
