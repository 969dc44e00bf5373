//! The settings of client.

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::policy::Faults;
use crate::verdict::Mode;

/// As written in the policy.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// `enforce` (the default), `observe` or `off`.
    pub mode: Option<Mode>,
    /// Addresses and networks of the proxies in front, as in `["10.0.0.0/8", "2001:db8::1"]`; none by
    /// default.
    pub trusted_proxies: Option<Vec<String>>,
    /// How many proxies stand in front, whatever their addresses. Only right when nobody can reach the
    /// gate but through them. Together with `trusted_proxies` both must hold.
    pub proxy_hops: Option<u16>,
    /// Which header the proxies write: `x-forwarded-for` (the default; with it `x-forwarded-proto` and
    /// `x-forwarded-host`) or `forwarded`. The other is ignored, because a proxy that writes one lets the
    /// other through.
    pub header: Option<ForwardingHeader>,
}

/// The header that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardingHeader {
    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// What becomes of a denial.
    pub mode: Mode,
    /// The header that counts.
    pub header: ForwardingHeader,
    trust: Trust,
}

/// Which hops are believed.
#[derive(Debug, Clone)]
enum Trust {
    Nobody,
    Networks(Vec<IpNet>),
    Hops(usize),
    Both(Vec<IpNet>, usize),
}

impl Config {
    pub(crate) fn check(raw: &Raw, faults: &mut Faults<'_>) -> Self {
        let mut networks = Vec::new();
        for (position, text) in raw.trusted_proxies.iter().flatten().enumerate() {
            match network(text) {
                Ok(network) => networks.push(network),
                Err((message, help)) => faults.at(&format!("trusted_proxies[{position}]"), message, help),
            }
        }
        if raw.proxy_hops == Some(0) {
            faults.at(
                "proxy_hops",
                "`0` proxies are no proxies",
                "leave it out where no proxy stands in front",
            );
        }
        let hops = raw.proxy_hops.map(usize::from);
        let trust = match (networks.is_empty(), hops) {
            (true, None) => Trust::Nobody,
            (true, Some(hops)) => Trust::Hops(hops),
            (false, None) => Trust::Networks(networks),
            (false, Some(hops)) => Trust::Both(networks, hops),
        };
        Self { mode: raw.mode.unwrap_or_default(), header: raw.header.unwrap_or_default(), trust }
    }

    /// Whether the hop at `address` is believed; `distance` is 0 for the peer itself.
    pub(super) fn trusts(&self, address: IpAddr, distance: usize) -> bool {
        let within = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&address));
        match &self.trust {
            Trust::Nobody => false,
            Trust::Networks(networks) => within(networks),
            Trust::Hops(hops) => distance < *hops,
            Trust::Both(networks, hops) => distance < *hops && within(networks),
        }
    }

    /// Whether who connects from `address` is a proxy that speaks for many clients.
    #[must_use]
    pub fn is_proxy(&self, address: IpAddr) -> bool {
        self.trusts(address.to_canonical(), 0)
    }

    /// Whether any proxy is believed.
    #[must_use]
    pub fn expects_proxies(&self) -> bool {
        !matches!(self.trust, Trust::Nobody)
    }
}

fn network(text: &str) -> Result<IpNet, (String, String)> {
    let help = "write an address or a network, as in `\"10.0.0.0/8\"` or `\"2001:db8::1\"`".to_owned();
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => text.parse::<IpNet>().map_err(|_| (format!("`{text}` is not a network"), help.clone()))?,
    };
    if network.prefix_len() == 0 {
        return Err((
            format!("`{text}` trusts everybody, so every caller could choose his address"),
            "name the networks of your proxies; where their addresses change, use `proxy_hops`".to_owned(),
        ));
    }
    if network.addr() != network.network() {
        return Err((
            format!("`{text}` has bits beyond its prefix"),
            format!("write `\"{}\"`", network.trunc()),
        ));
    }
    if let IpNet::V6(inner) = network
        && inner.addr().to_ipv4_mapped().is_some()
    {
        let message = format!("`{text}` is written as IPv6 but means IPv4");
        return Err((message, "addresses are compared as IPv4: write the network so".to_owned()));
    }
    Ok(network)
}
