//! The word from the proxy to the reader: what follows is no longer HTTP.

use std::sync::Arc;

/// A request extension: called when the app has agreed to switch protocols, before the client hears of
/// it. From then on the strict reader lets bytes through unread. Kept as long as the tunnel stands, it also
/// keeps what it was made with: the place of the connection.
#[derive(Clone)]
pub(crate) struct Switched(Arc<dyn Fn() + Send + Sync>);

impl Switched {
    pub(crate) fn new(tell: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(crate) fn now(&self) {
        (self.0)();
    }
}
