//! Whether the app can be reached around the gate: what is really bound, whatever the policy calls it.
//!
//! An app that is told to listen at `0.0.0.0` answers at `127.0.0.1`, too: the policy looks right, and whoever is on the
//! network says in `X-Portcullis-User` that they are anybody (CWE-290). On Linux the system tells who listens where
//! (`proc_net_tcp(5)`); elsewhere nothing is told.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use portcullis::Policy;
use portcullis::advice::{Advice, Level};
use portcullis::policy::raw;

/// The state `TCP_LISTEN`.
const LISTENING: &str = "0A";

/// An address of the app on this machine, and where others reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Open {
    /// As the policy names it.
    pub(crate) named: String,
    /// What listens on its port, and is no loopback address.
    pub(crate) bound: Vec<SocketAddr>,
}

/// For `portcullis check`.
pub(crate) fn look(policy: &Policy, written: &raw::File) -> Vec<Advice> {
    if policy.identity().is_none() {
        return Vec::new();
    }
    let listens = &written.listen;
    let ours = [&listens.https, &listens.http, &listens.dangerous_plain].into_iter().flatten();
    let ours: Vec<SocketAddr> =
        ours.flat_map(|list| list.as_slice()).filter_map(|text| text.parse().ok()).collect();
    let open = written.upstream.as_ref().map(|upstream| find(&named(upstream), &ours)).unwrap_or_default();
    open.iter()
        .map(|open| Advice {
            number: "P061",
            level: Level::Warn,
            key: "upstream".to_owned(),
            sentence: open.sentence(),
            fix: "let the app listen at `127.0.0.1` or a unix socket only; else let it verify `X-Portcullis-Token` on \
                  every request, and a firewall admit the gate alone (docs/identity.md)"
                .to_owned(),
        })
        .collect()
}

impl Open {
    /// In one sentence.
    pub(crate) fn sentence(&self) -> String {
        let bound: Vec<String> = self.bound.iter().map(ToString::to_string).collect();
        format!(
            "`{}` is on this machine, but its port is listened on at `{}`: who reaches that without the gate can say in \
             `X-Portcullis-User` that they are anybody",
            self.named,
            bound.join("`, `")
        )
    }
}

/// Those of `named` whose port is bound to more than this machine; `ours` are the gate's own listeners.
pub(crate) fn find(named: &[String], ours: &[SocketAddr]) -> Vec<Open> {
    let mut listeners = BTreeSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        listeners.extend(std::fs::read_to_string(table).iter().flat_map(|text| listening(text)));
    }
    let open = |address: &String| {
        let port = loopback_port(address)?;
        let is_open = |at: &&SocketAddr| at.port() == port && !at.ip().is_loopback() && !ours.contains(at);
        let bound: Vec<SocketAddr> = listeners.iter().filter(is_open).copied().collect();
        (!bound.is_empty()).then(|| Open { named: address.clone(), bound })
    };
    named.iter().filter_map(open).collect()
}

/// The addresses of the app, as written.
pub(crate) fn named(upstream: &raw::Upstream) -> Vec<String> {
    match upstream {
        raw::Upstream::Address(address) => vec![address.clone()],
        raw::Upstream::Table(table) => {
            table.address.iter().chain(table.server.iter().map(|server| &server.address)).cloned().collect()
        }
    }
}

/// The port of an address on this machine; `None` for every other, of which the policy itself tells.
fn loopback_port(address: &str) -> Option<u16> {
    let url = url::Url::parse(address).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']);
    let is_ours = host.parse::<IpAddr>().map_or_else(
        |_| host == "localhost" || host.ends_with(".localhost"),
        |ip| ip.to_canonical().is_loopback(),
    );
    url.port_or_known_default().or_else(|| (url.scheme() == "h2c").then_some(80)).filter(|_| is_ours)
}

/// Who listens, of a table as `/proc/net/tcp`.
fn listening(table: &str) -> Vec<SocketAddr> {
    table.lines().skip(1).filter_map(line).collect()
}

fn line(line: &str) -> Option<SocketAddr> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let (local, _remote, state) = (fields.next()?, fields.next()?, fields.next()?);
    let (address, port) = local.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    if state != LISTENING {
        return None;
    }
    // Words of 32 bits, each as this machine keeps it in memory.
    let word = |from: usize| {
        let digits = address.get(from..from.checked_add(8)?)?;
        u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
    };
    let ip = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for (place, from) in bytes.chunks_exact_mut(4).zip([0, 8, 16, 24]) {
                place.copy_from_slice(&word(from)?);
            }
            IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_table_of_the_system_is_read() {
        if u32::from_ne_bytes([1, 0, 0, 0]) != 1 {
            return;
        }
        let table = "  sl  local_address rem_address   st tx_queue rx_queue\n   \
            0: 0100007F:1388 00000000:0000 0A 00000000:00000000\n   \
            1: 00000000:1F90 00000000:0000 0A 00000000:00000000\n   \
            2: 0100007F:1388 0100007F:C001 01 00000000:00000000\n";
        assert_eq!(listening(table), ["127.0.0.1:5000".parse().unwrap(), "0.0.0.0:8080".parse().unwrap()]);
        let six = "  sl  local_address\n   \
            0: 00000000000000000000000001000000:1388 00000000000000000000000000000000:0000 0A 0\n   \
            1: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A 0\n   \
            2: nonsense\n";
        assert_eq!(listening(six), ["[::1]:5000".parse().unwrap(), "127.0.0.1:80".parse().unwrap()]);
    }

    #[test]
    fn an_app_that_listens_everywhere_is_found_behind_a_loopback_address() {
        for everywhere in ["0.0.0.0:0", "[::]:0"] {
            let Ok(socket) = TcpListener::bind(everywhere) else {
                assert_eq!(everywhere, "[::]:0", "only IPv6 may be absent");
                continue;
            };
            let bound = socket.local_addr().unwrap();
            let named = [format!("http://127.0.0.1:{}", bound.port())];
            assert_eq!(find(&named, &[]), [Open { named: named[0].clone(), bound: vec![bound] }]);
            assert!(find(&named, &[bound]).is_empty(), "the gate's own door is none around it");
            let (policy, written) =
                Policy::parse("p", &format!("upstream = \"{}\"\n[identity]\n", named[0])).unwrap();
            let advice = look(&policy, &written);
            assert_eq!(advice.iter().map(|advice| advice.number).collect::<Vec<_>>(), ["P061"]);
            assert!(advice[0].sentence.contains(&bound.to_string()), "{}", advice[0].sentence);
        }
    }

    #[test]
    fn an_app_on_loopback_alone_is_not_told_of() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let named = [format!("http://localhost:{}", socket.local_addr().unwrap().port())];
        assert!(find(&named, &[]).is_empty());
        for elsewhere in ["http://192.0.2.7:80", "unix:/run/app.sock", "https://app.example"] {
            assert_eq!(loopback_port(elsewhere), None, "{elsewhere}");
        }
        assert_eq!(loopback_port("http://[::1]"), Some(80));
        assert_eq!(loopback_port("h2c://localhost:7"), Some(7));
    }
}
