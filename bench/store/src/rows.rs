//! The accounts and sessions that the stores are filled with.

use std::time::Duration;

use portcullis_store::{Key, NewUser, Session, Standing, UserId};

use crate::Size;

/// When all of it happens.
pub const NOW: Duration = Duration::from_secs(1_700_000_000);

/// The id of a user.
#[must_use]
pub fn user_id(number: u32) -> UserId {
    UserId((u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) | 1).to_be_bytes())
}

/// A user.
#[must_use]
pub fn user(number: u32) -> NewUser {
    NewUser {
        id: user_id(number),
        email: format!("user{number:08}@notes.example"),
        name: format!("User {number}"),
        password: Some(format!("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA${number:043}")),
        standing: Standing::Active,
        roles: vec!["reader".to_owned()],
        lapses: None,
    }
}

/// A key, as far from its neighbours as a digest.
#[must_use]
pub fn session_key(number: u32) -> Key {
    let mut key = [0; 32];
    for (place, eight) in key.chunks_exact_mut(8).enumerate() {
        let mixed = (u64::from(number) + 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(u32::try_from(place * 17).unwrap_or(0))
            ^ u64::from(number);
        eight.copy_from_slice(&mixed.to_be_bytes());
    }
    Key(key)
}

/// The device that a session came from.
#[must_use]
pub fn family(number: u32) -> Key {
    let Key(mut key) = session_key(number);
    key.reverse();
    Key(key)
}

/// Whether a session has ended at [`NOW`]: one in ten, whatever the number of users is.
#[must_use]
pub const fn has_ended(number: u32) -> bool {
    (number.wrapping_mul(2_654_435_761) >> 16) % 10 == 9
}

/// A session; one in ten has ended at [`NOW`].
#[must_use]
pub fn session(number: u32, size: Size) -> Session {
    let lasts = Duration::from_secs(3600 + u64::from(number % 1000));
    let (seen, idle_end) = if has_ended(number) { (NOW - lasts, NOW) } else { (NOW, NOW + lasts) };
    Session {
        key: session_key(number),
        user: Some(user_id(number % size.users.max(1))),
        began: seen,
        seen,
        idle_end,
        end: seen + Duration::from_secs(86_400),
        proved: Some(seen),
        factors: 1,
        family: number.is_multiple_of(3).then(|| family(number)),
        agent: "Firefox on Linux".to_owned(),
        network: "192.0.2.0/24".to_owned(),
        external: None,
    }
}
