//! Whom an allowance belongs to.

use std::net::IpAddr;

use crate::keys::mac;

/// Names one allowance: a keyed hash, so that neither a dump of the memory nor a shared store tells sessions
/// or users, and nobody outside can choose which of them collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RateKey(pub [u8; 16]);

impl RateKey {
    /// The key of `parts`, each with its length, so that no two lists of parts are one text.
    pub(super) fn of(secret: &[u8; 32], parts: &[&[u8]]) -> Self {
        let mut text = Vec::with_capacity(128);
        for part in parts {
            text.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            text.extend_from_slice(part);
        }
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = mac(secret, &[&text]);
        Self([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
    }
}

/// The bytes of an address that one customer of a provider cannot change at will: all of IPv4, the /64 of
/// IPv6 (RFC 6177 section 2).
pub(super) fn address_bytes(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().into_iter().take(8).collect(),
    }
}

/// The same for people.
pub(super) fn address_text(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            ipnet::Ipv6Net::new(ip, 64).map_or_else(|_| ip.to_string(), |net| net.trunc().to_string())
        }
    }
}
