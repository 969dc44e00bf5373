//! A table of a fixed size: however many fresh keys a flood brings, no more memory is used.
//!
//! Each key may lie in one of eight places. Where all are taken the entry goes that has least to say: an
//! allowance that is whole again tells nothing, and of the others the one nearest to whole. A flood of fresh
//! keys owes little each, so that it pushes out its like before those who asked for much. Keys are keyed
//! hashes, so that nobody can aim at the place of another.

use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};

use portcullis::layers::caller::rate::{Bucket, Offender, RateKey};

/// What is kept for a key.
pub(super) trait State: Default + Copy + Send {
    /// Up to when forgetting it would lose something, in microseconds since the epoch.
    fn matters_until(&self) -> u64;
}

impl State for Bucket {
    fn matters_until(&self) -> u64 {
        self.due
    }
}

impl State for Offender {
    fn matters_until(&self) -> u64 {
        Offender::matters_until(self)
    }
}

const PLACES: usize = 8;
const SHARDS: usize = 64;

type Set<S> = [(Option<RateKey>, S); PLACES];

pub(super) struct Table<S> {
    /// Each shard's sets are made when the first key falls into it.
    shards: Vec<Mutex<Vec<Set<S>>>>,
    sets: usize,
    hasher: std::hash::RandomState,
}

impl<S: State> Table<S> {
    /// Room for about `entries`.
    pub(super) fn new(entries: usize) -> Self {
        let sets = (entries / PLACES / SHARDS).max(1);
        let shards = std::iter::repeat_with(|| Mutex::new(Vec::new())).take(SHARDS).collect();
        Self { shards, sets, hasher: std::hash::RandomState::new() }
    }

    /// Does something with the state of `key`, which is the default where nothing is known.
    pub(super) fn with<T>(&self, key: RateKey, now: u64, act: impl FnOnce(&mut S) -> T) -> T {
        let hash = usize::try_from(self.hasher.hash_one(key)).unwrap_or(0);
        let mut unknown = S::default();
        let Some(shard) = self.shards.get(hash % SHARDS) else { return act(&mut unknown) };
        let mut sets = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if sets.is_empty() {
            sets.resize(self.sets, [(None, S::default()); PLACES]);
        }
        let Some(set) = sets.get_mut(hash / SHARDS % self.sets) else { return act(&mut unknown) };
        if let Some((_, state)) = set.iter_mut().find(|(held, _)| *held == Some(key)) {
            return act(state);
        }
        let done = act(&mut unknown);
        // What says nothing is not worth a place.
        if unknown.matters_until() > now
            && let Some(place) =
                set.iter_mut().min_by_key(|(held, state)| held.map_or(0, |_| state.matters_until()))
            && (place.0.is_none()
                || place.1.matters_until() <= unknown.matters_until()
                || place.1.matters_until() <= now)
        {
            *place = (Some(key), unknown);
        }
        done
    }

    /// How many places are taken.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        let count = |shard: &Mutex<Vec<Set<S>>>| {
            let sets = shard.lock().unwrap();
            sets.iter().flatten().filter(|(key, _)| key.is_some()).count()
        };
        self.shards.iter().map(count).sum()
    }
}
