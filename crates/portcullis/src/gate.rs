//! The gate: the one place that turns a layer's denial into a refusal, and alone knows Enforce from
//! Observe.

use std::ops::ControlFlow;

use bytes::Bytes;
use http::{HeaderValue, Response, header};

use crate::exchange::{Exchange, ExchangeId};
use crate::layers::caller::rate::{self, Offence};
use crate::layers::content::gate as rules;
use crate::layers::record::event::{Event, Outcome};
use crate::page;
use crate::reason::Reason;
use crate::verdict::{Layer, Mode, Verdict};

/// A refusal: the answer for the client and the events for the log.
#[must_use = "a refusal that is not answered is a door left open"]
pub struct Refusal {
    /// The id on the page and in the event.
    pub id: ExchangeId,
    /// The grounds.
    pub reason: Reason,
    /// The whole answer; after it the connection may be used again unless it says `Connection: close`.
    pub response: Response<Bytes>,
    /// The refusal's event, last, after those of layers that only observed.
    pub events: Vec<Event>,
    /// What it counts for against the caller; a door that keeps count of it can ban who keeps being refused.
    pub offence: Option<Box<Offence>>,
}

/// Asks a layer and acts on its answer according to the layer's mode here.
///
/// `instead` is the fact to go on with when the layer is off, or denies but only observes.
pub(crate) fn settle<F, R: Into<Reason>>(
    exchange: &mut Exchange,
    layer: Layer,
    ask: impl FnOnce(&mut Exchange) -> Verdict<F, R>,
    instead: impl FnOnce(&Exchange) -> F,
) -> ControlFlow<Box<Refusal>, F> {
    let mode = exchange.rules.mode(layer);
    if mode == Mode::Off {
        return ControlFlow::Continue(instead(exchange));
    }
    match (ask(exchange), mode) {
        (Verdict::Pass(fact), _) => ControlFlow::Continue(fact),
        (Verdict::Deny(reason), Mode::Observe) => {
            observe(exchange, layer, &reason.into());
            ControlFlow::Continue(instead(exchange))
        }
        (Verdict::Deny(reason), Mode::Enforce | Mode::Off) => {
            ControlFlow::Break(refuse(exchange, layer, reason.into()))
        }
    }
}

/// Records what would have been refused, once for each layer and exchange.
pub(crate) fn observe(exchange: &mut Exchange, layer: Layer, reason: &Reason) {
    // Rules judge the request and the answer apart.
    if layer != Layer::Gate && exchange.observed.contains(&layer) {
        return;
    }
    exchange.observed.push(layer);
    if reason.is_quiet() {
        return;
    }
    let event = Event::verdict(exchange, layer, reason, Outcome::WouldRefuse);
    exchange.events.push(event);
}

/// An extension of a refusal: a rule says `drop`. A door that holds the connection closes it and sends nothing; any
/// other sends the refusal.
#[derive(Debug, Clone, Copy)]
pub struct HangUp;

/// Makes the refusal: the page and its event, where it leaves one.
pub(crate) fn refuse(exchange: &mut Exchange, layer: Layer, reason: Reason) -> Box<Refusal> {
    rules::finish(exchange);
    let mut response = page::refusal(exchange, &reason);
    if layer == Layer::Framing {
        // Who sends one ambiguous message is not trusted to end it where we think (RFC 9112 section 11.2).
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if let Reason::Gate(found) = &reason
        && found.drops()
    {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        response.extensions_mut().insert(HangUp);
    }
    if !reason.is_quiet() {
        let event = Event::verdict(exchange, layer, &reason, Outcome::Refused);
        exchange.events.push(event);
    }
    let offence = rate::offence(exchange, &reason);
    let events = exchange.take_events();
    Box::new(Refusal { id: exchange.id, reason, response, events, offence })
}
