//! A response whose head waits for the first part of its body.

use std::ops::ControlFlow;

use bytes::Bytes;
use http::response;
use url::Url;

use super::coding::{DecodeFault, Decoder, Encoder};
use super::head::{self, Change};
use super::subject::{Body, HELD_PLAIN, Subject, may_be_changed};
use super::tail::{Tail, Watch, Way};
use super::{Asked, Departure, Release};
use crate::exchange::Exchange;
use crate::gate::{Refusal, settle};
use crate::keys::Keyring;
use crate::layers::content::csrf::{SPA_COOKIE, TokenMint};
use crate::layers::content::gate as rules;
use crate::layers::departure::cookies;
use crate::layers::departure::html::Rewriter;
use crate::layers::departure::leak::{self, Scanner};
use crate::layers::record::event::Event;
use crate::origin::Origin;
use crate::verdict::{Layer, Mode, Verdict};

/// A response whose head waits for the first part of its body.
pub struct Held {
    exchange: Box<Exchange>,
    keys: Keyring,
    asked: Asked,
    head: response::Parts,
    subject: Subject,
    decoder: Decoder,
    scanner: Option<Scanner>,
    /// The body as it came.
    raw: Vec<u8>,
    /// The body decoded.
    plain: Vec<u8>,
    /// How much of it the rules are still to look at; `None` when they have, or do not want to.
    watched: Option<usize>,
}

/// How much of the body is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    All,
    Part,
}

impl Held {
    pub(super) fn new(
        exchange: Box<Exchange>,
        keys: Keyring,
        asked: Asked,
        head: response::Parts,
        subject: Subject,
        decoder: Decoder,
        scanner: Option<Scanner>,
    ) -> Self {
        let (raw, plain) = (Vec::new(), Vec::new());
        Self { exchange, keys, asked, head, subject, decoder, scanner, raw, plain, watched: None }
    }

    /// The rules look at the body before the head goes.
    pub(super) fn watched(mut self, wanted: bool) -> Self {
        self.watched = wanted.then(|| rules::response_limit(&self.exchange));
        self
    }

    /// The next bytes of the body.
    pub fn push(mut self: Box<Self>, chunk: &[u8]) -> Release {
        self.raw.extend_from_slice(chunk);
        let known = self.plain.len();
        if let Err(fault) = self.decoder.push(chunk, &mut self.plain) {
            return Release::Ready(self.unread(fault));
        }
        let fresh = self.plain.get(known..).unwrap_or_default();
        if let Some(reason) = self.scanner.as_mut().and_then(|scanner| scanner.push(fresh))
            && let ControlFlow::Break(refusal) = judged(&mut self.exchange, reason)
        {
            return Release::Ready(self.refused(*refusal));
        }
        if self.watched.is_some_and(|limit| self.plain.len() >= limit)
            && let ControlFlow::Break(refusal) = self.show_rules()
        {
            return Release::Ready(self.refused(*refusal));
        }
        let enough = self.raw.len() >= self.subject.hold || self.plain.len() >= HELD_PLAIN;
        if enough && self.watched.is_none() {
            return Release::Ready(self.hurry());
        }
        Release::Hold(self)
    }

    /// The body is complete.
    pub fn end(mut self: Box<Self>) -> Box<Departure> {
        let known = self.plain.len();
        let whole = self.decoder.end(&mut self.plain);
        let fresh = self.plain.get(known..).unwrap_or_default();
        let reason = self.scanner.as_mut().and_then(|scanner| scanner.push(fresh).or_else(|| scanner.end()));
        if let Some(reason) = reason
            && let ControlFlow::Break(refusal) = judged(&mut self.exchange, reason)
        {
            return self.refused(*refusal);
        }
        if let ControlFlow::Break(refusal) = self.show_rules() {
            return self.refused(*refusal);
        }
        if !whole {
            // The app's connection died, or it lies: the client gets what came.
            return self.unread(DecodeFault::Broken);
        }
        self.depart(Seen::All)
    }

    /// The app pauses: decide by what was seen, so that streams are not held back.
    pub fn hurry(mut self: Box<Self>) -> Box<Departure> {
        if let Some(reason) = self.scanner.as_mut().and_then(Scanner::settle)
            && let ControlFlow::Break(refusal) = judged(&mut self.exchange, reason)
        {
            return self.refused(*refusal);
        }
        self.depart(Seen::Part)
    }

    /// The rules judge what is there of the body.
    fn show_rules(&mut self) -> ControlFlow<Box<Refusal>> {
        if self.watched.take().is_none() {
            return ControlFlow::Continue(());
        }
        let plain = std::mem::take(&mut self.plain);
        let judged =
            settle(&mut self.exchange, Layer::Gate, |x| rules::judge_response_body(&plain, x), |_| ());
        self.plain = plain;
        if judged.is_continue() {
            rules::finish(&mut self.exchange);
        }
        judged
    }

    /// What the rules have not looked at yet, they look at as it goes.
    fn watch(&mut self) -> Option<Watch> {
        let limit = self.watched.take()?;
        Watch::after(self.subject.coding, &self.raw, limit)
    }

    fn refused(mut self: Box<Self>, refusal: Refusal) -> Box<Departure> {
        super::replaced(refusal, &mut self.exchange)
    }

    /// The body cannot be read: it passes as it came.
    fn unread(mut self: Box<Self>, fault: DecodeFault) -> Box<Departure> {
        if let ControlFlow::Break(refusal) = self.show_rules() {
            return self.refused(*refusal);
        }
        let (code, sentence) = describe(fault);
        self.exchange.events.push(Event::note(
            &self.exchange,
            Layer::Leak,
            code,
            format!("{sentence}, and passed unread"),
        ));
        self.scanner = None;
        self.unedited(Seen::All)
    }

    /// The app's own bytes.
    fn unedited(mut self: Box<Self>, seen: Seen) -> Box<Departure> {
        let watch = self.watch();
        let Self { mut exchange, keys, mut head, raw, decoder, scanner, .. } = *self;
        let events = head::finish(&mut head, &mut exchange, &keys, &Change::None, None, None);
        let tail = Some(Tail::new(way_of_rest(seen, decoder, scanner), exchange).watched(watch));
        Box::new(Departure { head, first: Bytes::from(raw), tail, events, sighting: None })
    }

    fn depart(mut self: Box<Self>, seen: Seen) -> Box<Departure> {
        let Body::Page(kind) = self.subject.body else { return self.unedited(seen) };
        if self.exchange.rules.html.mode == Mode::Off {
            return self.unedited(seen);
        }
        let mut mint = self.mint();
        // Laravel and others have a cookie of that name of their own.
        let spa = self.exchange.rules.csrf.spa_cookie && !cookies::sets(&self.head.headers, SPA_COOKIE);
        let spa_cookie = mint.as_mut().filter(|_| spa).and_then(TokenMint::spa_cookie);
        let own = Origin::ours(self.exchange.scheme, &self.exchange.site);
        let mut rewriter = Rewriter::new(kind, self.subject.charset.take(), self.page(), own, mint);
        let mut edited = Vec::with_capacity(self.plain.len());
        rewriter.push(&self.plain, &mut edited);
        if seen == Seen::All {
            rewriter.end(&mut edited);
        }
        let findings = rewriter.findings(seen == Seen::All);
        if let Some(fault) = rewriter.take_fault() {
            let note = Event::note(&self.exchange, Layer::Html, fault.code(), fault.sentence());
            self.exchange.events.push(note);
        }
        // In a page that streams a form may come after the head, so that the cookie has to go ahead.
        let may_come = seen == Seen::Part && rewriter.edits();
        let anchor = (rewriter.tokens() > 0 || may_come || spa_cookie.is_some())
            .then(|| rewriter.anchor_cookie())
            .flatten();
        let ours: Vec<_> = anchor.into_iter().chain(spa_cookie).collect();

        let watch = self.watch();
        let Self { mut exchange, keys, mut head, raw, decoder, scanner, subject, .. } = *self;
        let is_edited = rewriter.tokens() > 0 || may_come;
        let first =
            Encoder::like(subject.coding, &decoder).ok().filter(|_| is_edited).and_then(|mut encoder| {
                let coded = encoder.push(&edited).ok()?;
                Some((encoder, coded))
            });
        let (change, first, way) = match (first, seen) {
            (Some((encoder, mut coded)), Seen::All) => match encoder.finish() {
                Ok(mut last) => {
                    coded.append(&mut last);
                    (Change::Length(coded.len()), coded, Way::Pass)
                }
                Err(_) => (Change::None, raw, Way::Pass),
            },
            (Some((encoder, coded)), Seen::Part) => {
                let rewriter = Box::new(rewriter);
                (Change::Streaming, coded, Way::Edit { decoder, scanner, rewriter, encoder })
            }
            (None, seen) => (Change::None, raw, way_of_rest(seen, decoder, scanner)),
        };
        let events = head::finish(&mut head, &mut exchange, &keys, &change, ours, Some(&findings));
        let sighting = exchange.sighting.take();
        let tail = Some(Tail::new(way, exchange).watched(watch));
        Box::new(Departure { head, first: Bytes::from(first), tail, events, sighting })
    }

    /// Makes tokens, where this page may have some.
    fn mint(&mut self) -> Option<TokenMint> {
        let rules = &self.exchange.rules;
        let wanted = rules.html.mode == Mode::Enforce && rules.html.tokens && rules.csrf.mode != Mode::Off;
        (wanted && may_be_changed(&self.head.headers))
            .then(|| TokenMint::for_exchange(&mut self.exchange, &self.keys))
    }

    fn page(&self) -> Option<Url> {
        let scheme = self.exchange.scheme.as_str();
        Url::parse(&format!("{scheme}://{}{}", self.exchange.site.authority(), self.asked.target)).ok()
    }
}

/// What the rest goes through when nothing is edited.
fn way_of_rest(seen: Seen, decoder: Decoder, scanner: Option<Scanner>) -> Way {
    match scanner {
        Some(scanner) if seen == Seen::Part => Way::Scan { decoder, scanner },
        _ => Way::Pass,
    }
}

/// What the gate makes of a find.
pub(super) fn judged(exchange: &mut Exchange, reason: leak::Reason) -> ControlFlow<Box<Refusal>> {
    settle(exchange, Layer::Leak, |_| Verdict::<(), _>::Deny(reason), |_| ())
}

/// For the event.
pub(super) fn describe(fault: DecodeFault) -> (&'static str, &'static str) {
    match fault {
        DecodeFault::Broken => ("leak.coding_broken", "the body is not in the coding that its head names"),
        DecodeFault::Bomb => ("leak.coding_bomb", "the body decodes to far more than it is"),
    }
}
