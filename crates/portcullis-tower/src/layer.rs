//! The tower layer.

use std::sync::Arc;

use portcullis::Engine;
use tower::Layer;

use crate::lend::Lender;
use crate::service::Gate;
use crate::sink::EventSink;

/// Puts the gate around a service.
///
/// The outermost layer of an app: what stands outside of it is not protected by it.
#[derive(Clone)]
pub struct GateLayer {
    engine: Arc<Engine>,
    sink: Arc<dyn EventSink>,
    lender: Arc<Lender>,
}

impl GateLayer {
    /// A layer that asks `engine` and gives events to `sink`.
    #[must_use]
    pub fn new(engine: Arc<Engine>, sink: Arc<dyn EventSink>) -> Self {
        Self { engine, sink, lender: Arc::default() }
    }

    /// Counts callers with `lender`, so that several layers count together and a change of the policy forgets
    /// nobody.
    #[must_use]
    pub fn with_lender(mut self, lender: Arc<Lender>) -> Self {
        self.lender = lender;
        self
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate::new(inner, self.engine.clone(), self.sink.clone(), self.lender.clone())
    }
}
