//! Passkeys (W3C Web Authentication level 3): as the first factor, as the second, and to prove oneself again.
//!
//! - A passkey is bound to the site's host, so that a page that pretends to be the site gets nothing (the only factor
//!   here that phishing does not reach), and made discoverable, so that nobody need type who they are.
//! - The person is verified by the device each time (PIN, finger, face): a passkey alone is two factors (NIST SP
//!   800-63B-4 section 3.2.2, ASVS 5.0, 6.3.3). No attestation is asked for: it would tell the make of the device.
//! - A challenge belongs to one purpose, one session or browser (`bound`) and, where there is one, one user. It works
//!   once, for five minutes. It travels sealed ([`Begun::sealed`]) instead of filling the store at the wish of whoever
//!   asks; the list of what was used is in the store.
//! - A signature counter that goes back means that somebody has a copy: the sign-in is refused and the owner told
//!   ([`Refused::Copied`]; section 6.1.1). Most passkeys are synchronised and do not count.
//!
//! The operator must ensure that the host is the final one before people make passkeys: they do not move to another.

mod attempt;
#[cfg(test)]
pub(crate) mod authenticator;
mod begin;
mod finish;
mod kept;
#[cfg(test)]
mod tests;

use std::time::Duration;

use portcullis_store::{Key, UserId};
use serde_json::Value;
use webauthn_rs::prelude::Url;
use webauthn_rs::{Webauthn, WebauthnBuilder};

pub use attempt::Purpose;
pub use finish::Answered;
pub use kept::{Listed, list, remove};

/// How long a person has to answer.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// The most passkeys of one user.
pub const MOST: usize = 20;

/// The longest answer of a browser that is read, in bytes.
pub const LONGEST: usize = 16 * 1024;

/// Makes and verifies passkeys for one origin.
pub struct Passkeys {
    webauthn: Webauthn,
}

/// What the browser gets to start with.
pub struct Begun {
    /// For `navigator.credentials.create` or `.get`, as JSON (`parseCreationOptionsFromJSON` and its like).
    pub options: Value,
    /// Comes back with the browser's answer.
    pub sealed: String,
}

/// Who showed a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Whose passkey it is.
    pub user: UserId,
    /// Names the passkey.
    pub key: Key,
}

/// Why a passkey was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The challenge is not ours, was for something or somebody else, is too old, or was used. Start again.
    Over,
    /// What the browser sent is no answer to WebAuthn.
    Unreadable,
    /// Made for another site: somebody stands between, or the site is known by another name.
    Foreign,
    /// The device did not verify the person.
    Unverified,
    /// No passkey of this user, or none that is known here.
    Unknown,
    /// The signature is not that of the passkey.
    Wrong,
    /// The signature counter went back: there is a copy. Holds the user, so that they are told.
    Copied(UserId),
    /// It is enrolled already.
    Known,
    /// The user has as many as one may have.
    TooMany,
}

/// The origin can have no passkeys: it is no host name, as an address is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("passkeys need a host name, and `{0}` is none")]
pub struct NoHostName(pub String);

impl Passkeys {
    /// For `origin`, as `https://host[:port]`; `app` is what devices show.
    ///
    /// # Errors
    /// When the origin has no host name.
    pub fn new(origin: &str, app: &str) -> Result<Self, NoHostName> {
        let unfit = || NoHostName(origin.to_owned());
        let url = Url::parse(origin).map_err(|_| unfit())?;
        let host = url.domain().ok_or_else(unfit)?;
        let webauthn = WebauthnBuilder::new(host, &url)
            .and_then(|builder| builder.rp_name(app).timeout(PATIENCE).build())
            .map_err(|_| unfit())?;
        Ok(Self { webauthn })
    }
}
