//! Active health checks: each server is asked, whether or not anybody else asks it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connect::Connector;
use super::fleet::{Fleet, Upstreams};
use super::server::{Place, Server};
use super::{Health, Protocol};
use crate::record::{EventLog, Notice};

/// How much of an answer is read: what it says does not matter, but a connection should end in order.
const MOST: usize = 64 * 1024;
/// How often one looks whether there is something to check, where there is not.
const NOTHING: Duration = Duration::from_secs(1);

/// What the checks in a row have said of one server.
struct Streak {
    server: Arc<Server>,
    well: u32,
    ill: u32,
}

/// Starts checking on a thread of its own, until `closing`.
pub(crate) fn watch_over(
    upstreams: Upstreams,
    log: EventLog,
    mut closing: watch::Receiver<bool>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("health".to_owned()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                () = check_on(&upstreams, &log) => {}
                _ = closing.wait_for(|closing| *closing) => {}
            }
        });
        // A name that is being looked up must not hold the end of the gate.
        runtime.shutdown_background();
    })?;
    Ok(())
}

async fn check_on(upstreams: &Upstreams, log: &EventLog) {
    let mut streaks: Vec<Streak> = Vec::new();
    loop {
        let fleet = upstreams.load();
        let Some(health) = fleet.settings.health.clone() else {
            // Nobody checks any more, so nobody is known to be ill.
            for server in fleet.balancer.servers() {
                server.set_healthy(true);
            }
            streaks.clear();
            tokio::time::sleep(NOTHING).await;
            continue;
        };
        let mut checks = JoinSet::new();
        for server in fleet.balancer.servers().cloned() {
            let (fleet, health) = (fleet.clone(), health.clone());
            checks.spawn(async move {
                let asked = tokio::time::timeout(health.timeout, ask(&fleet, &server, &health)).await;
                let found = asked.unwrap_or_else(|_| Err("it took too long".to_owned()));
                (server, found)
            });
        }
        streaks.retain(|streak| fleet.balancer.servers().any(|server| Arc::ptr_eq(server, &streak.server)));
        while let Some(done) = checks.join_next().await {
            if let Ok((server, found)) = done {
                judge(&mut streaks, &health, server, found, log);
            }
        }
        tokio::time::sleep(health.interval).await;
    }
}

fn judge(
    streaks: &mut Vec<Streak>,
    health: &Health,
    server: Arc<Server>,
    found: Result<(), String>,
    log: &EventLog,
) {
    server.checked(found.is_ok());
    let index = streaks.iter().position(|streak| Arc::ptr_eq(&streak.server, &server)).unwrap_or_else(|| {
        streaks.push(Streak { server: server.clone(), well: 0, ill: 0 });
        streaks.len().saturating_sub(1)
    });
    let Some(streak) = streaks.get_mut(index) else { return };
    match &found {
        Ok(()) => (streak.well, streak.ill) = (streak.well.saturating_add(1), 0),
        Err(_) => (streak.well, streak.ill) = (0, streak.ill.saturating_add(1)),
    }
    match found {
        Ok(()) if streak.well >= health.rises && server.set_healthy(true) => {
            let told = format!("`{}` is healthy again and gets requests", server.target);
            tracing::info!("{told}");
            log.notice(Notice::info("portcullis.gateway.upstream_up", &told));
        }
        Err(why) if streak.ill >= health.falls && server.set_healthy(false) => {
            let told = format!("`{}` gets no requests: its health checks fail, {why}", server.target);
            tracing::warn!("{told}");
            log.notice(Notice::warn("portcullis.gateway.upstream_down", &told));
        }
        _ => {}
    }
}

async fn ask(fleet: &Fleet, server: &Arc<Server>, health: &Health) -> Result<(), String> {
    let told = |error: &dyn std::error::Error| super::proxy::root_cause(error);
    let stream = Connector::new(fleet, server, false).open(None).await.map_err(|error| told(&*error))?;
    let over_http2 = server.target.protocol == Protocol::H2c || stream.agreed_on_http2();
    let host = match (&health.host, &server.target.place) {
        (Some(host), _) => host.clone(),
        (None, Place::Host(authority)) => authority.to_string(),
        (None, Place::Unix(_)) => "localhost".to_owned(),
    };
    let mut request = Request::get(health.path.as_str()).header(header::USER_AGENT, "portcullis-health");
    request = if over_http2 {
        let scheme = if server.target.protocol == Protocol::H2c { "http" } else { "https" };
        request.uri(format!("{scheme}://{host}{}", health.path))
    } else {
        request.header(header::HOST, &host)
    };
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| told(&error))?;
    let answer = if over_http2 {
        let builder =
            http2::Builder::new(TokioExecutor::new()).timer(TokioTimer::new()).handshake(stream).await;
        let (mut sender, connection) = builder.map_err(|error| told(&error))?;
        tokio::spawn(connection);
        sender.send_request(request).await
    } else {
        let (mut sender, connection) = http1::handshake(stream).await.map_err(|error| told(&error))?;
        tokio::spawn(connection);
        sender.send_request(request).await
    };
    let (head, body) = answer.map_err(|error| told(&error))?.into_parts();
    let _ = Limited::new(body, MOST).collect().await;
    if fits(&health.statuses, head.status) { Ok(()) } else { Err(format!("it answers `{}`", head.status)) }
}

fn fits(statuses: &[(u16, u16)], status: StatusCode) -> bool {
    statuses.iter().any(|(from, to)| (*from..=*to).contains(&status.as_u16()))
}
