//! Enrolment and use, over the people.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::keys::Keyring;
use portcullis::seal;
use portcullis_store::{Credential, CredentialKind, Instant, Key, People, UserId};
use zeroize::Zeroizing;

use super::code::{STEP, find, read};
use super::secret::{LENGTH, Secret};
use crate::random::{digest, random};
use crate::{Ground, Unavailable};

const AT_REST: &str = "totp secret";
const OFFERED: &str = "totp offer";

/// How long an offer may be taken up.
const OFFER_LASTS: Duration = Duration::from_secs(15 * 60);

/// The most apps of one user: each is one more code that a guess may hit.
const MOST: usize = 5;

/// A secret that is shown to its user, and not enrolled yet.
pub struct Offer {
    /// To be shown.
    pub secret: Secret,
    /// The same, sealed, for this user only: the form carries it to [`finish`].
    pub sealed: String,
}

/// What came of an enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Enrolled {
    /// From now on codes of this app are asked for.
    Yes,
    /// Not the code of this secret at this time.
    WrongCode,
    /// The offer is not ours, is of another user, or is too old. Make another one.
    Over,
    /// The user has as many apps as one may have.
    TooMany,
}

/// What came of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Tried {
    /// A right code, the first time.
    Right,
    /// No code of this user at this time. The caller counts it as a failure.
    Wrong,
    /// A right code that was used before: somebody saw it, or it was sent twice. It does not count as a proof.
    Replayed,
}

/// A new secret for this user.
///
/// # Errors
/// When the system has no randomness.
pub fn offer(user: UserId, keys: &Keyring, now: Instant) -> Result<Offer, Unavailable> {
    let secret = Secret::draw()?;
    let mut value = Zeroizing::new(now.as_secs().to_be_bytes().to_vec());
    value.extend_from_slice(secret.0.as_slice());
    let sealed = seal::close(OFFERED, &user.0, &value, random()?, keys).ok_or(Unavailable::NoRandomness)?;
    Ok(Offer { secret, sealed: URL_SAFE_NO_PAD.encode(sealed) })
}

/// The offer that a form brought back, to be shown again after a wrong code.
#[must_use]
pub fn offered(user: UserId, sealed: &str, keys: &Keyring, now: Instant) -> Option<Secret> {
    if sealed.len() > 256 {
        return None;
    }
    let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let value = Zeroizing::new(seal::open(OFFERED, &user.0, &sealed, keys)?);
    let (made, secret) = value.split_first_chunk::<8>()?;
    let made = Duration::from_secs(u64::from_be_bytes(*made));
    if now.saturating_sub(made) > OFFER_LASTS {
        return None;
    }
    Some(Secret(Zeroizing::new(<[u8; LENGTH]>::try_from(secret).ok()?)))
}

/// Enrols the app that has the offered secret, if `typed` is its code. That code is used up.
///
/// # Errors
/// When the store is away or the system has no randomness: nothing is enrolled.
pub async fn finish(
    ground: Ground<'_>,
    user: UserId,
    sealed: &str,
    typed: &str,
    label: &str,
    now: Instant,
) -> Result<Enrolled, Unavailable> {
    let Ground { people, sessions, keys } = ground;
    let Some(secret) = offered(user, sealed, keys, now) else {
        return Ok(Enrolled::Over);
    };
    let Some(step) = read(typed).and_then(|code| find(&secret, code, now)) else {
        return Ok(Enrolled::WrongCode);
    };
    if people.credentials(user, CredentialKind::Totp).await?.len() >= MOST {
        return Ok(Enrolled::TooMany);
    }
    // The name comes from the secret, so that an offer sent twice is one app.
    let key = Key(digest(&[b"totp", secret.0.as_slice()]));
    let content = seal::close(AT_REST, &about(user, key), secret.0.as_slice(), random()?, keys)
        .ok_or(Unavailable::NoRandomness)?;
    let _ = sessions.first_use(used(key, step), after(step), now).await?;
    let credential = Credential {
        key,
        user,
        kind: CredentialKind::Totp,
        label: label.chars().filter(|one| !one.is_control()).take(64).collect(),
        content,
        made: now,
        used: Some(now),
    };
    match people.add_credential(credential).await? {
        Ok(()) => Ok(Enrolled::Yes),
        // Only this user could open the offer, so it is theirs: sent twice.
        Err(portcullis_store::Taken) => Ok(Enrolled::Over),
    }
}

/// Tries a code of this user.
///
/// # Errors
/// When the store is away, or no secret of theirs can be unsealed: it is not a proof, and not a failure of theirs.
pub async fn check(
    ground: Ground<'_>,
    user: UserId,
    typed: &str,
    now: Instant,
) -> Result<Tried, Unavailable> {
    let Ground { people, sessions, keys } = ground;
    let Some(code) = read(typed) else {
        return Ok(Tried::Wrong);
    };
    let mut unreadable = false;
    let mut replayed = false;
    for credential in people.credentials(user, CredentialKind::Totp).await? {
        let about = about(user, credential.key);
        let secret = seal::open(AT_REST, &about, &credential.content, keys).map(Zeroizing::new);
        let Some(secret) = secret.and_then(|bytes| <[u8; LENGTH]>::try_from(bytes.as_slice()).ok()) else {
            unreadable = true;
            continue;
        };
        let Some(step) = find(&Secret(Zeroizing::new(secret)), code, now) else {
            continue;
        };
        if sessions.first_use(used(credential.key, step), after(step), now).await? {
            // Sealed anew, so that a key that is to go is in use nowhere.
            let content =
                seal::close(AT_REST, &about, &secret, random()?, keys).ok_or(Unavailable::NoRandomness)?;
            let _ = people.use_credential(CredentialKind::Totp, credential.key, content, now).await?;
            return Ok(Tried::Right);
        }
        replayed = true;
    }
    match (replayed, unreadable) {
        (true, _) => Ok(Tried::Replayed),
        (false, true) => Err(Unavailable::Unreadable),
        (false, false) => Ok(Tried::Wrong),
    }
}

/// The apps of a user, oldest first.
///
/// # Errors
/// When the store is away.
pub async fn list(people: &dyn People, user: UserId) -> Result<Vec<Credential>, Unavailable> {
    Ok(people.credentials(user, CredentialKind::Totp).await?)
}

/// Takes an app away; `false` when this user has none of this name.
///
/// # Errors
/// When the store is away.
pub async fn remove(people: &dyn People, user: UserId, key: Key) -> Result<bool, Unavailable> {
    Ok(people.remove_credential(user, CredentialKind::Totp, key).await?)
}

/// What a secret at rest belongs to: copied to another user's row it does not open.
fn about(user: UserId, key: Key) -> Vec<u8> {
    [user.0.as_slice(), key.0.as_slice()].concat()
}

/// Names a step of an app in the list of what was used.
fn used(key: Key, step: u64) -> Key {
    Key(digest(&[b"totp step", &key.0, &step.to_be_bytes()]))
}

/// When no clock takes the code of a step any more.
fn after(step: u64) -> Instant {
    Duration::from_secs((step + 2) * STEP + 1)
}
