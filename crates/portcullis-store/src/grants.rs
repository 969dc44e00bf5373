//! What a provider granted with a sign-in, and is kept as long as the session that came from it.

use crate::{Key, Pending};

/// What was granted.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    /// Grows with each change.
    pub version: u32,
    /// Tokens, in the caller's own form: sealed.
    pub content: Vec<u8>,
}

/// Grants of providers. They live in the store of the sessions that they belong to, follow these to a new id, and end
/// with them, however they end.
///
/// # Errors
/// Every call may find the store away ([`crate::StoreError`]).
pub trait Grants: Send + Sync {
    /// Keeps what was granted with the sign-in of the session `session`, which must name the grant `id`
    /// ([`crate::External`]). `false` when that session has ended, or names another.
    fn keep_grant(&self, session: Key, id: Key, content: Vec<u8>) -> Pending<'_, bool>;

    /// The grant `id`.
    fn grant(&self, id: Key) -> Pending<'_, Option<Grant>>;

    /// Puts `content` in the place of version `before`. `false`, and nothing changes, when there is another version by
    /// now, or the session has ended.
    fn renew_grant(&self, id: Key, before: u32, content: Vec<u8>) -> Pending<'_, bool>;
}
