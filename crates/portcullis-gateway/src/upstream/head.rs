//! What of a head passes, and what the gate says in its own words.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Version};
use portcullis::layers::arrival::framing::undisguised;
use portcullis::layers::caller::access;
use portcullis_tower::Facts;

use crate::tls::Proven;

/// The name under which the gate signs `Via`.
const PSEUDONYM: &str = "portcullis";
/// The exchange's id, for the app's own log.
const EXCHANGE: HeaderName = HeaderName::from_static("x-portcullis-exchange");

/// Fields about one connection, never passed on (RFC 9110 section 7.6.1; `Keep-Alive` and
/// `Proxy-Connection` from older practice). `Trailer` stays: it speaks of the message, and trailers are
/// passed on.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-authentication-info",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Fields that only a proxy may say something in: whatever a client wrote there is a lie or an attack.
const PROXY_SPEECH: [&str; 23] = [
    // Who a client has proven to be: RFC 9440, and what other gates say.
    "client-cert",
    "client-cert-chain",
    "x-client-cert",
    "x-ssl-client-cert",
    "x-ssl-cert",
    "forwarded",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-forwarded-for",
    "x-original-url",
    "x-original-uri",
    "x-original-host",
    "x-original-method",
    "x-rewrite-url",
    "x-host",
    "x-scheme",
    "x-url-scheme",
    "true-client-ip",
    "client-ip",
    "front-end-https",
    "x-script-name",
    // httpoxy, CVE-2016-5385: CGI turns it into the variable `HTTP_PROXY`.
    "proxy",
];

/// Fields that frame a message or decide who asks: an underscore must not make a second one of them.
const NO_TWIN: [&str; 8] =
    ["content-length", "content-type", "host", "cookie", "authorization", "expect", "via", "origin"];

/// What is left to tell the app of a request that wants to switch protocols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Switch(pub(crate) HeaderValue);

/// Why a request goes to no app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// `CONNECT` and `TRACE` are not for apps behind a gate.
    Method,
    /// It has come by here too often.
    Loop,
}

/// Which protocol the client asks to switch to: only for a GET of HTTP/1.1 that names it in `Connection`
/// (RFC 9110 section 7.8). HTTP/1.0 has none.
pub(crate) fn asks_to_switch(method: &Method, version: Version, headers: &HeaderMap) -> Option<Switch> {
    if method != Method::GET || version != Version::HTTP_11 || !connection_names(headers, "upgrade") {
        return None;
    }
    let mut values = headers.get_all(header::UPGRADE).iter();
    match (values.next(), values.next()) {
        // HTTP/2 by upgrade (RFC 7540 section 3.2) would carry requests past the gate.
        (Some(value), None) if !value.as_bytes().to_ascii_lowercase().starts_with(b"h2") => {
            Some(Switch(value.clone()))
        }
        _ => None,
    }
}

fn connection_names(headers: &HeaderMap, wanted: &str) -> bool {
    tokens(headers, header::CONNECTION).any(|token| token.eq_ignore_ascii_case(wanted))
}

fn tokens(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|token| !token.is_empty())
}

/// Whether the method may go to an app at all.
pub(crate) fn stop(method: &Method, headers: &HeaderMap) -> Option<Stop> {
    if matches!(*method, Method::CONNECT | Method::TRACE) {
        return Some(Stop::Method);
    }
    // One or two gates in a row are a choice; more are a gate whose app is itself.
    let passed = tokens(headers, header::VIA).filter(|entry| entry.ends_with(PSEUDONYM)).count();
    (passed >= 4).then_some(Stop::Loop)
}

/// Makes the headers of the request to the app: what is about the client's connection goes, what only a
/// proxy may say is said by us.
pub(crate) fn outward(headers: &mut HeaderMap, version: Version, facts: &Facts, switch: Option<&Switch>) {
    let trailers = tokens(headers, header::TE).any(|token| token.eq_ignore_ascii_case("trailers"));
    remove_hop_by_hop(headers);
    remove_claims(headers);
    // `100 Continue` is ours to send (RFC 9110 section 10.1.1): the body has begun by now.
    headers.remove(header::EXPECT);
    join_cookies(headers);

    let authority = facts.site.authority();
    set(headers, header::HOST, &authority);
    let address = facts.client.ip.to_string();
    let scheme = facts.scheme.as_str();
    let port = facts.site.port.unwrap_or(if scheme == "https" { 443 } else { 80 });
    set(headers, HeaderName::from_static("x-forwarded-for"), &address);
    set(headers, HeaderName::from_static("x-real-ip"), &address);
    set(headers, HeaderName::from_static("x-forwarded-host"), &authority);
    set(headers, HeaderName::from_static("x-forwarded-proto"), scheme);
    set(headers, HeaderName::from_static("x-forwarded-port"), &port.to_string());
    set(headers, header::FORWARDED, &forwarded(&address, &authority, scheme));
    set(headers, EXCHANGE, facts.id.as_str());

    // RFC 9110 section 7.6.3: a gateway must say that it was here.
    let via = match version {
        Version::HTTP_2 => "2.0 portcullis",
        Version::HTTP_10 => "1.0 portcullis",
        _ => "1.1 portcullis",
    };
    headers.append(header::VIA, HeaderValue::from_static(via));
    if trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    if let Some(Switch(protocol)) = switch {
        headers.insert(header::UPGRADE, protocol.clone());
    }
}

/// Tells the app who the client has proven to be by a certificate (RFC 9440 section 2.2, and in words).
pub(crate) fn vouch(headers: &mut HeaderMap, proven: &Proven) {
    set(headers, HeaderName::from_static("client-cert"), &proven.certificate);
    set(headers, HeaderName::from_static("x-portcullis-client-subject"), &proven.subject);
    set(headers, HeaderName::from_static("x-portcullis-client-fingerprint"), &proven.fingerprint);
}

/// `Connection` for HTTP/1.1 towards the app; HTTP/2 has none (RFC 9113 section 8.2.2).
pub(crate) fn name_options(headers: &mut HeaderMap) {
    let option = if headers.contains_key(header::UPGRADE) {
        "upgrade"
    } else if headers.contains_key(header::TE) {
        "te"
    } else {
        return;
    };
    headers.insert(header::CONNECTION, HeaderValue::from_static(option));
}

/// Makes the headers of the response to the client.
pub(crate) fn homeward(headers: &mut HeaderMap, switched: bool) {
    let protocol = headers.get(header::UPGRADE).cloned().filter(|_| switched);
    remove_hop_by_hop(headers);
    // It would lead browsers around the gate, to where the app itself listens (RFC 7838).
    headers.remove(header::ALT_SVC);
    if let Some(protocol) = protocol {
        headers.insert(header::UPGRADE, protocol);
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    }
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = tokens(headers, header::CONNECTION)
        .filter_map(|token| HeaderName::from_bytes(token.as_bytes()).ok())
        // A client must not have the gate remove what the request means (RFC 9110 section 7.6.1 allows
        // only fields about the connection; "hop-by-hop header abuse").
        .filter(|name| !ends_to_end(name))
        .collect();
    for name in named {
        headers.remove(name);
    }
    while let Some(name) = headers.keys().find(|name| HOP_BY_HOP.contains(&name.as_str())).cloned() {
        headers.remove(name);
    }
}

/// Fields that are about the message whatever `Connection` says.
fn ends_to_end(name: &HeaderName) -> bool {
    matches!(
        *name,
        header::HOST
            | header::COOKIE
            | header::SET_COOKIE
            | header::AUTHORIZATION
            | header::CONTENT_LENGTH
            | header::CONTENT_TYPE
            | header::CONTENT_ENCODING
            | header::ORIGIN
            | header::REFERER
            | header::CACHE_CONTROL
            | header::CONTENT_SECURITY_POLICY
            | header::STRICT_TRANSPORT_SECURITY
            | header::LOCATION
    ) || name.as_str().starts_with("sec-")
        || name.as_str().starts_with("x-csrf")
}

fn remove_claims(headers: &mut HeaderMap) {
    let gone: Vec<HeaderName> = headers.keys().filter(|name| is_claim(name, headers)).cloned().collect();
    for name in gone {
        headers.remove(name);
    }
}

/// CGI, WSGI and Rack write `-` and `_` both as `_`, and PHP `.` too, so that `X_Forwarded_For` would arrive
/// as a second `X-Forwarded-For`: names are compared with every such mark read as `-`.
fn is_claim(name: &HeaderName, headers: &HeaderMap) -> bool {
    // The client's own under these names were removed on arrival: what is here the engine wrote.
    if [access::USER, access::EMAIL, access::ROLES, access::TOKEN].contains(name) {
        return false;
    }
    let as_sent = name.as_str();
    let read = undisguised(as_sent);
    if read.starts_with("x-forwarded-")
        || read.starts_with("x-client-")
        || read.starts_with("x-ssl-client-")
        || read.starts_with("ssl-client-")
        || read.starts_with("x-portcullis-")
        || PROXY_SPEECH.contains(&&*read)
    {
        return true;
    }
    *read != *as_sent
        && (HOP_BY_HOP.contains(&&*read)
            || NO_TWIN.contains(&&*read)
            || read.starts_with("sec-")
            || headers.contains_key(&*read))
}

/// HTTP/2 may send a field line a cookie; towards HTTP/1.1 they are one (RFC 9113 section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(header::COOKIE).iter().nth(1).is_none() {
        return;
    }
    let mut joined = Vec::new();
    for value in headers.get_all(header::COOKIE) {
        if !joined.is_empty() {
            joined.extend_from_slice(b"; ");
        }
        joined.extend_from_slice(value.as_bytes());
    }
    if let Ok(value) = HeaderValue::from_bytes(&joined) {
        headers.insert(header::COOKIE, value);
    }
}

/// RFC 7239 section 4: an IPv6 address and anything with a colon stand in quotes.
fn forwarded(client: &str, host: &str, scheme: &str) -> String {
    let (open, close) = if client.contains(':') { ("\"[", "]\"") } else { ("", "") };
    ["for=", open, client, close, ";host=\"", host, "\";proto=", scheme].concat()
}

/// Facts that cannot stand in a header are told as nothing, never as what a client wrote.
fn set(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    match HeaderValue::from_str(text) {
        Ok(value) => {
            headers.insert(name, value);
        }
        Err(_) => {
            headers.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn what_connection_names_goes_but_not_what_the_request_means() {
        let mut sent = headers(&[
            ("connection", "close, X-Hop, cookie, sec-fetch-site"),
            ("x-hop", "1"),
            ("cookie", "a=b"),
            ("sec-fetch-site", "cross-site"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
        ]);
        remove_hop_by_hop(&mut sent);
        assert_eq!(sent, headers(&[("cookie", "a=b"), ("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn an_underscore_or_a_dot_makes_no_second_header() {
        let mut sent = headers(&[
            ("x_forwarded_for", "1.2.3.4"),
            ("x.forwarded.for", "1.2.3.4"),
            ("sec.fetch.site", "same-origin"),
            ("content_length", "5"),
            ("x-token", "a"),
            ("x_token", "b"),
            ("api_key", "kept"),
            ("x-portcullis-exchange", "forged"),
            ("proxy", "http://evil.example"),
        ]);
        remove_claims(&mut sent);
        assert_eq!(sent, headers(&[("x-token", "a"), ("api_key", "kept")]));
    }

    #[test]
    fn only_a_get_of_http_1_1_switches_protocols() {
        let websocket = headers(&[("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")]);
        assert!(asks_to_switch(&Method::GET, Version::HTTP_11, &websocket).is_some());
        assert!(asks_to_switch(&Method::POST, Version::HTTP_11, &websocket).is_none());
        assert!(asks_to_switch(&Method::GET, Version::HTTP_10, &websocket).is_none());
        let unnamed = headers(&[("upgrade", "websocket")]);
        assert!(asks_to_switch(&Method::GET, Version::HTTP_11, &unnamed).is_none());
        let h2c = headers(&[("connection", "upgrade"), ("upgrade", "h2c")]);
        assert!(asks_to_switch(&Method::GET, Version::HTTP_11, &h2c).is_none());
    }

    #[test]
    fn cookies_of_several_lines_become_one() {
        let mut sent = headers(&[("cookie", "a=b"), ("cookie", "c=d")]);
        join_cookies(&mut sent);
        assert_eq!(sent, headers(&[("cookie", "a=b; c=d")]));
    }

    #[test]
    fn an_address_of_ipv6_is_quoted() {
        assert_eq!(
            forwarded("2001:db8::1", "notes.example", "https"),
            "for=\"[2001:db8::1]\";host=\"notes.example\";proto=https"
        );
    }

    #[test]
    fn a_gate_whose_app_is_itself_is_found_out() {
        let round =
            headers(&[("via", "1.1 portcullis, 1.1 portcullis"), ("via", "1.1 portcullis, 1.1 portcullis")]);
        assert_eq!(stop(&Method::GET, &round), Some(Stop::Loop));
        assert_eq!(stop(&Method::GET, &headers(&[("via", "1.1 portcullis")])), None);
        assert_eq!(stop(&Method::TRACE, &HeaderMap::new()), Some(Stop::Method));
    }
}
