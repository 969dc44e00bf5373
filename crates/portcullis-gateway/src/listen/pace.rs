//! How long the gate waits for a client that is slow, in sending or in taking.
//!
//! **Attack.** A body a byte at a time (slow POST), an answer taken a byte at a time (slow read), each kept
//! up for ever: what little comes resets every time-out that only asks for silence (CWE-400).
//!
//! **What is decided.** A client has a credit of waiting, at most as long as the longest silence. The time
//! that the gate waits for it is taken from the credit; each byte that moves gives some back, a second for
//! as many as the least rate asks in a second. Whoever is faster than that can be waited for without end,
//! and nobody can be silent longer than the longest silence.

use std::time::Duration;

use tokio::time::Instant;

/// What is asked of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// The longest silence.
    pub silence: Duration,
    /// Bytes a second; 0 asks for no rate.
    pub rate: u64,
}

/// One client, in one direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    demand: Demand,
    credit: Duration,
    since: Option<Instant>,
}

impl Pace {
    /// Nothing was waited for yet.
    pub(crate) fn new(demand: Demand) -> Self {
        Self { demand, credit: demand.silence, since: None }
    }

    /// The gate waits, from `now` on unless it did before: until when it will.
    pub(crate) fn waits(&mut self, now: Instant) -> Option<Instant> {
        self.since.get_or_insert(now).checked_add(self.credit)
    }

    /// So many bytes moved.
    pub(crate) fn moved(&mut self, bytes: usize, now: impl FnOnce() -> Instant) {
        // Most of the time nobody was waited for: no look at the clock.
        let Some(since) = self.since.take() else { return };
        let waited = now().saturating_duration_since(since);
        let earned =
            match u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(1000).checked_div(self.demand.rate)
            {
                Some(milliseconds) => Duration::from_millis(milliseconds),
                None => self.demand.silence,
            };
        self.credit = self.credit.saturating_sub(waited).saturating_add(earned).min(self.demand.silence);
    }

    /// Whether this client is waited for.
    pub(crate) fn is_waiting(&self) -> bool {
        self.since.is_some()
    }

    /// Something else is waited for than this client.
    pub(crate) fn rests(&mut self) {
        self.since = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMAND: Demand = Demand { silence: Duration::from_secs(30), rate: 500 };

    /// Waits, and then gets so many bytes, again and again: after how many seconds patience is over.
    fn lasts(demand: Demand, every: Duration, bytes: usize) -> Option<u64> {
        let start = Instant::now();
        let (mut pace, mut now) = (Pace::new(demand), start);
        for _ in 0..100_000 {
            let deadline = pace.waits(now).unwrap();
            if now + every > deadline {
                return Some((deadline - start).as_secs());
            }
            now += every;
            pace.moved(bytes, || now);
        }
        None
    }

    #[test]
    fn who_keeps_the_rate_is_waited_for_without_end() {
        assert_eq!(lasts(DEMAND, Duration::from_secs(1), 500), None);
        assert_eq!(lasts(DEMAND, Duration::from_secs(20), 10_000), None);
    }

    #[test]
    fn a_drop_now_and_then_does_not_buy_time() {
        assert_eq!(lasts(DEMAND, Duration::from_secs(10), 1), Some(30));
        assert_eq!(lasts(DEMAND, Duration::from_secs(1), 250), Some(59));
    }

    #[test]
    fn a_fast_beginning_does_not_either() {
        let mut pace = Pace::new(DEMAND);
        let mut now = Instant::now();
        pace.waits(now);
        now += Duration::from_secs(1);
        pace.moved(1_000_000_000, || now);
        assert_eq!(pace.waits(now), Some(now + DEMAND.silence));
    }

    #[test]
    fn without_a_rate_only_silence_counts() {
        let demand = Demand { rate: 0, ..DEMAND };
        assert_eq!(lasts(demand, Duration::from_secs(29), 1), None);
        assert_eq!(lasts(demand, Duration::from_secs(31), 1_000_000), Some(30));
    }
}
