//! What is asked of a provider, whoever carries it.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use serde::de::DeserializeOwned;

/// An answer that comes.
pub type Fetched<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, FetchFailure>> + Send + 'a>>;

/// No answer of the provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchFailure {
    /// It cannot be reached, or not in time.
    #[error("`{url}` cannot be reached: {why}")]
    Away {
        /// Where.
        url: String,
        /// What the network says.
        why: String,
    },
    /// It answered what cannot be used.
    #[error("`{url}` answered {what}")]
    Unusable {
        /// Where.
        url: String,
        /// What it answered.
        what: String,
    },
    /// Not an address that is asked: no HTTPS.
    #[error("`{0}` is not asked: it has no HTTPS")]
    Forbidden(String),
}

/// Carries requests to providers: bounded in time and size, over HTTPS, and without following redirects.
pub trait Fetch: Send + Sync {
    /// The whole answer.
    fn fetch(&self, request: Request<Bytes>) -> Fetched<'_>;
}

/// The JSON of an answer with status 200.
pub(super) async fn json<T: DeserializeOwned>(
    fetch: &dyn Fetch,
    request: Request<Bytes>,
) -> Result<T, FetchFailure> {
    let url = plain(&request);
    let response = fetch.fetch(request).await?;
    let unusable = |what: String| FetchFailure::Unusable { url: url.clone(), what };
    if response.status() != StatusCode::OK {
        // RFC 6749 section 5.2: the word for it, if there is one, and nothing else of what came.
        let word = serde_json::from_slice::<serde_json::Value>(response.body())
            .ok()
            .and_then(|body| Some(body.get("error")?.as_str()?.chars().take(40).collect::<String>()));
        let word = word.map(|word| format!(" `{}`", word.escape_debug())).unwrap_or_default();
        return Err(unusable(format!("{}{word}", response.status().as_u16())));
    }
    serde_json::from_slice(response.body()).map_err(|_| unusable("no such JSON".to_owned()))
}

/// A GET for JSON.
pub(super) fn get(url: &str) -> Result<Request<Bytes>, FetchFailure> {
    Request::get(url)
        .header(header::ACCEPT, "application/json")
        .body(Bytes::new())
        .map_err(|_| FetchFailure::Forbidden(url.to_owned()))
}

/// Where a request goes, without its query.
fn plain(request: &Request<Bytes>) -> String {
    let uri = request.uri();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    format!("{}://{authority}{}", uri.scheme_str().unwrap_or_default(), uri.path())
}
