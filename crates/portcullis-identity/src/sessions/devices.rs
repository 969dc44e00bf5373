//! Where somebody is signed in.

use std::time::Duration;

use portcullis_store::{Key, Remembered, Session};

/// A device on which somebody is signed in, or stays so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Names it in a form: 32 hexadecimal digits. Nobody can sign in with it.
    pub id: String,
    /// The browser and system, as in `Firefox on Linux`.
    pub agent: String,
    /// The network it was last seen from; empty where it was not seen lately.
    pub network: String,
    /// When it signed in.
    pub began: Duration,
    /// When it was last seen, to a minute.
    pub seen: Duration,
    /// Whether it is the one that asks.
    pub current: bool,
    /// Whether it stays signed in.
    pub remembered: bool,
    pub(super) session: Option<Key>,
    pub(super) family: Option<Key>,
}

/// Sessions and remembered devices as a person thinks of them: a session that came from a remembered device is that
/// device. The one that asks comes first, then the one seen last.
pub(super) fn devices(
    sessions: Vec<Session>,
    remembered: Vec<Remembered>,
    current: Option<Key>,
) -> Vec<Device> {
    let mut list: Vec<Device> = remembered
        .into_iter()
        .map(|one| Device {
            id: name(one.family),
            agent: one.agent,
            network: String::new(),
            began: one.began,
            seen: one.seen,
            current: false,
            remembered: true,
            session: None,
            family: Some(one.family),
        })
        .collect();
    for session in sessions {
        let is_current = current == Some(session.key);
        let same = session.family.and_then(|family| list.iter_mut().find(|one| one.family == Some(family)));
        match same {
            Some(device) => {
                device.current |= is_current;
                if device.session.is_none() || session.seen > device.seen {
                    device.network = session.network;
                    device.session = Some(session.key);
                }
                device.seen = device.seen.max(session.seen);
            }
            None => list.push(Device {
                id: name(session.key),
                agent: session.agent,
                network: session.network,
                began: session.began,
                seen: session.seen,
                current: is_current,
                remembered: false,
                session: Some(session.key),
                family: None,
            }),
        }
    }
    list.sort_by(|left, right| right.current.cmp(&left.current).then(right.seen.cmp(&left.seen)));
    list
}

fn name(key: Key) -> String {
    key.to_string().chars().take(32).collect()
}
