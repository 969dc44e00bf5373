//! Where events go.

use portcullis::Event;
use portcullis::layers::departure::headers::learn::{Report, Sighting};

use crate::meters::count_event;
use crate::trace::Span;

/// Takes events: the gateway's log writer, or whatever an app has.
///
/// Called on the path of a request; must not block for long and must not lose events in silence.
pub trait EventSink: Send + Sync + 'static {
    /// Takes one event.
    fn record(&self, event: Event);

    /// Takes what a page held, while a content security policy is learned.
    fn sight(&self, sighting: &Sighting) {
        let _ = sighting;
    }

    /// Takes what a browser reported, while a content security policy is learned.
    fn hear(&self, report: &Report) {
        let _ = report;
    }

    /// The share of exchanges whose spans are wanted, from 0 (the default) to 1.
    fn trace_share(&self) -> f64 {
        0.0
    }

    /// Takes the span of an exchange.
    fn trace(&self, span: Span) {
        let _ = span;
    }
}

impl<F: Fn(Event) + Send + Sync + 'static> EventSink for F {
    fn record(&self, event: Event) {
        self(event);
    }
}

pub(crate) fn record_all(sink: &dyn EventSink, events: impl IntoIterator<Item = Event>) {
    for event in events {
        count_event(&event);
        sink.record(event);
    }
}
