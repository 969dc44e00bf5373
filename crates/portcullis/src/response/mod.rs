//! The way out: a response head, held until it may go, and the body behind it.
//!
//! [`Release`] is either [`Release::Ready`] or [`Release::Hold`]: some heads cannot be sent before the
//! first part of the body has been seen (a stack trace is replaced by our page; a policy is fitted to
//! the page). The door then pushes chunks until it gets `Ready`, or calls [`Held::hurry`] when the app
//! pauses.
//!
//! A body is
//! - passed untouched and unbuffered: event streams, gRPC, downloads, images, ranges, upgrades, HEAD;
//! - searched, the app's own bytes sent: JSON, XML, text, scripts ([`crate::layers::departure::leak`]);
//! - searched and edited: pages ([`crate::layers::departure::html`]).
//!
//! Pages and texts of up to 256 KiB whose length is known, and error pages, are held to their end; the
//! first 64 KiB of other pages are. Compressed bodies are decoded to be searched, and encoded again only
//! when something was put in. What cannot be decoded passes as it came, with an event.

mod coding;
mod head;
mod held;
mod subject;
mod tail;

use std::ops::ControlFlow;

use bytes::Bytes;
use http::header::CONTENT_SECURITY_POLICY;
use http::{Method, request, response};

use crate::exchange::Exchange;
use crate::gate::{self, Refusal, settle};
use crate::keys::Keyring;
use crate::layers::caller::session::{self, Notice};
use crate::layers::content::gate as rules;
use crate::layers::departure::headers;
use crate::layers::departure::headers::learn::Sighting;
use crate::layers::departure::leak::Scanner;
use crate::layers::record::event::Event;
use crate::reason::Reason;
use crate::verdict::{Layer, Mode};

use coding::{Coding, DecodeFault, Decoder};
use head::Change;
pub use held::Held;
use subject::{Body, Look, Subject, has_whole_body, look, may_be_changed};
pub use tail::Tail;
use tail::Way;

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
    exchange: Box<Exchange>,
    asked: Asked,
}

impl Outstanding {
    pub(crate) fn new(exchange: Box<Exchange>, asked: Asked) -> Self {
        Self { exchange, asked }
    }

    /// The request body could not be let through to its end, after the app had begun to get it.
    pub fn refuse(mut self, reason: Reason) -> Box<Refusal> {
        gate::refuse(&mut self.exchange, reason.layer(), reason)
    }

    /// What one of our own pages has to tell the log.
    pub fn tell(&mut self, notices: Vec<Notice>) {
        session::tell(&mut self.exchange, notices);
    }

    pub(crate) fn into_parts(self) -> (Box<Exchange>, Asked) {
        (self.exchange, self.asked)
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
    /// What the page held, where a content security policy is learned.
    pub sighting: Option<Box<Sighting>>,
}

/// The body must end here: what follows may not pass. The door breaks the connection off, so that the
/// client does not take the part for the whole.
#[derive(Debug)]
pub struct Cut {
    /// For the log.
    pub events: Vec<Event>,
}

impl Release {
    /// Our own page in place of the app's answer, with the same headers as every page of the site.
    pub(crate) fn refused(refusal: Refusal, exchange: &mut Exchange) -> Self {
        Self::Ready(replaced(refusal, exchange))
    }
}

fn replaced(refusal: Refusal, exchange: &mut Exchange) -> Box<Departure> {
    let (mut head, body) = refusal.response.into_parts();
    // Our page brings the policy that fits it; one that the site forces would take its style away.
    let own = head.headers.get(CONTENT_SECURITY_POLICY).cloned();
    headers::apply(&mut head, exchange, None);
    if let Some(own) = own {
        head.headers.insert(CONTENT_SECURITY_POLICY, own);
    }
    let mut events = refusal.events;
    events.extend(exchange.take_events());
    Box::new(Departure { head, first: body, tail: None, events, sighting: None })
}

/// cookies, headers, leak, html: see [`crate::engine::Engine::release`].
pub(crate) fn release(
    mut exchange: Box<Exchange>,
    asked: Asked,
    mut head: response::Parts,
    keys: &Keyring,
) -> Release {
    let watched = watched(&mut exchange, &asked.method, &head);
    if watched.is_none() {
        let judged = settle(&mut exchange, Layer::Gate, |x| rules::judge_response_body(b"", x), |_| ());
        if let ControlFlow::Break(refusal) = judged {
            return Release::refused(*refusal, &mut exchange);
        }
        rules::finish(&mut exchange);
    }
    let subject = match (look(&asked.method, &head), watched) {
        (Look::Into(subject), _) => subject,
        (Look::Away | Look::AwayFrom(_), Some(coding)) => {
            Subject { body: Body::Other, charset: None, coding, hold: 0 }
        }
        (Look::Away, None) => {
            if asked.method == Method::HEAD && would_be_edited(&exchange, &head) {
                // A cache compares it with what GET brings (RFC 9111 section 4.3.5).
                head::body_differs(&mut head.headers);
                head.headers.remove(http::header::CONTENT_LENGTH);
            }
            return go(exchange, head, keys, Way::Pass);
        }
        (Look::AwayFrom(unknown), None) => {
            let sentence = format!("the body is coded as `{}`, and passed unread", unknown.0);
            let note = Event::note(&exchange, Layer::Leak, "leak.coding_unknown", sentence);
            exchange.events.push(note);
            return go(exchange, head, keys, Way::Pass);
        }
    };
    let breadth = match subject.body {
        Body::Other => None,
        body => exchange.rules.leak.breadth(head.status, body == Body::Script),
    };
    let scanner = breadth.map(Scanner::new);
    let is_read = watched.is_some()
        || scanner.is_some()
        || (matches!(subject.body, Body::Page(_)) && exchange.rules.html.mode != Mode::Off);
    if !is_read {
        return go(exchange, head, keys, Way::Pass);
    }
    let decoder = match Decoder::new(subject.coding) {
        Ok(decoder) => decoder,
        Err(DecodeFault::Broken | DecodeFault::Bomb) => return go(exchange, head, keys, Way::Pass),
    };
    match scanner {
        Some(scanner) if subject.hold == 0 && watched.is_none() => {
            go(exchange, head, keys, Way::Scan { decoder, scanner })
        }
        scanner => {
            let keys = keys.clone();
            let held = Held::new(exchange, keys, asked, head, subject, decoder, scanner);
            Release::Hold(Box::new(held.watched(watched.is_some())))
        }
    }
}

/// How the body is coded, where the rules want to see it and can.
fn watched(exchange: &mut Exchange, method: &Method, head: &response::Parts) -> Option<Coding> {
    if !rules::reads_response_body(exchange) || !has_whole_body(method, head.status) {
        return None;
    }
    match Coding::of(&head.headers) {
        Ok(coding) => Some(coding),
        Err(unknown) => {
            let sentence = format!("the body is coded as `{}`, and no rule could look at it", unknown.0);
            let note = Event::note(exchange, Layer::Gate, "gate.coding_unknown", sentence);
            exchange.events.push(note);
            None
        }
    }
}

/// The head goes at once.
fn go(mut exchange: Box<Exchange>, mut head: response::Parts, keys: &Keyring, way: Way) -> Release {
    let events = head::finish(&mut head, &mut exchange, keys, &Change::None, None, None);
    let tail = Some(Tail::new(way, exchange));
    Release::Ready(Box::new(Departure { head, first: Bytes::new(), tail, events, sighting: None }))
}

fn would_be_edited(exchange: &Exchange, head: &response::Parts) -> bool {
    let is_page = matches!(subject::kind(&head.headers), Some((Body::Page(_), _)));
    is_page
        && exchange.rules.html.mode == Mode::Enforce
        && exchange.rules.html.tokens
        && exchange.rules.csrf.mode != Mode::Off
        && may_be_changed(&head.headers)
}

#[cfg(test)]
mod tests;
