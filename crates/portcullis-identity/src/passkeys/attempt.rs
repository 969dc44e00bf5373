//! What a challenge was made for, sealed into what travels with it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::seal;
use portcullis_store::{Instant, Key, UserId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{LONGEST, PATIENCE};
use crate::random::{digest, random};
use crate::{Ground, Unavailable};

const SEALED: &str = "passkey challenge";

/// What a passkey is shown for. A challenge for one is worth nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be made.
    Enrol,
    /// To sign in, without anything before.
    SignIn,
    /// To sign in, after a password.
    SecondStep,
    /// To prove oneself again.
    Again,
}

#[derive(Serialize, Deserialize)]
struct Attempt<S> {
    /// Seconds since the Unix epoch.
    began: u64,
    state: S,
}

/// What the seal says besides.
fn about(purpose: Purpose, bound: &[u8], user: Option<UserId>) -> [u8; 32] {
    let purpose: &[u8] = match purpose {
        Purpose::Enrol => b"enrol",
        Purpose::SignIn => b"sign in",
        Purpose::SecondStep => b"second step",
        Purpose::Again => b"again",
    };
    digest(&[purpose, bound, user.as_ref().map_or(&[], |user| user.0.as_slice())])
}

pub(super) fn close<S: Serialize>(
    ground: Ground<'_>,
    purpose: Purpose,
    bound: &[u8],
    user: Option<UserId>,
    state: S,
    now: Instant,
) -> Result<String, Unavailable> {
    let attempt = Attempt { began: now.as_secs(), state };
    let value = serde_json::to_vec(&attempt).map_err(|_| Unavailable::Unreadable)?;
    seal::close(SEALED, &about(purpose, bound, user), &value, random()?, ground.keys)
        .map(|sealed| URL_SAFE_NO_PAD.encode(sealed))
        .ok_or(Unavailable::NoRandomness)
}

/// The state, the first time that it is asked for; `None` for whatever is not exactly that. It is used up before the
/// answer is verified: a wrong answer gets no second try.
pub(super) async fn open<S: DeserializeOwned>(
    ground: Ground<'_>,
    purpose: Purpose,
    bound: &[u8],
    user: Option<UserId>,
    sealed: &str,
    now: Instant,
) -> Result<Option<S>, Unavailable> {
    if sealed.len() > LONGEST {
        return Ok(None);
    }
    let value = URL_SAFE_NO_PAD
        .decode(sealed)
        .ok()
        .and_then(|sealed| seal::open(SEALED, &about(purpose, bound, user), &sealed, ground.keys));
    let Some(attempt) = value.and_then(|value| serde_json::from_slice::<Attempt<S>>(&value).ok()) else {
        return Ok(None);
    };
    let end = Duration::from_secs(attempt.began) + PATIENCE;
    if now >= end {
        return Ok(None);
    }
    // The seal is authentic, so that there is one text only for it: base64 without padding has one form.
    let used = Key(digest(&[b"passkey challenge", sealed.as_bytes()]));
    let first = ground.sessions.first_use(used, end + Duration::from_secs(1), now).await?;
    Ok(first.then_some(attempt.state))
}
