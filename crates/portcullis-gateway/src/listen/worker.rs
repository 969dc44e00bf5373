//! One thread: accepts connections, and serves each as a task of its own runtime.

use std::convert::Infallible;
use std::future::Ready;
use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixListener as StdUnixListener;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use portcullis::Listener;
use portcullis_tower::{Body, GateLayer};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tower::Layer;

use super::connection::{Connection, Service};
use super::shed;
use super::stream::{LOCAL_PEER, Stream};
use super::{Crowd, Drain, Drainer, Introducers, Judge, Socket, Timeouts};
use crate::tls::Secure;
use crate::upstream::Proxy;

/// How many connections are accepted after the gate began to close: as many as may have waited.
const LATE: usize = 1024;

/// A listening socket and what it is for.
pub(crate) struct Door {
    pub(crate) socket: Socket,
    pub(crate) listener: Listener,
    /// For HTTPS.
    pub(crate) tls: Option<Arc<Secure>>,
    /// Who says first who really connected.
    pub(crate) introducers: Arc<Introducers>,
}

/// A listening socket on the runtime of its thread.
enum Listening {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listening {
    fn begin(socket: Socket) -> io::Result<Self> {
        match socket {
            Socket::Tcp(socket) => TcpListener::from_std(socket).map(Self::Tcp),
            Socket::Unix(socket) => UnixListener::from_std(socket).map(Self::Unix),
        }
    }

    async fn accept(&self) -> io::Result<(Stream, SocketAddr)> {
        match self {
            Self::Tcp(socket) => socket.accept().await.map(|(stream, peer)| (Stream::Tcp(stream), peer)),
            Self::Unix(socket) => socket.accept().await.map(|(stream, _)| (Stream::Unix(stream), LOCAL_PEER)),
        }
    }

    /// Those who are connected and wait to be accepted, from the kernel itself: the runtime may not have
    /// heard of them yet.
    fn waiting(self) -> io::Result<Box<dyn Iterator<Item = (Stream, SocketAddr)> + Send>> {
        Ok(match self {
            Self::Tcp(socket) => {
                let socket = socket.into_std()?;
                Box::new(std::iter::from_fn(move || socket.accept().ok()).filter_map(|(stream, peer)| {
                    stream.set_nonblocking(true).ok()?;
                    Some((Stream::Tcp(TcpStream::from_std(stream).ok()?), peer))
                }))
            }
            Self::Unix(socket) => {
                let socket: StdUnixListener = socket.into_std()?;
                Box::new(std::iter::from_fn(move || socket.accept().ok()).filter_map(|(stream, _)| {
                    stream.set_nonblocking(true).ok()?;
                    Some((Stream::Unix(UnixStream::from_std(stream).ok()?), LOCAL_PEER))
                }))
            }
        })
    }
}

/// What one thread serves.
pub(crate) struct Worker {
    pub(crate) doors: Vec<Door>,
    pub(crate) gate: GateLayer,
    pub(crate) judge: Judge,
    pub(crate) timeouts: Timeouts,
    pub(crate) crowd: Arc<Crowd>,
    pub(crate) drain: Drain,
    pub(crate) drainer: Drainer,
}

impl Worker {
    /// Serves until the gate closes, then waits for what still runs. Must run on the thread's runtime.
    pub(crate) async fn serve(self, proxy: Proxy) {
        let Self { doors, gate, judge, timeouts, crowd, drain, drainer } = self;
        let service = Service::Serves(gate.layer(proxy));
        let redirect = Service::Redirects(gate.layer(NothingHere));
        let mut accepting = Vec::new();
        for door in doors {
            let listener = match Listening::begin(door.socket) {
                Ok(listener) => listener,
                Err(error) => {
                    tracing::error!(%error, "a listening socket could not be used");
                    continue;
                }
            };
            let connection = Connection {
                service: match door.listener {
                    Listener::Redirect { .. } => redirect.clone(),
                    Listener::Https | Listener::DangerousPlain => service.clone(),
                },
                redirect: redirect.clone(),
                judge: judge.clone(),
                listener: door.listener,
                tls: door.tls,
                introducers: door.introducers,
                timeouts,
                crowd: crowd.clone(),
                drain: drain.clone(),
            };
            accepting.push(tokio::spawn(accept(listener, connection)));
        }
        drop((service, redirect, judge));
        drain.begins().await;
        drop(drain);
        for task in accepting {
            let _ = task.await;
        }
        if !drainer.wait(timeouts.drain).await {
            tracing::warn!("requests still ran when the time to drain was over");
        }
    }
}

/// What stands behind a door that only redirects: should the engine ever let a request through there, it
/// still meets no app.
#[derive(Clone)]
pub(crate) struct NothingHere;

impl tower::Service<Request<Body>> for NothingHere {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<Body>) -> Self::Future {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::MISDIRECTED_REQUEST;
        std::future::ready(Ok(response))
    }
}

async fn accept(listener: Listening, connection: Connection) {
    let drain = connection.drain.clone();
    let begin = |stream: Stream, peer| {
        if let Stream::Tcp(stream) = &stream {
            let _ = stream.set_nodelay(true);
        }
        match connection.crowd.enter() {
            Some(place) => drop(tokio::spawn(connection.clone().serve(stream, peer, place))),
            None => shed::full(&stream, connection.tls.is_some()),
        }
    };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = drain.begins() => break,
        };
        match accepted {
            Ok((stream, peer)) => begin(stream, peer),
            Err(error) => back_off(&error).await,
        }
    }
    // Closing the socket would reset those who wait, and with them what they have asked.
    let Ok(waiting) = listener.waiting() else { return };
    for (stream, peer) in waiting.take(LATE) {
        begin(stream, peer);
    }
}

/// The client went away before it was accepted, or we are out of files (EMFILE, ENFILE) or memory: the
/// first is nothing, the others pass. Never a reason to stop serving.
async fn back_off(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted) {
        return;
    }
    tracing::warn!(%error, "connections cannot be accepted; trying again");
    tokio::time::sleep(Duration::from_millis(100)).await;
}
