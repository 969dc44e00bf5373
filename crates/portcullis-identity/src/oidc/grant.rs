//! What a provider granted with a sign-in: its ID token, to be shown to it at sign-out, and, where the policy wants
//! them, an access token and what renews it.
//!
//! It rests sealed (AES-256-GCM-SIV by the gate's key, which is not in the store), bound to its place, in the store of
//! sessions, and is gone with its session, however that ends. Each access token is renewed a minute before its end, by
//! one request of one gate: whoever takes the lease of this version asks the provider, and the next version is written
//! only over this one. Providers that rotate refresh tokens take a second use for theft (RFC 9700 section 4.14), so that
//! two who renew at once would cost the person their tokens.

use std::fmt;
use std::time::Duration;

use portcullis::keys::Keyring;
use portcullis::seal;
use portcullis_store::Key;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::random::{digest, random};

const SEALED: &str = "oidc grant";

/// What was granted. No `Debug` of what is in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// Says who signed in; only the provider is shown it, as a hint.
    pub(super) id_token: Zeroizing<String>,
    /// What opens the provider's doors for the person, and when it ends where that is known: seconds since the Unix
    /// epoch.
    pub(super) access: Option<(Zeroizing<String>, Option<u64>)>,
    /// What renews it.
    pub(super) refresh: Option<Zeroizing<String>>,
}

impl fmt::Debug for Granted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Granted(…)")
    }
}

impl Granted {
    /// As it rests at `id`; `None` where the system has no randomness.
    #[must_use]
    pub fn close(&self, id: Key, keys: &Keyring) -> Option<Vec<u8>> {
        let written = Zeroizing::new(serde_json::to_vec(self).ok()?);
        seal::close(SEALED, &digest(&[&id.0]), &written, random().ok()?, keys)
    }

    /// What rests at `id`, if one of our keys sealed it there.
    #[must_use]
    pub fn open(sealed: &[u8], id: Key, keys: &Keyring) -> Option<Self> {
        let written = Zeroizing::new(seal::open(SEALED, &digest(&[&id.0]), sealed, keys)?);
        serde_json::from_slice(&written).ok()
    }

    /// The ID token, for the provider that made it.
    #[must_use]
    pub fn id_token(&self) -> &str {
        &self.id_token
    }

    /// The access token, unless it is over at `now`.
    #[must_use]
    pub fn access(&self, now: Duration) -> Option<&str> {
        let (token, end) = self.access.as_ref()?;
        end.is_none_or(|end| now.as_secs() < end).then_some(token.as_str())
    }

    /// Whether the access token ends within `early`, and can be renewed.
    #[must_use]
    pub fn is_due(&self, now: Duration, early: Duration) -> bool {
        let ends = self.access.as_ref().and_then(|(_, end)| *end);
        let due = self.access.is_none() || ends.is_some_and(|end| now.saturating_add(early).as_secs() >= end);
        due && self.refresh.is_some()
    }

    /// When the access token ends, where that is known.
    pub(crate) fn access_end(&self) -> Option<Duration> {
        self.access.as_ref()?.1.map(Duration::from_secs)
    }

    /// The same without what the provider takes no more.
    pub(crate) fn without_refresh(self) -> Self {
        Self { refresh: None, ..self }
    }
}
