//! How values stand in Redis.

use std::time::Duration;

use crate::{Instant, Key, Remembered, Session, StoreError, UserId};

/// The last whole number that the double precision of scripts and indexes holds exactly: the year 2255.
const LAST: u128 = 1 << 53;

/// The fields of a session, in the order in which `sessions.lua` names them.
pub(super) const FIELDS: [&str; 10] =
    ["user", "began", "seen", "idle_end", "end", "proved", "factors", "family", "agent", "network"];

/// What a hash holds, field by field.
pub(super) type Fields = Vec<Option<String>>;

pub(super) fn micros(at: Instant) -> u64 {
    u64::try_from(at.as_micros().min(LAST)).unwrap_or(u64::MAX)
}

pub(super) fn number(number: impl ToString) -> Vec<u8> {
    number.to_string().into_bytes()
}

fn maybe(text: Option<String>) -> Vec<u8> {
    text.unwrap_or_default().into_bytes()
}

/// A session as the arguments of a step.
pub(super) fn arguments(session: Session) -> [Vec<u8>; 10] {
    [
        maybe(session.user.map(|user| user.to_string())),
        number(micros(session.began)),
        number(micros(session.seen)),
        number(micros(session.idle_end)),
        number(micros(session.end)),
        maybe(session.proved.map(|proved| micros(proved).to_string())),
        number(session.factors),
        maybe(session.family.map(|family| family.to_string())),
        session.agent.into_bytes(),
        session.network.into_bytes(),
    ]
}

/// The session `key`, if its fields are there.
pub(super) fn session(key: Key, fields: Fields) -> Result<Option<Session>, StoreError> {
    let mut fields = fields.into_iter();
    let mut next = || fields.next().flatten();
    let Some(user) = next() else { return Ok(None) };
    let mut read = move || {
        Some(Session {
            key,
            user: some(&user, user_id)?,
            began: instant(&next()?)?,
            seen: instant(&next()?)?,
            idle_end: instant(&next()?)?,
            end: instant(&next()?)?,
            proved: some(&next()?, instant)?,
            factors: next()?.parse().ok()?,
            family: some(&next()?, self::key)?,
            agent: next()?,
            network: next()?,
        })
    };
    of(read(), "a session").map(Some)
}

/// The device `family`.
pub(super) fn remembered(family: Key, fields: Fields) -> Result<Remembered, StoreError> {
    let mut fields = fields.into_iter();
    let mut next = || fields.next().flatten();
    let mut read = move || {
        Some(Remembered {
            family,
            user: user_id(&next()?)?,
            token: key(&next()?)?,
            began: instant(&next()?)?,
            seen: instant(&next()?)?,
            end: instant(&next()?)?,
            agent: next()?,
        })
    };
    of(read(), "a device")
}

/// What was read, or that it cannot be.
pub(super) fn of<T>(read: Option<T>, what: &str) -> Result<T, StoreError> {
    read.ok_or_else(|| StoreError::Unreadable(format!("{what} has another form than this program gives it")))
}

pub(super) fn key(text: &str) -> Option<Key> {
    text.parse().ok()
}

pub(super) fn user_id(text: &str) -> Option<UserId> {
    text.parse().ok()
}

fn instant(text: &str) -> Option<Instant> {
    text.parse().ok().map(Duration::from_micros)
}

/// Nothing where the text is empty; `None` where it cannot be read.
#[expect(
    clippy::option_option,
    reason = "whether it is there, and whether it can be read, are two questions"
)]
fn some<T>(text: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { read(text).map(Some) }
}
