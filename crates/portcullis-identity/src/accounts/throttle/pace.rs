//! How many failures cost how long a delay, whoever keeps the count.

use std::time::Duration;

use portcullis_store::Tally;

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
    /// As gates that share counts call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Place => "place",
            Self::Device => "device",
            Self::Letters => "letters",
            Self::LettersFrom => "letters from",
        }
    }

    /// How long until one failure is forgiven; `None` where only a long quiet forgives them all.
    pub(super) const fn forgives_one_in(self) -> Option<Duration> {
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
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What is left of a count by now; `None` where all is forgiven.
pub(super) fn left(kind: Kind, mut tally: Tally, now: Duration) -> Option<Tally> {
    match kind.forgives_one_in() {
        None if now.saturating_sub(tally.last) >= DAY => tally.count = 0,
        None => {}
        Some(each) => {
            let forgiven = now.saturating_sub(tally.since).as_secs() / each.as_secs().max(1);
            let fewer = u32::try_from(forgiven).unwrap_or(u32::MAX);
            tally.count = tally.count.saturating_sub(fewer);
            tally.since = tally.since.saturating_add(each.saturating_mul(fewer));
        }
    }
    (tally.count > 0).then_some(tally)
}

/// One failure more than what was left.
pub(super) fn one_more(left: Option<Tally>, now: Duration) -> Tally {
    let before = left.unwrap_or(Tally { count: 0, last: now, since: now });
    Tally { count: before.count.saturating_add(1), last: now, ..before }
}

/// How long to wait after these failures before the next try, if at all; `free` of them cost nothing.
pub(super) fn delay(kind: Kind, tally: Tally, free: u32, now: Duration) -> Option<Duration> {
    let doublings = tally.count.checked_sub(free)?.min(20);
    let delay = Duration::from_secs(1 << doublings).min(kind.longest_delay(tally.count));
    tally.last.saturating_add(delay).checked_sub(now).filter(|wait| !wait.is_zero())
}
