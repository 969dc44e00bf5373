//! `@ipMatch`, `@ipMatchFromFile`: addresses and networks (RFC 4632, RFC 4291).

use std::net::IpAddr;

use ipnet::IpNet;

use super::Files;

/// A set of networks. IPv4 addresses written as IPv6 (`::ffff:192.0.2.1`) are the same as plain ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpMatch {
    /// First and last address of each run, in order, none touching another.
    runs: Vec<(u128, u128)>,
}

impl IpMatch {
    /// Addresses and networks, between commas.
    ///
    /// # Errors
    /// Names what is neither an address nor a network.
    pub fn parse(list: &str) -> Result<Self, String> {
        let runs = list.split(',').map(str::trim).map(network).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::of(runs))
    }

    /// The files that `names` names, between blanks: one address or network a line, `#` begins a comment.
    ///
    /// # Errors
    /// Names the file that cannot be read, or the line that is neither an address nor a network.
    pub fn from_files(names: &str, files: Files<'_>) -> Result<Self, String> {
        let mut runs = Vec::new();
        for name in names.split_whitespace() {
            let bytes = files(name)?;
            for (line, number) in String::from_utf8_lossy(&bytes).lines().zip(1..) {
                let text = line.split('#').next().unwrap_or_default().trim();
                if !text.is_empty() {
                    runs.push(network(text).map_err(|why| format!("`{name}`, line {number}: {why}"))?);
                }
            }
        }
        Ok(Self::of(runs))
    }

    fn of(mut runs: Vec<(u128, u128)>) -> Self {
        runs.sort_unstable();
        let mut joined: Vec<(u128, u128)> = Vec::with_capacity(runs.len());
        for (first, last) in runs {
            match joined.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => joined.push((first, last)),
            }
        }
        Self { runs: joined }
    }

    /// Whether `input` is an address in one of the networks.
    #[must_use]
    pub fn matches(&self, input: &[u8]) -> bool {
        let Some(address) = std::str::from_utf8(input).ok().and_then(|text| text.trim().parse().ok()) else {
            return false;
        };
        self.contains(address)
    }

    /// Whether `address` is in one of the networks.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let number = number(address);
        let after = self.runs.partition_point(|(first, _)| *first <= number);
        after.checked_sub(1).and_then(|at| self.runs.get(at)).is_some_and(|(_, last)| number <= *last)
    }
}

fn network(text: &str) -> Result<(u128, u128), String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok((number(address), number(address)));
    }
    let network: IpNet = text.parse().map_err(|_| format!("`{text}` is not an IP address or network"))?;
    Ok((number(network.network()), number(network.broadcast())))
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}
