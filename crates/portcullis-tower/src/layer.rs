//! The tower layer.

use std::sync::Arc;

use portcullis::Engine;
use tower::Layer;

use crate::engines::Engines;
use crate::lend::Lender;
use crate::meters::Meters;
use crate::people::Identity;
use crate::service::{Gate, Parts};
use crate::sink::EventSink;

/// Puts the gate around a service.
///
/// The outermost layer of an app: what stands outside of it is not protected by it.
#[derive(Clone)]
pub struct GateLayer {
    engines: Arc<Engines>,
    sink: Arc<dyn EventSink>,
    lender: Arc<Lender>,
    meters: Arc<Meters>,
    identity: Option<Arc<dyn Identity>>,
}

impl GateLayer {
    /// A layer that asks `engine` and gives events to `sink`.
    #[must_use]
    pub fn new(engine: Arc<Engine>, sink: Arc<dyn EventSink>) -> Self {
        Self::swapping(Arc::new(Engines::new(engine)), sink)
    }

    /// A layer that asks whichever engine is in force when a request comes.
    #[must_use]
    pub fn swapping(engines: Arc<Engines>, sink: Arc<dyn EventSink>) -> Self {
        Self { engines, sink, lender: Arc::default(), meters: Arc::new(Meters::new()), identity: None }
    }

    /// Counts callers with `lender`, so that several layers count together and a change of the policy forgets
    /// nobody.
    #[must_use]
    pub fn with_lender(mut self, lender: Arc<Lender>) -> Self {
        self.lender = lender;
        self
    }

    /// Knows callers by `identity`, which also answers the pages of people below `/.portcullis/`. Without one nobody
    /// is signed in, whatever the policy says.
    #[must_use]
    pub fn with_identity(mut self, identity: Arc<dyn Identity>) -> Self {
        self.identity = Some(identity);
        self
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        let Self { engines, sink, lender, meters, identity } = self.clone();
        Gate::new(inner, Parts { engines, sink, lender, meters, identity })
    }
}
