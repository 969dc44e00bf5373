//! Who came back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, header};
use portcullis_store::{Instant, UserId};
use serde::Deserialize;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::attempt::{Attempt, CallbackError};
use super::fetch::{FetchFailure, json};
use super::grant::Granted;
use super::id_token::{self, Expected, text};
use super::keys::Relying;
use super::metadata::{Metadata, form};
use crate::Ground;

/// Whom a provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// The provider's issuer.
    pub issuer: String,
    /// Names the person there for ever.
    pub subject: String,
    /// The address of mail, as the provider writes it.
    pub email: Option<String>,
    /// Whether the provider says that the address is the person's.
    pub email_verified: bool,
    /// The name to be shown.
    pub name: Option<String>,
    /// The session there, for its back-channel logout.
    pub session: Option<String>,
    /// Whether the person proved themselves there just now, as was asked.
    pub again: bool,
    /// Where to go afterwards.
    pub return_to: String,
    /// Who wanted to add the identity to their account.
    pub link: Option<UserId>,
    /// What was granted with it.
    pub granted: Granted,
}

/// What comes back in the query (RFC 6749 section 4.1.2, RFC 9207).
#[derive(Default)]
struct Answer {
    code: Option<String>,
    state: Option<String>,
    issuer: Option<String>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: Option<Zeroizing<String>>,
    token_type: Option<String>,
    id_token: Zeroizing<String>,
    refresh_token: Option<Zeroizing<String>>,
    /// Seconds, which some write as a text.
    expires_in: Option<Value>,
}

/// What renews an access token brings (RFC 6749 section 6).
#[derive(Deserialize)]
struct Renewed {
    access_token: Zeroizing<String>,
    token_type: Option<String>,
    refresh_token: Option<Zeroizing<String>>,
    expires_in: Option<Value>,
}

/// Why there is no new access token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRenewed {
    /// The provider takes what renews it no more.
    #[error("the provider takes the refresh token no more")]
    Dead,
    /// It cannot be asked now, or answers something else.
    #[error(transparent)]
    Provider(#[from] FetchFailure),
}

impl Relying {
    /// Takes what came back: the parameters of the callback, as they stand in its query. `redirect_uri` and `bound` are
    /// those of the beginning.
    ///
    /// # Errors
    /// When there is no proof of who came. The attempt is used up all the same, as soon as its state was right.
    pub async fn complete(
        &self,
        ground: Ground<'_>,
        query: &[(String, String)],
        redirect_uri: &str,
        bound: &[u8],
        now: Instant,
    ) -> Result<Vouched, CallbackError> {
        let answer = read(query)?;
        let state = answer.state.as_deref().ok_or(CallbackError::Malformed)?;
        let attempt = self.attempt(ground, bound, state, now).await?;
        let metadata = self.metadata(now).await?;
        match &answer.issuer {
            Some(issuer) if *issuer != self.registration.issuer => return Err(CallbackError::MixedUp),
            None if metadata.names_issuer => return Err(CallbackError::MixedUp),
            Some(_) | None => {}
        }
        if let Some(error) = answer.error {
            let word = error.chars().filter(char::is_ascii_graphic).take(40).collect();
            return Err(CallbackError::Declined(word));
        }
        let code = Zeroizing::new(answer.code.ok_or(CallbackError::Malformed)?);
        let tokens = self.exchange(&metadata, &code, redirect_uri, &attempt).await?;
        self.vouched(&metadata, tokens, attempt, now).await
    }

    /// RFC 6749 section 4.1.3, with PKCE.
    async fn exchange(
        &self,
        metadata: &Metadata,
        code: &str,
        redirect_uri: &str,
        attempt: &Attempt,
    ) -> Result<Tokens, CallbackError> {
        let fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", attempt.verifier.as_str()),
        ];
        Ok(json(self.fetch.as_ref(), self.asks_for_tokens(metadata, fields)?).await?)
    }

    /// Asks for another access token (RFC 6749 section 6). Whoever calls sees to it that nobody else does so at once.
    ///
    /// # Errors
    /// When there is none.
    pub async fn renew(&self, granted: &Granted, now: Instant) -> Result<Granted, NotRenewed> {
        let refresh = granted.refresh.as_ref().ok_or(NotRenewed::Dead)?;
        let metadata = self.metadata(now).await?;
        let fields = vec![("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
        let request = self.asks_for_tokens(&metadata, fields)?;
        let renewed: Renewed = match json(self.fetch.as_ref(), request).await {
            Err(FetchFailure::Unusable { what, .. }) if what.contains("`invalid_grant`") => {
                return Err(NotRenewed::Dead);
            }
            other => other?,
        };
        let end = ends(renewed.expires_in.as_ref(), now);
        Ok(Granted {
            id_token: granted.id_token.clone(),
            access: is_bearer(renewed.token_type.as_deref()).then_some((renewed.access_token, end)),
            // Without a new one the old one goes on.
            refresh: renewed.refresh_token.or_else(|| granted.refresh.clone()),
        })
    }

    /// A request to the token endpoint, with what shows that we are the client.
    fn asks_for_tokens<'a>(
        &'a self,
        metadata: &Metadata,
        mut fields: Vec<(&'static str, &'a str)>,
    ) -> Result<Request<Bytes>, FetchFailure> {
        let id = self.registration.client_id.as_str();
        let mut request = Request::post(&metadata.token)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        match &self.registration.client_secret {
            None => fields.push(("client_id", id)),
            Some(secret) if metadata.secret_in_body => {
                fields.extend([("client_id", id), ("client_secret", secret.as_str())]);
            }
            Some(secret) => {
                // Section 2.3.1: both are written as in a form first.
                let escape = |text: &str| form(&[("", text)]).split_off(1);
                let pair = Zeroizing::new(format!("{}:{}", escape(id), escape(secret)));
                let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
                request = request.header(header::AUTHORIZATION, value.as_str());
            }
        }
        request.body(Bytes::from(form(&fields))).map_err(|_| FetchFailure::Forbidden(metadata.token.clone()))
    }

    async fn vouched(
        &self,
        metadata: &Metadata,
        tokens: Tokens,
        attempt: Attempt,
        now: Instant,
    ) -> Result<Vouched, CallbackError> {
        let Tokens { access_token, token_type, id_token, refresh_token, expires_in } = tokens;
        let access_token = access_token.filter(|_| is_bearer(token_type.as_deref()));
        let mut claims = self.verify(&id_token, now).await?.claims;
        let expected = Expected {
            issuer: &self.registration.issuer,
            client_id: &self.registration.client_id,
            nonce: &attempt.nonce,
            proved_since: attempt.again.then(|| Instant::from_secs(attempt.began)),
            access_token: access_token.as_deref().map(String::as_str),
            now,
        };
        let subject = id_token::check(&claims, &expected)?;
        let session = text(&claims, "sid").map(str::to_owned);
        // Many providers tell the address only there (section 5.4).
        if claims.get("email").is_none()
            && let (Some(url), Some(token)) = (&metadata.userinfo, &access_token)
        {
            let details = self.details(url, token).await?;
            let same =
                text(&details, "sub").is_some_and(|other| other.as_bytes().ct_eq(subject.as_bytes()).into());
            if !same {
                return Err(CallbackError::OtherSubject);
            }
            for name in ["email", "email_verified", "name"] {
                if let Some(value) = details.get(name) {
                    claims.insert(name.to_owned(), value.clone());
                }
            }
        }
        let short = |name: &str, most: usize| {
            text(&claims, name)
                .map(|text| text.chars().filter(|one| !one.is_control()).take(most).collect::<String>())
                .filter(|text| !text.is_empty())
        };
        let keeps = self.registration.keep_tokens;
        let granted = Granted {
            access: access_token.filter(|_| keeps).map(|token| (token, ends(expires_in.as_ref(), now))),
            refresh: refresh_token.filter(|_| keeps),
            id_token,
        };
        Ok(Vouched {
            granted,
            email: short("email", 254),
            // Only the truth is true: some providers write a text here.
            email_verified: claims.get("email_verified") == Some(&Value::Bool(true)),
            name: short("name", 100),
            issuer: self.registration.issuer.clone(),
            subject,
            session,
            again: attempt.again,
            link: attempt.link(),
            return_to: attempt.return_to,
        })
    }

    async fn details(&self, url: &str, token: &str) -> Result<Map<String, Value>, FetchFailure> {
        let value = Zeroizing::new(format!("Bearer {token}"));
        let request = Request::get(url)
            .header(header::ACCEPT, "application/json")
            .header(header::AUTHORIZATION, value.as_str())
            .body(Bytes::new())
            .map_err(|_| FetchFailure::Forbidden(url.to_owned()))?;
        json(self.fetch.as_ref(), request).await
    }
}

fn is_bearer(kind: Option<&str>) -> bool {
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"))
}

/// When a token ends that lasts so long.
fn ends(lasts: Option<&Value>, now: Instant) -> Option<u64> {
    let lasts = lasts?;
    let seconds = lasts.as_u64().or_else(|| lasts.as_str()?.parse().ok())?;
    Some(now.as_secs().saturating_add(seconds))
}

/// Reads the parameters. What stands twice could be read in two ways (RFC 6749 section 3.1).
fn read(query: &[(String, String)]) -> Result<Answer, CallbackError> {
    let mut answer = Answer::default();
    for (name, value) in query {
        let place = match name.as_str() {
            "code" => &mut answer.code,
            "state" => &mut answer.state,
            "iss" => &mut answer.issuer,
            "error" => &mut answer.error,
            _ => continue,
        };
        if place.replace(value.clone()).is_some() || value.len() > 8192 {
            return Err(CallbackError::Malformed);
        }
    }
    Ok(answer)
}
