//! One connection, from the handshake to its end.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use portcullis::layers::arrival::framing::Wire;
use portcullis::{Listener, Peer, TlsFacts};
use portcullis_tower::{Body, BodyError, BodyFault, Gate};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_rustls::server::TlsStream;

use super::introduced::{Introducers, introduction};
use super::judge::Judge;
use super::patience::{Patient, Slow};
use super::sniff::{Rewound, Spoken, sniff};
use super::stream::Stream;
use super::strict::{Arrival, Patience, StrictStream, WireQueue};
use super::worker::NothingHere;
use super::{Drain, Switched, Timeouts};
use crate::tls::Secure;
use crate::upstream::Proxy;

/// HTTP/2: what one connection may have running, and how much of it may be waste (CVE-2023-44487).
const STREAMS: u32 = 128;
const PENDING_RESETS: usize = 20;
const LOCAL_RESETS: usize = 256;
/// HTTP/2: what a client may send ahead of an app that does not read; fixed, for an attacker would have
/// windows grow.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// The first byte of TLS: a record of the handshake (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;
/// What hyper allows by itself, at no cost.
const HEADERS: usize = 100;
/// HTTP/1: what is kept of an answer for a client that does not read it.
const BUFFER: usize = 64 * 1024;
/// The longest list of headers; the engine's limits are lower, and tell why.
const HEADER_LIST: u32 = 64 * 1024;

/// What a request meets: the gate, with the app or with nothing behind it.
#[derive(Clone)]
pub(crate) enum Service {
    Serves(Gate<Proxy>),
    Redirects(Gate<NothingHere>),
}

impl Service {
    fn call<B>(
        &mut self,
        request: Request<B>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>
    where
        B: http_body::Body + Send + Unpin + 'static,
        B::Data: Send,
        B::Error: Into<BodyError>,
    {
        match self {
            Self::Serves(gate) => tower::Service::call(gate, request),
            Self::Redirects(gate) => tower::Service::call(gate, request),
        }
    }
}

/// Everything that a connection needs besides its socket.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) service: Service,
    /// For plain HTTP where HTTPS is spoken.
    pub(crate) redirect: Service,
    /// Judges what hyper never sees.
    pub(crate) judge: Judge,
    pub(crate) listener: Listener,
    pub(crate) tls: Option<Arc<Secure>>,
    pub(crate) introducers: Arc<Introducers>,
    pub(crate) timeouts: Timeouts,
    pub(crate) drain: Drain,
}

/// A connection that is ready for requests.
struct Begun {
    spoken: Spoken,
    stream: Either,
    address: SocketAddr,
    connection: Connection,
    tls: Option<TlsFacts>,
}

/// In the open or not.
enum Either {
    Plain(Rewound<Stream>),
    Tls(Box<Rewound<TlsStream<Rewound<Stream>>>>),
}

impl Connection {
    /// Serves until one side ends it, it falls silent for too long, or the gate closes.
    pub(crate) async fn serve(self, stream: Stream, address: SocketAddr) {
        let drain = self.drain.clone();
        let begun = tokio::select! {
            begun = self.begin(stream, address) => begun,
            () = drain.silences() => return,
        };
        match begun {
            Some(Begun { spoken, stream: Either::Plain(stream), address, connection, .. }) => {
                connection.speak(spoken, stream, address, None).await;
            }
            Some(Begun { spoken, stream: Either::Tls(stream), address, connection, tls }) => {
                connection.speak(spoken, *stream, address, tls).await;
            }
            None => {}
        }
    }

    /// Everything before the first request: who is there, and what is spoken.
    async fn begin(self, stream: Stream, address: SocketAddr) -> Option<Begun> {
        let (handshake, idle) = (self.timeouts.header, self.timeouts.idle);
        let unix = matches!(stream, Stream::Unix(_));
        let introduced = self.introducers.includes(address, unix);
        // Who is connected and says nothing takes no memory for what it might say.
        let patience = if self.tls.is_some() || introduced { handshake } else { idle };
        let began = tokio::time::timeout(patience, stream.readable()).await;
        let mut stream = Rewound::fresh(stream);
        if !matches!(began, Ok(Ok(()))) {
            return None;
        }
        let mut address = address;
        if introduced {
            match tokio::time::timeout(handshake, introduction(&mut stream)).await {
                Ok(Ok(source)) => address = source.unwrap_or(address),
                Ok(Err(error)) => {
                    tracing::debug!(%address, %error, "a trusted peer did not say who connected");
                    return None;
                }
                Err(_) => return None,
            }
        }
        let Some(secure) = self.tls.clone() else {
            let spoken = tokio::time::timeout(idle, sniff(&mut stream)).await.ok()?.ok()?;
            return Some(Begun {
                spoken,
                stream: Either::Plain(stream),
                address,
                connection: self,
                tls: None,
            });
        };
        if stream.seen().is_empty() {
            let looked = tokio::time::timeout(handshake, stream.look()).await;
            looked.ok()?.ok().filter(|read| *read > 0)?;
        }
        // `http://` to the port of HTTPS, a slip of the hand: shown the way as on any plain door.
        if stream.seen().first().is_some_and(u8::is_ascii_uppercase) {
            let https_port = stream.get_ref().local_port().unwrap_or(443);
            let service = self.redirect.clone();
            let plain = Self { service, listener: Listener::Redirect { https_port }, tls: None, ..self };
            let (spoken, stream) = (Spoken::Http1, Either::Plain(stream));
            return Some(Begun { spoken, stream, address, connection: plain, tls: None });
        }
        if stream.seen().first() != Some(&HANDSHAKE) {
            return None;
        }
        match tokio::time::timeout(handshake, secure.accept(stream)).await {
            Ok(Ok(stream)) => {
                let (_, session) = stream.get_ref();
                let facts = crate::tls::facts(session);
                let spoken =
                    if session.alpn_protocol() == Some(b"h2") { Spoken::Http2 } else { Spoken::Http1 };
                let stream = Either::Tls(Box::new(Rewound::fresh(stream)));
                Some(Begun { spoken, stream, address, connection: self, tls: Some(facts) })
            }
            Ok(Err(error)) => {
                tracing::debug!(%address, %error, "a TLS handshake failed");
                None
            }
            Err(_) => {
                tracing::debug!(%address, "a TLS handshake took too long");
                None
            }
        }
    }

    async fn speak<IO>(self, spoken: Spoken, io: Rewound<IO>, address: SocketAddr, tls: Option<TlsFacts>)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let peer = Peer { address, listener: self.listener, tls };
        match spoken {
            Spoken::Http1 => self.http1(io, peer).await,
            Spoken::Http2 => self.http2(io, peer).await,
        }
    }

    async fn http1<IO>(self, io: Rewound<IO>, peer: Peer)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { service, timeouts, drain, judge, .. } = self;
        let limits = judge.reader_limits();
        let (io, wires) = StrictStream::new(io, limits, timeouts.into());
        let ending = drain.clone();
        let serving = service_fn(move |request: Request<Incoming>| {
            let (mut service, judge, wires, peer, ending) =
                (service.clone(), judge.clone(), wires.clone(), peer.clone(), ending.clone());
            async move {
                let Some(Arrival { wire, malformed, in_flight, .. }) = wires.pop() else {
                    return Ok::<_, Infallible>(judge.unseen().map(|body| Holding { body, _held: None }));
                };
                let mut response = if malformed {
                    judge.refuse_malformed(&wire, &peer)
                } else {
                    service.call(evident(request, wire, wires, peer)).await?
                };
                if ending.has_begun() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                    // The last answer says that it is, so that no client sends another request in vain.
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok(response.map(|body| Holding { body, _held: Some(in_flight) }))
            }
        });
        let mut http = http1::Builder::new();
        http
            // A client that sent its request and closed that direction still gets its answer.
            .half_close(true)
            // Heads and their time are the strict reader's, and it tells why.
            .max_header_size(limits.head.saturating_mul(2))
            // What is written ahead of a client that does not read, too (slow reading, CWE-400).
            .max_buf_size(limits.head.saturating_mul(2).max(BUFFER))
            .timer(TokioTimer::new())
            .header_read_timeout(None);
        if limits.headers > HEADERS {
            http.max_headers(limits.headers);
        }
        let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(io), serving).with_upgrades());
        let mut closing = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection broke off");
                    }
                    return;
                }
                () = drain.silences(), if !closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }

    async fn http2<IO>(self, io: Rewound<IO>, peer: Peer)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { service, timeouts, drain, .. } = self;
        let activity = Activity::new();
        let watched = activity.clone();
        let serving = service_fn(move |request: Request<Incoming>| {
            let mut service = service.clone();
            let held = watched.hold();
            let slow = Slow::default();
            let mut request =
                request.map(|body| Patient::new(body, timeouts.body, slow.clone(), held.clone()));
            request.extensions_mut().insert(peer.clone());
            request.extensions_mut().insert(BodyFault(Arc::new(move || slow.reason())));
            async move {
                let response = service.call(request).await;
                response.map(|response| response.map(|body| Holding { body, _held: held }))
            }
        });
        let mut connection = std::pin::pin!(
            http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_concurrent_streams(STREAMS)
                .max_header_list_size(HEADER_LIST)
                .max_pending_accept_reset_streams(PENDING_RESETS)
                .max_local_error_reset_streams(LOCAL_RESETS)
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .keep_alive_interval(timeouts.idle.min(Duration::from_secs(60)))
                .keep_alive_timeout(timeouts.header)
                .serve_connection(TokioIo::new(io), serving)
        );
        let mut closing = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection broke off");
                    }
                    return;
                }
                () = drain.begins(), if !closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = activity.idles(timeouts.idle), if !closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// The request with the evidence of how it came.
fn evident(request: Request<Incoming>, wire: Wire, wires: WireQueue, peer: Peer) -> Request<Incoming> {
    let mut request = request;
    let extensions = request.extensions_mut();
    extensions.insert(peer);
    extensions.insert(wire);
    let faults = wires.clone();
    extensions.insert(BodyFault(Arc::new(move || faults.body_fault())));
    extensions.insert(Switched::new(move || wires.upgraded()));
    request
}

impl From<Timeouts> for Patience {
    fn from(timeouts: Timeouts) -> Self {
        Self { header: timeouts.header, body: timeouts.body, idle: timeouts.idle }
    }
}

/// Which streams run on an HTTP/2 connection, to tell when it is idle.
#[derive(Clone)]
struct Activity(Arc<Mutex<(usize, Instant)>>);

/// One running stream.
pub(crate) struct Held(Activity);

impl Activity {
    fn new() -> Self {
        Self(Arc::new(Mutex::new((0, Instant::now()))))
    }

    fn hold(&self) -> Held {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = state.0.saturating_add(1);
        Held(self.clone())
    }

    /// Ends when nothing has run for `patience`.
    async fn idles(&self, patience: Duration) {
        loop {
            let (running, since) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let from = if running == 0 { since } else { Instant::now() };
            let Some(deadline) = from.checked_add(patience) else { return std::future::pending().await };
            if deadline <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(deadline).await;
        }
    }
}

impl Clone for Held {
    fn clone(&self) -> Self {
        self.0.hold()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = (state.0.saturating_sub(1), Instant::now());
    }
}

pin_project_lite::pin_project! {
    /// A response body that keeps its connection from being taken for idle.
    struct Holding<H> {
        #[pin]
        body: Body,
        _held: H,
    }
}

impl<H> http_body::Body for Holding<H> {
    type Data = bytes::Bytes;
    type Error = portcullis_tower::BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        self.project().body.poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
