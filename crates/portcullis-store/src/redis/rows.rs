//! How values stand in Redis.

use std::time::Duration;

use crate::{External, Instant, Key, Remembered, Session, StoreError, Tally, UserId};

/// The last whole number that the double precision of scripts and indexes holds exactly: the year 2255.
const LAST: u128 = 1 << 53;

/// The fields of a session, in the order in which `sessions.lua` names them.
pub(super) const FIELDS: [&str; 14] = [
    "user",
    "began",
    "seen",
    "idle_end",
    "end",
    "proved",
    "factors",
    "family",
    "agent",
    "network",
    "provider",
    "provider_subject",
    "provider_session",
    "provider_grant",
];

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
pub(super) fn arguments(session: Session) -> [Vec<u8>; 14] {
    let (mut provider, mut subject, mut outside, mut grant) = Default::default();
    if let Some(external) = session.external {
        provider = external.provider.into_bytes();
        subject = external.subject.to_string().into_bytes();
        outside = maybe(external.session.map(|session| session.to_string()));
        grant = external.grant.to_string().into_bytes();
    }
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
        provider,
        subject,
        outside,
        grant,
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
            external: {
                // Sessions that began before this was kept have no such fields.
                let provider = next().unwrap_or_default();
                let mut rest = || next().unwrap_or_default();
                if provider.is_empty() {
                    None
                } else {
                    let (subject, session, grant) = (rest(), rest(), rest());
                    let session = some(&session, self::key)?;
                    Some(External {
                        provider,
                        subject: self::key(&subject)?,
                        session,
                        grant: self::key(&grant)?,
                    })
                }
            },
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

/// A count as the script reads it: empty where there is none.
pub(super) fn tally_text(tally: Option<Tally>) -> Vec<u8> {
    let text = |tally: Tally| format!("{} {} {}", tally.count, micros(tally.last), micros(tally.since));
    maybe(tally.map(text))
}

/// A count, if its fields are there.
pub(super) fn tally(fields: &[String]) -> Result<Option<Tally>, StoreError> {
    let [count, last, since] = fields else { return Ok(None) };
    let read = || Some(Tally { count: count.parse().ok()?, last: instant(last)?, since: instant(since)? });
    of(read(), "a count").map(Some)
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
