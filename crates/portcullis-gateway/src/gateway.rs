//! The gate as a whole: started from settings, ended with grace.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;

#[cfg(feature = "http3")]
use futures_util::FutureExt;
use portcullis::Engine;
use portcullis::keys::Keyring;
use portcullis_seclang::Collections;
use portcullis_tower::{Engines, EventSink, GateLayer, Lender};
use tokio::sync::{mpsc, oneshot, watch};

use crate::admin::{Admin, Order, Phase, State, meters};
use crate::doors::{Doors, Role};
#[cfg(feature = "http3")]
use crate::listen::quic::{self, QuicDoor};
use crate::listen::{
    Address, Binding, Crowd, Drain, Inherited, Judge, Manners, Order as WorkerOrder, Sockets, Worker, adopt,
    bind, bind_datagrams,
};
use crate::people::{Keepers, PeopleError, sweep_now_and_then};
use crate::record::data_dir::Lock;
use crate::record::keys::{self, KeyError};
use crate::record::lessons::Watcher;
use crate::record::log::outs::Outs;
use crate::record::traces::Traces;
use crate::record::{DataDir, EventLog, Notice, RuleFiles};
use crate::remembered::Remembered;
use crate::run_as::RunAsError;
use crate::settings::Settings;
use crate::store::Store;
use crate::tls::acme::Challenges;
use crate::tls::authority::{AuthorityError, Development};
use crate::tls::certificates::CertificateError;
use crate::tls::{Keeping, Secure, Sources};
use crate::upstream::{Proxy, UpstreamError, Upstreams};

/// Starts gates.
pub struct Gateway;

/// A gate that stands. Dropping it closes it at once; [`Running::shutdown`] lets requests end.
pub struct Running {
    /// Where HTTPS is served: real ports.
    pub https: Vec<SocketAddr>,
    /// Where plain HTTP redirects.
    pub http: Vec<SocketAddr>,
    /// Where the app is served over plain HTTP.
    pub dangerous_plain: Vec<SocketAddr>,
    /// Sockets in the file system that are served.
    pub unix: Vec<PathBuf>,
    /// TLS as it is served, where it is: to be read for its counts, and replaced on reload.
    pub tls: Option<Arc<Secure>>,
    /// The servers of the app: to be read for their state, and replaced on reload.
    pub upstreams: Upstreams,
    /// The development certificate, where no other was given.
    pub development: Option<Development>,
    /// The event log.
    pub log: EventLog,
    /// Allowances and bans.
    pub lender: Arc<Lender>,
    /// The engine in force.
    pub engines: Arc<Engines>,
    /// What the gate is asked to do by the admin socket.
    pub orders: mpsc::UnboundedReceiver<Order>,
    pub(crate) admin: Admin,
    pub(crate) settings: Settings,
    pub(crate) data: DataDir,
    pub(crate) doors: Doors,
    closing: watch::Sender<bool>,
    pub(crate) threads: Vec<Thread>,
    /// People who sign in.
    pub(crate) keepers: Arc<Keepers>,
    pub(crate) remembered: Arc<Remembered>,
    /// The certificates that are served, and their upkeep.
    pub keeping: Option<Keeping>,
    pub(crate) watcher: Arc<Watcher>,
    pub(crate) challenges: Arc<Challenges>,
    /// Threads that serve nothing but HTTP/3.
    pub(crate) quic: Vec<Thread>,
    /// HTTP/3 begins when this is dropped.
    http3: Option<oneshot::Sender<Infallible>>,
    /// Its sockets.
    pub(crate) datagrams: Vec<(UdpSocket, SocketAddr)>,
    /// The line to a program that has taken over, which hears by it that this one has ended.
    pub(crate) successor: Option<UnixStream>,
    /// The socket files that are ours to remove.
    made: Vec<PathBuf>,
    lock: Option<Lock>,
}

/// One thread that serves.
pub(crate) struct Thread {
    pub(crate) orders: mpsc::UnboundedSender<WorkerOrder>,
    finished: oneshot::Receiver<()>,
}

/// Why a gate does not stand.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nothing to listen on.
    #[error("there is no listener: give `--https`, or `[listen]` in the policy")]
    NoListener,
    /// The data directory cannot be used.
    #[error("the data directory `{}` cannot be used: {error}", path.display())]
    DataDir {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Sockets that nobody would serve.
    #[error(
        "nothing serves the inherited sockets {0}: name them `https`, `http` or `dangerous_plain`, or listen at their addresses"
    )]
    Inherited(String),
    /// Another user cannot be become.
    #[error(transparent)]
    User(#[from] RunAsError),
    /// A log of the rules cannot be written.
    #[error("the log `{}` cannot be written: {error}", path.display())]
    RuleLog {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// No keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// No development certificate.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// No certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// People cannot sign in as the policy says.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The app cannot be reached at all.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// A socket or a thread was not to be had.
    #[error("{0}")]
    System(#[from] io::Error),
}

impl Gateway {
    /// Opens everything, then serves on threads of its own.
    ///
    /// # Errors
    /// When anything is missing: a gate stands whole or not at all.
    pub fn start(settings: Settings) -> Result<Running, StartError> {
        Self::start_with(settings, Inherited::none())
    }

    /// The same, on sockets that were bound before, as far as they go.
    ///
    /// The order: sockets are bound, then the privileges that needed are dropped, then all else is opened
    /// as who serves, so that nothing works at the start that would fail at the first renewal.
    ///
    /// # Errors
    /// As for [`Self::start`], and when an inherited socket would be served by nobody.
    pub fn start_with(settings: Settings, inherited: Inherited) -> Result<Running, StartError> {
        let mut running = Self::start_after(settings, inherited, || Ok(()))?;
        drop(running.take_http3());
        Ok(running)
    }

    /// The same, but HTTP/3 waits for [`Running::take_http3`]; `make_room` is called once all is checked, and returns when nobody else holds what only one
    /// gate can hold: the lock of the data directory, the log, the admin socket.
    ///
    /// # Errors
    /// As for [`Self::start_with`], and when there is no room.
    pub fn start_after(
        settings: Settings,
        inherited: Inherited,
        make_room: impl FnOnce() -> io::Result<()>,
    ) -> Result<Running, StartError> {
        crate::tls::install_provider();
        meters::install();
        let threads = settings.threads.max(1);
        let Bound { https, http, dangerous_plain, datagrams } = Bound::bind(&settings, threads, inherited)?;
        let folder = settings.data_dir.clone();
        let unusable = |error| StartError::DataDir { path: folder.clone(), error };
        if let Some(user) = &settings.user {
            let socket_files = [&https, &http, &dangerous_plain].into_iter().flatten();
            let files: Vec<_> = socket_files.filter_map(|one| one.made.clone()).collect();
            user.become_now(&settings.data_dir, &files)?;
        }
        let data = DataDir::open(&settings.data_dir).map_err(unusable)?;
        let keys = keys::load(&data)?;
        let outs = Outs::open(&settings.outs)?;
        make_room()?;
        let lock = data.lock().map_err(unusable)?;
        let storage = settings.audit_storage.as_ref();
        let files = RuleFiles::open(settings.rule_log.as_deref(), settings.audit_log.as_deref(), storage)
            .map_err(|(path, error)| StartError::RuleLog { path, error })?;
        let log = EventLog::open(&data.events(), &keys).map_err(unusable)?.with_rules(files);
        log.keep(settings.rotation);
        log.send_to(outs);
        let remembered = Remembered::open(data.path(), crate::admin::now()).map_err(unusable)?;
        let mut settings = settings;
        settings.policy.remember_in(&(remembered.clone() as Arc<dyn Collections>));
        let keepers = Keepers::new(crate::people::open(&settings, None, &data, &keys, &log)?);
        let engine = engine(&settings, keys);
        let challenges = Arc::new(Challenges::default());
        let (keeping, development) = if https.is_empty() {
            (None, None)
        } else {
            let sources = Sources::from(&settings);
            let (keeping, development) = Keeping::start(&sources, &data, &log, challenges.clone())?;
            (Some(keeping), development)
        };
        let tls = keeping.as_ref().map(|keeping| keeping.secure().clone());

        let lender = Arc::new(Lender::default());
        if let Some(store) = &settings.store {
            let store = Arc::new(Store::open(store.clone(), log.clone())?);
            remembered.share(Some(store.share_collections(remembered.memory())));
            lender.share(Some(store));
        }
        let upstreams = Upstreams::new(&settings.upstream)?;
        let (sender, orders) = mpsc::unbounded_channel();
        let state = Arc::new(State::new(lender.clone(), log.clone(), upstreams.clone(), sender));
        let admin = Admin::open(data.path(), &settings.admin, state)?;
        let engines = Arc::new(Engines::new(engine));
        let watcher = Watcher::new(log.clone(), data.lessons()).map_err(unusable)?;
        let watcher = Arc::new(watcher);
        watcher.trace_by(settings.traces.as_ref().map(Traces::open).transpose()?);
        let sink: Arc<dyn EventSink> = watcher.clone();
        let (closing, closed) = watch::channel(false);
        crate::upstream::watch_over(upstreams.clone(), log.clone(), closed.clone())?;
        sweep_now_and_then(keepers.clone(), closed.clone())?;
        let mut running = Running {
            https: Vec::new(),
            http: Vec::new(),
            dangerous_plain: Vec::new(),
            unix: Vec::new(),
            tls,
            upstreams: upstreams.clone(),
            development,
            log: log.clone(),
            lender: lender.clone(),
            engines: engines.clone(),
            orders,
            admin,
            settings: settings.clone(),
            data,
            doors: Doors::new(),
            closing,
            threads: Vec::new(),
            keepers: keepers.clone(),
            remembered,
            keeping,
            watcher,
            challenges: challenges.clone(),
            quic: Vec::new(),
            http3: None,
            datagrams,
            successor: None,
            made: Vec::new(),
            lock: Some(lock),
        };
        let crowd = Crowd::new(settings.capacity.within_open_files(), sink.clone());
        let manners = Manners::of(&settings);
        // What a thread serves with, whichever doors are its own.
        let staff = || {
            let (drain, drainer) = Drain::new(closed.clone());
            let proxy = Proxy::new(upstreams.clone(), threads, drain.clone(), log.clone());
            let gate = GateLayer::swapping(engines.clone(), sink.clone())
                .with_lender(lender.clone())
                .with_identity(keepers.clone());
            let judge = Judge {
                engines: engines.clone(),
                sink: sink.clone(),
                lender: lender.clone(),
                challenges: challenges.clone(),
            };
            let (orders, told) = mpsc::unbounded_channel();
            let (manners, crowd) = (manners.clone(), crowd.clone());
            let worker =
                Worker { doors: Vec::new(), gate, judge, manners, orders: told, crowd, drain, drainer };
            (orders, worker, proxy)
        };
        for number in 0..threads {
            let (orders, worker, proxy) = staff();
            running.threads.push(Thread { orders, finished: spawn(number, worker, proxy)? });
        }
        #[cfg(feature = "http3")]
        if let Some(secure) = running.tls.clone() {
            let (begins, begin) = oneshot::channel();
            running.http3 = Some(begins);
            let begin = begin.shared();
            for (number, (socket, _)) in running.datagrams.iter().enumerate() {
                let (orders, worker, proxy) = staff();
                let door = QuicDoor { socket: socket.try_clone()?, secure: secure.clone() };
                let finished = quic::start(number, door, worker, proxy, begin.clone())?;
                running.quic.push(Thread { orders, finished });
            }
        }
        for (role, sockets) in
            [(Role::Https, https), (Role::Http, http), (Role::DangerousPlain, dangerous_plain)]
        {
            for one in sockets {
                running.doors.add(role, one)?;
            }
        }
        running.open_doors()?;
        running.show_tls();
        running.tell_of_ways_around();
        running.admin.state.enter(Phase::Ready);
        Ok(running)
    }
}

/// The engine of a policy.
pub(crate) fn engine(settings: &Settings, keys: Keyring) -> Arc<Engine> {
    Arc::new(Engine::new(settings.policy.clone(), keys))
}

/// One thread with a runtime of its own: measured cheaper than a shared one (DESIGN of the gateway: a
/// connection, its requests and the pool behind them never change threads).
fn spawn(number: usize, worker: Worker, proxy: Proxy) -> io::Result<oneshot::Receiver<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (done, finished) = oneshot::channel();
    std::thread::Builder::new().name(format!("gate-{number}")).spawn(move || {
        runtime.block_on(worker.serve(proxy));
        drop(runtime);
        let _ = done.send(());
    })?;
    Ok(finished)
}

/// Every listening socket, by what it is for.
struct Bound {
    https: Vec<Sockets>,
    http: Vec<Sockets>,
    dangerous_plain: Vec<Sockets>,
    /// For HTTP/3, with the addresses that it is served at.
    datagrams: Vec<(UdpSocket, SocketAddr)>,
}

impl Bound {
    fn bind(settings: &Settings, threads: usize, mut inherited: Inherited) -> Result<Self, StartError> {
        let all = settings.addresses();
        let binding = Binding { threads, unix_mode: settings.unix_mode, all: &all };
        let mut open = |name: &str, addresses: &[Address]| {
            // Who names a socket for a listener has said where it listens.
            let named = inherited.named(name);
            if !named.is_empty() {
                return Ok(vec![Sockets { named: true, ..adopt(named, threads)? }]);
            }
            addresses
                .iter()
                .map(|address| bind(address, binding, &mut inherited))
                .collect::<io::Result<Vec<_>>>()
        };
        let https = open("https", &settings.https)?;
        let (http, dangerous_plain) =
            (open("http", &settings.http)?, open("dangerous_plain", &settings.dangerous_plain)?);
        let mut datagrams = Vec::new();
        for address in https.iter().filter_map(|sockets| sockets.address.tcp()).filter(|_| settings.http3) {
            let socket = match inherited.datagrams_at(address) {
                Some(socket) => socket,
                None => bind_datagrams(address)?,
            };
            datagrams.push((socket, address));
        }
        let bound = Self { https, http, dangerous_plain, datagrams };
        if bound.https.is_empty() && bound.dangerous_plain.is_empty() {
            return Err(StartError::NoListener);
        }
        let left = inherited.left();
        if left.is_empty() { Ok(bound) } else { Err(StartError::Inherited(left.join(", "))) }
    }
}

impl Running {
    /// Closes the doors, lets running requests end within `timeouts.drain`, writes the log out.
    pub async fn shutdown(mut self) {
        let _ = self.closing.send(true);
        self.admin.state.enter(Phase::Draining);
        self.remove_sockets();
        // Sockets close with their last descriptor, and these are some of them.
        self.doors = Doors::new();
        drop(self.take_http3());
        for thread in self.threads.drain(..).chain(self.quic.drain(..)) {
            let _ = thread.finished.await;
        }
        self.log.flush();
    }
}

impl Running {
    /// Leaves what only one gate can hold: the log, the lock of the data directory, the admin socket. Requests
    /// are served on, and their events go to a file of their own.
    pub(crate) fn step_aside(&mut self) -> io::Result<()> {
        let name = format!("events-ending-{}-{}.jsonl", crate::admin::now().as_millis(), std::process::id());
        self.log.move_to(&self.data.path().join(name))?;
        self.admin.step_aside(true);
        self.remembered.step_aside()?;
        self.lock = None;
        Ok(())
    }

    /// Takes it back.
    pub(crate) fn step_back(&mut self) -> io::Result<()> {
        self.lock = Some(self.data.lock()?);
        self.remembered.step_back();
        self.admin.step_aside(false);
        self.log.move_to(&self.data.events())
    }

    /// Tells of servers of the app that others reach without the gate, where the app believes who it says calls.
    pub(crate) fn tell_of_ways_around(&self) {
        if self.settings.policy.identity().is_none() {
            return;
        }
        let named: Vec<String> = self.settings.upstream.servers.iter().map(ToString::to_string).collect();
        let ours = [&self.https, &self.http, &self.dangerous_plain].map(Vec::as_slice).concat();
        for open in crate::upstream::around::find(&named, &ours) {
            let sentence = open.sentence();
            tracing::warn!("{sentence}");
            self.log.notice(Notice::warn("portcullis.way_around", &sentence));
        }
    }

    /// What holds HTTP/3 back; it is served from when this is dropped.
    pub fn take_http3(&mut self) -> Option<oneshot::Sender<Infallible>> {
        self.http3.take()
    }

    /// For the numbers of TLS.
    pub(crate) fn show_tls(&self) {
        let mut tls = self.admin.state.tls.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        tls.clone_from(&self.tls);
    }

    /// Sets every door before its threads that is not there yet.
    pub(crate) fn open_doors(&mut self) -> io::Result<()> {
        let orders: Vec<_> = self.threads.iter().map(|thread| thread.orders.clone()).collect();
        let port = self.doors.https_port();
        for (thread, door) in self.doors.take_unopened(orders.len(), port, self.tls.as_ref())? {
            if let Some(orders) = orders.get(thread) {
                let _ = orders.send(WorkerOrder::Open(door));
            }
        }
        (self.https, self.http, self.dangerous_plain, self.unix) = self.doors.addresses();
        self.made.extend(self.doors.take_made());
        Ok(())
    }

    /// A file of a socket that nobody listens on helps nobody.
    fn remove_sockets(&mut self) {
        self.made.extend(self.doors.take_made());
        for path in std::mem::take(&mut self.made) {
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::debug!(path = %path.display(), %error, "a socket file was left");
            }
        }
    }

    /// Leaves the files of sockets in the file system where they are: another gate has taken them over.
    pub fn leave_sockets(&mut self) {
        self.made.clear();
        self.doors.take_made();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.closing.send(true);
        if let Err(error) = self.remembered.step_aside() {
            tracing::warn!(%error, "what rules remember could not be written");
        }
        self.remove_sockets();
    }
}
