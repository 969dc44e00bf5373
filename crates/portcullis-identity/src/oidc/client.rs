//! The HTTP client for providers.

use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;

use super::fetch::{Fetch, FetchFailure, Fetched};

/// How long one answer may take: a person waits for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How large it may be: key sets have a few kilobytes.
const MOST: usize = 256 * 1024;

/// Speaks HTTPS, and plain HTTP only to this machine where that was allowed.
pub struct HttpFetch {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    plain: bool,
}

/// The client cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no client for providers: {0}")]
pub struct NoClient(pub String);

impl HttpFetch {
    /// A client that trusts what `tls` trusts. `dangerous_plain` lets it speak plain HTTP to loopback addresses, for a
    /// provider that runs on this machine.
    #[must_use]
    pub fn new(tls: ClientConfig, dangerous_plain: bool) -> Self {
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        // A connection for each request: they are few, and one that the provider has closed meanwhile would cost
        // somebody their sign-in, as a code is not sent twice.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Self { client, plain: dangerous_plain }
    }

    fn may_ask(&self, uri: &Uri) -> bool {
        let scheme = uri.scheme();
        scheme == Some(&Scheme::HTTPS) || (self.plain && scheme == Some(&Scheme::HTTP) && is_local(uri))
    }
}

/// What went wrong, with what it came from.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// Whether this machine answers. Names are not looked up: one that resolves to a loopback address now may resolve to
/// another the next moment.
fn is_local(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

impl Fetch for HttpFetch {
    fn fetch(&self, mut request: Request<Bytes>) -> Fetched<'_> {
        Box::pin(async move {
            let url = request.uri().to_string();
            if !self.may_ask(request.uri()) {
                return Err(FetchFailure::Forbidden(url));
            }
            request.headers_mut().insert(header::USER_AGENT, header::HeaderValue::from_static("portcullis"));
            let away = |why: String| FetchFailure::Away { url: url.clone(), why };
            let whole = async {
                let response =
                    self.client.request(request.map(Full::new)).await.map_err(|error| away(told(&error)))?;
                let (head, body) = response.into_parts();
                let body =
                    Limited::new(body, MOST).collect().await.map_err(|error| away(error.to_string()))?;
                Ok(http::Response::from_parts(head, body.to_bytes()))
            };
            match tokio::time::timeout(PATIENCE, whole).await {
                Ok(answer) => answer,
                Err(_) => Err(away("no answer in 10 seconds".to_owned())),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_this_machine_is_local() {
        for local in ["http://localhost:1/", "http://127.0.0.1/", "http://127.1.2.3/", "http://[::1]:80/"] {
            assert!(is_local(&local.parse().unwrap()), "{local}");
        }
        for other in ["http://localhost.evil.example/", "http://10.0.0.1/", "http://127.0.0.1.evil.example/"]
        {
            assert!(!is_local(&other.parse().unwrap()), "{other}");
        }
    }
}
