//! Which server gets a request.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::header::{COOKIE, HeaderName};
use http::request;
use sha2::{Digest, Sha256};

use super::server::{InFlight, Server, ServerState};

/// How the servers share the load.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Balance {
    /// The one with the fewest requests for its weight.
    #[default]
    LeastConnections,
    /// Always the same one for the same key, while it serves; when one leaves, only its keys move.
    Hash(HashKey),
}

/// What a request is hashed by. Where it lacks it, by the client's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashKey {
    /// The client's address.
    Client,
    /// The path, without the query.
    Path,
    /// A header.
    Header(HeaderName),
    /// A cookie, as the app names it.
    Cookie(String),
}

impl HashKey {
    /// `client`, `path`, `header:NAME` or `cookie:NAME`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "client" => Some(Self::Client),
            None if text == "path" => Some(Self::Path),
            Some(("header", name)) => HeaderName::try_from(name).ok().map(Self::Header),
            Some(("cookie", name)) if !name.is_empty() => Some(Self::Cookie(name.to_owned())),
            _ => None,
        }
    }

    /// Where a request stands, the same on every gate and after every start.
    pub(crate) fn of(&self, head: &request::Parts, client: IpAddr) -> u64 {
        let found: Option<&[u8]> = match self {
            Self::Client => None,
            Self::Path => Some(head.uri.path().as_bytes()),
            Self::Header(name) => head.headers.get(name).map(http::HeaderValue::as_bytes),
            Self::Cookie(name) => cookie(head, name),
        };
        match (found, client) {
            (Some(bytes), _) => point(bytes),
            (None, IpAddr::V4(address)) => point(&address.octets()),
            (None, IpAddr::V6(address)) => point(&address.octets()),
        }
    }
}

fn cookie<'a>(head: &'a request::Parts, name: &str) -> Option<&'a [u8]> {
    head.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).find_map(|value| {
        value.split(';').find_map(|pair| {
            let (found, value) = pair.trim().split_once('=')?;
            (found == name).then_some(value.as_bytes())
        })
    })
}

/// SHA-256: whoever may choose keys must not be able to choose where they fall.
pub(crate) fn point(bytes: &[u8]) -> u64 {
    Sha256::digest(bytes).first_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first))
}

/// The servers in the order of the policy, and how they share.
#[derive(Debug)]
pub(crate) struct Balancer {
    servers: Vec<(Arc<Server>, u64)>,
    balance: Balance,
    turn: AtomicUsize,
}

/// Which servers a request has been at.
pub(crate) type Tried = Vec<usize>;

impl Balancer {
    pub(crate) fn new(servers: Vec<Arc<Server>>, balance: Balance) -> Self {
        let placed = |server: Arc<Server>| {
            let at = point(server.target.to_string().as_bytes());
            (server, at)
        };
        Self { servers: servers.into_iter().map(placed).collect(), balance, turn: AtomicUsize::new(0) }
    }

    pub(crate) fn servers(&self) -> impl Iterator<Item = &Arc<Server>> {
        self.servers.iter().map(|(server, _)| server)
    }

    pub(crate) fn len(&self) -> usize {
        self.servers.len()
    }

    pub(crate) fn balance(&self) -> &Balance {
        &self.balance
    }

    /// Takes the request in at the best server that it has not tried; `None` where no server takes one.
    pub(crate) fn choose(&self, key: u64, tried: &Tried) -> Option<(usize, InFlight)> {
        if let ([(server, _)], true) = (self.servers.as_slice(), tried.is_empty()) {
            return entered(server).map(|in_flight| (0, in_flight));
        }
        let mut out = tried.clone();
        // A server whose circuit lets just one request through may have given it away meanwhile.
        while let Some(index) = self.best(key, &out) {
            if let Some(in_flight) = self.servers.get(index).and_then(|(server, _)| entered(server)) {
                return Some((index, in_flight));
            }
            out.push(index);
        }
        None
    }

    fn best(&self, key: u64, out: &Tried) -> Option<usize> {
        let count = self.servers.len();
        let first = match self.balance {
            // Equals take turns.
            Balance::LeastConnections => self.turn.fetch_add(1, Ordering::Relaxed),
            Balance::Hash(_) => 0,
        };
        let mut best: Option<(usize, f64)> = None;
        for step in 0..count {
            let index = first.wrapping_add(step).checked_rem(count)?;
            let (server, place) = self.servers.get(index)?;
            if out.contains(&index) || server.state() != ServerState::Serving {
                continue;
            }
            let weight = f64::from(server.target.weight.max(1));
            let cost = match self.balance {
                Balance::LeastConnections => (precise(server.in_flight()) + 1.0) / weight,
                Balance::Hash(_) => rendezvous(key, *place, weight),
            };
            if best.is_none_or(|(_, least)| cost < least) {
                best = Some((index, cost));
            }
        }
        best.map(|(index, _)| index)
    }
}

fn entered(server: &Arc<Server>) -> Option<InFlight> {
    (server.state() == ServerState::Serving).then(|| server.enter())?
}

/// Requests in flight are far fewer than 2^32.
fn precise(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Weighted rendezvous hashing: the server with the least cost has the key. Each server's cost depends on
/// nothing but itself and the key, so that others may come and go.
fn rendezvous(key: u64, place: u64, weight: f64) -> f64 {
    // The finalizer of SplitMix64; both halves are SHA-256 already.
    let mut mixed = key ^ place.rotate_left(32);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    let high = u32::try_from(mixed >> 32).unwrap_or(0);
    let unit = (f64::from(high) + 0.5) / (f64::from(u32::MAX) + 1.0);
    -unit.ln() / weight
}

#[cfg(test)]
mod tests {
    use super::super::server::Target;
    use super::*;

    fn servers(weights: &[u32]) -> Vec<Arc<Server>> {
        let server = |(number, weight): (usize, &u32)| {
            let target = Target::parse(&format!("http://10.0.0.{number}:80")).unwrap();
            Arc::new(Server::new(Target { weight: *weight, ..target }))
        };
        weights.iter().enumerate().map(server).collect()
    }

    fn hashed(weights: &[u32]) -> Balancer {
        Balancer::new(servers(weights), Balance::Hash(HashKey::Client))
    }

    fn at(balancer: &Balancer, number: u32) -> usize {
        balancer.choose(point(&number.to_be_bytes()), &Vec::new()).unwrap().0
    }

    #[test]
    fn the_least_busy_server_is_next_by_weight() {
        let balancer = Balancer::new(servers(&[1, 3]), Balance::LeastConnections);
        let held: Vec<_> = (0..8).map(|_| balancer.choose(0, &Vec::new()).unwrap()).collect();
        let at_first = held.iter().filter(|(index, _)| *index == 0).count();
        assert_eq!(at_first, 2, "a quarter");
        drop(held);
        let turns: Vec<_> = (0..4).map(|_| balancer.choose(0, &vec![]).unwrap().0).collect();
        assert!(turns.contains(&1));
    }

    #[test]
    fn equals_take_turns() {
        let balancer = Balancer::new(servers(&[1, 1, 1]), Balance::LeastConnections);
        let mut turns: Vec<_> = (0..3).map(|_| balancer.choose(0, &Vec::new()).unwrap().0).collect();
        turns.sort_unstable();
        assert_eq!(turns, [0, 1, 2]);
    }

    #[test]
    fn only_the_keys_of_a_server_that_leaves_move() {
        let balancer = hashed(&[1, 1, 1, 1]);
        let before: Vec<_> = (0..4000).map(|number| at(&balancer, number)).collect();
        for index in 0..4 {
            let share = before.iter().filter(|chosen| **chosen == index).count();
            assert!((800..1200).contains(&share), "{index}: {share}");
        }
        balancer.servers().nth(2).unwrap().drain(true);
        for (number, was) in (0..).zip(&before) {
            let now = at(&balancer, number);
            assert!(if *was == 2 { now != 2 } else { now == *was }, "{number}: {was} to {now}");
        }
        balancer.servers().nth(2).unwrap().drain(false);
        assert!((0..).zip(&before).all(|(number, was)| at(&balancer, number) == *was));
    }

    #[test]
    fn a_weight_is_a_share_of_the_keys() {
        let balancer = hashed(&[1, 3]);
        let heavy = (0..4000).filter(|number| at(&balancer, *number) == 1).count();
        assert!((2800..3200).contains(&heavy), "{heavy}");
    }

    #[test]
    fn what_was_tried_or_does_not_serve_is_not_chosen() {
        let balancer = Balancer::new(servers(&[1, 1, 1]), Balance::LeastConnections);
        balancer.servers().next().unwrap().set_healthy(false);
        for _ in 0..6 {
            assert_eq!(balancer.choose(0, &vec![1]).unwrap().0, 2);
        }
        assert!(balancer.choose(0, &vec![1, 2]).is_none());
        let alone = Balancer::new(servers(&[1]), Balance::LeastConnections);
        assert!(alone.choose(0, &vec![0]).is_none());
        alone.servers().next().unwrap().drain(true);
        assert!(alone.choose(0, &vec![]).is_none());
    }

    #[test]
    fn a_request_without_the_key_goes_by_its_client() {
        let (head, ()) =
            http::Request::get("/a?b").header("cookie", "x=1; sid=s1").body(()).unwrap().into_parts();
        let client = "10.0.0.1".parse().unwrap();
        let of = |text: &str| HashKey::parse(text).unwrap().of(&head, client);
        assert_eq!(of("cookie:sid"), point(b"s1"));
        assert_eq!(of("path"), point(b"/a"));
        assert_eq!(of("header:x-none"), of("client"));
        assert_eq!(HashKey::parse("cookie:"), None);
        assert_eq!(HashKey::parse("uri"), None);
    }
}
