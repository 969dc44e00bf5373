//! Origins (RFC 6454) and patterns of origins, compared as browsers compare them.

use std::fmt;

use url::Host;

use crate::layers::arrival::host::Site;
use crate::layers::arrival::transport::Scheme;

/// The longest text that is read as an origin: a name has at most 253 bytes (RFC 1035 section 2.3.4).
const LONGEST: usize = 512;

/// A scheme, a host and a port. `null` is not one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: String,
    /// Written or implied by the scheme; `None` for schemes without a port of their own.
    port: Option<u16>,
}

impl Origin {
    /// Reads `scheme://host` or `scheme://host:port`, with nothing after it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (scheme, authority) = text.split_once("://")?;
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        {
            return None;
        }
        let scheme = scheme.to_ascii_lowercase();
        let (host, written) = split_port(authority)?;
        let host = normal_host(&scheme, host)?;
        let port = written.or_else(|| default_port(&scheme));
        Some(Self { scheme, host, port })
    }

    /// The origin of a URL such as the value of `Referer`; `None` where the URL has none of its own.
    pub(crate) fn of_url(text: &str) -> Option<Self> {
        let url = url::Url::parse(text).ok()?;
        Self::of(&url)
    }

    /// The origin of a parsed URL.
    pub(crate) fn of(url: &url::Url) -> Option<Self> {
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str()?.trim_end_matches('.').to_ascii_lowercase(),
            port: url.port_or_known_default(),
        })
    }

    /// The origin that the client believes to talk to.
    pub(crate) fn ours(scheme: Scheme, site: &Site) -> Self {
        let scheme = scheme.as_str().to_owned();
        let host = normal_host(&scheme, &site.name).unwrap_or_else(|| site.name.to_ascii_lowercase());
        let port = site.port.or_else(|| default_port(&scheme));
        Self { scheme, host, port }
    }

    /// In lower case.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// As the URL standard normalises it: lower case, punycode, without the root's dot.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether this is a web socket to the host and port of `other`, as secure as that.
    pub(crate) fn is_socket_of(&self, other: &Self) -> bool {
        let fits = matches!(
            (self.scheme.as_str(), other.scheme.as_str()),
            ("wss", "https") | ("ws" | "wss", "http")
        );
        fits && self.host == other.host && self.port == other.port
    }

    /// Whether `other` is the same host and both ports are those of their schemes, but `other` is HTTPS
    /// and this one is plain HTTP: what a gate sees that does not know of the balancer which ends TLS.
    pub(crate) fn is_plain_side_of(&self, other: &Self) -> bool {
        self.scheme == "http"
            && other.scheme == "https"
            && self.host == other.host
            && self.port == Some(80)
            && other.port == Some(443)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}", self.scheme, self.host)?;
        match self.port {
            Some(port) if Some(port) != default_port(&self.scheme) => write!(out, ":{port}"),
            _ => Ok(()),
        }
    }
}

/// An origin that the operator trusts: itself, or every name below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginPattern {
    origin: Origin,
    subdomains: bool,
}

/// Why a text is not a pattern of origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OriginFault {
    /// It is no `scheme://host`.
    #[error("is not an origin")]
    Unreadable,
    /// `null`.
    #[error("is `null`, which every sandboxed page sends")]
    Null,
    /// A wildcard below a name without a dot, or an address.
    #[error("is a wildcard for more than one organisation's names")]
    TooWide,
    /// `http://`.
    #[error("is plain HTTP, so that anybody on the network can speak in its name")]
    Plain,
}

impl OriginFault {
    /// How to mend it.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Unreadable | Self::TooWide => {
                "write `https://partner.example`, with no path, or `https://*.example.com` for every name below"
            }
            Self::Null => "trust the origin of the page that embeds it",
            Self::Plain => "write `https://`, or set `dangerous_http_origins = true`",
        }
    }
}

impl OriginPattern {
    /// Reads `https://partner.example` or `https://*.example.com`; `http://` only with `plain_too`.
    ///
    /// # Errors
    /// When it is no origin, or one that strangers can speak for.
    pub fn parse(text: &str, plain_too: bool) -> Result<Self, OriginFault> {
        if text.eq_ignore_ascii_case("null") {
            return Err(OriginFault::Null);
        }
        let (written, subdomains) = match text.split_once("://*.") {
            Some((scheme, rest)) => (format!("{scheme}://{rest}"), true),
            None => (text.to_owned(), false),
        };
        if written.contains('*') {
            return Err(OriginFault::Unreadable);
        }
        let origin = Origin::parse(&written).ok_or(OriginFault::Unreadable)?;
        let is_address = origin.host.starts_with('[') || origin.host.parse::<std::net::Ipv4Addr>().is_ok();
        if subdomains && (is_address || !origin.host.contains('.')) {
            return Err(OriginFault::TooWide);
        }
        if origin.scheme == "http" && !plain_too {
            return Err(OriginFault::Plain);
        }
        Ok(Self { origin, subdomains })
    }

    /// Whether `origin` is meant. A wildcard means names below, not the name itself.
    #[must_use]
    pub fn matches(&self, origin: &Origin) -> bool {
        if self.origin.scheme != origin.scheme || self.origin.port != origin.port {
            return false;
        }
        if !self.subdomains {
            return self.origin.host == origin.host;
        }
        origin
            .host
            .strip_suffix(&self.origin.host)
            .and_then(|below| below.strip_suffix('.'))
            .is_some_and(|labels| !labels.is_empty())
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "https" | "wss" => Some(443),
        "http" | "ws" => Some(80),
        _ => None,
    }
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let after_bracket = authority.rfind(']').unwrap_or(0);
    match authority.rfind(':').filter(|colon| *colon > after_bracket) {
        None => Some((authority, None)),
        Some(colon) => {
            let (host, port) = authority.split_at_checked(colon)?;
            let digits = port.strip_prefix(':')?;
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            Some((host, Some(digits.parse().ok()?)))
        }
    }
}

/// The host as the URL standard normalises it, without the root's dot.
fn normal_host(scheme: &str, host: &str) -> Option<String> {
    if host.is_empty()
        || host.contains(|c: char| "/\\?#@%".contains(c) || c.is_whitespace() || c.is_control())
    {
        return None;
    }
    match scheme {
        "http" | "https" | "ws" | "wss" => {
            let host = Host::parse(host.trim_end_matches('.')).ok()?;
            Some(host.to_string())
        }
        _ => Some(host.to_ascii_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn origin(text: &str) -> Origin {
        Origin::parse(text).unwrap()
    }

    #[test]
    fn a_default_port_is_the_same_as_none() {
        assert_eq!(origin("https://Example.com"), origin("https://example.com:443"));
        assert_eq!(origin("http://example.com:80"), origin("http://example.com."));
        assert_ne!(origin("https://example.com:8443"), origin("https://example.com"));
        assert_ne!(origin("http://example.com:443"), origin("https://example.com"));
    }

    #[test]
    fn what_is_more_or_less_than_an_origin_is_none() {
        for text in [
            "",
            "null",
            "https://",
            "https:example.com",
            "//example.com",
            "https://a/",
            "https://a?b",
            "https://a@b",
            "https://a b",
            "https://a:",
            "https://a:x",
            "https://a:99999",
            "https://a\\b",
            "://a",
            "1s://a",
            "https://a%2eb",
            "https://a\u{0}",
            "https://[::1",
            "https://a https://b",
        ] {
            assert_eq!(Origin::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_wildcard_means_names_below_and_nothing_beside() {
        let below = OriginPattern::parse("https://*.example.com", false).unwrap();
        assert!(below.matches(&origin("https://a.example.com")));
        assert!(below.matches(&origin("https://a.b.example.com")));
        for other in [
            "https://example.com",
            "https://evilexample.com",
            "https://a.example.com.evil.example",
            "http://a.example.com",
            "https://a.example.com:8443",
            "https://.example.com.evil",
        ] {
            assert!(!Origin::parse(other).is_some_and(|other| below.matches(&other)), "{other}");
        }
    }

    #[test]
    fn a_pattern_that_trusts_strangers_is_a_fault() {
        assert_eq!(OriginPattern::parse("https://*.com", false), Err(OriginFault::TooWide));
        assert_eq!(OriginPattern::parse("https://*.127.0.0.1", false), Err(OriginFault::TooWide));
        assert_eq!(OriginPattern::parse("https://*", false), Err(OriginFault::Unreadable));
        assert_eq!(OriginPattern::parse("*", false), Err(OriginFault::Unreadable));
        assert_eq!(OriginPattern::parse("https://a*.example.com", false), Err(OriginFault::Unreadable));
        assert_eq!(OriginPattern::parse("https://partner.example/", false), Err(OriginFault::Unreadable));
        assert_eq!(OriginPattern::parse("null", true), Err(OriginFault::Null));
        assert_eq!(OriginPattern::parse("http://partner.example", false), Err(OriginFault::Plain));
        assert!(OriginPattern::parse("http://partner.example", true).is_ok());
        assert!(OriginPattern::parse("capacitor://localhost", false).is_ok());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*|[a-z:/@.\\[\\]0-9*-]{0,40}") {
            let _ = OriginPattern::parse(&text, true);
            let _ = Origin::of_url(&text);
            if let Some(origin) = Origin::parse(&text) {
                prop_assert_eq!(Origin::parse(&origin.to_string()), Some(origin));
            }
        }
    }
}
