//! Notes: a small axum app with the Portcullis layer inside it.
//!
//! What the gate does here, and what is left to the app:
//! - the gate judges every request before a handler sees it, and every response before it leaves;
//! - the app writes the gate's token into its own forms ([`portcullis_tower::Facts`] has them), so that
//!   a page is right even where the gate's rewriter is off;
//! - the gate draws a nonce for each request; the app writes it into its template, and the policy in
//!   `portcullis.toml` makes the gate send a strict `Content-Security-Policy` that names it.
//!
//! ```text
//! axum::serve ─▶ peer (who connected) ─▶ GateLayer ─▶ Router ─▶ pages
//! ```

mod notes;
mod pages;
mod policy;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::routing::{get, post};
use portcullis::keys::Keyring;
use portcullis::{Engine, Event, Listener, Peer};
use portcullis_tower::{EventSink, GateLayer};
use tower::Layer;
use tower::util::MapRequest;

pub use notes::Notes;
pub use policy::{StartError, engine};

/// Puts the gate around the routes. `sink` gets the gate's events.
pub fn app(engine: Arc<Engine>, sink: Arc<dyn EventSink>, notes: Notes) -> Router {
    let routes = Router::new()
        .route("/", get(pages::list))
        .route("/notes", post(pages::add))
        .route("/notes/{id}/delete", post(pages::delete))
        .with_state(notes);
    let gated = GateLayer::new(engine, sink).layer(routes);
    // All of the app stands behind the gate: the outer router has no route of its own.
    Router::new().fallback_service(MapRequest::new(gated, with_peer))
}

/// Tells the gate who is at the other end of the connection, as axum saw it.
///
/// The example listens on loopback without TLS, and says so: behind a proxy that ends TLS it would be
/// [`Listener::Https`], with the proxy in `client.trusted_proxies`.
fn with_peer(mut request: Request) -> Request {
    if let Some(ConnectInfo(address)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied() {
        request.extensions_mut().insert(Peer { address, listener: Listener::DangerousPlain, tls: None });
    }
    request
}

/// A key for as long as the program runs: tokens do not outlive it.
///
/// # Errors
/// When the system has no randomness.
pub fn passing_keys() -> Result<Keyring, StartError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| StartError::Randomness(error.to_string()))?;
    Ok(Keyring::new(key, Vec::new()))
}

/// Writes events to standard error, one JSON object a line.
pub fn to_stderr(event: Event) {
    match serde_json::to_string(&event) {
        Ok(line) => eprintln!("{line}"),
        Err(error) => eprintln!("an event could not be written: {error}"),
    }
}

#[cfg(test)]
mod tests;
