//! One server of the app: what is known of it by all threads.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::uri::Authority;
use serde::Serialize;

use super::breaker::{Breaker, BreakerSettings, Leave};
use super::{Protocol, UpstreamError};

/// Where one server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Host and port.
    Host(Authority),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// One server, as the policy has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// How it is spoken to.
    pub protocol: Protocol,
    /// Where it is.
    pub place: Place,
    /// How much of the load it takes, beside the others.
    pub weight: u32,
    /// It gets no new requests.
    pub drain: bool,
}

impl Target {
    /// `http://host:port`, `https://…`, `h2c://…` or `unix:/path`.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn parse(address: &str) -> Result<Self, UpstreamError> {
        let wrong = || UpstreamError::Address(address.to_owned());
        let target = |protocol, place| Self { protocol, place, weight: 1, drain: false };
        if let Some(path) = address.strip_prefix("unix:") {
            let whole = path.starts_with('/') && !path.ends_with('/');
            return if whole { Ok(target(Protocol::Http, Place::Unix(path.into()))) } else { Err(wrong()) };
        }
        let uri: http::Uri = address.trim_end_matches('/').parse().map_err(|_| wrong())?;
        let protocol = match uri.scheme_str() {
            Some("http") => Protocol::Http,
            Some("https") => Protocol::Https,
            Some("h2c") => Protocol::H2c,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().cloned().ok_or_else(wrong)?;
        let has_path = uri.path_and_query().is_some_and(|path| !matches!(path.as_str(), "" | "/"));
        if has_path || authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(wrong());
        }
        Ok(target(protocol, Place::Host(authority)))
    }

    /// Whether it is the same server, whatever its weight.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.protocol == other.protocol && self.place == other.place
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.place, self.protocol) {
            (Place::Unix(path), _) => write!(out, "unix:{}", path.display()),
            (Place::Host(authority), Protocol::Http) => write!(out, "http://{authority}"),
            (Place::Host(authority), Protocol::Https) => write!(out, "https://{authority}"),
            (Place::Host(authority), Protocol::H2c) => write!(out, "h2c://{authority}"),
        }
    }
}

/// What becomes of new requests for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerState {
    /// It gets them.
    Serving,
    /// The operator is taking it out: those that run may end.
    Draining,
    /// Its health checks fail.
    Unhealthy,
    /// Its circuit is open: too many requests in a row have failed.
    Open,
}

/// What is to be seen of one server; counts are since the gate began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerStatus {
    /// Its address.
    pub address: String,
    /// What becomes of new requests.
    pub state: ServerState,
    /// Its share of the load.
    pub weight: u32,
    /// Requests that run now.
    pub in_flight: usize,
    /// Connections that are open now.
    pub connections: usize,
    /// Connections that were opened.
    pub connections_opened: u64,
    /// Requests that were sent.
    pub requests: u64,
    /// Those that got no connection.
    pub failed_connecting: u64,
    /// Those that got no head of an answer in time.
    pub timed_out: u64,
    /// Those that broke off, or got what is no HTTP.
    pub broken: u64,
    /// How often the circuit opened.
    pub opened: u64,
    /// Health checks that were made, and that failed.
    pub checks: u64,
    /// Those of them that failed.
    pub checks_failed: u64,
}

/// How a request to a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Answered,
    NotConnected,
    TimedOut,
    Broken,
    /// The client broke it off: its body failed.
    ClientBroke,
}

/// One server, shared by all threads.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) target: Target,
    began: Instant,
    breaker: Breaker,
    draining: AtomicBool,
    unhealthy: AtomicBool,
    in_flight: AtomicUsize,
    connections: AtomicUsize,
    connections_opened: AtomicU64,
    requests: AtomicU64,
    failed_connecting: AtomicU64,
    timed_out: AtomicU64,
    broken: AtomicU64,
    opened: AtomicU64,
    checks: AtomicU64,
    checks_failed: AtomicU64,
}

impl Server {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            draining: AtomicBool::new(target.drain),
            target,
            began: Instant::now(),
            breaker: Breaker::default(),
            unhealthy: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            connections_opened: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            failed_connecting: AtomicU64::new(0),
            timed_out: AtomicU64::new(0),
            broken: AtomicU64::new(0),
            opened: AtomicU64::new(0),
            checks: AtomicU64::new(0),
            checks_failed: AtomicU64::new(0),
        }
    }

    /// Milliseconds on the server's own clock.
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn state(&self) -> ServerState {
        if self.draining.load(Ordering::Relaxed) {
            ServerState::Draining
        } else if self.unhealthy.load(Ordering::Relaxed) {
            ServerState::Unhealthy
        } else if self.breaker.is_open(self.now()) {
            ServerState::Open
        } else {
            ServerState::Serving
        }
    }

    /// How long until it may be tried again.
    pub(crate) fn opens_in(&self) -> Duration {
        self.breaker.opens_in(self.now())
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn drain(&self, drain: bool) {
        self.draining.store(drain, Ordering::Relaxed);
    }

    /// Tells what a health check found; `true` when that changed the server's health.
    pub(crate) fn set_healthy(&self, healthy: bool) -> bool {
        self.unhealthy.swap(!healthy, Ordering::Relaxed) == healthy
    }

    pub(crate) fn checked(&self, well: bool) {
        self.checks.fetch_add(1, Ordering::Relaxed);
        if !well {
            self.checks_failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes a request in, where the circuit lets it.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<InFlight> {
        let leave = self.breaker.leave(self.now())?;
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed);
        Some(InFlight { server: self.clone(), leave, told: false })
    }

    /// Counts a connection for as long as it is open.
    pub(crate) fn connected(self: &Arc<Self>) -> Connected {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.connections_opened.fetch_add(1, Ordering::Relaxed);
        Connected(self.clone())
    }

    pub(crate) fn status(&self) -> ServerStatus {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ServerStatus {
            address: self.target.to_string(),
            state: self.state(),
            weight: self.target.weight,
            in_flight: self.in_flight(),
            connections: self.connections.load(Ordering::Relaxed),
            connections_opened: count(&self.connections_opened),
            requests: count(&self.requests),
            failed_connecting: count(&self.failed_connecting),
            timed_out: count(&self.timed_out),
            broken: count(&self.broken),
            opened: count(&self.opened),
            checks: count(&self.checks),
            checks_failed: count(&self.checks_failed),
        }
    }
}

/// One request at a server, until its answer has ended.
#[derive(Debug)]
pub(crate) struct InFlight {
    server: Arc<Server>,
    leave: Leave,
    told: bool,
}

/// What a request's end did to the circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Circuit {
    Unchanged,
    Opened,
    Closed,
}

impl InFlight {
    pub(crate) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Tells once how it ended; what ends untold says nothing of the server.
    pub(crate) fn tell(&mut self, ending: Ending, settings: &BreakerSettings) -> Circuit {
        self.told = true;
        let server = &self.server;
        let (counter, counts) = match ending {
            Ending::Answered => {
                return if server.breaker.succeeded() { Circuit::Closed } else { Circuit::Unchanged };
            }
            Ending::NotConnected => (&server.failed_connecting, true),
            Ending::TimedOut => (&server.timed_out, settings.counts_answers),
            Ending::Broken => (&server.broken, settings.counts_answers),
            Ending::ClientBroke => {
                server.breaker.gave_up(self.leave);
                return Circuit::Unchanged;
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if !counts {
            // There was a connection, which is all that was asked.
            return if server.breaker.succeeded() { Circuit::Closed } else { Circuit::Unchanged };
        }
        if server.breaker.failed(settings, self.leave, server.now()) {
            server.opened.fetch_add(1, Ordering::Relaxed);
            return Circuit::Opened;
        }
        Circuit::Unchanged
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.server.in_flight.fetch_sub(1, Ordering::Relaxed);
        if !self.told {
            self.server.breaker.gave_up(self.leave);
        }
    }
}

/// One open connection.
#[derive(Debug)]
pub(crate) struct Connected(Arc<Server>);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
