//! The certificates that are served, and the threads that look after them.

use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::sync::oneshot;

use super::acme::{Acme, AcmeStatus, Challenges, Keeper};
use super::authority::{self, Development};
use super::certificates::{CertificateFiles, Certificates};
use super::clients::Clients;
use super::{Secure, server_config};
use crate::StartError;
use crate::record::{DataDir, EventLog};
use crate::settings::Settings;

/// Where certificates come from, and whom clients must be known by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Own files.
    pub files: Vec<CertificateFiles>,
    /// An authority that issues them.
    pub acme: Option<Acme>,
    /// How often the files are looked at.
    pub interval: Duration,
    /// Names for the development certificate, where there is no other source.
    pub names: Vec<String>,
    /// PEM: authorities whose certificates clients may show.
    pub client_ca: Option<PathBuf>,
    /// PEM: lists of client certificates that hold no longer.
    pub client_crl: Vec<PathBuf>,
}

impl From<&Settings> for Sources {
    fn from(settings: &Settings) -> Self {
        Self {
            files: settings.certificates.clone(),
            acme: settings.acme.clone(),
            interval: settings.certificate_interval,
            names: settings.names.clone(),
            client_ca: settings.client_ca.clone(),
            client_crl: settings.client_crl.clone(),
        }
    }
}

/// TLS as it is served, and its upkeep; ends when it is dropped.
pub struct Keeping {
    secure: Arc<Secure>,
    data: DataDir,
    log: EventLog,
    status: Arc<Mutex<Vec<AcmeStatus>>>,
    upkeep: Mutex<Upkeep>,
}

/// The threads of one set of sources. Dropping it ends them.
struct Upkeep {
    _files: Sender<()>,
    _acme: Option<oneshot::Sender<()>>,
}

impl Keeping {
    /// Loads what `sources` name and begins to look after it.
    ///
    /// # Errors
    /// When a certificate cannot be served, or a thread cannot be had.
    pub fn start(
        sources: &Sources,
        data: &DataDir,
        log: &EventLog,
        challenges: Arc<Challenges>,
    ) -> Result<(Self, Option<Development>), StartError> {
        let status = Arc::new(Mutex::new(Vec::new()));
        let loaded = Loaded::load(sources, data)?;
        let clients = Clients::load(sources)?;
        let config = server_config(loaded.certificates.clone(), &clients, None)?;
        let secure = Arc::new(Secure::new(config, challenges, clients));
        let upkeep = upkeep(sources, &loaded, &secure, data, log, &status)?;
        let keeping =
            Self { secure, data: data.clone(), log: log.clone(), status, upkeep: Mutex::new(upkeep) };
        Ok((keeping, loaded.development))
    }

    /// Loads other sources, and changes nothing yet. Tickets go on to hold, unless clients must now be known
    /// otherwise.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub(crate) fn prepare(&self, sources: &Sources) -> Result<Prepared, StartError> {
        let loaded = Loaded::load(sources, &self.data)?;
        let clients = Clients::load(sources)?;
        let before = self.secure.config();
        let tickets = (clients == self.secure.clients()).then(|| before.ticketer.clone());
        let config = server_config(loaded.certificates.clone(), &clients, tickets)?;
        let sources = sources.clone();
        Ok(Prepared { sources, loaded, clients, config })
    }

    /// Serves by what was prepared from the next handshake on.
    pub(crate) fn commit(&self, prepared: Prepared) -> Option<Development> {
        let Prepared { sources, loaded, clients, config } = prepared;
        self.secure.replace(config, clients);
        let mut held = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clear();
        match upkeep(&sources, &loaded, &self.secure, &self.data, &self.log, &self.status) {
            Ok(upkeep) => *held = upkeep,
            // What is served is served; who looks after it must not end the gate.
            Err(error) => tracing::error!(%error, "the new certificates are not looked after"),
        }
        loaded.development
    }

    /// What the listeners share.
    #[must_use]
    pub fn secure(&self) -> &Arc<Secure> {
        &self.secure
    }

    /// How it stands with each name that an authority issues for.
    #[must_use]
    pub fn acme_status(&self) -> Vec<AcmeStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Sources that were loaded, and are not served yet.
pub(crate) struct Prepared {
    sources: Sources,
    loaded: Loaded,
    clients: Clients,
    config: Arc<ServerConfig>,
}

struct Loaded {
    certificates: Arc<Certificates>,
    development: Option<Development>,
}

impl Loaded {
    fn load(sources: &Sources, data: &DataDir) -> Result<Self, StartError> {
        let own = !sources.files.is_empty() || sources.acme.is_some();
        let development = if own { None } else { Some(authority::open(data, &sources.names)?) };
        let files = match &development {
            Some(development) => vec![development.files.clone()],
            None => sources.files.clone(),
        };
        let certificates = match files.is_empty() {
            true => Certificates::to_be_obtained(),
            false => Certificates::load(files)?,
        };
        Ok(Self { certificates: Arc::new(certificates), development })
    }
}

fn upkeep(
    sources: &Sources,
    loaded: &Loaded,
    secure: &Arc<Secure>,
    data: &DataDir,
    log: &EventLog,
    status: &Arc<Mutex<Vec<AcmeStatus>>>,
) -> Result<Upkeep, StartError> {
    let acme = match &sources.acme {
        None => None,
        Some(acme) => {
            let keeper = Keeper::open(
                acme.clone(),
                data,
                secure.challenges().clone(),
                loaded.certificates.clone(),
                log.clone(),
                status.clone(),
            );
            let unusable = |error| StartError::DataDir { path: data.path().to_owned(), error };
            Some(go_round(keeper.map_err(unusable)?)?)
        }
    };
    let (alive, ended) = channel::<()>();
    let (log, interval, certificates) = (log.clone(), sources.interval, loaded.certificates.clone());
    let renewal = loaded.development.is_some().then(|| (data.clone(), sources.names.clone()));
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
    Ok(Upkeep { _files: alive, _acme: acme })
}

/// A thread of its own: an authority that is slow to answer keeps nobody else waiting.
fn go_round(keeper: Keeper) -> std::io::Result<oneshot::Sender<()>> {
    let (alive, ended) = oneshot::channel::<()>();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("acme".to_owned()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                () = keeper.keep() => {}
                _ = ended => {}
            }
        });
        runtime.shutdown_background();
    })?;
    Ok(alive)
}
