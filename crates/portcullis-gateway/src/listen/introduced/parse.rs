//! The bytes of an introduction, read purely.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The longest introduction that is read; version 1 has 107 bytes at most, version 2 little more than 200
/// in practice, and the type-length-values that follow are few.
pub const MOST: usize = 4096;
/// Version 1, with its line break.
const MOST_V1: usize = 107;
const SIGNATURE_V1: &[u8] = b"PROXY ";
const SIGNATURE_V2: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family and protocol, length.
const FIXED_V2: usize = 16;

/// One introduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Introduction {
    /// How many bytes it took.
    pub length: usize,
    /// Who really connected; `None` where the balancer speaks for itself or does not know.
    pub source: Option<SocketAddr>,
}

/// Why bytes are no introduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Neither version begins so.
    #[error("there is no PROXY protocol header")]
    Missing,
    /// It does not end where it must.
    #[error("the PROXY protocol header is too long")]
    TooLong,
    /// The line of version 1 is not as specified.
    #[error("the PROXY protocol header of version 1 is malformed")]
    Line,
    /// The version, command, family or length of version 2 is not as specified.
    #[error("the PROXY protocol header of version 2 is malformed")]
    Binary,
}

/// Reads what has come so far; `None` while more is needed.
///
/// # Errors
/// When no byte that follows could make an introduction of it.
pub fn parse(bytes: &[u8]) -> Result<Option<Introduction>, Fault> {
    let begins = |signature: &[u8]| bytes.iter().zip(signature).all(|(one, other)| one == other);
    if begins(SIGNATURE_V2) {
        if bytes.len() >= FIXED_V2 { binary(bytes) } else { Ok(None) }
    } else if begins(SIGNATURE_V1) {
        line(bytes)
    } else {
        Err(Fault::Missing)
    }
}

fn line(bytes: &[u8]) -> Result<Option<Introduction>, Fault> {
    let window = bytes.get(..bytes.len().min(MOST_V1)).unwrap_or(bytes);
    let Some(end) = window.iter().position(|byte| *byte == b'\n') else {
        return if bytes.len() >= MOST_V1 { Err(Fault::TooLong) } else { Ok(None) };
    };
    let text = window.get(..end).and_then(|line| line.strip_suffix(b"\r")).ok_or(Fault::Line)?;
    let text = std::str::from_utf8(text).map_err(|_| Fault::Line)?;
    let length = end.saturating_add(1);
    let mut words = text.split(' ').skip(1);
    let family = words.next().ok_or(Fault::Line)?;
    // What follows `UNKNOWN` is to be ignored.
    if family == "UNKNOWN" {
        return Ok(Some(Introduction { length, source: None }));
    }
    let mut word = || words.next().ok_or(Fault::Line);
    let (source, destination, source_port, destination_port) = (word()?, word()?, word()?, word()?);
    let address = |text: &str| -> Result<IpAddr, Fault> {
        match family {
            "TCP4" => text.parse::<Ipv4Addr>().map(IpAddr::V4).map_err(|_| Fault::Line),
            "TCP6" => text.parse::<Ipv6Addr>().map(IpAddr::V6).map_err(|_| Fault::Line),
            _ => Err(Fault::Line),
        }
    };
    let source = SocketAddr::new(address(source)?, port(source_port)?);
    // Where the client went is of no use here, but a header that is wrong in it is wrong.
    address(destination)?;
    port(destination_port)?;
    if words.next().is_some() {
        return Err(Fault::Line);
    }
    Ok(Some(Introduction { length, source: Some(source) }))
}

/// Decimal, without sign or leading zeros.
fn port(text: &str) -> Result<u16, Fault> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = text == "0" || !text.starts_with('0');
    if digits && plain { text.parse().map_err(|_| Fault::Line) } else { Err(Fault::Line) }
}

fn binary(bytes: &[u8]) -> Result<Option<Introduction>, Fault> {
    let (Some([version_command, family, high, low]), Some(rest)) =
        (bytes.get(12..FIXED_V2), bytes.get(FIXED_V2..))
    else {
        return Ok(None);
    };
    let told = usize::from(u16::from_be_bytes([*high, *low]));
    let length = FIXED_V2.saturating_add(told);
    if length > MOST {
        return Err(Fault::TooLong);
    }
    let local = match version_command {
        0x20 => true,
        0x21 => false,
        _ => return Err(Fault::Binary),
    };
    // How many bytes the addresses take: without one (0x00), IPv4, IPv6, unix; over stream or datagram.
    let addresses = match family {
        0x00 => 0,
        0x11 | 0x12 => 12,
        0x21 | 0x22 => 36,
        0x31 | 0x32 => 216,
        _ => return Err(Fault::Binary),
    };
    if !local && told < addresses {
        return Err(Fault::Binary);
    }
    let Some(payload) = rest.get(..told) else { return Ok(None) };
    let source = match (local, family) {
        (false, 0x11 | 0x12) => payload.first_chunk::<12>().map(|told| {
            let [a, b, c, d, _, _, _, _, high, low, _, _] = *told;
            SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), u16::from_be_bytes([high, low]))
        }),
        (false, 0x21 | 0x22) => {
            let address = payload.first_chunk::<16>().map(|octets| Ipv6Addr::from(*octets));
            let port = payload.get(32..34).and_then(|port| port.first_chunk::<2>());
            address
                .zip(port)
                .map(|(address, port)| SocketAddr::new(address.into(), u16::from_be_bytes(*port)))
        }
        _ => None,
    };
    Ok(Some(Introduction { length, source }))
}
