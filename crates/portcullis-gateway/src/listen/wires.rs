//! What the strict reader tells the service: one arrival for each request, and what became of its body.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;

use portcullis::layers::arrival::framing::{Reason, Wire};
use tokio::time::Instant;

/// The evidence of one connection's requests, in their order. The service of the connection pops one
/// [`Arrival`] for each HTTP/1 request; there is none for requests over HTTP/2.
///
/// An HTTP/1 request without an arrival was not judged: the service must refuse it.
#[derive(Clone, Default)]
pub struct WireQueue(Arc<Mutex<Shared>>);

/// One request as it arrived.
pub struct Arrival {
    /// The head as sent, and its faults.
    pub wire: Wire,
    /// The head could not be read: the request that hyper gives stands for it and must be answered by
    /// `Engine::refuse_malformed`.
    pub malformed: bool,
    /// When the first byte of the head was there.
    pub since: Instant,
    /// To be kept until the response body has ended; see [`InFlight`].
    pub in_flight: InFlight,
}

/// A request that has not been answered to its end. While there is one, a silent connection is not idle.
/// When it is dropped without a word on the upgrade that its request asked for, there was none.
pub struct InFlight {
    shared: Weak<Mutex<Shared>>,
    asks_upgrade: bool,
}

#[derive(Default)]
pub(super) struct Shared {
    arrivals: VecDeque<Arrival>,
    pub(super) body_fault: Option<Reason>,
    pub(super) protocol: Option<Protocol>,
    pub(super) in_flight: usize,
    /// The connection has paused: who holds it may let go of what only requests need.
    paused: bool,
    /// The connection's task, to be told of what the service decides.
    pub(super) reader: Option<Waker>,
}

/// What became of a request for another protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Changed,
    Kept,
}

impl WireQueue {
    /// The arrival of the request that hyper has just given; `None` over HTTP/2.
    #[must_use]
    pub fn pop(&self) -> Option<Arrival> {
        self.lock().arrivals.pop_front()
    }

    /// What was wrong with the body that broke off, if the reader broke it off.
    #[must_use]
    pub fn body_fault(&self) -> Option<Reason> {
        self.lock().body_fault.clone()
    }

    /// The app has answered 101: what follows the request is no HTTP and passes unread. To be called
    /// before the response is given to hyper.
    pub fn upgraded(&self) {
        self.decide(Protocol::Changed);
    }

    /// The app has answered a request for an upgrade otherwise: what follows is the next request.
    /// Dropping the request's [`InFlight`] says the same.
    pub fn not_upgraded(&self) {
        self.decide(Protocol::Kept);
    }

    pub(super) fn push(&self, wire: Wire, malformed: bool, asks_upgrade: bool, since: Instant) {
        let in_flight = InFlight { shared: Arc::downgrade(&self.0), asks_upgrade };
        let mut shared = self.lock();
        shared.in_flight = shared.in_flight.saturating_add(1);
        if asks_upgrade {
            shared.protocol = None;
        }
        shared.arrivals.push_back(Arrival { wire, malformed, since, in_flight });
    }

    pub(super) fn pause(&self) {
        self.lock().paused = true;
    }

    /// Whether the connection has paused since this was last asked.
    pub(super) fn take_pause(&self) -> bool {
        std::mem::take(&mut self.lock().paused)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn decide(&self, protocol: Protocol) {
        let reader = {
            let mut shared = self.lock();
            shared.protocol = Some(protocol);
            shared.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let Some(shared) = self.shared.upgrade() else { return };
        let reader = {
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            shared.in_flight = shared.in_flight.saturating_sub(1);
            if self.asks_upgrade {
                shared.protocol.get_or_insert(Protocol::Kept);
            }
            shared.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}
