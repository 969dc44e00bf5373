//! Signing out: at the provider, and because of the provider.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::seal;
use portcullis_store::{Instant, Key};
use serde_json::Value;

use super::SKEW;
use super::fetch::FetchFailure;
use super::id_token::{addressed, subject, text, time, timely};
use super::jose::BadToken;
use super::keys::{Relying, TokenFailure};
use super::metadata::with_query;
use crate::random::{digest, random};
use crate::{Ground, Unavailable};

/// OpenID Connect Back-Channel Logout 1.0 section 2.4.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The longest that a logout token may say that it is good: how long its use is remembered.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

const STATE: &str = "oidc sign-out";

/// How long somebody may stay at the provider to sign out.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Who signed out at the provider: a person, one of their sessions, or both are named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedOut {
    /// The provider's issuer.
    pub issuer: String,
    /// The person, in the provider's words.
    pub subject: Option<String>,
    /// The session, in the provider's words.
    pub session: Option<String>,
}

/// Why nobody is signed out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadLogout {
    /// The token is not good.
    #[error("the token is not good: {0}")]
    Token(#[from] BadToken),
    /// It is a token, but not one of a logout.
    #[error("it is no logout token")]
    Other,
    /// It came before.
    #[error("it came before")]
    Replayed,
    /// The provider's keys cannot be had.
    #[error(transparent)]
    Provider(#[from] FetchFailure),
    /// We cannot find out.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<TokenFailure> for BadLogout {
    fn from(failure: TokenFailure) -> Self {
        match failure {
            TokenFailure::Fetch(failure) => Self::Provider(failure),
            TokenFailure::Bad(bad) => Self::Token(bad),
        }
    }
}

impl Relying {
    /// Takes a logout token (section 2.6).
    ///
    /// # Errors
    /// When it is none: nobody is signed out.
    pub async fn log_out(
        &self,
        ground: Ground<'_>,
        token: &str,
        now: Instant,
    ) -> Result<LoggedOut, BadLogout> {
        let verified = self.verify(token, now).await?;
        let claims = &verified.claims;
        // An ID token, which many parties see, is none; nor is anything that is typed as something else.
        let typed = verified.kind.as_deref().is_none_or(|kind| matches!(kind, "logout+jwt" | "jwt"));
        let event = claims.get("events").and_then(|events| events.get(EVENT)).is_some_and(Value::is_object);
        if !typed || !event || claims.contains_key("nonce") {
            return Err(BadLogout::Other);
        }
        addressed(claims, &self.registration.issuer, &self.registration.client_id)?;
        timely(claims, now)?;
        let end = time(claims, "exp").ok_or(BadToken::Claim("exp"))?;
        if end > now + LONGEST {
            return Err(BadToken::Time.into());
        }
        let (subject, session) = (subject(claims), text(claims, "sid").map(str::to_owned));
        if subject.is_none() && session.is_none() {
            return Err(BadToken::Claim("sub").into());
        }
        let id = text(claims, "jti").ok_or(BadToken::Claim("jti"))?;
        let used = Key(digest(&[b"oidc logout", self.registration.issuer.as_bytes(), id.as_bytes()]));
        let until = end + SKEW + Duration::from_secs(1);
        if !ground.sessions.first_use(used, until, now).await.map_err(Unavailable::from)? {
            return Err(BadLogout::Replayed);
        }
        Ok(LoggedOut { issuer: self.registration.issuer.clone(), subject, session })
    }

    /// Where a browser signs out at the provider, too, and comes back to `return_to`, which is registered there
    /// (RP-Initiated Logout 1.0 section 2). `None` where the provider has no such page. With the ID token of the sign-in
    /// the provider knows whom it is about, and need not ask the person; `bound` is what binds it to this browser.
    ///
    /// # Errors
    /// When the provider cannot be asked for its addresses, or the system has no randomness.
    pub async fn sign_out_url(
        &self,
        ground: Ground<'_>,
        id_token: Option<&str>,
        return_to: &str,
        bound: &[u8],
        now: Instant,
    ) -> Result<Option<String>, BadLogout> {
        let metadata = self.metadata(now).await?;
        let Some(url) = &metadata.end_session else { return Ok(None) };
        let value = format!("{} {}", now.as_secs(), self.registration.name);
        let nonce = random().map_err(Unavailable::from)?;
        let sealed = seal::close(STATE, &digest(&[bound]), value.as_bytes(), nonce, ground.keys);
        let state = URL_SAFE_NO_PAD.encode(sealed.ok_or(Unavailable::NoRandomness)?);
        let mut parameters = vec![
            ("client_id", self.registration.client_id.as_str()),
            ("post_logout_redirect_uri", return_to),
            ("state", state.as_str()),
        ];
        parameters.extend(id_token.map(|token| ("id_token_hint", token)));
        Ok(Some(with_query(url, &parameters)))
    }
}

/// The provider at which the browser has signed out that comes back with this `state`; `None` where it was not sent by us
/// ([`Relying::sign_out_url`]), or long ago. It proves nothing about who is there, and changes nothing.
#[must_use]
pub fn signed_out_at(ground: Ground<'_>, state: &str, bound: &[u8], now: Instant) -> Option<String> {
    let sealed = URL_SAFE_NO_PAD.decode(state).ok().filter(|sealed| sealed.len() < 256)?;
    let value = String::from_utf8(seal::open(STATE, &digest(&[bound]), &sealed, ground.keys)?).ok()?;
    let (began, name) = value.split_once(' ')?;
    let age = now.checked_sub(Duration::from_secs(began.parse().ok()?))?;
    (age < PATIENCE).then(|| name.to_owned())
}
