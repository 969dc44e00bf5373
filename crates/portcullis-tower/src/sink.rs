//! Where events go.

use portcullis::Event;
use portcullis::layers::departure::headers::learn::{Report, Sighting};

use crate::meters::count_event;

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
