//! Who keeps people: the door's side of sign-in.
//!
//! The engine says what a request presents and what may be done with the answer; whoever implements [`Identity`]
//! says who that is, and answers the pages of people below `/.portcullis/`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, request};
use portcullis::layers::caller::session::{Context, Found, Notice, Person, Presented, Visitor};

/// An answer that comes.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Knows people.
pub trait Identity: Send + Sync + 'static {
    /// Who is calling. A store that is away answers [`Found::away`], never a person.
    fn find<'a>(&'a self, presented: &'a Presented, context: &'a Context, now: Duration) -> Boxed<'a, Found>;

    /// Answers a page of people below `/.portcullis/`. It has passed the whole engine: its sender meant it, as far
    /// as the layer `csrf` tells; who sent it is in `visitor`.
    fn answer<'a>(&'a self, asked: Asked) -> Boxed<'a, Answer>;

    /// What opens another site's doors for the person, for `X-Portcullis-Access-Token`, where the policy hands it to the
    /// app. None by default.
    fn hand<'a>(&'a self, person: &'a Person, now: Duration) -> Boxed<'a, Option<HeaderValue>> {
        let _ = (person, now);
        Box::pin(std::future::ready(None))
    }

    /// A signed statement to the app of who is calling, for `X-Portcullis-Token`; `origin` is the site's. None by
    /// default.
    fn vouch(&self, person: &Arc<Person>, origin: &str, now: Duration) -> Option<HeaderValue> {
        let _ = (person, origin, now);
        None
    }
}

/// A page of people that was asked for.
pub struct Asked {
    /// The head, without our own cookies and keys.
    pub head: request::Parts,
    /// The whole body, 64 KiB at most.
    pub body: Bytes,
    /// Who is calling.
    pub visitor: Visitor,
    /// What was presented to say so.
    pub presented: Presented,
    /// From where and with what.
    pub context: Context,
    /// The site's origin as its visitor sees it, as in `https://notes.example`: links in mails begin with it.
    pub origin: String,
    /// Since the Unix epoch.
    pub now: Duration,
    /// Names the exchange, on pages and in the log.
    pub exchange: String,
}

/// The answer of a page of people. What it lacks in security headers is added; forms get their tokens against
/// cross-site requests while the page goes out.
pub struct Answer {
    /// The whole response.
    pub response: Response<Bytes>,
    /// For the log.
    pub notices: Vec<Notice>,
}

impl From<Response<Bytes>> for Answer {
    fn from(response: Response<Bytes>) -> Self {
        Self { response, notices: Vec::new() }
    }
}

#[cfg(test)]
mod tests;
