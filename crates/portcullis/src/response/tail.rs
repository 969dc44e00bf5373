//! The body, on its way: what comes after the head went.

use std::ops::ControlFlow;

use bytes::Bytes;

use super::Cut;
use super::coding::{Coding, DecodeFault, Decoder, Encoder};
use super::held::{describe, judged};
use crate::exchange::Exchange;
use crate::gate::{self, settle};
use crate::layers::content::gate as rules;
use crate::layers::departure::html::Rewriter;
use crate::layers::departure::leak::{self, Scanner};
use crate::layers::record::event::Event;
use crate::reason::Reason;
use crate::verdict::Layer;

/// The body, on its way.
pub struct Tail {
    ended: bool,
    way: Way,
    watch: Option<Watch>,
    exchange: Box<Exchange>,
}

/// What rules are to look at of a body whose head has gone already.
pub(super) struct Watch {
    decoder: Decoder,
    seen: Vec<u8>,
    limit: usize,
}

impl Watch {
    /// Goes on after `raw`; `None` where that cannot be decoded.
    pub(super) fn after(coding: Coding, raw: &[u8], limit: usize) -> Option<Self> {
        let mut watch = Self { decoder: Decoder::new(coding).ok()?, seen: Vec::new(), limit };
        watch.push(raw);
        Some(watch)
    }

    /// The next bytes; whether the rules now have what they look at.
    fn push(&mut self, chunk: &[u8]) -> bool {
        let decoded = self.decoder.push(chunk, &mut self.seen);
        decoded.is_err() || self.seen.len() >= self.limit
    }

    fn end(&mut self) {
        let _ = self.decoder.end(&mut self.seen);
    }
}

/// What the body goes through.
pub(super) enum Way {
    /// Nothing.
    Pass,
    /// It is searched, and the app's own bytes are sent.
    Scan { decoder: Decoder, scanner: Scanner },
    /// It is decoded, edited and encoded again.
    Edit { decoder: Decoder, scanner: Option<Scanner>, rewriter: Box<Rewriter>, encoder: Encoder },
}

impl Tail {
    pub(super) fn new(way: Way, exchange: Box<Exchange>) -> Self {
        Self { ended: false, way, watch: None, exchange }
    }

    /// The rules look at the body as it goes.
    pub(super) fn watched(mut self, watch: Option<Watch>) -> Self {
        self.watch = watch;
        self
    }

    /// The next bytes of the body, as they may be sent.
    ///
    /// # Errors
    /// When the rest may not pass.
    pub fn push(&mut self, chunk: Bytes) -> Result<Bytes, Cut> {
        if self.watch.as_mut().is_some_and(|watch| watch.push(&chunk)) {
            self.show_rules()?;
        }
        match &mut self.way {
            Way::Pass => Ok(chunk),
            Way::Scan { decoder, scanner } => {
                let mut plain = Vec::new();
                if let Err(fault) = decoder.push(&chunk, &mut plain) {
                    let (code, sentence) = describe(fault);
                    let sentence = format!("{sentence}, and its rest passed unread");
                    let note = Event::note(&self.exchange, Layer::Leak, code, sentence);
                    self.exchange.events.push(note);
                    self.way = Way::Pass;
                    return Ok(chunk);
                }
                let found = scanner.push(&plain);
                self.settle(found)?;
                Ok(chunk)
            }
            Way::Edit { decoder, scanner, rewriter, encoder } => {
                let mut plain = Vec::new();
                let decoded = decoder.push(&chunk, &mut plain);
                let found = scanner.as_mut().and_then(|scanner| scanner.push(&plain));
                let mut edited = Vec::with_capacity(plain.len());
                rewriter.push(&plain, &mut edited);
                let fault = rewriter.take_fault();
                let coded = encoder.push(&edited);
                if let Some(fault) = fault {
                    let note = Event::note(&self.exchange, Layer::Html, fault.code(), fault.sentence());
                    self.exchange.events.push(note);
                }
                self.settle(found)?;
                decoded.map_err(|fault| self.cut_unread(fault))?;
                coded.map(Bytes::from).map_err(|_| self.cut_unread(DecodeFault::Broken))
            }
        }
    }

    /// The body is complete: the last bytes to send, and events for the log.
    ///
    /// # Errors
    /// When the rest may not pass.
    pub fn end(&mut self) -> Result<(Bytes, Vec<Event>), Cut> {
        self.ended = true;
        if let Some(watch) = &mut self.watch {
            watch.end();
            self.show_rules()?;
        }
        let last = match std::mem::replace(&mut self.way, Way::Pass) {
            Way::Pass => Bytes::new(),
            Way::Scan { mut decoder, mut scanner } => {
                let mut plain = Vec::new();
                decoder.end(&mut plain);
                let found = scanner.push(&plain).or_else(|| scanner.end());
                self.settle(found)?;
                Bytes::new()
            }
            Way::Edit { mut decoder, scanner, mut rewriter, mut encoder } => {
                let mut plain = Vec::new();
                let whole = decoder.end(&mut plain);
                let found = scanner.and_then(|mut scanner| scanner.push(&plain).or_else(|| scanner.end()));
                self.settle(found)?;
                let mut edited = Vec::new();
                rewriter.push(&plain, &mut edited);
                rewriter.end(&mut edited);
                let coded = encoder.push(&edited).and_then(|mut coded| {
                    // What came was cut short: so is what goes, and the client can tell.
                    if whole {
                        coded.append(&mut encoder.finish()?);
                    }
                    Ok(coded)
                });
                coded.map(Bytes::from).map_err(|_| self.cut_unread(DecodeFault::Broken))?
            }
        };
        Ok((last, self.exchange.take_events()))
    }

    /// Whether [`Tail::end`] has been called.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// The response is over, whether it came to its end or not: events that nobody has taken yet, and the
    /// refusal of what was still coming of the request, when it was broken off after the answer had begun.
    pub fn close(&mut self, broken: Option<Reason>) -> Vec<Event> {
        rules::finish(&mut self.exchange);
        let mut events = self.exchange.take_events();
        if let Some(reason) = broken {
            events.extend(gate::refuse(&mut self.exchange, reason.layer(), reason).events);
        }
        events
    }

    /// The rules judge what is there of the body.
    fn show_rules(&mut self) -> Result<(), Cut> {
        let Some(watch) = self.watch.take() else { return Ok(()) };
        let judged =
            settle(&mut self.exchange, Layer::Gate, |x| rules::judge_response_body(&watch.seen, x), |_| ());
        match judged {
            ControlFlow::Continue(()) => {
                rules::finish(&mut self.exchange);
                Ok(())
            }
            ControlFlow::Break(refusal) => Err(Cut { events: refusal.events }),
        }
    }

    fn settle(&mut self, found: Option<leak::Reason>) -> Result<(), Cut> {
        let Some(reason) = found else { return Ok(()) };
        match judged(&mut self.exchange, reason) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(refusal) => Err(Cut { events: refusal.events }),
        }
    }

    /// What was sent so far cannot be gone on with.
    fn cut_unread(&mut self, fault: DecodeFault) -> Cut {
        let (code, sentence) = describe(fault);
        let sentence = format!("{sentence}, and was cut off");
        let note = Event::note(&self.exchange, Layer::Html, code, sentence);
        self.exchange.events.push(note);
        Cut { events: self.exchange.take_events() }
    }
}
