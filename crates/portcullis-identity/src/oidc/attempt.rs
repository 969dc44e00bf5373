//! The way to a provider, and what must come back.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::seal;
use portcullis_store::{Instant, Key, UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::fetch::FetchFailure;
use super::jose::BadToken;
use super::keys::{Relying, TokenFailure};
use super::metadata::with_query;
use crate::random::{digest, random};
use crate::{Ground, Unavailable};

const SEALED: &str = "oidc attempt";

/// How long somebody may stay at the provider.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// The longest state that is read, in bytes.
const LONGEST: usize = 4096;

/// Why somebody who came back is not signed in. Nothing of what came is believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// The state is not ours, is of another browser, is too old, or was used.
    #[error("the attempt is not known, or is over")]
    Over,
    /// A parameter is missing, doubled or too long.
    #[error("the parameters are none of an answer")]
    Malformed,
    /// The answer is of another provider than was asked (RFC 9207 section 2.4).
    #[error("the answer is of another provider")]
    MixedUp,
    /// The provider says no, or the person did.
    #[error("the provider says `{0}`")]
    Declined(String),
    /// The provider cannot be asked, or does not give a token.
    #[error(transparent)]
    Provider(#[from] FetchFailure),
    /// The ID token says nothing.
    #[error("the token is not good: {0}")]
    Token(#[from] BadToken),
    /// The account's details are of somebody else than the token (OpenID Connect Core section 5.3.2).
    #[error("the details are of somebody else")]
    OtherSubject,
    /// We cannot find out.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<TokenFailure> for CallbackError {
    fn from(failure: TokenFailure) -> Self {
        match failure {
            TokenFailure::Fetch(failure) => Self::Provider(failure),
            TokenFailure::Bad(bad) => Self::Token(bad),
        }
    }
}

/// What is wanted of the provider.
#[derive(Debug, Clone, Default)]
pub struct Began<'a> {
    /// Where our callback is, to the letter as it is registered.
    pub redirect_uri: &'a str,
    /// What binds the attempt to this browser: the cookie of what was begun.
    pub bound: &'a [u8],
    /// Where to go afterwards, judged by the caller.
    pub return_to: &'a str,
    /// Who wants to add the identity to their account; `None` for a sign-in.
    pub link: Option<UserId>,
    /// The person must prove themselves there now, however they are signed in.
    pub again: bool,
}

/// What travels as `state`, sealed.
#[derive(Serialize, Deserialize)]
pub(super) struct Attempt {
    /// The provider's name here.
    provider: String,
    pub(super) nonce: Zeroizing<String>,
    pub(super) verifier: Zeroizing<String>,
    /// Seconds since the Unix epoch.
    pub(super) began: u64,
    pub(super) return_to: String,
    link: Option<[u8; 16]>,
    pub(super) again: bool,
}

impl Attempt {
    pub(super) fn link(&self) -> Option<UserId> {
        self.link.map(UserId)
    }
}

impl Relying {
    /// Where to send the browser.
    ///
    /// # Errors
    /// When the provider cannot be asked for its addresses, or the system has no randomness.
    pub async fn begin(
        &self,
        ground: Ground<'_>,
        began: &Began<'_>,
        now: Instant,
    ) -> Result<String, CallbackError> {
        let metadata = self.metadata(now).await?;
        let attempt = Attempt {
            provider: self.registration.name.clone(),
            nonce: word()?,
            verifier: word()?,
            began: now.as_secs(),
            return_to: began.return_to.chars().take(1024).collect(),
            link: began.link.map(|user| user.0),
            again: began.again,
        };
        let value = Zeroizing::new(serde_json::to_vec(&attempt).map_err(|_| Unavailable::Unreadable)?);
        let sealed = seal::close(
            SEALED,
            &digest(&[began.bound]),
            &value,
            random().map_err(Unavailable::from)?,
            ground.keys,
        )
        .ok_or(Unavailable::NoRandomness)?;
        let state = URL_SAFE_NO_PAD.encode(sealed);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(attempt.verifier.as_bytes()));
        let scope = self.registration.scopes.join(" ");
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", self.registration.client_id.as_str()),
            ("redirect_uri", began.redirect_uri),
            ("scope", scope.as_str()),
            ("state", state.as_str()),
            ("nonce", attempt.nonce.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        if began.again {
            parameters.extend([("prompt", "login"), ("max_age", "0")]);
        }
        Ok(with_query(&metadata.authorization, &parameters))
    }

    /// The attempt that a state is of, the first time that it comes.
    pub(super) async fn attempt(
        &self,
        ground: Ground<'_>,
        bound: &[u8],
        state: &str,
        now: Instant,
    ) -> Result<Attempt, CallbackError> {
        if state.len() > LONGEST {
            return Err(CallbackError::Over);
        }
        let opened = URL_SAFE_NO_PAD
            .decode(state)
            .ok()
            .and_then(|sealed| seal::open(SEALED, &digest(&[bound]), &sealed, ground.keys))
            .map(Zeroizing::new);
        let attempt = opened.and_then(|value| serde_json::from_slice::<Attempt>(&value).ok());
        let attempt = attempt.ok_or(CallbackError::Over)?;
        let end = Duration::from_secs(attempt.began) + PATIENCE;
        if now >= end {
            return Err(CallbackError::Over);
        }
        if attempt.provider != self.registration.name {
            return Err(CallbackError::MixedUp);
        }
        let used = Key(digest(&[b"oidc attempt", state.as_bytes()]));
        let first = ground
            .sessions
            .first_use(used, end + Duration::from_secs(1), now)
            .await
            .map_err(Unavailable::from)?;
        if first { Ok(attempt) } else { Err(CallbackError::Over) }
    }
}

/// 256 random bits (RFC 7636 section 4.1 asks for 43 characters at least).
fn word() -> Result<Zeroizing<String>, Unavailable> {
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(Zeroizing::new(random::<32>()?))))
}
