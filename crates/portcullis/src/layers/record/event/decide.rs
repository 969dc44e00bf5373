//! STUB

use http::request;
use serde::Serialize;

use crate::exchange::Exchange;
use crate::layers::arrival::framing::Wire;
use crate::reason::Reason;
use crate::verdict::{Grounds, Layer};

/// What a layer's denial came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was refused.
    Refused,
    /// It would have been, had the layer enforced.
    WouldRefuse,
    /// Nothing was refused; something was mended, or is worth knowing.
    Noted,
}

/// What an event tells of the request, taken before anything is changed.
#[derive(Debug, Clone, Serialize)]
pub struct RequestFacts {
    /// The method.
    pub method: String,
    /// The target as sent.
    pub target: String,
}

impl RequestFacts {
    pub(crate) fn of(head: &request::Parts, _wire: Option<&Wire>) -> Self {
        Self { method: head.method.to_string(), target: head.uri.to_string() }
    }

    pub(crate) fn of_wire(_wire: &Wire) -> Self {
        Self { method: String::new(), target: String::new() }
    }
}

/// One line of the log.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    id: String,
    layer: Layer,
    reason: &'static str,
    outcome: Outcome,
    sentence: String,
}

impl Event {
    /// A layer's denial.
    pub(crate) fn verdict(exchange: &Exchange, layer: Layer, reason: &Reason, outcome: Outcome) -> Self {
        Self {
            id: exchange.id.to_string(),
            layer,
            reason: reason.code(),
            outcome,
            sentence: reason.sentence(),
        }
    }

    /// Something that is no verdict but worth a line: a cookie that was dropped, a page that could not be
    /// rewritten.
    pub(crate) fn note(exchange: &Exchange, layer: Layer, code: &'static str, sentence: String) -> Self {
        Self { id: exchange.id.to_string(), layer, reason: code, outcome: Outcome::Noted, sentence }
    }
}
