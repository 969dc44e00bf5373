//! Failures over many accounts are one attack: one password at many accounts (spraying), or pairs stolen elsewhere
//! (stuffing; OWASP Credential Stuffing Prevention). Each account alone sees only one or two of them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::Place;
use portcullis::layers::caller::session::Notice;

/// What is looked at together.
const WINDOW: Duration = Duration::from_secs(10 * 60);
/// So many accounts at which one place fails are no mistakes of typing.
const ACCOUNTS_OF_ONE_PLACE: usize = 10;
/// So many accounts at which failures stand against few successes.
const ACCOUNTS_OF_ALL: usize = 50;
/// Failures for each success that are usual at most.
const USUAL: u64 = 3;
/// The most accounts and places that are told apart.
const BOUND: usize = 20_000;

/// What failed within the window.
#[derive(Default)]
pub(super) struct Attack {
    begun: Duration,
    failures: u64,
    successes: u64,
    accounts: HashSet<u64>,
    /// By place, the accounts at which it failed: few, until it is told.
    places: HashMap<Place, Tried>,
    /// At how many accounts the next notice is due.
    next: usize,
    lasts_until: Duration,
}

enum Tried {
    Few(Vec<u64>),
    Told,
}

impl Attack {
    /// Whether one is going on.
    pub(super) fn lasts(&self, now: Duration) -> bool {
        now < self.lasts_until
    }

    pub(super) fn succeeded(&mut self, now: Duration) {
        self.turn(now);
        self.successes += 1;
    }

    /// A failure of a stranger; what is to be told of it.
    pub(super) fn failed(&mut self, account: u64, place: Place, now: Duration) -> Vec<Notice> {
        self.turn(now);
        self.failures += 1;
        if self.accounts.len() < BOUND {
            self.accounts.insert(account);
        }
        let mut notices = Vec::new();
        if self.places.len() < BOUND || self.places.contains_key(&place) {
            let tried = self.places.entry(place).or_insert_with(|| Tried::Few(Vec::new()));
            if let Tried::Few(few) = tried {
                if !few.contains(&account) {
                    few.push(account);
                }
                if few.len() >= ACCOUNTS_OF_ONE_PLACE {
                    *tried = Tried::Told;
                    notices.push(Notice {
                        code: "sign_in.spraying",
                        user: None,
                        detail: format!(
                            "one address failed at {ACCOUNTS_OF_ONE_PLACE} accounts within {} minutes",
                            WINDOW.as_secs() / 60
                        ),
                    });
                }
            }
        }
        let unusual = self.failures > self.successes.saturating_mul(USUAL);
        if self.accounts.len() >= self.next.max(ACCOUNTS_OF_ALL) && unusual {
            self.next = self.accounts.len().saturating_mul(2);
            self.lasts_until = now.saturating_add(WINDOW);
            notices.push(Notice {
                code: "sign_in.attack",
                user: None,
                detail: format!(
                    "{} sign-ins failed at {} accounts from {} addresses within {} minutes, {} succeeded: somebody \
                     tries passwords at many accounts",
                    self.failures,
                    self.accounts.len(),
                    self.places.len(),
                    WINDOW.as_secs() / 60,
                    self.successes
                ),
            });
        }
        notices
    }

    /// Begins a new window when the old one is over.
    fn turn(&mut self, now: Duration) {
        if now.saturating_sub(self.begun) >= WINDOW {
            *self = Self { begun: now, lasts_until: self.lasts_until, ..Self::default() };
        }
    }
}
