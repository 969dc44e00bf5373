//! Turned away at the door, at next to no cost: nothing is read, judged or kept.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use portcullis_tower::Body;

use super::stream::Stream;

const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\n\
Content-Type: text/plain\r\nCache-Control: no-store\r\nContent-Length: 23\r\n\r\nthe site is overloaded\n";
const TOO_MANY: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 2\r\nConnection: close\r\n\
Content-Type: text/plain\r\nCache-Control: no-store\r\nContent-Length: 21\r\n\r\ntoo many connections\n";

/// Answers a connection that has no place, where no handshake would have to come first.
pub(crate) fn full(stream: &Stream, tls: bool) {
    answer(stream, tls, FULL);
}

/// The same, where the client has too many.
pub(crate) fn too_many(stream: &Stream, tls: bool) {
    answer(stream, tls, TOO_MANY);
}

fn answer(stream: &Stream, tls: bool, text: &[u8]) {
    if !tls {
        // What does not fit into the socket's empty buffer is for a client that is gone.
        let _ = stream.try_write(text);
    }
}

/// The answer to a request that has no place (RFC 9110 section 15.6.4).
pub(crate) fn overloaded() -> Response<Body> {
    let mut response = Response::new(Body::full(Bytes::from_static(b"the site is overloaded\n")));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from_static("2"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
