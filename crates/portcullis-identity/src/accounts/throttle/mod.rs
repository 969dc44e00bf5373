//! How often a sign-in may be tried.
//!
//! - Counted by account and by address ([`Place`]). What went wrong is counted after the answer, so that a delay
//!   never tells whether a guess was right; what is still being answered counts meanwhile, so that a thousand guesses
//!   at once are not one (CWE-307).
//! - Delays grow with each failure. An account without an owner is counted like any other: nothing here tells
//!   whether one exists.
//! - A stranger who guesses must not lock the owner out: a device that has signed in to this account before shows a
//!   signed cookie ([`devices`]) and has an allowance of its own (OWASP, "Slow Down Online Guessing Attacks with
//!   Device Cookies"). From a new device the way by mail stays open.
//! - Failures over many accounts are seen as one attack ([`attack`]): recorded once, and strangers are given less
//!   while it lasts.
//! - Memory has a bound ([`table`]).
//!
//! Each gate counts in its memory, and [`Counting`] besides in the store of sessions, which gates share: two gates and a
//! restart give nobody more tries. What is an attack each gate sees for itself.

mod attack;
pub mod devices;
mod pace;
mod shared;
mod table;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::attack::Attack;
use self::devices::Device;
use self::pace::Kind;
pub use self::shared::{Counting, Leave};
use self::table::{Subject, Table};
use super::email::Email;
use super::token::digest;
use portcullis::layers::caller::session::Notice;

/// Where a try comes from: an IPv4 address, or the /64 that one customer has of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place(u128);

impl Place {
    /// The place of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(four) => u128::from(u32::from(four)),
            IpAddr::V6(six) => (u128::from(six) >> 64 << 64) | 1,
        })
    }
}

/// How much is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Failures at one account before the first delay.
    pub account: u32,
    /// Failures from one place before the first delay; one is forgiven each minute.
    pub place: u32,
    /// Failures of a known device before it is treated like any other.
    pub device: u32,
    /// Letters to one address that wait to be forgiven, one each quarter of an hour.
    pub letters: u32,
    /// Letters that one place causes, of which one is forgiven each minute.
    pub letters_from: u32,
    /// How many subjects are remembered.
    pub remembered: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { account: 5, place: 20, device: 10, letters: 5, letters_from: 30, remembered: 65_536 }
    }
}

/// The counts.
pub struct Throttle {
    limits: Limits,
    state: Mutex<State>,
}

struct State {
    table: Table,
    attack: Attack,
}

/// Failures that cost no delay.
#[derive(Debug, Clone, Copy)]
struct Free {
    place: u32,
    account: u32,
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was the password.
    Right,
    /// It was not.
    Wrong,
}

/// Leave to try once. What is dropped without an answer is not counted: nobody learned anything.
#[must_use]
pub struct Permit {
    throttle: Arc<Throttle>,
    account: Subject,
    place: Place,
    /// Set where the allowance of a known device was used.
    device: Option<Subject>,
    settled: bool,
}

impl Throttle {
    /// Counts by these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Arc<Self> {
        let state = State { table: Table::new(limits.remembered), attack: Attack::default() };
        Arc::new(Self { limits, state: Mutex::new(state) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many failures are free now.
    fn free(&self, state: &State, now: Duration) -> Free {
        let lenient = if state.attack.lasts(now) { 4 } else { 1 };
        Free { place: self.limits.place / lenient, account: (self.limits.account / lenient).max(1) }
    }

    /// Asks for leave to try.
    ///
    /// # Errors
    /// With how long to wait.
    pub fn begin(
        self: &Arc<Self>,
        email: &Email,
        place: Place,
        device: Option<Device>,
        now: Duration,
    ) -> Result<Permit, Duration> {
        let mut state = self.lock();
        let account = Subject::new(Kind::Account, digest(email.as_str().as_bytes()).0);
        let permit = |device| Permit { throttle: self.clone(), account, place, device, settled: false };
        if let Some(device) = device {
            let subject = Subject::number(Kind::Device, device.name);
            if state.table.pending(subject, now) < self.limits.device {
                state.table.hold(subject, now);
                return Ok(permit(Some(subject)));
            }
        }
        let free = self.free(&state, now);
        let from = Subject::number(Kind::Place, place.0);
        let waits = [state.table.wait(from, free.place, now), state.table.wait(account, free.account, now)];
        if let Some(wait) = waits.into_iter().flatten().max() {
            return Err(wait);
        }
        state.table.hold(account, now);
        Ok(permit(None))
    }

    /// How long to wait until this place may cause letters again, if it has caused too many: told openly, since it has
    /// to do with no account.
    pub fn has_written_too_much(&self, place: Place, now: Duration) -> Option<Duration> {
        let pending = self.lock().table.pending(Subject::number(Kind::LettersFrom, place.0), now);
        (pending >= self.limits.letters_from).then_some(Duration::from_secs(60))
    }

    /// Whether one more letter may be sent to this address for somebody at this place.
    pub fn may_write(&self, email: &Email, place: Place, now: Duration) -> bool {
        let mut state = self.lock();
        let to = Subject::new(Kind::Letters, digest(email.as_str().as_bytes()).0);
        let from = Subject::number(Kind::LettersFrom, place.0);
        let room = state.table.pending(to, now) < self.limits.letters
            && state.table.pending(from, now) < self.limits.letters_from;
        if room {
            state.table.fail(to, now);
            state.table.fail(from, now);
        }
        room
    }
}

impl Permit {
    /// Whether a known device's own allowance was used.
    #[must_use]
    pub fn is_of_known_device(&self) -> bool {
        self.device.is_some()
    }

    /// Counts how it ended; tells of an attack that this shows.
    pub fn settle(mut self, ended: Ended, now: Duration) -> Vec<Notice> {
        self.settled = true;
        let throttle = self.throttle.clone();
        let mut state = throttle.lock();
        let held = self.device.unwrap_or(self.account);
        state.table.release(held);
        match (ended, self.device) {
            (Ended::Right, _) => {
                state.table.forget(held);
                state.attack.succeeded(now);
                Vec::new()
            }
            (Ended::Wrong, Some(device)) => {
                state.table.fail(device, now);
                Vec::new()
            }
            (Ended::Wrong, None) => {
                state.table.fail(self.account, now);
                state.table.fail(Subject::number(Kind::Place, self.place.0), now);
                state.attack.failed(self.account.short(), self.place, now)
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.settled {
            self.throttle.lock().table.release(self.device.unwrap_or(self.account));
        }
    }
}

#[cfg(test)]
mod tests;
