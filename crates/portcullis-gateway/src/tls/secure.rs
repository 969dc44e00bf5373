//! What every HTTPS listener shares: the configuration in force, and what came of the handshakes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use rustls::server::Acceptor;
use rustls::{HandshakeKind, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::acme::Challenges;
use super::clients::Clients;
use super::suites;

/// TLS as it is served now; shared by all threads, so that a ticket from one resumes on any.
#[derive(Debug)]
pub struct Secure {
    config: ArcSwap<ServerConfig>,
    clients: ArcSwap<Clients>,
    challenges: Arc<Challenges>,
    full: AtomicU64,
    resumed: AtomicU64,
    failed: AtomicU64,
}

/// What came of the handshakes since the gate began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TlsCounts {
    /// Completed with a new key exchange and certificate.
    pub full: u64,
    /// Completed by a ticket of an earlier connection.
    pub resumed: u64,
    /// Broken off by either side.
    pub failed: u64,
}

impl Secure {
    /// Serves by `config` until told otherwise, and authorities that come to see a proof by `challenges`.
    #[must_use]
    pub(crate) fn new(config: Arc<ServerConfig>, challenges: Arc<Challenges>, clients: Clients) -> Self {
        Self {
            config: ArcSwap::new(config),
            clients: ArcSwap::from_pointee(clients),
            challenges,
            full: AtomicU64::new(0),
            resumed: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// Serves by another configuration from the next handshake on; connections that stand are not touched.
    pub(crate) fn replace(&self, config: Arc<ServerConfig>, clients: Clients) {
        self.config.store(config);
        self.clients.store(Arc::new(clients));
    }

    /// How clients are known by certificates.
    pub(crate) fn clients(&self) -> Clients {
        Clients::clone(&self.clients.load())
    }

    /// The proofs that an authority asks for now.
    pub(crate) fn challenges(&self) -> &Arc<Challenges> {
        &self.challenges
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.load_full()
    }

    /// What came of the handshakes.
    #[must_use]
    pub fn counts(&self) -> TlsCounts {
        TlsCounts {
            full: self.full.load(Ordering::Relaxed),
            resumed: self.resumed.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }

    /// Does the handshake. On every failure the client gets the alert that RFC 8446 section 6.2 has for it.
    ///
    /// # Errors
    /// When the handshake fails, or the client goes away.
    pub async fn accept<IO>(&self, stream: IO) -> io::Result<TlsStream<IO>>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let accepted = self.handshake(stream).await;
        let count = match &accepted {
            Ok(stream) => match stream.get_ref().1.handshake_kind() {
                Some(HandshakeKind::Resumed) => &self.resumed,
                _ => &self.full,
            },
            Err(_) => &self.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
        accepted
    }

    async fn handshake<IO>(&self, stream: IO) -> io::Result<TlsStream<IO>>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let started = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let hello = started.client_hello();
        let config = self
            .challenges
            .config_for(&hello)
            .unwrap_or_else(|| suites::config_for(hello.cipher_suites(), self.config()));
        started.into_stream(config).await
    }
}
