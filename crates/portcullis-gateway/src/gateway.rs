//! The gate as a whole: started from settings, ended with grace.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};

use portcullis::{Engine, Listener};
use portcullis_tower::{EventSink, GateLayer};
use rustls::ServerConfig;
use tokio::sync::{oneshot, watch};

use crate::listen::{Door, Drain, Judge, Sockets, Worker, bind};
use crate::record::keys::{self, KeyError};
use crate::record::{DataDir, EventLog};
use crate::settings::Settings;
use crate::tls::authority::{self, AuthorityError, Development};
use crate::tls::certificates::{CertificateError, Certificates};
use crate::upstream::{Proxy, UpstreamError};

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
    /// The development certificate, where no other was given.
    pub development: Option<Development>,
    /// The event log.
    pub log: EventLog,
    closing: watch::Sender<bool>,
    threads: Vec<oneshot::Receiver<()>>,
    _certificates: Option<Sender<()>>,
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
        if settings.https.is_empty() && settings.dangerous_plain.is_empty() {
            return Err(StartError::NoListener);
        }
        crate::tls::install_provider();
        let unusable = |error| StartError::DataDir { path: settings.data_dir.clone(), error };
        let data = DataDir::open(&settings.data_dir).map_err(unusable)?;
        let log = EventLog::open(&data.events()).map_err(unusable)?;
        let engine = Arc::new(Engine::new(settings.policy.clone(), keys::load(&data)?));
        let (tls, development, certificates) = secure(&settings, &data, &log)?;

        let threads = settings.threads.max(1);
        let open = |addresses: &[SocketAddr]| {
            addresses.iter().map(|address| bind(*address, threads)).collect::<io::Result<Vec<_>>>()
        };
        let https = open(&settings.https)?;
        let http = open(&settings.http)?;
        let dangerous_plain = open(&settings.dangerous_plain)?;
        let addresses = |sockets: &[Sockets]| sockets.iter().map(|one| one.address).collect::<Vec<_>>();
        let https_port = https.first().map_or(443, |one| one.address.port());

        let (closing, closed) = watch::channel(false);
        let mut running = Running {
            https: addresses(&https),
            http: addresses(&http),
            dangerous_plain: addresses(&dangerous_plain),
            development,
            log: log.clone(),
            closing,
            threads: Vec::new(),
            _certificates: certificates,
        };

        let mut doors: Vec<Vec<Door>> = std::iter::repeat_with(Vec::new).take(threads).collect();
        spread(&mut doors, https, Listener::Https, tls.as_ref());
        spread(&mut doors, http, Listener::Redirect { https_port }, None);
        spread(&mut doors, dangerous_plain, Listener::DangerousPlain, None);
        let sink: Arc<dyn EventSink> = Arc::new(log.clone());
        for (number, doors) in doors.into_iter().enumerate() {
            let (drain, drainer) = Drain::new(closed.clone());
            let proxy = Proxy::new(&settings.upstream, drain.clone(), log.clone())?;
            let gate = GateLayer::new(engine.clone(), sink.clone());
            let judge = Judge { engine: engine.clone(), sink: sink.clone() };
            let worker = Worker { doors, gate, judge, timeouts: settings.timeouts, drain, drainer };
            running.threads.push(spawn(number, worker, proxy)?);
        }
        Ok(running)
    }
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

fn spread(
    doors: &mut [Vec<Door>],
    sockets: Vec<Sockets>,
    listener: Listener,
    tls: Option<&Arc<ServerConfig>>,
) {
    for one in sockets {
        for (doors, socket) in doors.iter_mut().zip(one.listeners) {
            doors.push(Door { socket, listener, tls: tls.cloned() });
        }
    }
}

type Secured = (Option<Arc<ServerConfig>>, Option<Development>, Option<Sender<()>>);

/// The certificates, and the thread that looks after them.
fn secure(settings: &Settings, data: &DataDir, log: &EventLog) -> Result<Secured, StartError> {
    if settings.https.is_empty() {
        return Ok((None, None, None));
    }
    let development =
        if settings.certificates.is_empty() { Some(authority::open(data, &settings.names)?) } else { None };
    let files = match &development {
        Some(development) => vec![development.files.clone()],
        None => settings.certificates.clone(),
    };
    let certificates = Arc::new(Certificates::load(files)?);
    let config = crate::tls::server_config(certificates.clone())?;

    let (alive, ended) = channel::<()>();
    let (log, interval) = (log.clone(), settings.certificate_interval);
    let renewal = development.is_some().then(|| (data.clone(), settings.names.clone()));
    let mut seen = certificates.seen();
    std::thread::Builder::new().name("certificates".to_owned()).spawn(move || {
        while ended.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
            if let Some((data, names)) = &renewal {
                // Made again when it nears its end; the files then have changed.
                if let Err(error) = authority::open(data, names) {
                    tracing::warn!(%error, "the development certificate could not be renewed");
                }
            }
            certificates.refresh(&mut seen, &log);
        }
    })?;
    Ok((Some(config), development, Some(alive)))
}

impl Running {
    /// Closes the doors, lets running requests end within `timeouts.drain`, writes the log out.
    pub async fn shutdown(mut self) {
        let _ = self.closing.send(true);
        for finished in std::mem::take(&mut self.threads) {
            let _ = finished.await;
        }
        self.log.flush();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.closing.send(true);
    }
}
