//! What is remembered of each subject, within a bound.

use std::collections::HashMap;
use std::time::Duration;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Account,
    Place,
    Device,
    Letters,
    LettersFrom,
}

impl Kind {
    /// How long until one failure is forgiven; `None` where only a long quiet forgives them all.
    const fn forgives_one_in(self) -> Option<Duration> {
        match self {
            Self::Account | Self::Device => None,
            Self::Place | Self::LettersFrom => Some(Duration::from_secs(60)),
            Self::Letters => Some(Duration::from_secs(15 * 60)),
        }
    }

    /// The longest delay after so many failures. NIST SP 800-63B-4 section 3.2.2 allows a hundred in a row: from
    /// there on a stranger has one a day.
    const fn longest_delay(self, failures: u32) -> Duration {
        match self {
            Self::Account if failures >= 100 => DAY,
            Self::Account | Self::Device => Duration::from_secs(60 * 60),
            Self::Place | Self::Letters | Self::LettersFrom => Duration::from_secs(15 * 60),
        }
    }
}

/// After so long a quiet all is forgiven.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

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

    /// Tells it apart from others of its kind, well enough to count them.
    pub(super) const fn short(self) -> u64 {
        #[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
        let low = self.name as u64;
        low
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    failures: u32,
    /// When the last one was.
    last: Duration,
    /// From when on the next one is being forgiven.
    since: Duration,
    /// Tries that have no answer yet.
    held: u32,
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
        self.current(subject, now).map_or(0, |count| count.failures.saturating_add(count.held))
    }

    /// How long to wait before the next try, if at all; `free` failures cost nothing.
    pub(super) fn wait(&mut self, subject: Subject, free: u32, now: Duration) -> Option<Duration> {
        let count = self.current(subject, now)?;
        if count.failures.saturating_add(count.held) < free {
            return None;
        }
        if count.failures < free || count.held > 0 {
            // The answers that are on their way decide.
            return (count.held > 0).then_some(Duration::from_secs(1));
        }
        let doublings = (count.failures - free).min(20);
        let delay = Duration::from_secs(1 << doublings).min(subject.kind.longest_delay(count.failures));
        let end = count.last.saturating_add(delay);
        end.checked_sub(now).filter(|wait| !wait.is_zero())
    }

    pub(super) fn hold(&mut self, subject: Subject, now: Duration) {
        let count = self.entry(subject, now);
        count.held = count.held.saturating_add(1);
    }

    pub(super) fn release(&mut self, subject: Subject) {
        if let Some(count) = self.counts.get_mut(&subject) {
            count.held = count.held.saturating_sub(1);
            if count.held == 0 && count.failures == 0 {
                self.counts.remove(&subject);
            }
        }
    }

    pub(super) fn fail(&mut self, subject: Subject, now: Duration) {
        let count = self.entry(subject, now);
        if count.failures == 0 {
            count.since = now;
        }
        count.last = now;
        count.failures = count.failures.saturating_add(1);
    }

    /// Nothing went wrong any more.
    pub(super) fn forget(&mut self, subject: Subject) {
        if let Some(count) = self.counts.get_mut(&subject) {
            count.failures = 0;
            if count.held == 0 {
                self.counts.remove(&subject);
            }
        }
    }

    /// What is left of the count by now.
    fn current(&mut self, subject: Subject, now: Duration) -> Option<Count> {
        let count = self.counts.get_mut(&subject)?;
        match subject.kind.forgives_one_in() {
            None if now.saturating_sub(count.last) >= DAY => count.failures = 0,
            None => {}
            Some(each) => {
                let forgiven = now.saturating_sub(count.since).as_secs() / each.as_secs().max(1);
                let fewer = u32::try_from(forgiven).unwrap_or(u32::MAX);
                count.failures = count.failures.saturating_sub(fewer);
                count.since = count.since.saturating_add(each.saturating_mul(fewer));
            }
        }
        let count = *count;
        if count.failures == 0 && count.held == 0 {
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
        self.counts.retain(|_, count| count.held > 0 || now.saturating_sub(count.last) < DAY);
        let target = self.most - self.most / 16;
        if self.counts.len() <= target {
            return;
        }
        let mut order = self
            .counts
            .iter()
            .filter(|(_, count)| count.held == 0)
            .map(|(subject, count)| (count.failures, count.last, *subject))
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
