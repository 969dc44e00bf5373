//! What a key looks like, and what is kept of it.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_store::{Instant, Key};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::Unavailable;
use crate::random::{digest, random};

const BEGINNING: &str = "pk_";
const NAME: usize = 16;
const SECRET: usize = 43;

/// A key, as a program sends it. Wiped after use, and cannot be printed.
pub(super) struct ApiKey(Zeroizing<String>);

impl ApiKey {
    pub(super) fn draw() -> Result<Self, Unavailable> {
        let name = u64::from_be_bytes(random()?);
        let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(Zeroizing::new(random::<32>()?)));
        Ok(Self(Zeroizing::new(format!("{BEGINNING}{name:016x}_{}", secret.as_str()))))
    }

    /// A text that has the form of a key: what has not is never looked up.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.len() != BEGINNING.len() + NAME + 1 + SECRET {
            return None;
        }
        let rest = text.strip_prefix(BEGINNING)?;
        let (name, secret) = rest.split_at_checked(NAME)?;
        let secret = secret.strip_prefix('_')?;
        let hex = name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let base64 = secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (hex && base64).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    pub(super) fn text(&self) -> Zeroizing<String> {
        self.0.clone()
    }

    pub(super) fn id(&self) -> String {
        self.0.chars().skip(BEGINNING.len()).take(NAME).collect()
    }

    pub(super) fn stored(&self) -> Key {
        Key(digest(&[b"api key", self.0.as_bytes()]))
    }
}

/// Something that a key may do, in the words of the policy: 1 to 64 of letters, digits and `.:_-/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(String);

/// It is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no scope: 1 to 64 letters, digits and `.:_-/`")]
pub struct BadScope(String);

impl Scope {
    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl TryFrom<String> for Scope {
    type Error = BadScope;

    fn try_from(word: String) -> Result<Self, BadScope> {
        let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:_-/".contains(&byte));
        if plain && (1..=64).contains(&word.len()) { Ok(Self(word)) } else { Err(BadScope(word)) }
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.0
    }
}

/// What is kept beside the hash.
pub(super) struct Content {
    pub(super) id: String,
    pub(super) scopes: Vec<Scope>,
    pub(super) end: Option<Instant>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    id: String,
    scopes: Vec<Scope>,
    /// Seconds since the Unix epoch.
    end: Option<u64>,
}

impl Content {
    pub(super) fn write(&self) -> Vec<u8> {
        let Self { id, scopes, end } = self;
        let written = Written { id: id.clone(), scopes: scopes.clone(), end: end.map(|end| end.as_secs()) };
        let Ok(bytes) = serde_json::to_vec(&written) else {
            unreachable!("texts and numbers are always JSON")
        };
        bytes
    }

    /// A scope or an end that cannot be read is none that may be left out: the key lets nobody in.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Unavailable> {
        let Written { id, scopes, end } =
            serde_json::from_slice(bytes).map_err(|_| Unavailable::Unreadable)?;
        Ok(Self { id, scopes, end: end.map(Duration::from_secs) })
    }
}
