//! Sockets, threads and connections.
//!
//! One thread a core, each with its own single-threaded runtime, its own listening sockets (the kernel
//! spreads connections over them by SO_REUSEPORT) and its own pool towards the app: a connection lives
//! and dies on one thread. `socket` binds or `inherited` takes over, `worker` accepts, `introduced` asks a
//! trusted balancer who connected, `connection` serves one.

mod address;
mod connection;
mod drain;
pub mod inherited;
pub mod introduced;
mod judge;
mod patience;
mod sniff;
mod socket;
mod stream;
pub mod strict;
mod switched;
mod wires;
mod worker;

pub use address::{Address, NoAddress};
pub(crate) use drain::{Drain, Drainer};
pub use inherited::Inherited;
pub use introduced::Introducers;
pub(crate) use judge::Judge;
pub use socket::Socket;
pub(crate) use socket::{Binding, Sockets, adopt, bind};
pub(crate) use switched::Switched;
pub(crate) use worker::{Door, Worker};

use std::time::Duration;

use portcullis::policy::raw;

/// How long the gate waits, for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// From the first byte of a request head to its last; the TLS handshake, too.
    pub header: Duration,
    /// The longest silence within a request body.
    pub body: Duration,
    /// How long a connection may wait for its next request.
    pub idle: Duration,
    /// How long running requests may take to end at shutdown.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(15),
            body: Duration::from_secs(30),
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
            body: raw.body.map_or(default.body, |span| span.0),
            idle: raw.idle.map_or(default.idle, |span| span.0),
            drain: raw.drain.map_or(default.drain, |span| span.0),
        }
    }
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;
