//! What the admin listener answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Query, Request, State as Shared};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{StatusCode, header};
use tokio::sync::oneshot;

use super::{Order, Phase, State, Told, meters};
use crate::record::Notice;

/// An order may take so long: an upgrade waits for the new program.
const PATIENCE: Duration = Duration::from_secs(90);

/// Questions and orders: for the gate's own user.
pub(super) fn all(state: Arc<State>) -> Router {
    let orders = Router::new()
        .route("/reload", post(reload))
        .route("/upgrade", post(upgrade))
        .route("/bans", get(bans))
        .route("/bans/lift", post(lift))
        .route("/status", get(status));
    routes().merge(orders).with_state(state)
}

/// Questions only: whoever is on this machine.
pub(super) fn questions(state: Arc<State>) -> Router {
    routes().layer(middleware::from_fn(own_name)).with_state(state)
}

fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// A page in a browser on this machine can call any local port, under a name of its own that leads here (DNS
/// rebinding): only addresses and `localhost` are answered.
async fn own_name(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host }
    });
    let is_address = name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
    if is_address || name == "localhost" {
        next.run(request).await
    } else {
        (StatusCode::MISDIRECTED_REQUEST, "ask by address\n").into_response()
    }
}

async fn ready(Shared(state): Shared<Arc<State>>) -> Response {
    match state.phase() {
        Phase::Ready => "ready\n".into_response(),
        Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting\n").into_response(),
        Phase::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response(),
    }
}

async fn metrics(Shared(state): Shared<Arc<State>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, meters::render(&state)).into_response()
}

async fn reload(Shared(state): Shared<Arc<State>>) -> Response {
    order(&state, Order::Reload).await
}

async fn upgrade(Shared(state): Shared<Arc<State>>) -> Response {
    order(&state, Order::Upgrade).await
}

async fn order(state: &State, order: impl FnOnce(oneshot::Sender<Told>) -> Order) -> Response {
    let (tell, told) = oneshot::channel();
    if state.orders.send(order(tell)).is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the gate is closing\n").into_response();
    }
    match tokio::time::timeout(PATIENCE, told).await {
        Ok(Ok(Told { done: true, text })) => text.into_response(),
        Ok(Ok(Told { done: false, text })) => (StatusCode::CONFLICT, text).into_response(),
        Ok(Err(_)) => (StatusCode::SERVICE_UNAVAILABLE, "the gate is closing\n").into_response(),
        Err(_) => (StatusCode::GATEWAY_TIMEOUT, "the gate did not say what came of it\n").into_response(),
    }
}

async fn bans(Shared(state): Shared<Arc<State>>) -> Response {
    json(&state.lender.banned(now()))
}

async fn lift(Shared(state): Shared<Arc<State>>, Query(query): Query<HashMap<String, String>>) -> Response {
    let Some(which) = query.get("which") else {
        return (StatusCode::BAD_REQUEST, "which ban?\n").into_response();
    };
    let lifted = state.lender.lift(which, now());
    for ban in &lifted {
        let sentence = format!("the ban `{}` of `{}` was lifted by hand", ban.id, ban.who);
        state.log.notice(Notice::info("portcullis.ban_lifted", &sentence));
    }
    json(&lifted)
}

/// The process that serves; what was recorded so far is in the log's file.
async fn status(Shared(state): Shared<Arc<State>>) -> Response {
    state.log.flush();
    format!("{}\n", std::process::id()).into_response()
}

fn json<T: serde::Serialize>(value: &T) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, serde_json::to_string(value).unwrap_or_default()).into_response()
}

pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO)
}
