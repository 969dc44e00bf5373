//! Who is connected, in all and from where, and how many requests are under way.
//!
//! **Attack.** Connections are cheap to open and cost the gate memory and a descriptor each (connection
//! flood, slowloris, CWE-770); requests that an app is slow to answer pile up until nobody is answered.
//!
//! **What is decided.** More connections than [`Capacity::connections`] are not served; nor are more than
//! [`Capacity::connections_per_client`] of one address, or of one /64 of IPv6, which is what one customer
//! gets (RFC 6177). Proxies that the policy trusts and sockets in the file system are many clients, and
//! not counted so. From three quarters of the connections on the gate is *pressed*: it keeps no connection
//! open that has nothing to ask, and waits less for the rest. More requests than [`Capacity::requests`]
//! are answered with 503 at once, before anything is looked at; a moment later there is room again.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use portcullis::Event;
use portcullis::policy::raw;
use portcullis_tower::EventSink;
use tokio::sync::watch;

/// How much is served at once, by all threads together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Connections of clients.
    pub connections: usize,
    /// Connections of one address, or one /64 of IPv6.
    pub connections_per_client: usize,
    /// Requests that wait for the app or for their own body.
    pub requests: usize,
}

impl Default for Capacity {
    fn default() -> Self {
        Self { connections: 16_384, connections_per_client: 512, requests: 2048 }
    }
}

impl From<&raw::Listen> for Capacity {
    fn from(raw: &raw::Listen) -> Self {
        let default = Self::default();
        Self {
            connections: raw.connections.unwrap_or(default.connections),
            connections_per_client: raw.connections_per_client.unwrap_or(default.connections_per_client),
            requests: raw.requests.unwrap_or(default.requests),
        }
    }
}

impl Capacity {
    /// The same, within the system's limit of open files: a descriptor that is missing would stop the gate
    /// from accepting, from reaching the app and from writing its log, all at once.
    pub(crate) fn within_open_files(self) -> Self {
        let Some(files) = open_files() else { return self };
        // Each request may need a connection to the app; the rest is for logs, certificates and sockets.
        let kept = self.requests.min(files / 2).saturating_add(128);
        let most = files.saturating_sub(kept).max(16);
        if most < self.connections {
            tracing::warn!(
                "the limit of {files} open files allows {most} connections, not {}; raise it with \
                 `LimitNOFILE=` or `ulimit -n`",
                self.connections
            );
        }
        Self { connections: self.connections.min(most), ..self }
    }
}

/// The limit of open files, raised as far as this process may.
fn open_files() -> Option<usize> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    let raised = soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    usize::try_from(if raised { hard } else { soft }).ok()
}

/// All who are connected.
pub(crate) struct Crowd {
    capacity: Capacity,
    connections: AtomicUsize,
    requests: AtomicUsize,
    clients: Mutex<HashMap<IpAddr, usize>>,
    pressed: watch::Sender<bool>,
    sink: Arc<dyn EventSink>,
    /// When an event told of shedding, in seconds: once a minute is enough.
    told: AtomicU64,
}

/// The place of one connection; dropped with it.
pub(crate) struct Place {
    crowd: Arc<Crowd>,
    client: Option<IpAddr>,
}

/// The place of one request.
pub(crate) struct Slot(Arc<Crowd>);

impl Crowd {
    pub(crate) fn new(capacity: Capacity, sink: Arc<dyn EventSink>) -> Arc<Self> {
        Arc::new(Self {
            capacity,
            connections: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            clients: Mutex::default(),
            pressed: watch::Sender::new(false),
            sink,
            told: AtomicU64::new(0),
        })
    }

    /// A place for a new connection, if there is one.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Place> {
        let before = self.connections.fetch_add(1, Ordering::Relaxed);
        let place = Place { crowd: self.clone(), client: None };
        if before >= self.capacity.connections {
            self.tell("the gate has all the connections that it takes, and closes new ones");
            return None;
        }
        self.look();
        Some(place)
    }

    /// A place for a new request, if there is one.
    pub(crate) fn ask(self: &Arc<Self>) -> Option<Slot> {
        let before = self.requests.fetch_add(1, Ordering::Relaxed);
        let slot = Slot(self.clone());
        if before >= self.capacity.requests {
            self.tell("more requests are under way than the gate takes, and new ones get 503");
            return None;
        }
        Some(slot)
    }

    /// Whether connections are getting short.
    pub(crate) fn is_pressed(&self) -> bool {
        *self.pressed.borrow()
    }

    /// To be told when they do.
    pub(crate) fn watch(&self) -> watch::Receiver<bool> {
        self.pressed.subscribe()
    }

    fn look(&self) {
        let connected = self.connections.load(Ordering::Relaxed).saturating_mul(8);
        let most = self.capacity.connections;
        self.pressed.send_if_modified(|pressed| {
            // Between five and six eighths it stays as it was, so as not to flutter.
            let now = connected >= most.saturating_mul(if *pressed { 5 } else { 6 });
            std::mem::replace(pressed, now) != now
        });
    }

    fn tell(&self, sentence: &str) {
        let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) else { return };
        let before = self.told.load(Ordering::Relaxed);
        let again = now.as_secs() >= before.saturating_add(60);
        if again
            && self.told.compare_exchange(before, now.as_secs(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            tracing::warn!("{sentence}");
            self.sink.record(Event::change(now, "portcullis.gateway.overload", sentence));
        }
    }
}

impl Place {
    /// Says whose connection it is; `false` where that client has all that one may have.
    pub(crate) fn belongs_to(&mut self, address: IpAddr) -> bool {
        let client = network(address);
        let mut clients = self.crowd.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let count = clients.entry(client).or_default();
        if *count >= self.crowd.capacity.connections_per_client {
            drop(clients);
            self.crowd.tell("a client has all the connections that one may have, and new ones are closed");
            return false;
        }
        *count = count.saturating_add(1);
        self.client = Some(client);
        true
    }
}

/// What one customer holds: an address, or a /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        address @ IpAddr::V4(_) => address,
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.connections.fetch_sub(1, Ordering::Relaxed);
        if let Some(client) = self.client {
            let mut clients = self.crowd.clients.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = clients.get_mut(&client) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    clients.remove(&client);
                }
            }
        }
        self.crowd.look();
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(connections: usize, each: usize, requests: usize) -> Arc<Crowd> {
        let capacity = Capacity { connections, connections_per_client: each, requests };
        Crowd::new(capacity, Arc::new(|_: Event| {}))
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_ends() {
        let crowd = crowd(2, 2, 1);
        let first = crowd.enter().unwrap();
        let second = crowd.enter();
        assert!(second.is_some() && crowd.enter().is_none());
        drop(first);
        assert!(crowd.enter().is_some());
        let slot = crowd.ask().unwrap();
        assert!(crowd.ask().is_none());
        drop(slot);
        assert!(crowd.ask().is_some());
    }

    #[test]
    fn one_64_of_ipv6_is_one_client_and_a_mapped_address_is_ipv4() {
        let crowd = crowd(100, 2, 1);
        let mut held = Vec::new();
        let mut enters = |address: &str| {
            let mut place = crowd.enter().unwrap();
            let enters = place.belongs_to(address.parse().unwrap());
            held.push(place);
            enters
        };
        assert!(enters("2001:db8::1") && enters("2001:db8::ffff:1"));
        assert!(!enters("2001:db8::2"));
        assert!(enters("2001:db8:0:1::2"));
        assert!(enters("::ffff:192.0.2.1") && enters("192.0.2.1"));
        assert!(!enters("192.0.2.1"));
        assert!(enters("192.0.2.2"));
        drop(held);
        assert!(crowd.clients.lock().unwrap().is_empty());
    }

    #[test]
    fn it_is_pressed_from_three_quarters_on_and_no_longer_below_five_eighths() {
        let crowd = crowd(8, 8, 1);
        let mut held: Vec<_> = (0..5).map(|_| crowd.enter().unwrap()).collect();
        assert!(!crowd.is_pressed());
        held.push(crowd.enter().unwrap());
        assert!(crowd.is_pressed());
        held.pop();
        assert!(crowd.is_pressed());
        held.pop();
        assert!(!crowd.is_pressed());
    }
}
