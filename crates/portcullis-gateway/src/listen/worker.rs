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
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
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
    /// By which it can be closed.
    pub(crate) number: u64,
    pub(crate) socket: Socket,
    pub(crate) listener: Listener,
    /// For HTTPS.
    pub(crate) tls: Option<Arc<Secure>>,
}

/// What a change of the policy changes for connections that come after it.
#[derive(Debug, Clone)]
pub(crate) struct Manners {
    pub(crate) timeouts: Timeouts,
    /// Who says first who really connected.
    pub(crate) introducers: Arc<Introducers>,
    /// Whether clients are told that HTTP/3 is served.
    pub(crate) http3: bool,
}

impl Manners {
    pub(crate) fn of(settings: &crate::Settings) -> Self {
        Self {
            timeouts: settings.timeouts,
            introducers: Arc::new(settings.introducers.clone()),
            http3: settings.http3,
        }
    }
}

/// What a thread is told while it serves.
pub(crate) enum Order {
    /// Serve at this door, too.
    Open(Door),
    /// Serve no more at the door with this number; who is connected stays.
    Close(u64),
    /// Wait otherwise, and for others.
    Manners(Manners),
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
    pub(crate) manners: Manners,
    pub(crate) orders: mpsc::UnboundedReceiver<Order>,
    pub(crate) crowd: Arc<Crowd>,
    pub(crate) drain: Drain,
    pub(crate) drainer: Drainer,
}

impl Worker {
    /// Serves until the gate closes, then waits for what still runs. Must run on the thread's runtime.
    pub(crate) async fn serve(self, proxy: Proxy) {
        let Self { doors, gate, judge, manners, mut orders, crowd, drain, drainer } = self;
        let patience = manners.timeouts.drain;
        let (telling, told) = watch::channel(manners);
        let mut hall = Hall {
            service: Service::Serves(gate.layer(proxy)),
            redirect: Service::Redirects(gate.layer(NothingHere)),
            judge,
            manners: told,
            crowd,
            drain: drain.clone(),
            open: Vec::new(),
        };
        for door in doors {
            hall.open(door);
        }
        loop {
            let order = tokio::select! {
                order = orders.recv() => order,
                () = drain.begins() => break,
            };
            match order {
                Some(Order::Open(door)) => hall.open(door),
                Some(Order::Close(number)) => hall.close(number),
                Some(Order::Manners(manners)) => {
                    let _ = telling.send(manners);
                }
                // Nobody is left who could order anything: the gate goes on until it closes.
                None => {
                    drain.begins().await;
                    break;
                }
            }
        }
        let patience = telling.borrow().timeouts.drain.max(patience);
        let accepting = std::mem::take(&mut hall.open);
        drop((hall, drain));
        for (_, _closing, task) in accepting {
            let _ = task.await;
        }
        if !drainer.wait(patience).await {
            tracing::warn!("requests still ran when the time to drain was over");
        }
    }
}

/// The doors of one thread, and what every connection through them gets.
struct Hall {
    service: Service,
    redirect: Service,
    judge: Judge,
    manners: watch::Receiver<Manners>,
    crowd: Arc<Crowd>,
    drain: Drain,
    /// Each with its number; dropping the sender closes it.
    open: Vec<(u64, oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Hall {
    fn open(&mut self, door: Door) {
        let listening = match Listening::begin(door.socket) {
            Ok(listening) => listening,
            Err(error) => {
                tracing::error!(%error, "a listening socket could not be used");
                return;
            }
        };
        let Manners { timeouts, introducers, http3 } = self.manners.borrow().clone();
        let connection = Connection {
            service: match door.listener {
                Listener::Redirect { .. } => self.redirect.clone(),
                Listener::Https | Listener::DangerousPlain => self.service.clone(),
            },
            redirect: self.redirect.clone(),
            judge: self.judge.clone(),
            listener: door.listener,
            http3: http3 && door.tls.is_some(),
            tls: door.tls,
            introducers,
            proven: None,
            timeouts,
            crowd: self.crowd.clone(),
            drain: self.drain.clone(),
        };
        let (close, closed) = oneshot::channel();
        let task = tokio::spawn(accept(listening, connection, self.manners.clone(), closed));
        self.open.push((door.number, close, task));
    }

    fn close(&mut self, number: u64) {
        self.open.retain(|(open, ..)| *open != number);
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

/// One connection, as long as it stands.
struct Counted(metrics::Gauge);

impl Counted {
    fn new(listener: Listener) -> Self {
        let name = match listener {
            Listener::Https => "https",
            Listener::Redirect { .. } => "http",
            Listener::DangerousPlain => "dangerous_plain",
        };
        metrics::counter!("portcullis_connections_total", "listener" => name).increment(1);
        let gauge = metrics::gauge!("portcullis_connections", "listener" => name);
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

async fn accept(
    listener: Listening,
    connection: Connection,
    manners: watch::Receiver<Manners>,
    mut closed: oneshot::Receiver<()>,
) {
    let drain = connection.drain.clone();
    let begin = |stream: Stream, peer| {
        if let Stream::Tcp(stream) = &stream {
            let _ = stream.set_nodelay(true);
        }
        let Manners { timeouts, introducers, .. } = manners.borrow().clone();
        let connection = Connection { timeouts, introducers, ..connection.clone() };
        let Some(place) = connection.crowd.enter() else {
            return shed::full(&stream, connection.tls.is_some());
        };
        let counted = Counted::new(connection.listener);
        tokio::spawn(async move {
            // A box for each part of its life, gone with it: one which waits holds no room for the others.
            let served = Box::pin(connection.receive(stream, peer, place)).await;
            if let Some(served) = served {
                served.await;
            }
            drop(counted);
        });
    };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = drain.begins() => break,
            _ = &mut closed => break,
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
