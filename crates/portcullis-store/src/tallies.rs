//! What was tried and went wrong, counted for all gates that share a store.

use crate::{Instant, Key, Pending};

/// A count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub count: u32,
    /// When the last one was.
    pub last: Instant,
    /// From when on the next one is being forgiven, where some are.
    pub since: Instant,
}

/// Counts. What they mean is the caller's: a store keeps them, and lets of several that change one at once only the
/// first have its way.
///
/// # Errors
/// Every call may find the store away ([`crate::StoreError`]).
pub trait Tallies: Send + Sync {
    /// The count with this key, unless it was to be kept no longer than `now`.
    fn tally(&self, key: Key, now: Instant) -> Pending<'_, Option<Tally>>;

    /// Puts `after` in the place of `before`, to be kept until `until`. `false`, and nothing changes, when the count is
    /// not `before` any more: ask again.
    fn set_tally(
        &self,
        key: Key,
        before: Option<Tally>,
        after: Option<Tally>,
        until: Instant,
        now: Instant,
    ) -> Pending<'_, bool>;
}
