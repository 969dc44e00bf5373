//! Collections that outlive a transaction: `IP`, `SESSION`, `USER`, `GLOBAL`, `RESOURCE`.
//!
//! A transaction reads a collection when a rule names its key (`initcol`, `setsid`, `setuid`, `setrsc`) and
//! hands back what it changed when it ends, as changes and not as values, so that two transactions that count
//! at once both count.

mod memory;

use std::time::Duration;

pub use memory::MemoryCollections;

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

/// A collection as whole, for who keeps it elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which of the five.
    pub collection: Variable,
    /// Whose it is.
    pub key: Vec<u8>,
    /// When it goes unless it is changed again, since the epoch.
    pub gone_at: Duration,
    /// Its variables, by name.
    pub variables: Vec<Entry>,
}

/// One variable of a [`Record`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, in lower case.
    pub name: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
    /// When it goes, since the epoch, where it does before the collection.
    pub expires: Option<Duration>,
}
