//! The engine in force, to be exchanged whole.

use std::sync::Arc;

use arc_swap::ArcSwap;
use portcullis::Engine;

/// The engine in force. A request asks once and keeps what it got to its end, so that no request is judged
/// half by one policy and half by another.
pub struct Engines(ArcSwap<Engine>);

impl Engines {
    /// `engine`, until it is replaced.
    #[must_use]
    pub fn new(engine: Arc<Engine>) -> Self {
        Self(ArcSwap::new(engine))
    }

    /// The engine in force now.
    #[must_use]
    pub fn load(&self) -> Arc<Engine> {
        self.0.load_full()
    }

    /// From the next request on `engine` judges.
    pub fn replace(&self, engine: Arc<Engine>) {
        self.0.store(engine);
    }
}

impl From<Arc<Engine>> for Engines {
    fn from(engine: Arc<Engine>) -> Self {
        Self::new(engine)
    }
}
