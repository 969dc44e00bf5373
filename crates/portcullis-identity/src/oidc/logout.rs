//! Signing out: at the provider, and because of the provider.

use std::time::Duration;

use portcullis_store::{Instant, Key};
use serde_json::Value;

use super::SKEW;
use super::fetch::FetchFailure;
use super::id_token::{addressed, subject, text, time, timely};
use super::jose::BadToken;
use super::keys::{Relying, TokenFailure};
use super::metadata::with_query;
use crate::random::digest;
use crate::{Ground, Unavailable};

/// OpenID Connect Back-Channel Logout 1.0 section 2.4.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The longest that a logout token may say that it is good: how long its use is remembered.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

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
    /// (RP-Initiated Logout 1.0 section 2). `None` where the provider has no such page. No token is kept that could be
    /// shown, so that the provider asks the person.
    ///
    /// # Errors
    /// When the provider cannot be asked for its addresses.
    pub async fn sign_out_url(&self, return_to: &str, now: Instant) -> Result<Option<String>, FetchFailure> {
        let metadata = self.metadata(now).await?;
        let parameters =
            [("client_id", self.registration.client_id.as_str()), ("post_logout_redirect_uri", return_to)];
        Ok(metadata.end_session.as_ref().map(|url| with_query(url, &parameters)))
    }
}
