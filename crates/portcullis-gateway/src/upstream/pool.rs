//! Connections to the app, kept for the next request.
//!
//! One pool belongs to one thread, and its connections never leave it. HTTP/1.1 connections are lent one
//! request at a time and come back when the answer has been read to its end; the one used last is lent
//! first, so that a quiet hour lets the others go. An HTTP/2 connection is shared.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::Protocol;
use super::connect::{ConnectError, Connector, Stream};
use super::fleet::Fleet;
use super::sending::Sending;
use super::server::Server;

/// How long one waits for a connection that another has given back before it looks by itself: the one
/// given back may not have been ready yet.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What is read ahead of a client that does not read, and the longest head that the app may send.
const BUFFER: usize = 128 * 1024;

/// Header fields of one answer. The app is not the stranger here, and browsers take far more than hyper's 100:
/// a page may set a cookie for each of its parts, or preload each of them.
const MOST_HEADERS: usize = 512;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No connection was to be had, so nothing was sent.
    Connect(ConnectError),
    /// As many connections as may be are in use, so nothing was sent either.
    Full,
    /// It broke off. `quietly` where the connection had served before: then it may be the app's silent
    /// closing of an unused connection (RFC 9112 section 9.3.1).
    Exchange { error: hyper::Error, quietly: bool },
}

/// The connections of one thread to one server.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Inner>);

struct Inner {
    connector: Connector,
    /// For requests that ask to switch protocols, where the others may be HTTP/2.
    switching: Connector,
    protocol: Protocol,
    connect_timeout: Duration,
    idle_timeout: Duration,
    /// Connections that this thread keeps open when nothing runs on them, for `idle_timeout`: fewer than
    /// what runs at once would have each burst open and close the rest anew.
    most_idle: usize,
    /// As many as this thread may have open; requests wait for one to come back.
    places: Arc<Semaphore>,
    came_back: Notify,
    idle: Mutex<Idle>,
    shared: Mutex<Option<Shared>>,
    /// Held while the first connection is opened that many may share.
    opening: tokio::sync::Mutex<()>,
    /// The app was seen to choose HTTP/1.1: no sharing, so no waiting for each other.
    chose_http1: AtomicBool,
}

#[derive(Default)]
struct Idle {
    /// The one used last is at the end.
    connections: Vec<Kept>,
    swept: bool,
}

struct Kept {
    sender: http1::SendRequest<Sending>,
    since: Instant,
}

struct Shared {
    sender: http2::SendRequest<Sending>,
    used: Instant,
}

/// A connection that can take a request now.
enum Lent {
    One { sender: http1::SendRequest<Sending>, used: bool, returns: bool },
    Shared { sender: http2::SendRequest<Sending>, used: bool },
}

impl Pool {
    /// No connection is opened before there is a request for it. The limits are those of one thread among
    /// `threads`.
    pub(crate) fn new(fleet: &Fleet, server: &Arc<Server>, threads: usize) -> Self {
        let settings = &fleet.settings;
        let share = |whole: usize| whole.div_ceil(threads.max(1)).clamp(1, Semaphore::MAX_PERMITS);
        Self(Arc::new(Inner {
            connector: Connector::new(fleet, server, false),
            switching: Connector::new(fleet, server, true),
            protocol: server.target.protocol,
            connect_timeout: settings.connect_timeout,
            idle_timeout: settings.idle_timeout,
            most_idle: share(settings.max_idle),
            places: Arc::new(Semaphore::new(share(settings.max_connections))),
            came_back: Notify::new(),
            idle: Mutex::default(),
            shared: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            chose_http1: AtomicBool::new(false),
        }))
    }

    /// Sends one request; over HTTPS and h2c its target names scheme and authority, as HTTP/2 needs. One that
    /// was not begun on a kept connection is tried on the next.
    pub(crate) async fn send(
        &self,
        mut request: Request<Sending>,
        switching: bool,
    ) -> Result<Response<Answer>, Failure> {
        loop {
            let lent = self.0.lend(switching).await?;
            let (error, quietly) = match lent {
                Lent::One { mut sender, used, returns } => {
                    to_origin_form(&mut request);
                    match sender.try_send_request(request).await {
                        Ok(response) => {
                            // After 101 it is no longer HTTP.
                            let switched = response.status() == StatusCode::SWITCHING_PROTOCOLS;
                            let back = (returns && !switched)
                                .then(|| Back { sender, pool: Arc::downgrade(&self.0) });
                            return Ok(response.map(|body| Answer::new(body, back)));
                        }
                        Err(error) => (error, used),
                    }
                }
                Lent::Shared { mut sender, used } => match sender.try_send_request(request).await {
                    Ok(response) => return Ok(response.map(|body| Answer::new(body, None))),
                    Err(error) => (error, used),
                },
            };
            request = unsent(error, quietly)?;
        }
    }
}

/// The request, where none of it had gone out on a connection that was used before.
fn unsent(mut failed: TrySendError<Request<Sending>>, quietly: bool) -> Result<Request<Sending>, Failure> {
    match failed.take_message() {
        Some(request) if quietly => Ok(request),
        _ => Err(Failure::Exchange { error: failed.into_error(), quietly }),
    }
}

/// RFC 9112 section 3.2.1: an origin server is asked by path and query.
fn to_origin_form(request: &mut Request<Sending>) {
    if request.uri().authority().is_none() {
        return;
    }
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map_or_else(http::Uri::default, http::Uri::from);
}

impl Inner {
    async fn lend(self: &Arc<Self>, switching: bool) -> Result<Lent, Failure> {
        match self.protocol {
            Protocol::Http => self.kept_or_new().await,
            // HTTP/2 has no switching by `Upgrade` (RFC 9113 section 8.6).
            Protocol::Https if switching => {
                let place = tokio::time::timeout(self.connect_timeout, self.places.clone().acquire_owned());
                let place = place.await.ok().and_then(Result::ok).ok_or(Failure::Full)?;
                self.open(&self.switching, Some(place)).await
            }
            Protocol::Https if self.chose_http1.load(Ordering::Relaxed) => self.kept_or_new().await,
            Protocol::Https | Protocol::H2c => {
                if let Some(lent) = self.share() {
                    return Ok(lent);
                }
                let _first = self.opening.lock().await;
                match self.share() {
                    Some(lent) => Ok(lent),
                    // One that many share is not what a limit of connections is about.
                    None => self.open(&self.connector, None).await,
                }
            }
        }
    }

    /// A kept connection, or a new one where there may be one more; else the first that is given back.
    async fn kept_or_new(self: &Arc<Self>) -> Result<Lent, Failure> {
        let until = Instant::now().checked_add(self.connect_timeout);
        loop {
            if let Some(sender) = self.take() {
                return Ok(Lent::One { sender, used: true, returns: true });
            }
            if let Ok(place) = self.places.clone().try_acquire_owned() {
                return self.open(&self.connector, Some(place)).await;
            }
            if until.is_some_and(|until| until <= Instant::now()) {
                return Err(Failure::Full);
            }
            let _ = tokio::time::timeout(LOOK_AGAIN, self.came_back.notified()).await;
        }
    }

    /// A kept connection that takes a request at once. One that is still busy with the end of its last
    /// exchange is left where it is.
    fn take(&self) -> Option<http1::SendRequest<Sending>> {
        let mut idle = self.idle();
        let mut at = idle.connections.len();
        while let Some(below) = at.checked_sub(1) {
            at = below;
            let kept = idle.connections.get(at)?;
            if kept.sender.is_closed() {
                idle.connections.swap_remove(at);
            } else if kept.sender.is_ready() {
                return Some(idle.connections.remove(at).sender);
            }
        }
        None
    }

    fn share(&self) -> Option<Lent> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = shared.as_mut().filter(|kept| kept.sender.is_ready());
        let Some(kept) = kept.filter(|kept| kept.used.elapsed() < self.idle_timeout) else {
            *shared = None;
            return None;
        };
        kept.used = Instant::now();
        Some(Lent::Shared { sender: kept.sender.clone(), used: true })
    }

    async fn open(
        self: &Arc<Self>,
        connector: &Connector,
        place: Option<OwnedSemaphorePermit>,
    ) -> Result<Lent, Failure> {
        let opening = async {
            let stream = connector.open(place).await.map_err(Failure::Connect)?;
            self.greet(stream, connector).await
        };
        match tokio::time::timeout(self.connect_timeout, opening).await {
            Ok(lent) => lent,
            Err(_) => Err(Failure::Connect("it took too long".into())),
        }
    }

    async fn greet(self: &Arc<Self>, stream: Stream, connector: &Connector) -> Result<Lent, Failure> {
        let fresh = |error| Failure::Exchange { error, quietly: false };
        let over_tls = self.protocol == Protocol::Https;
        if self.protocol == Protocol::H2c || stream.agreed_on_http2() {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .adaptive_window(true)
                .handshake(stream)
                .await
                .map_err(fresh)?;
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection to the app broke off");
                }
            });
            let kept = Shared { sender: sender.clone(), used: Instant::now() };
            *self.shared.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
            return Ok(Lent::Shared { sender, used: false });
        }
        let switching = over_tls && std::ptr::eq(connector, &self.switching);
        if over_tls && !switching {
            self.chose_http1.store(true, Ordering::Relaxed);
        }
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(BUFFER)
            .max_headers(MOST_HEADERS)
            .handshake(stream)
            .await
            .map_err(fresh)?;
        tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "a connection to the app broke off");
            }
        });
        Ok(Lent::One { sender, used: false, returns: !switching })
    }

    fn keep(self: &Arc<Self>, sender: http1::SendRequest<Sending>) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.idle();
        if idle.connections.len() >= self.most_idle {
            return;
        }
        idle.connections.push(Kept { sender, since: Instant::now() });
        self.came_back.notify_one();
        if !idle.swept
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            idle.swept = true;
            runtime.spawn(sweep(Arc::downgrade(self), self.idle_timeout));
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes what nobody has used for `patience`, or a quarter longer; ends when nothing is kept.
async fn sweep(pool: Weak<Inner>, patience: Duration) {
    let pause = (patience / 4).max(Duration::from_millis(100));
    loop {
        tokio::time::sleep(pause).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle();
        idle.connections.retain(|kept| !kept.sender.is_closed() && kept.since.elapsed() < patience);
        if idle.connections.is_empty() {
            idle.connections = Vec::new();
            idle.swept = false;
            return;
        }
    }
}

/// A connection on its way back.
struct Back {
    sender: http1::SendRequest<Sending>,
    pool: Weak<Inner>,
}

pin_project_lite::pin_project! {
    /// The body of an answer; read to its end, it gives its connection back. Dropped before, the connection
    /// closes: what is left of the answer must not be read as the next one.
    pub(crate) struct Answer {
        #[pin]
        body: Incoming,
        back: Option<Back>,
    }
}

impl Answer {
    fn new(body: Incoming, back: Option<Back>) -> Self {
        let mut answer = Self { body, back };
        if answer.body.is_end_stream() {
            give(&mut answer.back);
        }
        answer
    }
}

fn give(back: &mut Option<Back>) {
    if let Some(Back { sender, pool }) = back.take()
        && let Some(pool) = pool.upgrade()
    {
        pool.keep(sender);
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut this = self.project();
        let frame = std::task::ready!(this.body.as_mut().poll_frame(context));
        match &frame {
            Some(Err(_)) => *this.back = None,
            Some(Ok(frame)) if !frame.is_trailers() && !this.body.is_end_stream() => {}
            // A server that knows the length does not ask again after the last byte.
            Some(Ok(_)) | None => give(this.back),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests;
