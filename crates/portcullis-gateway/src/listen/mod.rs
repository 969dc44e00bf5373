//! Sockets, threads and connections.
//!
//! One thread a core, each with its own single-threaded runtime, its own listening sockets (the kernel
//! spreads connections over them by SO_REUSEPORT) and its own pool towards the app: a connection lives
//! and dies on one thread. `socket` binds or `inherited` takes over, `worker` accepts, `introduced` asks a
//! trusted balancer who connected, `connection` serves one.

mod address;
mod alternative;
mod connection;
mod crowd;
mod drain;
mod frames;
pub mod inherited;
pub mod introduced;
mod judge;
mod pace;
mod patience;
mod pausing;
#[cfg(feature = "http3")]
pub(crate) mod quic;
mod shed;
mod sniff;
mod socket;
mod stalled;
mod stream;
pub mod strict;
mod switched;
mod wires;
mod worker;

pub use address::{Address, NoAddress};
pub use crowd::Capacity;
pub(crate) use crowd::Crowd;
pub(crate) use drain::{Drain, Drainer};
pub use inherited::Inherited;
pub use introduced::Introducers;
pub(crate) use judge::Judge;
pub use pace::Demand;
pub use socket::Socket;
pub(crate) use socket::{Binding, Sockets, adopt, bind, bind_datagrams};
pub(crate) use switched::Switched;
pub(crate) use worker::{Door, Manners, Order, Worker};

use std::time::Duration;

use portcullis::policy::raw;
use portcullis::policy::units::{Size, Span};

/// How long the gate waits, for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// From the first byte of a request head to its last; the TLS handshake, too.
    pub header: Duration,
    /// What is asked of a client that sends a body.
    pub body: Demand,
    /// What is asked of a client that takes an answer.
    pub send: Demand,
    /// How long a connection may wait for its next request.
    pub idle: Duration,
    /// How long running requests may take to end at shutdown.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(15),
            body: Demand { silence: Duration::from_secs(30), rate: 500 },
            send: Demand { silence: Duration::from_secs(60), rate: 500 },
            idle: Duration::from_secs(75),
            drain: Duration::from_secs(30),
        }
    }
}

impl From<&raw::Timeouts> for Timeouts {
    fn from(raw: &raw::Timeouts) -> Self {
        let default = Self::default();
        Self {
            header: raw.header.map_or(default.header, |span| span.0),
            body: demand(raw.body, raw.body_rate, default.body),
            send: demand(raw.send, raw.send_rate, default.send),
            idle: raw.idle.map_or(default.idle, |span| span.0),
            drain: raw.drain.map_or(default.drain, |span| span.0),
        }
    }
}

fn demand(silence: Option<Span>, rate: Option<Size>, default: Demand) -> Demand {
    Demand {
        silence: silence.map_or(default.silence, |span| span.0),
        rate: rate.map_or(default.rate, |size| size.0),
    }
}

impl Timeouts {
    /// While connections are short: who has nothing to ask is not waited for, and a head must come soon.
    fn pressed(self) -> Self {
        Self {
            header: self.header.min(Duration::from_secs(5)),
            idle: self.idle.min(Duration::from_secs(2)),
            ..self
        }
    }
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;
