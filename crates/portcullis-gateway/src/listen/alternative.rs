//! Tells a client that came by TCP that HTTP/3 is served, too (`Alt-Svc`, RFC 7838).

use http::header::{ALT_SVC, HOST};
use http::uri::Authority;
use http::{HeaderValue, Request, Response};

/// The port of HTTPS where none is named.
const DEFAULT: u16 = 443;

/// HTTP/3 at the port that the request was sent to, whatever stands between: the client's own view of it.
pub(super) fn offer<B>(request: &Request<B>) -> Option<HeaderValue> {
    let host = || request.headers().get(HOST).and_then(|value| Authority::try_from(value.as_bytes()).ok());
    let port = match request.uri().authority() {
        Some(authority) => authority.port_u16(),
        None => host()?.port_u16(),
    };
    HeaderValue::try_from(format!("h3=\":{}\"; ma=86400", port.unwrap_or(DEFAULT))).ok()
}

/// Adds the offer to an answer that makes none of its own.
pub(super) fn make<B>(response: &mut Response<B>, offer: Option<HeaderValue>) {
    if let Some(offer) = offer {
        response.headers_mut().entry(ALT_SVC).or_insert(offer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_the_one_that_the_client_knows() {
        let by_host = |host: &str| Request::get("/").header(HOST, host).body(()).unwrap();
        for (request, port) in [
            (by_host("a.example"), 443),
            (by_host("a.example:8443"), 8443),
            (by_host("[::1]:8443"), 8443),
            (by_host("[::1]"), 443),
            (Request::get("https://a.example:9443/").body(()).unwrap(), 9443),
        ] {
            assert_eq!(offer(&request).unwrap(), format!("h3=\":{port}\"; ma=86400").as_str(), "{request:?}");
        }
        assert_eq!(offer(&Request::get("/").body(()).unwrap()), None);
    }
}
