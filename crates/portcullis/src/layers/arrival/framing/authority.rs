//! Hosts and ports as they stand in `Host`, `:authority` and absolute targets.

/// A host and an optional port (RFC 9110 section 7.2), without credentials, percent-encoding or anything
/// else that browsers never send and parties read differently.
pub(super) fn is_host_and_port(bytes: &[u8]) -> bool {
    let (host, rest) = match bytes.strip_prefix(b"[") {
        Some(inner) => match inner.iter().position(|byte| *byte == b']') {
            Some(end) => {
                let (host, rest) = inner.split_at(end);
                let text = std::str::from_utf8(host).unwrap_or_default();
                if text.parse::<std::net::Ipv6Addr>().is_err() {
                    return false;
                }
                (host, rest.get(1..).unwrap_or_default())
            }
            None => return false,
        },
        None => {
            let end = bytes.iter().position(|byte| *byte == b':').unwrap_or(bytes.len());
            let (host, rest) = bytes.split_at(end);
            if !host.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')) {
                return false;
            }
            (host, rest)
        }
    };
    !host.is_empty() && host.len() <= 255 && is_port(rest)
}

fn is_port(rest: &[u8]) -> bool {
    match rest.strip_prefix(b":") {
        None => rest.is_empty(),
        Some(digits) => {
            let number: Option<u16> = std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok());
            digits.iter().all(u8::is_ascii_digit) && number.is_some_and(|number| number > 0)
        }
    }
}

/// Whether two authorities name the same host and port, where `scheme` tells the default port.
pub(super) fn same(one: &[u8], other: &[u8], scheme: Option<&str>) -> bool {
    let default: &[u8] = match scheme {
        Some("http") => b":80",
        Some("https") => b":443",
        _ => b"",
    };
    let bare =
        |bytes: &[u8]| -> Vec<u8> { bytes.strip_suffix(default).unwrap_or(bytes).to_ascii_lowercase() };
    bare(one) == bare(other)
}
