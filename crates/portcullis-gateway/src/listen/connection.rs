//! One connection, from the handshake to its end.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use portcullis::layers::arrival::framing::Wire;
use portcullis::{Listener, Peer, TlsFacts};
use portcullis_tower::{Answering, Body, BodyError, BodyFault, Gate};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_rustls::server::TlsStream;

use super::alternative;
use super::crowd::{Crowd, Place, Slot};
use super::frames::Counted;
use super::introduced::{Introducers, introduction};
use super::judge::Judge;
use super::patience::{Patient, Slow};
use super::pausing;
use super::shed;
use super::sniff::{Rewound, Spoken, sniff};
use super::stalled::{Streams, Watch};
use super::stream::Stream;
use super::strict::{Arrival, InFlight, Patience, StrictStream, WireQueue};
use super::worker::NothingHere;
use super::{Drain, Switched, Timeouts};
use crate::tls::{Proven, Secure};
use crate::upstream::Proxy;

/// HTTP/2: what one connection may have running, and how much of it may be waste (CVE-2023-44487).
pub(super) const STREAMS: u32 = 128;
const PENDING_RESETS: usize = 20;
const LOCAL_RESETS: usize = 256;
/// HTTP/2: what a client may send ahead of an app that does not read; fixed, for an attacker would have
/// windows grow.
pub(super) const STREAM_WINDOW: u32 = 256 * 1024;
pub(super) const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// The first byte of TLS: a record of the handshake (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;
/// What hyper allows by itself, at no cost.
const HEADERS: usize = 100;
/// HTTP/1: what is kept of an answer for a client that does not read it.
const BUFFER: usize = 64 * 1024;
/// The paths of the gate itself.
const RESERVED: &str = "/.portcullis/";
/// The longest list of headers; the engine's limits are lower, and tell why.
pub(super) const HEADER_LIST: u32 = 64 * 1024;

/// A connection that is being served, until its end.
pub(crate) type Served = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a request meets: the gate, with the app or with nothing behind it.
#[derive(Clone)]
pub(crate) enum Service {
    Serves(Gate<Proxy>),
    Redirects(Gate<NothingHere>),
}

impl Service {
    pub(super) fn pass<B>(self, request: Request<B>) -> Answering
    where
        B: http_body::Body + Send + Unpin + 'static,
        B::Data: Send,
        B::Error: Into<BodyError>,
    {
        match self {
            Self::Serves(gate) => gate.pass(request),
            Self::Redirects(gate) => gate.pass(request),
        }
    }
}

/// A rule says `drop`: hyper sends no answer and closes the connection, or resets the stream of HTTP/2.
#[derive(Debug, thiserror::Error)]
#[error("a rule closes the connection")]
struct HungUp;

fn hung_up(answer: Result<Response<Body>, Infallible>) -> Result<Response<Body>, HungUp> {
    let response = answer.unwrap_or_else(|never| match never {});
    match response.extensions().get::<portcullis::HangUp>() {
        Some(_) => Err(HungUp),
        None => Ok(response),
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
    /// Whether HTTP/3 is served beside it.
    pub(crate) http3: bool,
    pub(crate) introducers: Arc<Introducers>,
    /// Who the client has proven to be by a certificate.
    pub(crate) proven: Option<Arc<Proven>>,
    pub(crate) timeouts: Timeouts,
    pub(crate) crowd: Arc<Crowd>,
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
    /// Sees who is there and what is spoken. What follows serves until one side ends it, it falls silent for too long,
    /// or the gate closes.
    pub(crate) async fn receive(
        self,
        stream: Stream,
        address: SocketAddr,
        mut place: Place,
    ) -> Option<Served> {
        let drain = self.drain.clone();
        let begun = tokio::select! {
            begun = Box::pin(self.begin(stream, address, &mut place)) => begun?,
            () = drain.silences() => return None,
        };
        let Begun { spoken, stream, address, connection, tls } = begun;
        Some(match stream {
            Either::Plain(stream) => connection.speak(spoken, stream, address, None, place),
            Either::Tls(stream) => connection.speak(spoken, *stream, address, tls, place),
        })
    }

    /// Everything before the first request: who is there, and what is spoken.
    async fn begin(mut self, stream: Stream, address: SocketAddr, place: &mut Place) -> Option<Begun> {
        if self.crowd.is_pressed() {
            self.timeouts = self.timeouts.pressed();
        }
        let (handshake, idle) = (self.timeouts.header, self.timeouts.idle);
        let unix = matches!(stream, Stream::Unix(_));
        let introduced = self.introducers.includes(address, unix);
        if !introduced && !unix && !self.is_alone(address, place) {
            shed::too_many(&stream, self.tls.is_some());
            return None;
        }
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
                Ok(Ok(Some(source))) => {
                    address = source;
                    if !self.is_alone(address, place) {
                        shed::too_many(stream.get_ref(), self.tls.is_some());
                        return None;
                    }
                }
                // The balancer speaks for itself.
                Ok(Ok(None)) => {}
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
            let listener = Listener::Redirect { https_port };
            let plain = Self { service, listener, tls: None, http3: false, ..self };
            let (spoken, stream) = (Spoken::Http1, Either::Plain(stream));
            return Some(Begun { spoken, stream, address, connection: plain, tls: None });
        }
        if stream.seen().first() != Some(&HANDSHAKE) {
            return None;
        }
        match tokio::time::timeout(handshake, secure.accept(stream)).await {
            Ok(Ok(stream)) => {
                let (_, session) = stream.get_ref();
                if session.alpn_protocol() == Some(crate::tls::acme::PROTOCOL) {
                    // An authority has seen what it came for; nothing else is spoken (RFC 8737 section 3).
                    return None;
                }
                let proven = session.peer_certificates().and_then(<[_]>::first).and_then(Proven::by);
                let facts = crate::tls::facts(session);
                let spoken =
                    if session.alpn_protocol() == Some(b"h2") { Spoken::Http2 } else { Spoken::Http1 };
                let stream = Either::Tls(Box::new(Rewound::fresh(stream)));
                let connection = Self { proven: proven.map(Arc::new), ..self };
                Some(Begun { spoken, stream, address, connection, tls: Some(facts) })
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

    /// Whether this client may have one more connection.
    fn is_alone(&self, address: SocketAddr, place: &mut Place) -> bool {
        self.judge.is_proxy(address.ip()) || place.belongs_to(address.ip())
    }

    fn speak<IO>(
        self,
        spoken: Spoken,
        io: Rewound<IO>,
        address: SocketAddr,
        tls: Option<TlsFacts>,
        place: Place,
    ) -> Served
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let peer = Peer { address, listener: self.listener, tls };
        match spoken {
            Spoken::Http1 => Box::pin(self.http1(io, peer, place)),
            Spoken::Http2 => Box::pin(self.http2(io, peer, place)),
        }
    }

    fn http1<IO>(self, io: Rewound<IO>, peer: Peer, place: Place) -> impl Future<Output = ()> + Send
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { service, timeouts, drain, judge, crowd, proven, http3, .. } = self;
        let pressed = crowd.watch();
        let limits = judge.reader_limits();
        let (io, wires) = StrictStream::new(io, limits, timeouts.into());
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
        let ending = drain.clone();
        let visit = Visit { service, judge, crowd, peer, place, proven, ending, http3 };
        let (visit, pauses) = (Arc::new(visit), wires.clone());
        let serving = service_fn(move |request| answer(visit.clone(), wires.clone(), request));
        let io = Box::new(io);
        async move {
            let mut pressed = pressed;
            let closes = async {
                tokio::select! {
                    () = drain.silences() => {}
                    () = presses(&mut pressed) => {}
                }
            };
            if let Err(error) = pausing::serve(&http, io, &pauses, serving, closes).await {
                tracing::debug!(%error, "a connection broke off");
            }
        }
    }

    async fn http2<IO>(self, io: Rewound<IO>, peer: Peer, _place: Place)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { service, timeouts, drain, judge, crowd, proven, http3, .. } = self;
        let mut pressed = crowd.watch();
        let stuck = Arc::new(Notify::new());
        let streams = Streams { takes: timeouts.send, stuck: stuck.clone() };
        let from = peer.address;
        let io = Counted::new(io, timeouts.send, move || judge.tell_flood(from));
        let activity = Activity::new();
        let watched = activity.clone();
        let serving = service_fn(move |request: Request<Incoming>| {
            let (service, crowd) = (service.clone(), crowd.clone());
            let held = watched.hold();
            let slow = Slow::default();
            let offer = if http3 { alternative::offer(&request) } else { None };
            let mut request =
                request.map(|body| Patient::new(body, timeouts.body, slow.clone(), held.clone()));
            request.extensions_mut().insert(peer.clone());
            request.extensions_mut().insert(BodyFault(Arc::new(move || slow.reason())));
            if let Some(proven) = &proven {
                request.extensions_mut().insert(proven.clone());
            }
            async move {
                let response = match slot(&crowd, &request) {
                    Some(_slot) => hung_up(service.pass(request).await),
                    None => Ok(shed::overloaded()),
                };
                // The stream's own task runs this.
                let watch = Watch::running();
                response.map(|mut response| {
                    alternative::make(&mut response, offer);
                    response.map(|body| Holding { body, _held: held, watch })
                })
            }
        });
        let mut connection = std::pin::pin!(
            http2::Builder::new(streams)
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
                () = presses(&mut pressed), if !closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = stuck.notified(), if !closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = activity.idles(timeouts.idle), if !closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
                // What is left of answers then, nobody takes.
                () = activity.idles(timeouts.send.silence), if closing => return,
            }
        }
    }
}

/// What every request of one HTTP/1 connection meets.
struct Visit {
    service: Service,
    judge: Judge,
    crowd: Arc<Crowd>,
    peer: Peer,
    place: Place,
    proven: Option<Arc<Proven>>,
    ending: Drain,
    http3: bool,
}

/// Answers one request of HTTP/1.
async fn answer(
    visit: Arc<Visit>,
    wires: WireQueue,
    request: Request<Incoming>,
) -> Result<Response<Holding<Option<InFlight>>>, HungUp> {
    let Some(Arrival { wire, malformed, in_flight, .. }) = wires.pop() else {
        return Ok(visit.judge.unseen().map(|body| Holding { body, _held: None, watch: None }));
    };
    let offer = if visit.http3 { alternative::offer(&request) } else { None };
    let mut response = if malformed {
        visit.judge.refuse_malformed(&wire, &visit.peer)
    } else if let Some(proof) = visit.judge.challenges.answer(request.uri().path()) {
        proof
    } else {
        match slot(&visit.crowd, &request) {
            Some(_slot) => hung_up(visit.service.clone().pass(evident(request, wire, wires, &visit)).await)?,
            None => shed::overloaded(),
        }
    };
    alternative::make(&mut response, offer);
    if visit.ending.has_begun() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        // The last answer says that it is, so that no client sends another request in vain.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(|body| Holding { body, _held: Some(in_flight), watch: None }))
}

/// The request with the evidence of how it came.
fn evident(
    request: Request<Incoming>,
    wire: Wire,
    wires: WireQueue,
    visit: &Arc<Visit>,
) -> Request<Incoming> {
    let mut request = request;
    let extensions = request.extensions_mut();
    extensions.insert(visit.peer.clone());
    if let Some(proven) = &visit.proven {
        extensions.insert(proven.clone());
    }
    extensions.insert(wire);
    let faults = wires.clone();
    extensions.insert(BodyFault(Arc::new(move || faults.body_fault())));
    let keeps = visit.clone();
    extensions.insert(Switched::new(move || {
        let _place = &keeps.place;
        wires.upgraded();
    }));
    request
}

/// A place for the request. The gate's own pages have one always: whoever asks how it is must hear it.
pub(super) fn slot<B>(crowd: &Arc<Crowd>, request: &Request<B>) -> Option<Option<Slot>> {
    if request.uri().path().starts_with(RESERVED) {
        return Some(None);
    }
    crowd.ask().map(Some)
}

/// Ends when connections get short.
pub(super) async fn presses(pressed: &mut watch::Receiver<bool>) {
    if pressed.wait_for(|pressed| *pressed).await.is_err() {
        std::future::pending::<()>().await;
    }
}

impl From<Timeouts> for Patience {
    fn from(timeouts: Timeouts) -> Self {
        Self { header: timeouts.header, body: timeouts.body, send: timeouts.send, idle: timeouts.idle }
    }
}

/// Which streams run on a connection of HTTP/2 or 3, to tell when it is idle.
#[derive(Clone)]
pub(super) struct Activity(Arc<Mutex<(usize, Instant)>>);

/// One running stream.
pub(crate) struct Held(Activity);

impl Activity {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new((0, Instant::now()))))
    }

    pub(super) fn hold(&self) -> Held {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = state.0.saturating_add(1);
        Held(self.clone())
    }

    /// Ends when nothing has run for `patience`.
    pub(super) async fn idles(&self, patience: Duration) {
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
        watch: Option<Watch>,
    }
}

impl<H> http_body::Body for Holding<H> {
    type Data = bytes::Bytes;
    type Error = portcullis_tower::BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        let this = self.project();
        let polled = this.body.poll_frame(context);
        if let Some(watch) = this.watch {
            match &polled {
                Poll::Ready(Some(Ok(frame))) => watch.gave(frame.data_ref().map_or(0, bytes::Bytes::len)),
                Poll::Ready(Some(Err(_)) | None) | Poll::Pending => watch.rests(),
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
