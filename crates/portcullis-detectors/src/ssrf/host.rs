//! Hosts in every notation, and whom they reach.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::reading::{percent, plain};
use crate::text::{at, before, rest, run};

/// Whom a host reaches, where that is nobody on the public internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The machine itself.
    Loopback,
    /// The service that tells a machine in a cloud its credentials.
    Metadata,
    /// An address inside, in a notation that nobody uses but to hide it.
    Disguised,
    /// An address or name of a private network.
    Private,
    /// A name without a dot.
    Single,
}

/// The name of an authority without user info, and its port, if it has one.
pub(super) fn split(authority: &[u8]) -> (&[u8], Option<&[u8]>) {
    let authority =
        authority.iter().rposition(|&byte| byte == b'@').map_or(authority, |at| rest(authority, at + 1));
    if at(authority, 0) == b'[' {
        let close = run(authority, 0, |byte| byte != b']');
        let port = (at(authority, close + 1) == b':').then(|| rest(authority, close + 2));
        return (before(authority, close + 1), port);
    }
    match memchr::memchr(b':', authority) {
        Some(colon)
            if memchr::memchr(b':', rest(authority, colon + 1)).is_none()
                || before(authority, colon).contains(&b'.') =>
        {
            let port = rest(authority, colon + 1);
            (before(authority, colon), Some(port).filter(|port| !port.is_empty()))
        }
        _ => (authority, None),
    }
}

/// Whom the host reaches; nothing where it may be public.
pub(super) fn reach(name: &[u8]) -> Option<Reach> {
    if name.is_empty() || name.len() > 255 {
        return None;
    }
    let (name, disguised) = unmasked(name);
    let name = name.as_str().trim_end_matches('.');
    if name.is_empty() {
        return None;
    }
    let bracketed = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    if let Some(address) = bracketed.or(Some(name).filter(|name| name.matches(':').count() >= 2)) {
        let address = address.split('%').next().unwrap_or(address);
        let address: Ipv6Addr = address.parse().ok()?;
        return of_v6(address);
    }
    if let Some((address, canonical)) = v4(name) {
        let reach = of_v4(address)?;
        return Some(match reach {
            Reach::Private | Reach::Loopback if !canonical || disguised => Reach::Disguised,
            reach => reach,
        });
    }
    of_name(name)
}

/// The name in lower case ASCII, with percent-encoding and letters that look like others undone.
fn unmasked(name: &[u8]) -> (String, bool) {
    let decoded = percent(name);
    let mut disguised = decoded.is_some();
    let bytes = decoded.map_or_else(|| name.to_vec(), |decoded| decoded.bytes);
    let mut made = String::with_capacity(bytes.len());
    for letter in String::from_utf8_lossy(&bytes).chars() {
        if letter.is_ascii() {
            made.push(letter.to_ascii_lowercase());
            continue;
        }
        disguised = true;
        let code = u32::from(letter);
        let digit = |first: u32, value: u32| char::from_digit(code - first + value, 10);
        let lettered = |first: u32| char::from_u32(code - first + u32::from('a'));
        let letter = match code {
            0x2460..=0x2468 => digit(0x2460, 1),
            0x2469..=0x2473 => {
                made.push('1');
                if code == 0x2473 {
                    made.pop();
                    made.push('2');
                    Some('0')
                } else {
                    digit(0x2469, 0)
                }
            }
            0x24ea => Some('0'),
            0x24d0..=0x24e9 => lettered(0x24d0),
            0x24b6..=0x24cf => lettered(0x24b6),
            0x2080..=0x2089 => digit(0x2080, 0),
            0x2074..=0x2079 => digit(0x2074, 4),
            0x2070 => Some('0'),
            0x00b9 => Some('1'),
            0x00b2 => Some('2'),
            0x00b3 => Some('3'),
            0x1d7ce..=0x1d7ff => char::from_digit((code - 0x1d7ce) % 10, 10),
            0x2488..=0x2490 => {
                made.extend(digit(0x2488, 1));
                Some('.')
            }
            _ => plain(letter).map(char::from),
        };
        made.extend(letter.map(|letter| letter.to_ascii_lowercase()).or(Some('\u{fffd}')));
    }
    (made, disguised)
}

/// An IPv4 address as `inet_aton` reads it, and whether it is written as people write it.
fn v4(name: &str) -> Option<(Ipv4Addr, bool)> {
    let mut parts = Vec::new();
    let mut canonical = true;
    for part in name.split('.') {
        if parts.len() == 4 || part.is_empty() {
            return None;
        }
        let (digits, radix) = match part.as_bytes() {
            [b'0', b'x', ..] => (part.get(2..)?, 16),
            [b'0', _, ..] => (part.get(1..)?, 8),
            _ => (part, 10),
        };
        canonical &= radix == 10;
        let value = if digits.is_empty() { 0 } else { u64::from_str_radix(digits, radix).ok()? };
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        parts.push(value);
    }
    canonical &= parts.len() == 4;
    let (last, firsts) = parts.split_last()?;
    let mut address: u64 = 0;
    for (place, part) in firsts.iter().enumerate() {
        // Some libraries let a part run over: 383.0.0.1 is 127.0.0.1.
        canonical &= *part < 256;
        address |= (part & 0xff) << (24 - 8 * place);
    }
    let room = 8 * (4 - firsts.len());
    canonical &= firsts.len() < 3 || *last < 256;
    address |= last & ((1 << room) - 1);
    Some((Ipv4Addr::from(u32::try_from(address & 0xffff_ffff).ok()?), canonical))
}

fn of_v4(address: Ipv4Addr) -> Option<Reach> {
    let [a, b, c, d] = address.octets();
    match (a, b, c, d) {
        (127 | 0, ..) => Some(Reach::Loopback),
        (169, 254, 169, 254)
        | (100, 100, 100, 200)
        | (169, 254, 170, 2)
        | (192, 0, 0, 192)
        | (168, 63, 129, 16) => Some(Reach::Metadata),
        (10, ..)
        | (172, 16..=31, ..)
        | (192, 168, ..)
        | (169, 254, ..)
        | (100, 64..=127, ..)
        | (198, 18..=19, ..)
        | (192, 0, 0, _)
        | (224..=255, ..) => Some(Reach::Private),
        _ => None,
    }
}

fn of_v6(address: Ipv6Addr) -> Option<Reach> {
    let parts = address.segments();
    let [first, second, third, .., seventh, last] = parts;
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        of_v4(Ipv4Addr::new(a, b, c, d))
            .map(|reach| if reach == Reach::Private { Reach::Disguised } else { reach })
    };
    if address.is_loopback() || address.is_unspecified() {
        return Some(Reach::Loopback);
    }
    match (first, second) {
        (0xfe80..=0xfeff, _) => Some(Reach::Private),
        (0xfd00, 0x0ec2) => Some(Reach::Metadata),
        (0xfc00..=0xfdff | 0xff00..=0xffff, _) => Some(Reach::Private),
        // 6to4, NAT64, Teredo.
        (0x2002, _) => inner(second, third),
        (0x64, 0xff9b) => inner(seventh, last),
        (0x2001, 0) => inner(!seventh, !last),
        (0, 0) => inner(seventh, last),
        _ => None,
    }
}

fn of_name(name: &str) -> Option<Reach> {
    let ends = |suffix: &str| {
        name == suffix || name.strip_suffix(suffix).is_some_and(|before| before.ends_with('.'))
    };
    if matches!(
        name,
        "localhost"
            | "localhost.localdomain"
            | "ip6-localhost"
            | "ip6-loopback"
            | "loopback"
            | "localhost6"
            | "localhost4"
    ) || ends("localhost")
    {
        return Some(Reach::Loopback);
    }
    if matches!(
        name,
        "metadata.google.internal"
            | "metadata"
            | "instance-data"
            | "metadata.azure.com"
            | "metadata.azure.internal"
            | "instance-data.ec2.internal"
    ) {
        return Some(Reach::Metadata);
    }
    if [
        "internal",
        "local",
        "localdomain",
        "intranet",
        "corp",
        "lan",
        "home.arpa",
        "svc",
        "cluster.local",
        "consul",
        "intra",
        "private",
        "home",
        "localnet",
        "svc.cluster",
    ]
    .iter()
    .any(|suffix| name != *suffix && ends(suffix))
    {
        return Some(Reach::Private);
    }
    if [
        "localtest.me",
        "lvh.me",
        "vcap.me",
        "lacolhost.com",
        "localho.st",
        "yoogle.com",
        "127-0-0-1.org.uk",
        "readme.localtest.me",
        "fbi.com.localtest.me",
        "fuf.me",
        "lvh.pw",
        "ulh.us",
        "localhst.co.uk",
        "domaincontrol.local",
        "spoofed.burpcollaborator.net",
        "bugbounty.dod.network",
        "customer1.app.localhost.my.company.127.0.0.1.nip.io",
        "loopback.jp",
        "42foo.com",
        "beweb.com",
        "xn--localhost",
    ]
    .iter()
    .any(|known| ends(known))
    {
        return Some(Reach::Disguised);
    }
    if let Some(reach) = told_by_name(name) {
        return Some(reach);
    }
    let single = !name.contains('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && name.len() > 1;
    single.then_some(Reach::Single)
}

/// `127.0.0.1.nip.io`, `app-10-0-0-1.sslip.io`: the address is in the name.
fn told_by_name(name: &str) -> Option<Reach> {
    let service = [
        ".nip.io",
        ".xip.io",
        ".sslip.io",
        ".traefik.me",
        ".nip.direct",
        ".ip.addr.tools",
        ".rbndr.us",
        ".1u.ms",
        ".backname.io",
        ".getlocal.app",
        ".localip.co",
        ".xip.name",
        ".ipq.co",
    ]
    .iter()
    .find_map(|service| name.strip_suffix(service))?;
    let labels: Vec<&str> = service.split(['.', '-']).collect();
    let by_parts = labels
        .windows(4)
        .any(|four| v4(&four.join(".")).is_some_and(|(address, _)| of_v4(address).is_some()));
    let by_hex = service.rsplit(['.', '-']).any(|label| {
        label.len() == 8
            && u32::from_str_radix(label, 16).is_ok_and(|value| of_v4(Ipv4Addr::from(value)).is_some())
    });
    let v6 = service.replace('-', ":").parse::<Ipv6Addr>().is_ok_and(|address| of_v6(address).is_some());
    (by_parts || by_hex || v6).then_some(Reach::Disguised)
}
