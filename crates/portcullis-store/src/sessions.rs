//! Sessions, remembered devices, and what may be used once.

use crate::{Grants, Instant, Key, Pending, Tallies, UserId};

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The SHA-256 of the id in the cookie.
    pub key: Key,
    /// Who; `None` before anybody signed in.
    pub user: Option<UserId>,
    /// When it began: kept when the id changes.
    pub began: Instant,
    /// When it was last seen, as far as was written.
    pub seen: Instant,
    /// When it ends if it is not seen again.
    pub idle_end: Instant,
    /// When it ends in any case.
    pub end: Instant,
    /// When the person last proved who they are.
    pub proved: Option<Instant>,
    /// How: bits, whose meaning is the caller's.
    pub factors: u32,
    /// The remembered device that it came from.
    pub family: Option<Key>,
    /// The browser and system, for the list of devices.
    pub agent: String,
    /// The network it was last seen from, for the list of devices.
    pub network: String,
    /// The sign-in at a provider that it came from.
    pub external: Option<External>,
}

/// A sign-in at a provider of identities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    /// The provider, in the words of the policy.
    pub provider: String,
    /// Names the person there, together with the provider: a digest.
    pub subject: Key,
    /// Names the session there, together with the provider: a digest. Not every provider names one.
    pub session: Option<Key>,
    /// Names what was granted with it ([`Grants`]): random, the same for as long as the session goes on.
    pub grant: Key,
}

/// A device that stays signed in: a family of tokens, each used once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Names the family: the SHA-256 of a random name.
    pub family: Key,
    /// Who.
    pub user: UserId,
    /// The token that is good now.
    pub token: Key,
    /// When the family began.
    pub began: Instant,
    /// When it was last used.
    pub seen: Instant,
    /// When it ends in any case.
    pub end: Instant,
    /// The browser and system.
    pub agent: String,
}

/// What came of a remembered token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Redeemed {
    /// It was good; the next one is in force now.
    Fresh(UserId),
    /// The one before, within the time in which a browser may send two requests at once: good, but the next one
    /// has been given out already.
    Concurrent(UserId),
    /// A used one came again: somebody has a copy. The family is dead from now on (OWASP Session Management).
    Reused(UserId),
    /// Nothing is known of it.
    Unknown,
}

/// Sessions and their kin.
///
/// # Errors
/// Every call may find the store away ([`crate::StoreError`]).
pub trait Sessions: Grants + Tallies {
    /// Begins a session. `false`, and none begins, when it is to come from a device that is not remembered any more:
    /// whoever revokes a device in the same moment ends what came from it before, or lets nothing more come from it.
    fn begin(&self, session: Session) -> Pending<'_, bool>;

    /// The session with this key that has not ended at `now`.
    fn session(&self, key: Key, now: Instant) -> Pending<'_, Option<Session>>;

    /// It was seen: moves `seen` and `idle_end` forward, never back. `false` when it has ended.
    fn touch(&self, key: Key, seen: Instant, idle_end: Instant, network: String) -> Pending<'_, bool>;

    /// Puts `next` in the place of the session `key`, at once: the old id is dead, the new one good. `false`, and
    /// nothing changes, when `key` has ended: a session is never both; or when `next` is to come from another device
    /// than `key`, and that is not remembered any more. What a provider granted goes along where `next` names it.
    fn rotate(&self, key: Key, next: Session, now: Instant) -> Pending<'_, bool>;

    /// Ends a session; `false` when there was none.
    fn end(&self, key: Key) -> Pending<'_, bool>;

    /// Ends a user's sessions and remembered devices, but for the session `keep` and its family. Gives the keys of
    /// the sessions that ended, so that caches forget them.
    fn end_all(&self, user: UserId, keep: Option<Key>) -> Pending<'_, Vec<Key>>;

    /// Ends a user's sessions that came from this person at a provider, or of those only the ones that came from
    /// `session` there. Gives their keys.
    fn end_external(&self, user: UserId, subject: Key, session: Option<Key>) -> Pending<'_, Vec<Key>>;

    /// A user's sessions that have not ended, the one seen last first.
    fn sessions_of(&self, user: UserId, now: Instant) -> Pending<'_, Vec<Session>>;

    /// Remembers a device.
    fn remember(&self, remembered: Remembered) -> Pending<'_, ()>;

    /// Uses a token of a family; `next` takes its place if it was good. `grace` is how long the one before is still
    /// taken for a request sent at the same time.
    fn redeem(
        &self,
        family: Key,
        token: Key,
        next: Key,
        now: Instant,
        grace: Instant,
    ) -> Pending<'_, Redeemed>;

    /// Forgets a device and ends the sessions that came from it. Gives their keys.
    fn forget(&self, family: Key) -> Pending<'_, Vec<Key>>;

    /// A user's remembered devices that have not ended.
    fn remembered_by(&self, user: UserId, now: Instant) -> Pending<'_, Vec<Remembered>>;

    /// `true` the first time that `key` is seen before `until`: for codes and ids that work once.
    fn first_use(&self, key: Key, until: Instant, now: Instant) -> Pending<'_, bool>;

    /// Removes what has ended, at most `most` of each kind (sessions, devices, what works once, counts); gives how many
    /// were removed. Expired sessions are never served, swept or not.
    fn sweep(&self, now: Instant, most: u32) -> Pending<'_, u64>;
}
