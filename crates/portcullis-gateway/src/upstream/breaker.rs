//! Circuit breaking: a server that keeps failing is left alone for a while, so that requests fail fast or
//! go elsewhere, and it gets the quiet to recover.
//!
//! ```text
//! closed ──(failures in a row)──▶ open ──(time)──▶ one request tries ──success──▶ closed
//!                                  ▲                      │
//!                                  └──(twice as long)── failure
//! ```
//!
//! By default only connections that fail count. Which requests time out or break the app is in the hands of
//! whoever sends them: a few of those in a row must not shut everybody else out (CWE-400).

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// When a circuit opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// How many requests in a row must fail; 0 never opens it.
    pub failures: u32,
    /// How long it is open at first; each failed try doubles it.
    pub open: Duration,
    /// The longest.
    pub most: Duration,
    /// Whether answers that do not come, or break off, count besides connections that fail.
    pub counts_answers: bool,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failures: 5,
            open: Duration::from_secs(1),
            most: Duration::from_secs(30),
            counts_answers: false,
        }
    }
}

/// The circuit of one server, shared by all threads. Times are milliseconds on any clock that only grows.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    in_a_row: AtomicU32,
    /// 0: closed.
    open_until: AtomicU64,
    /// How often it was opened since it was closed.
    openings: AtomicU32,
    trying: AtomicBool,
}

/// Leave to send a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leave {
    /// The circuit is closed.
    Free,
    /// This request is the one that tries whether the server has recovered; its end must be told.
    Try,
}

impl Breaker {
    /// Whether a request would be let through, without letting one.
    pub(crate) fn is_open(&self, now: u64) -> bool {
        let until = self.open_until.load(Ordering::Relaxed);
        until != 0 && (now < until || self.trying.load(Ordering::Relaxed))
    }

    /// Asks for a request; `None` while the circuit is open.
    pub(crate) fn leave(&self, now: u64) -> Option<Leave> {
        let until = self.open_until.load(Ordering::Relaxed);
        if until == 0 {
            return Some(Leave::Free);
        }
        (now >= until && !self.trying.swap(true, Ordering::Relaxed)).then_some(Leave::Try)
    }

    /// How long until a request may try; zero when it may now.
    pub(crate) fn opens_in(&self, now: u64) -> Duration {
        Duration::from_millis(self.open_until.load(Ordering::Relaxed).saturating_sub(now))
    }

    /// The server answered. `true` when that closed the circuit.
    pub(crate) fn succeeded(&self) -> bool {
        // Read first: a line that all threads only read stays in all their caches.
        if self.in_a_row.load(Ordering::Relaxed) != 0 {
            self.in_a_row.store(0, Ordering::Relaxed);
        }
        if self.open_until.load(Ordering::Relaxed) == 0 {
            return false;
        }
        self.openings.store(0, Ordering::Relaxed);
        self.trying.store(false, Ordering::Relaxed);
        self.open_until.swap(0, Ordering::Relaxed) != 0
    }

    /// The server did not answer. `true` when that opened the circuit, or opened it again.
    pub(crate) fn failed(&self, settings: &BreakerSettings, leave: Leave, now: u64) -> bool {
        let in_a_row = self.in_a_row.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let closed = self.open_until.load(Ordering::Relaxed) == 0;
        let opens = match leave {
            Leave::Try => true,
            // Those who were on their way when it opened count no more.
            Leave::Free => closed && settings.failures > 0 && in_a_row >= settings.failures,
        };
        if opens {
            let openings = self.openings.fetch_add(1, Ordering::Relaxed).min(16);
            let span = settings.open.saturating_mul(1 << openings).min(settings.most.max(settings.open));
            let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
            self.open_until.store(now.saturating_add(span).max(1), Ordering::Relaxed);
            self.trying.store(false, Ordering::Relaxed);
        }
        opens
    }

    /// The request that tried ended without telling anything of the server: the next one may try.
    pub(crate) fn gave_up(&self, leave: Leave) {
        if leave == Leave::Try {
            self.trying.store(false, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: BreakerSettings = BreakerSettings {
        failures: 3,
        open: Duration::from_millis(100),
        most: Duration::from_millis(300),
        counts_answers: false,
    };

    fn fail(breaker: &Breaker, now: u64) -> bool {
        let leave = breaker.leave(now).unwrap();
        breaker.failed(&SETTINGS, leave, now)
    }

    #[test]
    fn failures_must_come_in_a_row() {
        let breaker = Breaker::default();
        assert!(!fail(&breaker, 0) && !fail(&breaker, 1));
        assert!(!breaker.succeeded());
        assert!(!fail(&breaker, 2) && !fail(&breaker, 3));
        assert!(fail(&breaker, 4));
        assert_eq!(breaker.leave(5), None);
        assert_eq!(breaker.opens_in(5), Duration::from_millis(99));
    }

    #[test]
    fn one_request_tries_and_its_failure_doubles_the_wait() {
        let breaker = Breaker::default();
        for now in 0..3 {
            fail(&breaker, now);
        }
        assert_eq!(breaker.leave(102), Some(Leave::Try));
        assert_eq!(breaker.leave(102), None, "one tries, the others do not");
        assert!(breaker.failed(&SETTINGS, Leave::Try, 110));
        assert_eq!((breaker.leave(309), breaker.leave(310)), (None, Some(Leave::Try)));
        assert!(breaker.failed(&SETTINGS, Leave::Try, 400));
        assert_eq!(breaker.opens_in(400), Duration::from_millis(300), "no longer than the most");
        assert_eq!(breaker.leave(700), Some(Leave::Try));
        assert!(breaker.succeeded());
        assert_eq!(breaker.leave(701), Some(Leave::Free));
    }

    #[test]
    fn a_try_that_tells_nothing_is_tried_again() {
        let breaker = Breaker::default();
        for now in 0..3 {
            fail(&breaker, now);
        }
        assert_eq!(breaker.leave(200), Some(Leave::Try));
        breaker.gave_up(Leave::Try);
        assert_eq!(breaker.leave(201), Some(Leave::Try));
    }

    #[test]
    fn without_a_number_it_never_opens() {
        let breaker = Breaker::default();
        let never = BreakerSettings { failures: 0, ..SETTINGS };
        for now in 0..100 {
            assert!(!breaker.failed(&never, Leave::Free, now));
        }
        assert_eq!(breaker.leave(100), Some(Leave::Free));
    }
}
