//! HTTP/3 (RFC 9114) over QUIC (RFC 9000): a door beside HTTPS, at the same address by UDP.
//!
//! ```text
//! UDP socket ─▶ quinn: handshake, streams ─▶ transport: each stream on a meter ─▶ h3: messages
//!            ─▶ exchange: one request ─▶ the gate, as for HTTP/2
//! ```
//!
//! It has a thread of its own, for a QUIC connection belongs to one socket whatever address its client moves to. All
//! limits of the other doors hold: connections in all and by client, requests under way, time-outs and rates. What a
//! client sends is measured and looked at before the library sees it ([`meter`], [`section`]).

mod body;
mod exchange;
mod meter;
mod section;
mod transport;

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use portcullis::{Listener, Peer, TlsFacts};
use quinn::crypto::rustls::{HandshakeData, QuicServerConfig};
use quinn::{Endpoint, EndpointConfig, Incoming, TransportConfig, VarInt};
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;

use tokio::sync::oneshot;
use tower::Layer;

use super::connection::{Activity, CONNECTION_WINDOW, HEADER_LIST, STREAM_WINDOW, STREAMS, Service, presses};
use super::crowd::{Crowd, Place};
use super::{Drain, Judge, Order, Timeouts, Worker};
use crate::tls::{Proven, Secure};
use crate::upstream::Proxy;
use transport::Metered;

/// Streams that a client opens in one direction: control and two of QPACK, and some that only keep us tolerant.
const ONE_WAY: u8 = 8;
/// Handshakes under way from addresses that have proven nothing; more must first show that they receive what is
/// sent there (RFC 9000 section 8.1).
const UNPROVEN: usize = 64;
/// `H3_NO_ERROR` (RFC 9114 section 8.1).
const NO_ERROR: u32 = 0x100;
/// How long clients may take to hear that a connection has ended.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A door of HTTP/3.
pub(crate) struct QuicDoor {
    pub(crate) socket: UdpSocket,
    pub(crate) secure: Arc<Secure>,
}

/// Serves at `door` on a thread of its own, from when `begin` ends.
///
/// # Errors
/// When no thread can be had.
pub(crate) fn start(
    number: usize,
    door: QuicDoor,
    worker: Worker,
    proxy: Proxy,
    begin: impl Future + Send + 'static,
) -> io::Result<oneshot::Receiver<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (done, finished) = oneshot::channel();
    std::thread::Builder::new().name(format!("quic-{number}")).spawn(move || {
        let served = runtime.block_on(async {
            begin.await;
            door.serve(worker, proxy).await
        });
        if let Err(error) = served {
            tracing::error!(%error, "HTTP/3 cannot be served; HTTPS by TCP is");
        }
        drop(runtime);
        let _ = done.send(());
    })?;
    Ok(finished)
}

/// What every request of one connection gets.
#[derive(Clone)]
struct Guest {
    service: Service,
    peer: Peer,
    proven: Option<Arc<Proven>>,
    timeouts: Timeouts,
    crowd: Arc<Crowd>,
}

impl QuicDoor {
    /// Serves until the gate closes, then waits for what still runs.
    async fn serve(self, worker: Worker, proxy: Proxy) -> io::Result<()> {
        let Self { socket, secure } = self;
        let Worker { gate, judge, mut manners, mut orders, crowd, drain, drainer, doors: _ } = worker;
        let service = Service::Serves(gate.layer(proxy));
        let runtime = Arc::new(quinn::TokioRuntime);
        let mut latest = Latest::of(&secure, manners.timeouts)?;
        let first = Some(quinn::ServerConfig::clone(&latest.config));
        let endpoint = Endpoint::new(EndpointConfig::default(), first, socket, runtime)?;
        let hall = Hall { service, judge, crowd, drain };
        loop {
            let incoming = tokio::select! {
                incoming = endpoint.accept() => incoming,
                order = orders.recv() => match order {
                    Some(Order::Manners(told)) => {
                        manners = told;
                        continue;
                    }
                    Some(Order::Open(_) | Order::Close(_)) => continue,
                    // Nobody is left who could order anything: the gate closes.
                    None => break,
                },
                () = hall.drain.begins() => break,
            };
            let Some(incoming) = incoming else { break };
            if let Err(error) = latest.renew(&secure, manners.timeouts) {
                tracing::error!(%error, "HTTP/3 goes on with the certificate before");
            }
            hall.admit(incoming, &endpoint, &latest);
        }
        endpoint.set_server_config(None);
        drop(hall);
        if !drainer.wait(manners.timeouts.drain).await {
            tracing::warn!("requests over HTTP/3 still ran when the time to drain was over");
        }
        endpoint.close(VarInt::from_u32(NO_ERROR), b"");
        // A moment, so that clients hear of it.
        let _ = tokio::time::timeout(LAST_WORDS, endpoint.wait_idle()).await;
        Ok(())
    }
}

/// What every connection gets.
struct Hall {
    service: Service,
    judge: Judge,
    crowd: Arc<Crowd>,
    drain: Drain,
}

impl Hall {
    /// Lets one client begin, where there is room for it.
    fn admit(&self, incoming: Incoming, endpoint: &Endpoint, latest: &Latest) {
        let unproven = !incoming.remote_address_validated();
        if unproven && (self.crowd.is_pressed() || endpoint.open_connections() >= UNPROVEN) {
            if let Err(error) = incoming.retry() {
                error.into_incoming().refuse();
            }
            return;
        }
        let address = incoming.remote_address();
        let Some(mut place) = self.crowd.enter() else { return incoming.refuse() };
        if !self.judge.is_proxy(address.ip()) && !place.belongs_to(address.ip()) {
            return incoming.refuse();
        }
        let timeouts = latest.timeouts;
        let Ok(connecting) = incoming.accept_with(latest.config.clone()) else { return };
        let (service, crowd, drain) = (self.service.clone(), self.crowd.clone(), self.drain.clone());
        tokio::spawn(async move {
            let connection = match tokio::time::timeout(timeouts.header, connecting).await {
                Ok(Ok(connection)) => connection,
                Ok(Err(error)) => return tracing::debug!(%address, %error, "a QUIC handshake failed"),
                Err(_) => return tracing::debug!(%address, "a QUIC handshake took too long"),
            };
            let (tls, proven) = facts(&connection);
            let peer = Peer { address, listener: Listener::Https, tls: Some(tls) };
            let guest = Guest { service, peer, proven: proven.map(Arc::new), timeouts, crowd };
            serve(connection, guest, &drain, place).await;
        });
    }
}

/// One connection, until one side ends it, it is idle for too long, or the gate closes.
async fn serve(connection: quinn::Connection, guest: Guest, drain: &Drain, _place: Place) {
    let mut builder = h3::server::builder();
    builder.max_field_section_size(u64::from(HEADER_LIST)).send_grease(false);
    let built = builder.build::<_, Bytes>(Metered::new(connection.clone()));
    let mut http = match tokio::time::timeout(guest.timeouts.header, built).await {
        Ok(Ok(http)) => http,
        Ok(Err(error)) => return tracing::debug!(%error, "an HTTP/3 connection broke off"),
        Err(_) => return,
    };
    let activity = Activity::new();
    let mut pressed = guest.crowd.watch();
    let mut closes = std::pin::pin!(async {
        tokio::select! {
            () = drain.begins() => {}
            () = presses(&mut pressed) => {}
        }
    });
    let mut closing = false;
    loop {
        let accepted = tokio::select! {
            accepted = http.accept() => accepted,
            () = closes.as_mut(), if !closing => {
                closing = true;
                let _ = http.shutdown(0).await;
                continue;
            }
            () = activity.idles(guest.timeouts.idle), if !closing => return,
            // What is left of answers then, nobody takes.
            () = activity.idles(LAST_WORDS), if closing => return,
        };
        match accepted {
            Ok(Some(resolver)) => {
                let (guest, held) = (guest.clone(), activity.hold());
                tokio::spawn(async move {
                    if let Err(error) = exchange::run(resolver, guest, held).await {
                        tracing::debug!(%error, "a request over HTTP/3 broke off");
                    }
                });
            }
            Ok(None) => return,
            Err(error) => return tracing::debug!(%error, "an HTTP/3 connection broke off"),
        }
    }
}

/// The configuration in force, and what it was made of.
struct Latest {
    of: Arc<ServerConfig>,
    timeouts: Timeouts,
    config: Arc<quinn::ServerConfig>,
}

impl Latest {
    fn of(secure: &Secure, timeouts: Timeouts) -> io::Result<Self> {
        let of = secure.config();
        let config = Arc::new(config(&of, timeouts)?);
        Ok(Self { of, timeouts, config })
    }

    /// Follows a reload or a renewal.
    fn renew(&mut self, secure: &Secure, timeouts: Timeouts) -> io::Result<()> {
        if !Arc::ptr_eq(&self.of, &secure.config()) || self.timeouts != timeouts {
            *self = Self::of(secure, timeouts)?;
        }
        Ok(())
    }
}

/// HTTPS as it is served, for QUIC.
fn config(tls: &ServerConfig, timeouts: Timeouts) -> io::Result<quinn::ServerConfig> {
    let mut tls = tls.clone();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let crypto = QuicServerConfig::try_from(tls).map_err(io::Error::other)?;
    let mut transport = TransportConfig::default();
    let idle = quinn::IdleTimeout::try_from(timeouts.idle).map_err(io::Error::other)?;
    transport
        .max_idle_timeout(Some(idle))
        .max_concurrent_bidi_streams(VarInt::from_u32(STREAMS))
        .max_concurrent_uni_streams(VarInt::from(ONE_WAY))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW))
        .send_window(u64::from(CONNECTION_WINDOW))
        .datagram_receive_buffer_size(None);
    let mut config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    config.transport_config(Arc::new(transport));
    Ok(config)
}

/// What the engine is told of a connection, and who the client has proven to be.
fn facts(connection: &quinn::Connection) -> (TlsFacts, Option<Proven>) {
    let handshake = connection.handshake_data().and_then(|data| data.downcast::<HandshakeData>().ok());
    let chain =
        connection.peer_identity().and_then(|any| any.downcast::<Vec<CertificateDer<'static>>>().ok());
    let first = chain.as_ref().and_then(|chain| chain.first());
    let facts = TlsFacts {
        version: "TLSv1.3",
        server_name: handshake.and_then(|data| data.server_name),
        client_certificate: first.is_some(),
    };
    (facts, first.and_then(Proven::by))
}

#[cfg(test)]
mod tests;
