//! Letters that wait to be sent.

use crate::{Instant, Key, Pending};

/// A letter that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Names it: random, drawn by the caller.
    pub id: Key,
    /// What it says, in the caller's own form: sealed, for it may hold a link that signs in.
    pub content: Vec<u8>,
    /// When it is no use any more.
    pub end: Instant,
    /// How often it was taken to be sent.
    pub tries: u32,
}

/// How long after its end a letter is swept: whoever sends letters takes it before, and can tell of it.
pub(crate) const SWEPT_AFTER: Instant = Instant::from_secs(3600);

/// Letters that wait to be sent, by whichever gate comes first.
///
/// # Errors
/// Every call may find the store away ([`crate::StoreError`]).
pub trait Letters: Send + Sync {
    /// Keeps a letter until it is sent; from `due` on others may take it. `false`, and nothing is kept, while `most`
    /// wait already.
    fn keep_letter(&self, letter: Letter, due: Instant, most: u32) -> Pending<'_, bool>;

    /// Takes letters that are due at `now`, `most` at the most, also those that are no use any more. Until `until`
    /// nobody else takes them: whoever took them and is gone by then has not sent them.
    fn take_letters(&self, now: Instant, until: Instant, most: u32) -> Pending<'_, Vec<Letter>>;

    /// It could not be sent: may be taken again from `due` on. `false` when it is gone.
    fn put_letter_back(&self, id: Key, due: Instant) -> Pending<'_, bool>;

    /// It was sent, or given up: it is gone. `false` when it was already.
    fn drop_letter(&self, id: Key) -> Pending<'_, bool>;
}
