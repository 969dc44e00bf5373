//! What the engine is lent: allowances of callers, and who is banned.
//!
//! The engine decides and keeps nothing; here is what is kept, in memory of a fixed size. Allowances lie in
//! [`table`], bans in [`bans`]; a [`Remote`] store counts those limits that several gates share.

mod bans;
mod table;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use portcullis::Event;
use portcullis::layers::caller::rate::{Allowance, Bucket, Draw, Lent, Needs, Offence};

pub use bans::Banned;
use bans::Bans;
use table::Table;

/// How many allowances are remembered: 24 bytes each.
const ALLOWANCES: usize = 1 << 18;

/// An event for one spent allowance comes no oftener than this.
const TOLD: Duration = Duration::from_secs(10);

/// Counts for several gates at once.
pub trait Remote: Send + Sync + 'static {
    /// Draws all or nothing.
    fn draw<'a>(&'a self, draws: &'a [&'a Draw]) -> Pin<Box<dyn Future<Output = Drawn> + Send + 'a>>;
    /// Puts back what did not count; need not be waited for. Returns them while it is away: they were counted
    /// here.
    fn give_back(&self, draws: Vec<Draw>) -> Vec<Draw>;
}

/// What a shared store answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drawn {
    /// One for each draw.
    Allowances(Vec<Allowance>),
    /// It is away, and this gate counts by itself meanwhile.
    CountHere,
    /// It is away, and the policy says to refuse meanwhile.
    Refuse,
}

/// Keeps allowances and bans. Share it by `Arc`; it outlives every change of the policy.
pub struct Lender {
    allowances: Table<Bucket>,
    told: Table<Bucket>,
    bans: Bans,
    remote: RwLock<Option<Arc<dyn Remote>>>,
}

impl Default for Lender {
    fn default() -> Self {
        Self {
            allowances: Table::new(ALLOWANCES),
            told: Table::new(ALLOWANCES / 16),
            bans: Bans::new(),
            remote: RwLock::new(None),
        }
    }
}

impl Lender {
    /// From now on `remote` counts what is shared; with `None` nothing is.
    pub fn share(&self, remote: Option<Arc<dyn Remote>>) {
        *self.remote.write().unwrap_or_else(PoisonError::into_inner) = remote;
    }

    /// Looks up what a request needs; draws on its allowances, all or nothing.
    pub async fn lend(&self, needs: &Needs, now: Duration) -> Lent {
        let ban = self.bans.look(&needs.bans, now);
        if ban.as_ref().is_some_and(|ban| !ban.observed) || needs.draws.is_empty() {
            // Who is banned costs nothing more.
            return Lent { ban, ..Lent::default() };
        }
        let remote = self.remote.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(remote) = remote else {
            return Lent { ban, allowances: self.draw(needs.draws.iter(), now), store_lost: false };
        };
        // The gate's own limits first: what they refuse need not go over the network.
        let (shared, own): (Vec<&Draw>, Vec<&Draw>) = needs.draws.iter().partition(|draw| draw.limit.shared);
        let mut here = self.draw(own.iter().copied(), now);
        let mut there = Vec::new();
        if !shared.is_empty() {
            if here.iter().any(|one| !one.granted) {
                // Not asked: as full as can be told, and not what the request is refused for.
                there = shared.iter().map(|draw| draw.limit.quota.allowance(true, 0, 0, 0)).collect();
            } else {
                match remote.draw(&shared).await {
                    Drawn::Allowances(list) => there = list,
                    Drawn::CountHere => there = self.draw(shared.iter().copied(), now),
                    Drawn::Refuse => {
                        self.give_back_here(own.into_iter());
                        return Lent { ban, allowances: Vec::new(), store_lost: true };
                    }
                }
                if there.iter().any(|one| !one.granted) {
                    self.give_back_here(own.into_iter());
                }
                self.mark_told(&shared, &mut there, now);
            }
        }
        let (mut here, mut there) = (here.drain(..), there.drain(..));
        let in_order =
            needs.draws.iter().map_while(|draw| if draw.limit.shared { there.next() } else { here.next() });
        Lent { ban, allowances: in_order.collect(), store_lost: false }
    }

    /// What was drawn for failures, and was none.
    pub fn give_back(&self, draws: Vec<Draw>) {
        let remote = self.remote.read().unwrap_or_else(PoisonError::into_inner).clone();
        match remote {
            None => self.give_back_here(draws.iter()),
            Some(remote) => {
                let (shared, own): (Vec<Draw>, Vec<Draw>) =
                    draws.into_iter().partition(|draw| draw.limit.shared);
                self.give_back_here(own.iter());
                if !shared.is_empty() {
                    self.give_back_here(remote.give_back(shared).iter());
                }
            }
        }
    }

    /// Counts a refusal; an event when it was one too many.
    pub fn offend(&self, offence: &Offence) -> Vec<Event> {
        self.bans.offend(offence)
    }

    /// The bans that hold, the longest first.
    #[must_use]
    pub fn banned(&self, now: Duration) -> Vec<Banned> {
        self.bans.list(now)
    }

    /// Ends bans: those of an id, of an address, or `all`. Returns them.
    pub fn lift(&self, which: &str, now: Duration) -> Vec<Banned> {
        self.bans.lift(which, now)
    }

    fn draw<'a>(&self, draws: impl Iterator<Item = &'a Draw> + Clone, now: Duration) -> Vec<Allowance> {
        let micros = micros(now);
        let mut list = Vec::new();
        let mut denied = false;
        for draw in draws.clone() {
            let (quota, cost) = (draw.limit.quota, draw.cost);
            let allowance =
                self.allowances.with(draw.key, micros, |bucket| bucket.draw(&quota, cost, micros));
            denied |= !allowance.granted;
            list.push(allowance);
        }
        if denied {
            // All or nothing: a request that one limit refuses must not use up the others.
            for (draw, _) in draws.clone().zip(&list).filter(|(_, allowance)| allowance.granted) {
                let (quota, cost) = (draw.limit.quota, draw.cost);
                self.allowances.with(draw.key, micros, |bucket| bucket.give_back(&quota, cost));
            }
            self.mark_told(&draws.collect::<Vec<_>>(), &mut list, now);
        }
        list
    }

    fn give_back_here<'a>(&self, draws: impl Iterator<Item = &'a Draw>) {
        for draw in draws {
            self.allowances.with(draw.key, 0, |bucket| bucket.give_back(&draw.limit.quota, draw.cost));
        }
    }

    fn mark_told(&self, draws: &[&Draw], allowances: &mut [Allowance], now: Duration) {
        let now = micros(now);
        for (draw, allowance) in draws.iter().zip(allowances).filter(|(_, allowance)| !allowance.granted) {
            allowance.told = self.told.with(draw.key, now, |last| {
                let told = last.due > now;
                if !told {
                    last.due = now.saturating_add(micros(TOLD));
                }
                told
            });
        }
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
