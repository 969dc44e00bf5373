//! PROXY protocol: a balancer in front says in a few bytes before everything else who really connected.
//!
//! **Attack.** Whoever may say who connected can be anybody: past address rules, into another's rate
//! limit, out of the log. So only peers that the operator named may introduce a client, and they must: a
//! connection of theirs without an introduction is closed, because it would make the balancer the client.
//! What others send is read as what it is on that listener, TLS or HTTP; there a forged introduction is
//! no message.
//!
//! **What is read.** Versions 1 and 2 of the specification (HAProxy, `proxy-protocol.txt`), strictly: the
//! whole header within [`parse::MOST`] bytes, nothing behind it taken.

mod parse;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;

use ipnet::IpNet;
use tokio::io::AsyncRead;

pub use parse::{Fault, Introduction, MOST, parse};

use super::sniff::Rewound;

/// Who may introduce clients.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Introducers {
    /// Networks whose connections begin with an introduction.
    pub networks: Vec<IpNet>,
    /// Whether connections to sockets in the file system do.
    pub unix: bool,
}

impl Introducers {
    /// Whether a connection from `address` must begin with an introduction.
    #[must_use]
    pub fn includes(&self, address: SocketAddr, unix: bool) -> bool {
        if unix {
            return self.unix;
        }
        let address = address.ip().to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }
}

/// Reads the introduction off the front of `stream`. `None` where the balancer speaks for itself, as in
/// a health check.
pub(crate) async fn introduction<IO: AsyncRead + Unpin>(
    stream: &mut Rewound<IO>,
) -> io::Result<Option<SocketAddr>> {
    loop {
        match parse(stream.seen()) {
            Ok(Some(Introduction { length, source })) => {
                stream.consume(length);
                return Ok(source);
            }
            Ok(None) => {
                if stream.look().await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Err(fault) => return Err(io::Error::new(io::ErrorKind::InvalidData, fault)),
        }
    }
}
