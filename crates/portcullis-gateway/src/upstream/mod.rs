//! The app behind the gate: where it is, how it is reached, what it is told.
//!
//! `fleet` has the servers, `balance` chooses one, `server` is what is known of it, `breaker` leaves it
//! alone while it fails, `health` asks it how it is. `head` edits what passes (hop-by-hop fields, forwarding
//! facts), `connect` opens connections, `pool` keeps them, `proxy` is the service that the gate guards,
//! `waiting` breaks off what never ends, `tunnel` carries WebSockets; `around` looks whether others reach the app
//! without the gate.

pub(crate) mod around;
mod balance;
mod breaker;
mod connect;
mod fleet;
mod head;
mod health;
mod pool;
mod proxy;
mod sending;
mod server;
#[cfg(test)]
mod several;
#[cfg(test)]
mod tests;
mod tunnel;
mod waiting;

use std::path::PathBuf;
use std::time::Duration;

use portcullis::policy::raw;

pub use balance::{Balance, HashKey};
pub use breaker::BreakerSettings;
pub use fleet::Upstreams;
pub(crate) use health::watch_over;
pub use proxy::Proxy;
pub(crate) use proxy::root_cause;
pub use server::{Place, ServerState, ServerStatus, Target};

/// How the app is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `http://`: HTTP/1.1 in the open, also over a socket in the file system.
    Http,
    /// `https://`: HTTP/2 or HTTP/1.1 over TLS, as the app prefers.
    Https,
    /// `h2c://`: HTTP/2 in the open, by prior knowledge (RFC 9113 section 3.3).
    H2c,
}

/// The app, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Its servers: one or more.
    pub servers: Vec<Target>,
    /// How they share the load.
    pub balance: Balance,
    /// Certificate authorities to trust instead of the machine's.
    pub ca: Option<PathBuf>,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long to wait for the head of a response after the request was sent.
    pub response_timeout: Duration,
    /// The longest silence within the body of a response.
    pub body_timeout: Duration,
    /// How long a whole exchange may take; `None` for as long as it moves.
    pub total_timeout: Option<Duration>,
    /// How long an unused connection is kept.
    pub idle_timeout: Duration,
    /// How many connections to one server may be open, over all threads.
    pub max_connections: usize,
    /// How many of them are kept when nothing runs on them.
    pub max_idle: usize,
    /// When a server that fails is left alone.
    pub breaker: BreakerSettings,
    /// How servers are asked for their health; `None` when they are not.
    pub health: Option<Health>,
}

/// How servers are asked for their health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// What is asked for by GET.
    pub path: String,
    /// The name of the site that is asked for, instead of the server's own.
    pub host: Option<String>,
    /// How often.
    pub interval: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many answers in a row make an unhealthy server healthy.
    pub rises: u32,
    /// How many failures in a row make a healthy server unhealthy.
    pub falls: u32,
    /// Which statuses are healthy: from and to, inclusive.
    pub statuses: Vec<(u16, u16)>,
}

/// Why the app cannot be reached at all.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The address is none.
    #[error(
        "`{0}` is not the address of an app, which is as in `http://127.0.0.1:5000` or `unix:/run/app.sock`"
    )]
    Address(String),
    /// There is no server.
    #[error("the app has no server: write `address`, or `[[upstream.server]]`")]
    None,
    /// The file of authorities cannot be used.
    #[error("`{}`: {message}", path.display())]
    Authorities {
        /// Which file.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// TLS cannot be set up.
    #[error("TLS towards the app cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

impl Upstream {
    /// An app at `address`, everything else by default.
    ///
    /// # Errors
    /// When it is no `http`, `https`, `h2c` or `unix` address.
    pub fn parse(address: &str) -> Result<Self, UpstreamError> {
        Ok(Self::at(vec![Target::parse(address)?]))
    }

    /// An app at these servers, everything else by default.
    #[must_use]
    pub fn at(servers: Vec<Target>) -> Self {
        Self {
            servers,
            balance: Balance::default(),
            ca: None,
            connect_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(300),
            total_timeout: None,
            idle_timeout: Duration::from_secs(30),
            max_connections: 4096,
            max_idle: 512,
            breaker: BreakerSettings::default(),
            health: None,
        }
    }

    /// Whether connections are made, kept and trusted in the same way, so that they may be used on.
    fn wires_like(&self, other: &Self) -> bool {
        let wires = |one: &Self| {
            (one.connect_timeout, one.idle_timeout, one.max_connections, one.max_idle, one.ca.clone())
        };
        wires(self) == wires(other)
    }

    /// As written in the policy.
    ///
    /// # Errors
    /// When an address is none, or there is none.
    pub fn from_policy(raw: &raw::Upstream) -> Result<Self, UpstreamError> {
        let table = match raw {
            raw::Upstream::Address(address) => return Self::parse(address),
            raw::Upstream::Table(table) => table,
        };
        let mut servers: Vec<Target> = Vec::new();
        if let Some(address) = &table.address {
            servers.push(Target::parse(address)?);
        }
        for server in &table.server {
            let target = Target::parse(&server.address)?;
            servers.push(Target {
                weight: server.weight.unwrap_or(1),
                drain: server.drain.unwrap_or(false),
                ..target
            });
        }
        if servers.is_empty() {
            return Err(UpstreamError::None);
        }
        let mut upstream = Self::at(servers);
        if let (Some(raw::Balance::Hash), key) = (table.balance, &table.hash) {
            let key = key.as_deref().and_then(HashKey::parse).unwrap_or(HashKey::Client);
            upstream.balance = Balance::Hash(key);
        }
        upstream.ca.clone_from(&table.ca);
        let spans = [
            (table.connect_timeout, &mut upstream.connect_timeout),
            (table.response_timeout, &mut upstream.response_timeout),
            (table.body_timeout, &mut upstream.body_timeout),
            (table.idle_timeout, &mut upstream.idle_timeout),
            (table.breaker.open, &mut upstream.breaker.open),
            (table.breaker.most, &mut upstream.breaker.most),
        ];
        for (written, span) in spans {
            if let Some(written) = written {
                *span = written.0;
            }
        }
        upstream.breaker.counts_answers = table.breaker.on == Some(raw::BreakerOn::Any);
        upstream.total_timeout = table.total_timeout.map(|span| span.0);
        upstream.max_connections = table.max_connections.unwrap_or(upstream.max_connections);
        upstream.max_idle = table.max_idle.unwrap_or(upstream.max_idle);
        upstream.breaker.failures = table.breaker.failures.unwrap_or(upstream.breaker.failures);
        upstream.health = table.health.as_ref().map(Health::from);
        Ok(upstream)
    }
}

impl From<&raw::Health> for Health {
    fn from(raw: &raw::Health) -> Self {
        let statuses: Vec<_> = raw.statuses.iter().filter_map(|text| raw::statuses(text)).collect();
        Self {
            path: raw.path.clone(),
            host: raw.host.clone(),
            interval: raw.interval.map_or(Duration::from_secs(5), |span| span.0),
            timeout: raw.timeout.map_or(Duration::from_secs(2), |span| span.0),
            rises: raw.rises.unwrap_or(2),
            falls: raw.falls.unwrap_or(3),
            statuses: if statuses.is_empty() { vec![(200, 399)] } else { statuses },
        }
    }
}

impl std::fmt::Display for Upstream {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, server) in self.servers.iter().enumerate() {
            let before = if index == 0 { "" } else { ", " };
            write!(out, "{before}{server}")?;
        }
        Ok(())
    }
}
