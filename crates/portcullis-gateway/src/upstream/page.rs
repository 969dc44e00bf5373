//! What a visitor sees when the app does not answer.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use portcullis_tower::Body;

/// Why there is no answer of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection, or it broke off before an answer.
    Unreachable,
    /// It took too long.
    TooSlow,
    /// The request has gone in a circle.
    Loop,
    /// A method that is not for apps.
    Method,
}

impl Failure {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Unreachable => StatusCode::BAD_GATEWAY,
            Self::TooSlow => StatusCode::GATEWAY_TIMEOUT,
            Self::Loop => StatusCode::LOOP_DETECTED,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Unreachable => ("The app is not reachable", "Try again in a moment."),
            Self::TooSlow => ("The app took too long to answer", "Try again in a moment."),
            Self::Loop => ("The request went in a circle", "The gate's app is the gate itself."),
            Self::Method => ("This method is not allowed", "It is never passed to the app."),
        }
    }
}

/// The page, with the id to look for in the log.
pub(crate) fn failure(failure: Failure, id: &str) -> Response<Body> {
    let (title, advice) = failure.words();
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body>\n<h1>{title}</h1>\n<p>{advice}</p>\n<p>Reference: <code>{id}</code></p>\n</body>\n</html>\n"
    );
    let mut response = Response::new(Body::full(Bytes::from(page)));
    *response.status_mut() = failure.status();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
