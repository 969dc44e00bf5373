//! Collections that outlive a transaction: `IP`, `SESSION`, `USER`, `GLOBAL`, `RESOURCE`.
//!
//! A transaction reads a collection when a rule names its key (`initcol`, `setsid`, `setuid`, `setrsc`) and
//! hands back what it changed when it ends, as changes and not as values, so that two transactions that count
//! at once both count.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::syntax::names::Variable;

/// One variable of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its name, in lower case.
    pub name: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
}

/// What a transaction changed, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VarChange {
    /// The variable has this value now.
    Set {
        /// Its name, in lower case.
        name: Vec<u8>,
        /// Its value.
        value: Vec<u8>,
    },
    /// The variable is this much more, or less; one that does not exist is 0.
    Add {
        /// Its name, in lower case.
        name: Vec<u8>,
        /// How much.
        by: i64,
    },
    /// The variable is gone.
    Unset {
        /// Its name, in lower case.
        name: Vec<u8>,
    },
    /// The variable goes at that time.
    Expire {
        /// Its name, in lower case.
        name: Vec<u8>,
        /// When, since the epoch.
        at: Duration,
    },
}

/// Where collections are kept. The time is handed in: it is that of the transaction, since the epoch.
pub trait Collections: Send + Sync + std::fmt::Debug {
    /// The variables of the collection for `key`, without those that have expired; empty if there is none.
    fn load(&self, collection: Variable, key: &[u8], now: Duration) -> Vec<Stored>;

    /// Changes the collection for `key`, which is made if there is none, and lets it go `timeout` after `now`
    /// unless it is changed again.
    fn change(
        &self,
        collection: Variable,
        key: &[u8],
        changes: &[VarChange],
        timeout: Duration,
        now: Duration,
    );
}

/// Collections in the memory of this process, at most a number of them. The one that would go first makes
/// room.
#[derive(Debug)]
pub struct MemoryCollections {
    most: usize,
    records: Mutex<HashMap<(Variable, Vec<u8>), Record>>,
}

#[derive(Debug, Default)]
struct Record {
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
