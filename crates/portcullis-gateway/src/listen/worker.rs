//! One thread: accepts connections, and serves each as a task of its own runtime.

use std::convert::Infallible;
use std::future::Ready;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use portcullis::Listener;
use portcullis_tower::{Body, GateLayer};
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tower::Layer;

use super::connection::{Connection, Service};
use super::{Drain, Drainer, Judge, Timeouts};
use crate::upstream::Proxy;

/// How many connections are accepted after the gate began to close: as many as may have waited.
const LATE: u16 = 1024;

/// A listening socket and what it is for.
pub(crate) struct Door {
    pub(crate) socket: TcpListener,
    pub(crate) listener: Listener,
    /// For HTTPS.
    pub(crate) tls: Option<Arc<ServerConfig>>,
}

/// What one thread serves.
pub(crate) struct Worker {
    pub(crate) doors: Vec<Door>,
    pub(crate) gate: GateLayer,
    pub(crate) judge: Judge,
    pub(crate) timeouts: Timeouts,
    pub(crate) drain: Drain,
    pub(crate) drainer: Drainer,
}

impl Worker {
    /// Serves until the gate closes, then waits for what still runs. Must run on the thread's runtime.
    pub(crate) async fn serve(self, proxy: Proxy) {
        let Self { doors, gate, judge, timeouts, drain, drainer } = self;
        let service = Service::Serves(gate.layer(proxy));
        let redirect = Service::Redirects(gate.layer(NothingHere));
        let mut accepting = Vec::new();
        for door in doors {
            let listener = match tokio::net::TcpListener::from_std(door.socket) {
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
                tls: door.tls.map(TlsAcceptor::from),
                timeouts,
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

async fn accept(listener: tokio::net::TcpListener, connection: Connection) {
    let drain = connection.drain.clone();
    let begin = |stream: TcpStream, peer| {
        let _ = stream.set_nodelay(true);
        tokio::spawn(connection.clone().serve(stream, peer));
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
    // Those who are connected and wait to be accepted: closing the socket would reset them, and with them
    // what they have asked. The kernel is asked itself, for the runtime may not have heard of them yet.
    let Ok(listener) = listener.into_std() else { return };
    for _ in 0..LATE {
        let Ok((stream, peer)) = listener.accept() else { return };
        if let Ok(stream) = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream)) {
            begin(stream, peer);
        }
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
