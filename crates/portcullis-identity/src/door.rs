//! People as a door knows them: who is calling, and the pages of people.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use portcullis::layers::caller::session::{Context, Found, Presented};
use portcullis_tower::people::{Answer, Asked, Boxed, Identity};

use crate::pages::Pages;
use crate::sessions::SessionService;

/// Everybody who may sign in to one site.
pub struct Door {
    sessions: Arc<SessionService>,
    pages: Pages,
}

impl Door {
    /// A door over these.
    #[must_use]
    pub fn new(sessions: Arc<SessionService>, pages: Pages) -> Self {
        Self { sessions, pages }
    }

    /// The sessions, for whoever sweeps them and for what else ends them.
    #[must_use]
    pub fn sessions(&self) -> &Arc<SessionService> {
        &self.sessions
    }
}

impl Identity for Door {
    /// By session or remembered device.
    fn find<'a>(&'a self, presented: &'a Presented, context: &'a Context, now: Duration) -> Boxed<'a, Found> {
        Box::pin(self.sessions.find(presented, context, now))
    }

    fn answer<'a>(&'a self, asked: Asked) -> Boxed<'a, Answer> {
        Box::pin(async move {
            match self.pages.answer(asked).await {
                Some(answer) => answer,
                None => nothing().into(),
            }
        })
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
