//! Collections in memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Collections, Entry, Record, Stored, VarChange};
use crate::syntax::names::Variable;

/// Collections in the memory of this process, at most a number of them. The one that would go first makes
/// room.
#[derive(Debug)]
pub struct MemoryCollections {
    most: usize,
    records: Mutex<HashMap<(Variable, Vec<u8>), Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    gone_at: Duration,
    variables: HashMap<Vec<u8>, (Vec<u8>, Option<Duration>)>,
}

impl MemoryCollections {
    /// Room for `most` records.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most: most.max(1), records: Mutex::default() }
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All that has not gone yet, to be kept elsewhere.
    #[must_use]
    pub fn records(&self, now: Duration) -> Vec<Record> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let living = records.iter().filter(|(_, kept)| kept.gone_at > now);
        living.map(|((collection, key), kept)| kept.told(*collection, key, now)).collect()
    }

    /// Takes over what was kept elsewhere, in the place of what there is of that collection and key. What finds no
    /// room is left out.
    pub fn put(&self, record: Record) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (record.collection, record.key);
        if !records.contains_key(&place) && records.len() >= self.most {
            return;
        }
        let variables = record.variables.into_iter().map(|entry| (entry.name, (entry.value, entry.expires)));
        records.insert(place, Kept { gone_at: record.gone_at, variables: variables.collect() });
    }
}

impl Kept {
    fn told(&self, collection: Variable, key: &[u8], now: Duration) -> Record {
        let living = self.variables.iter().filter(|(_, (_, expires))| expires.is_none_or(|at| at > now));
        let mut variables: Vec<Entry> = living
            .map(|(name, (value, expires))| Entry {
                name: name.clone(),
                value: value.clone(),
                expires: *expires,
            })
            .collect();
        variables.sort_by(|a, b| a.name.cmp(&b.name));
        Record { collection, key: key.to_vec(), gone_at: self.gone_at, variables }
    }
}

impl Collections for MemoryCollections {
    fn load(&self, collection: Variable, key: &[u8], now: Duration) -> Vec<Stored> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (collection, key.to_vec());
        let Some(record) = records.get_mut(&place) else { return Vec::new() };
        if record.gone_at <= now {
            records.remove(&place);
            return Vec::new();
        }
        record.variables.retain(|_, (_, expires)| expires.is_none_or(|at| at > now));
        let mut stored: Vec<Stored> = record
            .variables
            .iter()
            .map(|(name, (value, _))| Stored { name: name.clone(), value: value.clone() })
            .collect();
        stored.sort_by(|a, b| a.name.cmp(&b.name));
        stored
    }

    fn change(
        &self,
        collection: Variable,
        key: &[u8],
        changes: &[VarChange],
        timeout: Duration,
        now: Duration,
    ) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (collection, key.to_vec());
        if !records.contains_key(&place) && records.len() >= self.most {
            // A sweep costs as much as there is, so it makes room for many at once.
            records.retain(|_, record| record.gone_at > now);
            let mut ends: Vec<Duration> = records.values().map(|record| record.gone_at).collect();
            if ends.len() >= self.most {
                let nth = ends.len() / 16;
                let (_, bound, _) = ends.select_nth_unstable(nth);
                let bound = *bound;
                records.retain(|_, record| record.gone_at > bound);
            }
        }
        let record = records.entry(place).or_default();
        if record.gone_at <= now {
            record.variables.clear();
        }
        record.gone_at = now.saturating_add(timeout);
        for change in changes {
            match change {
                VarChange::Set { name, value } => {
                    record.variables.entry(name.clone()).or_default().0.clone_from(value);
                }
                VarChange::Add { name, by } => {
                    let (value, expires) = record.variables.entry(name.clone()).or_default();
                    if expires.is_some_and(|at| at <= now) {
                        value.clear();
                        *expires = None;
                    }
                    let sum = crate::values::number(value).saturating_add(*by);
                    value.clear();
                    crate::values::push_number(value, sum);
                }
                VarChange::Unset { name } => {
                    record.variables.remove(name);
                }
                VarChange::Expire { name, at } => {
                    if let Some((_, expires)) = record.variables.get_mut(name) {
                        *expires = Some(*at);
                    }
                }
            }
        }
    }
}
