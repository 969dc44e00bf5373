//! The way out: a response head, held until it may go, and the body behind it.
//!
//! [`Release`] is either [`Release::Ready`] or [`Release::Hold`]: some heads cannot be sent before the
//! first part of the body has been seen (a stack trace is replaced by our page; a policy is fitted to
//! the page). The door then pushes chunks until it gets `Ready`, or calls [`Held::hurry`] when the app
//! pauses.

use bytes::Bytes;
use http::{Method, request, response};

use crate::exchange::Exchange;
use crate::gate::{self, Refusal};
use crate::keys::Keyring;
use crate::layers::departure::{cookies, headers};
use crate::layers::record::event::Event;
use crate::reason::Reason;

/// What the departure layers need of the request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) target: String,
}

impl Asked {
    pub(crate) fn of(head: &request::Parts) -> Self {
        Self {
            method: head.method.clone(),
            target: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        }
    }
}

/// An admitted request that the app has not answered yet.
#[must_use]
pub struct Outstanding {
    exchange: Exchange,
    asked: Asked,
}

impl Outstanding {
    pub(crate) fn new(exchange: Exchange, asked: Asked) -> Self {
        Self { exchange, asked }
    }

    /// The request body could not be let through to its end, after the app had begun to get it.
    pub fn refuse(mut self, reason: Reason) -> Box<Refusal> {
        gate::refuse(&mut self.exchange, reason.layer(), reason)
    }

    pub(crate) fn into_exchange(self) -> Exchange {
        let _ = self.asked;
        self.exchange
    }
}

/// What becomes of a response.
pub enum Release {
    /// It may go now.
    Ready(Box<Departure>),
    /// The first part of the body decides.
    Hold(Box<Held>),
}

/// A response that may go.
pub struct Departure {
    /// The head to send.
    pub head: response::Parts,
    /// The first part of the body, to be sent before what [`Tail`] gives.
    pub first: Bytes,
    /// What the rest of the body must go through; `None` when `first` is all of it and what the app
    /// still sends must be dropped.
    pub tail: Option<Tail>,
    /// For the log.
    pub events: Vec<Event>,
}

/// A response whose head waits for the first part of its body.
pub struct Held {}

/// The body, on its way.
pub struct Tail {
    ended: bool,
}

/// The body must end here: what follows may not pass. The door breaks the connection off, so that the
/// client does not take the part for the whole.
#[derive(Debug)]
pub struct Cut {
    /// For the log.
    pub events: Vec<Event>,
}

impl Held {
    /// The next bytes of the body.
    pub fn push(self: Box<Self>, _chunk: &[u8]) -> Release {
        Release::Hold(self)
    }

    /// The body is complete.
    pub fn end(self: Box<Self>) -> Box<Departure> {
        unreachable!("replaced")
    }

    /// The app pauses: decide by what was seen, so that streams are not held back.
    pub fn hurry(self: Box<Self>) -> Box<Departure> {
        unreachable!("replaced")
    }
}

impl Tail {
    /// The next bytes of the body, as they may be sent.
    ///
    /// # Errors
    /// When the rest may not pass.
    pub fn push(&mut self, chunk: Bytes) -> Result<Bytes, Cut> {
        Ok(chunk)
    }

    /// The body is complete: the last bytes to send, and events for the log.
    ///
    /// # Errors
    /// When the rest may not pass.
    pub fn end(&mut self) -> Result<(Bytes, Vec<Event>), Cut> {
        self.ended = true;
        Ok((Bytes::new(), Vec::new()))
    }

    /// Whether [`Tail::end`] has been called.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.ended
    }
}

impl Release {
    /// Our own page in place of the app's answer, with the same headers as every page of the site.
    pub(crate) fn refused(refusal: Refusal, exchange: &mut Exchange, _keys: &Keyring) -> Self {
        let (mut head, body) = refusal.response.into_parts();
        headers::apply(&mut head, exchange, None);
        Self::Ready(Box::new(Departure { head, first: body, tail: None, events: refusal.events }))
    }
}

/// cookies, headers, leak, html: see [`crate::engine::Engine::release`].
pub(crate) fn release(mut exchange: Exchange, mut head: response::Parts, keys: &Keyring) -> Release {
    cookies::depart(&mut head.headers, &mut exchange, keys);
    headers::apply(&mut head, &mut exchange, None);
    Release::Ready(Box::new(Departure {
        head,
        first: Bytes::new(),
        tail: Some(Tail { ended: false }),
        events: exchange.take_events(),
    }))
}
