//! People as a door knows them: who is calling, the pages of people, and what the app is told.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode};
use portcullis::layers::caller::session::{By, Context, Factors, Found, Person, Presented, Visitor};
use portcullis_store::{Key, People};
use portcullis_tower::people::{Answer, Asked, Boxed, Identity};

use crate::keys::{self, Bearer};
use crate::pages::Pages;
use crate::sessions::SessionService;
use crate::statement::Vouching;

/// Everybody who may sign in to one site.
pub struct Door {
    sessions: Arc<SessionService>,
    pages: Pages,
    keys: Option<Arc<dyn People>>,
    vouching: Option<Vouching>,
}

impl Door {
    /// A door over these.
    #[must_use]
    pub fn new(sessions: Arc<SessionService>, pages: Pages) -> Self {
        Self { sessions, pages, keys: None, vouching: None }
    }

    /// Programs come in by API keys of `people`, too.
    #[must_use]
    pub fn with_keys(mut self, people: Arc<dyn People>) -> Self {
        self.keys = Some(people);
        self
    }

    /// The app gets a signed statement of who is calling.
    #[must_use]
    pub fn with_vouching(mut self, vouching: Vouching) -> Self {
        self.vouching = Some(vouching);
        self
    }

    /// The sessions, for whoever sweeps them and for what else ends them.
    #[must_use]
    pub fn sessions(&self) -> &Arc<SessionService> {
        &self.sessions
    }

    #[cfg(test)]
    pub(crate) fn pages(&self) -> &Pages {
        &self.pages
    }

    /// By API key. Where none are taken, none is good.
    async fn by_key(&self, key: &str, now: Duration) -> Found {
        let Some(people) = &self.keys else { return Found::default() };
        match keys::find(people.as_ref(), key, now).await {
            Ok(Some(bearer)) => {
                Found { visitor: Visitor::Person(Arc::new(of_bearer(bearer))), ..Found::default() }
            }
            Ok(None) => Found::default(),
            Err(_) => Found::away(),
        }
    }
}

impl Identity for Door {
    /// By API key, session or remembered device. A request with a key is the key's alone: whoever set a header meant
    /// it, and a cookie comes by itself.
    fn find<'a>(&'a self, presented: &'a Presented, context: &'a Context, now: Duration) -> Boxed<'a, Found> {
        match presented.key.as_deref() {
            Some(key) => Box::pin(self.by_key(key, now)),
            None => Box::pin(self.sessions.find(presented, context, now)),
        }
    }

    fn answer<'a>(&'a self, asked: Asked) -> Boxed<'a, Answer> {
        Box::pin(async move {
            if asked.head.uri.path() == "/.portcullis/jwks.json" {
                return match &self.vouching {
                    Some(vouching) if matches!(asked.head.method, Method::GET | Method::HEAD) => {
                        vouching.published().into()
                    }
                    _ => nothing().into(),
                };
            }
            match self.pages.answer(asked).await {
                Some(answer) => answer,
                None => nothing().into(),
            }
        })
    }

    fn hand<'a>(&'a self, person: &'a Person, now: Duration) -> Boxed<'a, Option<HeaderValue>> {
        Box::pin(async move {
            match &person.by {
                By::Session { key } => self.pages.handed(Key(*key), now).await,
                // A key speaks for its owner here, and nowhere else.
                By::ApiKey { .. } => None,
            }
        })
    }

    fn vouch(&self, person: &Arc<Person>, origin: &str, now: Duration) -> Option<HeaderValue> {
        self.vouching.as_ref()?.statement(person, origin, now)
    }
}

/// Who a key speaks for: its owner, with nothing proved.
fn of_bearer(bearer: Bearer) -> Person {
    let Bearer { user, label, scopes, .. } = bearer;
    Person {
        id: user.id.to_string(),
        email: user.email,
        name: user.name,
        roles: user.roles,
        proved: None,
        factors: Factors::NONE,
        by: By::ApiKey { name: label, scopes: scopes.iter().map(ToString::to_string).collect() },
    }
}

/// There is no such page here.
fn nothing() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"there is nothing here\n"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
