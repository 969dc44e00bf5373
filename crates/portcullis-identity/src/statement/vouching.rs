//! Statements, made and remembered for some seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use portcullis::keys::Keyring;
use portcullis::layers::caller::session::{By, Person};
use serde_json::json;

use super::key::SigningKey;

/// How long a statement holds.
pub const LIFETIME: Duration = Duration::from_secs(60);
/// For how long the same one is given again: it must still hold for a while at the app.
const AGAIN: Duration = Duration::from_secs(20);
/// How many are remembered; then all are made anew.
const MOST: usize = 8192;

/// Makes statements for one app.
pub struct Vouching {
    keys: Vec<SigningKey>,
    audience: String,
    made: Mutex<HashMap<([u8; 32], String), Made>>,
}

struct Made {
    at: Duration,
    person: Arc<Person>,
    token: HeaderValue,
}

impl Vouching {
    /// Statements for `audience`, signed by the newest of `keys`.
    #[must_use]
    pub fn new(keys: &Keyring, audience: &str) -> Self {
        Self { keys: SigningKey::all(keys), audience: audience.to_owned(), made: Mutex::default() }
    }

    /// Who is calling, signed; `issuer` is the site's origin.
    pub fn statement(&self, person: &Arc<Person>, issuer: &str, now: Duration) -> Option<HeaderValue> {
        let By::Session { key } = &person.by else { return self.make(person, issuer, now) };
        let place = (*key, issuer.to_owned());
        if let Some(made) = self.locked().get(&place)
            && now.checked_sub(made.at).is_some_and(|age| age < AGAIN)
            && (Arc::ptr_eq(&made.person, person) || made.person == *person)
        {
            return Some(made.token.clone());
        }
        let token = self.make(person, issuer, now)?;
        let mut made = self.locked();
        if made.len() >= MOST {
            made.clear();
        }
        made.insert(place, Made { at: now, person: person.clone(), token: token.clone() });
        Some(token)
    }

    /// The public keys, as `/.portcullis/jwks.json`.
    #[must_use]
    pub fn published(&self) -> Response<Bytes> {
        let keys: Vec<_> = self.keys.iter().map(SigningKey::published).collect();
        let mut response = Response::new(Bytes::from(json!({ "keys": keys }).to_string()));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        response
    }

    fn make(&self, person: &Person, issuer: &str, now: Duration) -> Option<HeaderValue> {
        let (way, scopes) = match &person.by {
            By::Session { .. } => ("session", None),
            By::ApiKey { scopes, .. } => ("key", Some(scopes.join(" "))),
        };
        let mut claims = json!({
            "iss": issuer,
            "aud": self.audience,
            "sub": person.id,
            "iat": now.as_secs(),
            "exp": now.saturating_add(LIFETIME).as_secs(),
            "email": person.email,
            "name": person.name,
            "roles": person.roles,
            "amr": person.factors.names().collect::<Vec<_>>(),
            "by": way,
        });
        if let Some(claims) = claims.as_object_mut() {
            if let Some(proved) = person.proved {
                claims.insert("auth_time".to_owned(), proved.as_secs().into());
            }
            if let Some(scopes) = scopes.filter(|scopes| !scopes.is_empty()) {
                claims.insert("scope".to_owned(), scopes.into());
            }
        }
        let mut value = HeaderValue::from_str(&self.keys.first()?.sign(&claims)?).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<([u8; 32], String), Made>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
