//! Ending well: everybody hears that the gate closes, and it waits for who is still inside.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

/// How long a client that is connected when the gate begins to close may still begin a request: it may be
/// on its way, and a connection that ends under it loses it (RFC 9112 section 9.6).
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Held by everything that runs on one thread's runtime.
#[derive(Clone)]
pub(crate) struct Drain {
    closing: watch::Receiver<bool>,
    /// Nothing is ever sent: the channel closes when the last clone is gone.
    _inside: mpsc::Sender<Infallible>,
}

/// Waits for the last [`Drain`] to go.
pub(crate) struct Drainer {
    inside: mpsc::Receiver<Infallible>,
}

impl Drain {
    pub(crate) fn new(closing: watch::Receiver<bool>) -> (Self, Drainer) {
        let (sender, inside) = mpsc::channel(1);
        (Self { closing, _inside: sender }, Drainer { inside })
    }

    /// Ends when the gate begins to close.
    pub(crate) async fn begins(&self) {
        let mut closing = self.closing.clone();
        // An error means that whoever could have closed the gate is gone: that is closing, too.
        let _ = closing.wait_for(|closing| *closing).await;
    }

    /// Whether the gate has begun to close.
    pub(crate) fn has_begun(&self) -> bool {
        *self.closing.borrow()
    }

    /// Ends when nothing new may begin any more, a moment after [`Drain::begins`].
    pub(crate) async fn silences(&self) {
        self.begins().await;
        tokio::time::sleep(LAST_WORDS).await;
    }
}

impl Drainer {
    /// Waits until nothing runs any more; `false` when that took longer than `patience`.
    pub(crate) async fn wait(mut self, patience: Duration) -> bool {
        tokio::time::timeout(patience, self.inside.recv()).await.is_ok()
    }
}
