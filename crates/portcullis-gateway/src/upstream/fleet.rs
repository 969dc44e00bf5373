//! The servers of the app as they are now, shared by all threads and replaced as a whole on reload.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ClientConfig;

use super::balance::Balancer;
use super::server::{Server, ServerStatus, Target};
use super::{Upstream, UpstreamError, connect};

/// Which servers there are. Cloning it gives the same ones.
#[derive(Debug, Clone)]
pub struct Upstreams(Arc<ArcSwap<Fleet>>);

/// One generation of servers and settings.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) settings: Upstream,
    pub(crate) balancer: Balancer,
    pub(crate) tls: Arc<ClientConfig>,
}

impl Upstreams {
    /// The servers of `settings`.
    ///
    /// # Errors
    /// When TLS towards them cannot be set up, or there is none.
    pub fn new(settings: &Upstream) -> Result<Self, UpstreamError> {
        Ok(Self(Arc::new(ArcSwap::from_pointee(Fleet::new(settings, &[])?))))
    }

    /// Sends requests to the servers of `settings` from now on. A server that stays keeps its connections,
    /// counts and circuit; requests that run at others may end.
    ///
    /// # Errors
    /// As for [`Self::new`]; then nothing changes.
    pub fn replace(&self, settings: &Upstream) -> Result<(), UpstreamError> {
        let before = self.load();
        let known: Vec<_> = before.balancer.servers().cloned().collect();
        self.0.store(Arc::new(Fleet::new(settings, &known)?));
        Ok(())
    }

    /// What is to be seen of each server.
    #[must_use]
    pub fn status(&self) -> Vec<ServerStatus> {
        self.load().balancer.servers().map(|server| server.status()).collect()
    }

    /// Gives the server at `address` no new requests, or new ones again; `false` where there is no such.
    #[must_use]
    pub fn drain(&self, address: &str, drain: bool) -> bool {
        let Ok(wanted) = Target::parse(address) else { return false };
        let fleet = self.load();
        let mut found = false;
        for server in fleet.balancer.servers().filter(|server| server.target.is(&wanted)) {
            server.drain(drain);
            found = true;
        }
        found
    }

    pub(crate) fn load(&self) -> Arc<Fleet> {
        self.0.load_full()
    }

    pub(crate) fn is(&self, fleet: &Arc<Fleet>) -> bool {
        Arc::ptr_eq(&self.0.load(), fleet)
    }
}

impl Fleet {
    fn new(settings: &Upstream, known: &[Arc<Server>]) -> Result<Self, UpstreamError> {
        if settings.servers.is_empty() {
            return Err(UpstreamError::None);
        }
        let server = |target: &Target| match known.iter().find(|server| server.target == *target) {
            Some(server) => server.clone(),
            None => Arc::new(Server::new(target.clone())),
        };
        Ok(Self {
            tls: Arc::new(connect::tls(settings)?),
            balancer: Balancer::new(settings.servers.iter().map(server).collect(), settings.balance.clone()),
            settings: settings.clone(),
        })
    }
}
