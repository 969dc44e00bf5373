//! Where events go.

use portcullis::Event;

/// Takes events: the gateway's log writer, or whatever an app has.
///
/// Called on the path of a request; must not block for long and must not lose events in silence.
pub trait EventSink: Send + Sync + 'static {
    /// Takes one event.
    fn record(&self, event: Event);
}

impl<F: Fn(Event) + Send + Sync + 'static> EventSink for F {
    fn record(&self, event: Event) {
        self(event);
    }
}

pub(crate) fn record_all(sink: &dyn EventSink, events: impl IntoIterator<Item = Event>) {
    for event in events {
        sink.record(event);
    }
}
