//! What a door knows of a request besides its head.

use std::net::SocketAddr;
use std::time::Duration;

/// The time and the randomness of one exchange, given by the door.
#[derive(Clone)]
pub struct Moment {
    /// Time since the Unix epoch.
    pub since_epoch: Duration,
    /// 256 bits from the operating system's generator, used for this exchange alone.
    pub entropy: [u8; 32],
}

/// Who is at the other end of the connection, as the door saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The address that the connection came from.
    pub address: SocketAddr,
    /// Which kind of listener took it.
    pub listener: Listener,
    /// What TLS said; `None` on a plain connection.
    pub tls: Option<TlsFacts>,
}

/// What kind of listener took a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// HTTPS, or a plain connection that must prove by a trusted proxy that it was HTTPS.
    Https,
    /// Plain HTTP that only redirects; `https_port` is where HTTPS is served.
    Redirect {
        /// The port to redirect to.
        https_port: u16,
    },
    /// Plain HTTP that serves, because the operator said so by name.
    DangerousPlain,
}

/// What TLS said of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsFacts {
    /// `TLSv1.3` or `TLSv1.2`.
    pub version: &'static str,
    /// The name that the client asked for (SNI, RFC 6066 section 3).
    pub server_name: Option<String>,
    /// Whether the client proved itself by a certificate: an ambient credential.
    pub client_certificate: bool,
}
