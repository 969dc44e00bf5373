//! The generic cell rate algorithm: one number for each key, no timer, no queue.

use std::time::Duration;

/// How much, how fast, and how much at once. All spans in microseconds, so that the same arithmetic is exact
/// in the double precision of a Redis script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many requests a window has, for telling.
    pub requests: u64,
    /// The window in microseconds.
    pub window: u64,
    /// The time in which one request's allowance comes back, in microseconds.
    pub interval: u64,
    /// How many requests may come at once.
    pub burst: u64,
}

/// The state of one key: the theoretical arrival time of the next conforming request, in microseconds since
/// the epoch. Zero, and every time in the past, means a whole allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bucket {
    /// The theoretical arrival time.
    pub due: u64,
}

/// What a draw came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Whether there was enough.
    pub granted: bool,
    /// How many requests are left to be made at once.
    pub remaining: u64,
    /// Until the draw could succeed; zero when it did.
    pub retry_after: Duration,
    /// Until the allowance is whole again.
    pub reset: Duration,
    /// Denied, and told of a moment ago: no event again.
    pub told: bool,
}

impl Quota {
    /// `requests` in each `window`, at most `burst` at once.
    #[must_use]
    pub fn new(requests: u64, window: Duration, burst: u64) -> Self {
        let window = micros(window).max(1);
        Self { requests, window, interval: (window / requests.max(1)).max(1), burst: burst.max(1) }
    }

    /// How far ahead of now the theoretical arrival time may be.
    #[must_use]
    pub fn tolerance(&self) -> u64 {
        self.interval.saturating_mul(self.burst)
    }

    /// The outcome for a theoretical arrival time that was written or refused: one reading for every store.
    #[must_use]
    pub fn allowance(&self, granted: bool, due: u64, cost: u64, now: u64) -> Allowance {
        let ahead = due.saturating_sub(now);
        let wait = if granted {
            0
        } else {
            ahead.saturating_add(cost.saturating_mul(self.interval)).saturating_sub(self.tolerance())
        };
        Allowance {
            granted,
            remaining: self.tolerance().saturating_sub(ahead) / self.interval,
            retry_after: Duration::from_micros(wait),
            reset: Duration::from_micros(ahead),
            told: false,
        }
    }
}

impl Bucket {
    /// Takes `cost` out, if there is as much.
    pub fn draw(&mut self, quota: &Quota, cost: u64, now: u64) -> Allowance {
        let due = self.due.max(now);
        let next = due.saturating_add(cost.saturating_mul(quota.interval));
        let granted = next.saturating_sub(now) <= quota.tolerance();
        if granted {
            self.due = next;
        }
        quota.allowance(granted, if granted { next } else { due }, cost, now)
    }

    /// Puts `cost` back: what it was drawn for did not count.
    pub fn give_back(&mut self, quota: &Quota, cost: u64) {
        self.due = self.due.saturating_sub(cost.saturating_mul(quota.interval));
    }
}

/// Microseconds, as far as they fit.
pub(super) fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
