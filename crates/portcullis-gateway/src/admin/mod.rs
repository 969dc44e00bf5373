//! The admin listener: how the gate is, what it counts, and orders to it.
//!
//! It has a thread and a runtime of its own, so that it answers however busy the others are. Orders are taken
//! on a socket in the data directory alone, which nobody but the gate's own user can open; an address of IP,
//! where `admin.listen` names one, answers questions and takes no orders.

mod answer;
pub mod client;
pub mod meters;

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portcullis_tower::Lender;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{mpsc, oneshot, watch};

use crate::record::EventLog;
use crate::tls::Secure;
use crate::upstream::Upstreams;

/// The socket in the data directory.
pub const SOCKET: &str = "admin.sock";

pub(crate) use answer::now;

/// What the gate is asked to do, with the way back for what came of it.
#[derive(Debug)]
pub enum Order {
    /// Read the policy again and take it into force.
    Reload(oneshot::Sender<Told>),
    /// Hand the listeners over to a new program.
    Upgrade(oneshot::Sender<Told>),
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Whether it was done.
    pub done: bool,
    /// For the terminal.
    pub text: String,
}

/// What the gate is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Starting,
    Ready,
    Draining,
}

/// What the admin listener looks at.
pub(crate) struct State {
    pub(crate) lender: Arc<Lender>,
    pub(crate) log: EventLog,
    pub(crate) tls: Mutex<Option<Arc<Secure>>>,
    pub(crate) upstreams: Upstreams,
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    phase: AtomicU8,
}

impl State {
    pub(crate) fn new(
        lender: Arc<Lender>,
        log: EventLog,
        upstreams: Upstreams,
        orders: mpsc::UnboundedSender<Order>,
    ) -> Self {
        Self { lender, log, upstreams, tls: Mutex::default(), orders, phase: AtomicU8::new(0) }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        let number = match phase {
            Phase::Starting => 0,
            Phase::Ready => 1,
            Phase::Draining => 2,
        };
        self.phase.store(number, Ordering::Relaxed);
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Starting,
            1 => Phase::Ready,
            _ => Phase::Draining,
        }
    }
}

/// The listener; it ends when this is dropped.
pub(crate) struct Admin {
    pub(crate) state: Arc<State>,
    /// Where it listens, or nowhere while another gate has taken over.
    places: watch::Sender<Places>,
    socket: PathBuf,
}

/// Where it listens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Places {
    listens: bool,
    tcp: Vec<SocketAddr>,
}

impl Admin {
    /// Begins to answer.
    pub(crate) fn open(data_dir: &Path, tcp: &[SocketAddr], state: Arc<State>) -> io::Result<Self> {
        let socket = data_dir.join(SOCKET);
        let places = Places { listens: true, tcp: tcp.to_vec() };
        let (telling, told) = watch::channel(places);
        let (path, serving) = (socket.clone(), state.clone());
        let (opened, wait) = std::sync::mpsc::channel();
        std::thread::Builder::new().name("admin".to_owned()).spawn(move || {
            match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(serve(&path, told, serving, opened)),
                Err(error) => drop(opened.send(Err(error))),
            }
        })?;
        wait.recv().unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self { state, places: telling, socket })
    }

    /// Listens at other addresses.
    pub(crate) fn move_to(&self, tcp: &[SocketAddr]) {
        let places = Places { listens: true, tcp: tcp.to_vec() };
        self.places.send_if_modified(|now| {
            let changes = *now != places;
            *now = places;
            changes
        });
    }

    /// Makes room for another gate, or takes the room back. Who is connected stays.
    pub(crate) fn step_aside(&self, aside: bool) {
        self.places.send_modify(|places| places.listens = !aside);
        if aside {
            let _ = std::fs::remove_file(&self.socket);
            // The descriptors of IP go a moment later, on the other thread.
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

async fn serve(
    socket: &Path,
    mut places: watch::Receiver<Places>,
    state: Arc<State>,
    opened: std::sync::mpsc::Sender<io::Result<()>>,
) {
    let mut first = Some(opened);
    tokio::spawn(upkeep());
    loop {
        let now = places.borrow_and_update().clone();
        let listeners = if now.listens { bind(socket, &now.tcp).await } else { Ok((None, Vec::new())) };
        let failed = listeners.as_ref().err().map(|error| io::Error::new(error.kind(), error.to_string()));
        let ends = failed.is_some() && first.is_some();
        if let Some(error) = &failed {
            tracing::error!(%error, "the admin listener does not stand");
        }
        if let Some(first) = first.take() {
            let _ = first.send(failed.map_or(Ok(()), Err));
        }
        if ends {
            return;
        }
        let (unix, tcp) = listeners.unwrap_or_default();
        let mut tasks = tokio::task::JoinSet::new();
        if let Some(unix) = unix {
            let orders = answer::all(state.clone());
            tasks.spawn(async move { axum::serve(unix, orders).await });
        }
        for listener in tcp {
            let questions = answer::questions(state.clone());
            tasks.spawn(async move { axum::serve(listener, questions).await });
        }
        // Dropping the tasks closes the sockets; connections have tasks of their own.
        if places.changed().await.is_err() {
            // An answer that is on its way may still go.
            tokio::time::sleep(Duration::from_millis(50)).await;
            return;
        }
    }
}

async fn bind(socket: &Path, tcp: &[SocketAddr]) -> io::Result<(Option<UnixListener>, Vec<TcpListener>)> {
    let explained = |place: String, error: io::Error| {
        io::Error::new(error.kind(), format!("the admin listener at `{place}`: {error}"))
    };
    let at = socket.display().to_string();
    // The data directory is locked by this gate: a socket that lies there is nobody's.
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(explained(at, error)),
        _ => {}
    }
    let unix = UnixListener::bind(socket).map_err(|error| explained(at.clone(), error))?;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| explained(at, error))?;
    let mut listeners = Vec::new();
    for address in tcp {
        listeners
            .push(TcpListener::bind(address).await.map_err(|error| explained(address.to_string(), error))?);
    }
    Ok((Some(unix), listeners))
}

/// The library keeps samples until it is told to sort them.
async fn upkeep() {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        meters::upkeep();
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        if self.places.borrow().listens {
            let _ = std::fs::remove_file(&self.socket);
        }
    }
}
