//! The numbers: counted by whoever knows them, told in one place.

use std::sync::OnceLock;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::{Phase, State};

static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Seconds, from a tenth of a millisecond to a minute.
const SPANS: [f64; 15] =
    [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 20.0, 30.0, 45.0, 60.0];

/// Begins to count; once for each process.
pub(crate) fn install() {
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SPANS)
            .ok()?;
        let handle = builder.install_recorder().ok()?;
        describe();
        Some(handle)
    });
}

pub(crate) fn upkeep() {
    if let Some(Some(handle)) = HANDLE.get() {
        handle.run_upkeep();
    }
}

fn describe() {
    describe_counter!("portcullis_requests_total", "Requests that were judged, by what came of them");
    describe_counter!("portcullis_refusals_total", "Refusals, by layer and reason");
    describe_counter!(
        "portcullis_observed_total",
        "What a layer that only observes would have refused, and notes"
    );
    describe_histogram!(
        "portcullis_stage_seconds",
        Unit::Seconds,
        "Time spent: judging the head, reading and judging the body, in the app, judging the answer's head"
    );
    describe_gauge!("portcullis_connections", "Connections that stand, by listener");
    describe_counter!("portcullis_connections_total", "Connections that were accepted, by listener");
    describe_gauge!("portcullis_upstream_healthy", "1 where a server of the app gets new requests");
    describe_gauge!("portcullis_upstream_running", "Requests that run at a server of the app");
    describe_gauge!("portcullis_upstream_connections", "Connections to a server of the app that are open");
    describe_counter!("portcullis_upstream_requests_total", "Requests that were sent to a server of the app");
    describe_counter!("portcullis_upstream_failures_total", "What failed at a server of the app, by kind");
    describe_counter!("portcullis_tls_handshakes_total", "TLS handshakes, by what came of them");
    describe_gauge!("portcullis_bans", "Bans that hold");
    describe_counter!("portcullis_bans_total", "Bans that were begun");
    describe_counter!("portcullis_store_failures_total", "Draws that the shared store did not answer");
    describe_gauge!("portcullis_ready", "1 while requests are served, 0 while starting or draining");
    describe_counter!("portcullis_log_lines_total", "Lines that are in the event log");
    describe_counter!("portcullis_log_lost_total", "Events that are in no file");
    describe_gauge!("portcullis_log_failing", "1 while the disk takes no lines");
    describe_counter!("portcullis_log_out_lost_total", "Events that syslog or a collector did not get");
    describe_counter!("portcullis_reloads_total", "Reloads, by what came of them");
}

/// Everything, in the text format of Prometheus.
pub(crate) fn render(state: &State) -> String {
    let Some(Some(handle)) = HANDLE.get() else { return String::new() };
    let now = super::answer::now();
    metrics::gauge!("portcullis_bans").set(number(state.lender.banned(now).len()));
    metrics::gauge!("portcullis_ready").set(if state.phase() == Phase::Ready { 1.0 } else { 0.0 });
    let log = state.log.state();
    metrics::counter!("portcullis_log_lines_total").absolute(log.written);
    metrics::counter!("portcullis_log_lost_total").absolute(log.lost);
    metrics::gauge!("portcullis_log_failing").set(f64::from(u8::from(log.failing)));
    let tls = state.tls.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    if let Some(counts) = tls.map(|tls| tls.counts()) {
        for (kind, count) in [("full", counts.full), ("resumed", counts.resumed), ("failed", counts.failed)] {
            metrics::counter!("portcullis_tls_handshakes_total", "kind" => kind).absolute(count);
        }
    }
    for server in state.upstreams.status() {
        let name = server.address.clone();
        let takes = server.state == crate::upstream::ServerState::Serving;
        metrics::gauge!("portcullis_upstream_healthy", "server" => name.clone())
            .set(f64::from(u8::from(takes)));
        metrics::gauge!("portcullis_upstream_running", "server" => name.clone())
            .set(number(server.in_flight));
        metrics::gauge!("portcullis_upstream_connections", "server" => name.clone())
            .set(number(server.connections));
        metrics::counter!("portcullis_upstream_connections_total", "server" => name.clone())
            .absolute(server.connections_opened);
        metrics::counter!("portcullis_upstream_requests_total", "server" => name.clone())
            .absolute(server.requests);
        let failures = [
            ("connect", server.failed_connecting),
            ("timeout", server.timed_out),
            ("broken", server.broken),
            ("check", server.checks_failed),
        ];
        for (kind, count) in failures {
            metrics::counter!("portcullis_upstream_failures_total", "server" => name.clone(), "kind" => kind)
                .absolute(count);
        }
    }
    metrics::gauge!("portcullis_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    memory();
    handle.render()
}

/// What the process takes, where the system tells (`proc(5)`).
fn memory() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse::<f64>().ok());
    if let Some(kilobytes) = kilobytes {
        metrics::gauge!("process_resident_memory_bytes").set(kilobytes * 1024.0);
    }
    if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
        metrics::gauge!("process_open_fds").set(number(files.count()));
    }
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}
