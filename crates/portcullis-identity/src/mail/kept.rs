//! Letters at rest.
//!
//! A letter may hold a link that signs in, of which the store otherwise knows the SHA-256 only. So it is sealed
//! (AES-256-GCM-SIV, by the gate's key, which is not in the store), bound to its place, and gone with its link:
//! whoever reads the store, or an old copy of it, cannot follow any.

use std::time::Duration;

use portcullis::keys::Keyring;
use portcullis::policy::identity::Language;
use portcullis::seal;
use portcullis_store::Key;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Letter, Subject};
use crate::accounts::{Email, Purpose};
use crate::random::random;

const SEALED: &str = "letter";

/// How long a letter without a link is tried.
const TRIED: Duration = Duration::from_secs(24 * 3600);

#[derive(Serialize, Deserialize)]
struct Rests<'a> {
    to: &'a str,
    language: &'a str,
    origin: &'a str,
    app: &'a str,
    subject: Subject,
}

/// A letter, as it rests at `id`.
pub(super) fn close(letter: &Letter, id: Key, keys: &Keyring) -> Option<Vec<u8>> {
    let Letter { to, language, origin, app, subject } = letter;
    let rests = Rests { to: to.as_str(), language: language.tag(), origin, app, subject: subject.clone() };
    let written = Zeroizing::new(serde_json::to_vec(&rests).ok()?);
    seal::close(SEALED, &id.0, &written, random().ok()?, keys)
}

/// The letter that rests at `id`, if one of our keys sealed it there.
pub(super) fn open(sealed: &[u8], id: Key, keys: &Keyring) -> Option<Letter> {
    let written = Zeroizing::new(seal::open(SEALED, &id.0, sealed, keys)?);
    // Owned, for what is escaped in JSON cannot be borrowed.
    let value: serde_json::Value = serde_json::from_slice(&written).ok()?;
    let text = |name: &str| value.get(name)?.as_str();
    Some(Letter {
        to: Email::parse(text("to")?)?,
        language: Language::ALL.into_iter().find(|language| text("language") == Some(language.tag()))?,
        origin: text("origin")?.to_owned(),
        app: text("app")?.to_owned(),
        subject: Subject::deserialize(value.get("subject")?).ok()?,
    })
}

impl Subject {
    /// How long a letter about this is worth sending: as long as its link works.
    pub(crate) const fn lasts(&self) -> Duration {
        match self {
            Self::Confirm { .. } => Purpose::Confirm.lasts(),
            Self::Reset { .. } => Purpose::Reset.lasts(),
            Self::Magic { .. } => Purpose::Magic.lasts(),
            Self::Invitation { .. } => Purpose::Invitation.lasts(),
            Self::NewEmail { .. } => Purpose::Email.lasts(),
            Self::AlreadyHere
            | Self::EmailAsked { .. }
            | Self::EmailChanged { .. }
            | Self::PasswordChanged
            | Self::NewDevice { .. }
            | Self::FactorsChanged
            | Self::Removed => TRIED,
        }
    }
}
