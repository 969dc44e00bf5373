//! Traces: the spans of exchanges, sent to an OpenTelemetry collector (OTLP over HTTP, as JSON).
//!
//! A thread with a bounded queue: a collector that hangs loses spans and holds up nobody. How many are lost shows in the
//! metrics.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use portcullis_tower::trace::{Part, Span, hex};
use serde_json::{Value, json};

use crate::otlp::{Collector, attribute, export};

/// How many spans may wait.
const WAITING: usize = 4096;
/// Exchanges in one request to the collector.
const BATCH: usize = 256;
/// How long the first of them waits for others.
const GATHERING: Duration = Duration::from_millis(500);
/// The kinds of spans: within us, of a server, of a client (opentelemetry-proto, `Span.SpanKind`).
const INTERNAL: u8 = 1;
const SERVER: u8 = 2;
const CLIENT: u8 = 3;
/// `Status.StatusCode.STATUS_CODE_ERROR`
const ERROR: u8 = 2;

/// Where spans go, as the policy says.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceSettings {
    /// The base address of a collector; `/v1/traces` is added.
    pub collector: String,
    /// The share of exchanges that are traced, from 0 to 1.
    pub share: f64,
}

/// The way to a collector. Its thread ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Traces {
    queue: SyncSender<Span>,
    pub(crate) share: f64,
}

impl Traces {
    /// Begins; whether anybody listens there shows later.
    ///
    /// # Errors
    /// When no thread is to be had, or the collector's address is none.
    pub(crate) fn open(settings: &TraceSettings) -> io::Result<Self> {
        let collector = Collector::new(&settings.collector, "/v1/traces")?;
        let (queue, spans) = sync_channel(WAITING);
        std::thread::Builder::new()
            .name("traces-out".to_owned())
            .spawn(move || send_on(&spans, &collector))?;
        Ok(Self { queue, share: settings.share })
    }

    pub(crate) fn send(&self, span: Span) {
        if self.queue.try_send(span).is_err() {
            lost(1);
        }
    }
}

fn lost(spans: usize) {
    metrics::counter!("portcullis_traces_lost_total").increment(u64::try_from(spans).unwrap_or(u64::MAX));
}

fn send_on(spans: &Receiver<Span>, collector: &Collector) {
    while let Ok(first) = spans.recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(span) = spans.recv_timeout(GATHERING)
        {
            batch.push(span);
        }
        if let Err(error) = collector.post(&request(&batch)) {
            tracing::debug!(%error, "spans did not reach the collector");
            lost(batch.len());
        }
    }
}

/// OTLP traces, JSON encoding: opentelemetry-proto 1.x, `ExportTraceServiceRequest`.
fn request(batch: &[Span]) -> Value {
    let spans: Vec<Value> = batch.iter().flat_map(spans).collect();
    export(["resourceSpans", "scopeSpans", "spans"], spans)
}

/// The span of an exchange, and below it one for each stage.
fn spans(span: &Span) -> Vec<Value> {
    let mut list = vec![whole(span)];
    list.extend(span.stages.iter().map(|part| stage(span, part)));
    list
}

fn whole(span: &Span) -> Value {
    let mut attributes = vec![
        attribute("http.request.method", &json!(span.method.as_str())),
        attribute("http.response.status_code", &json!(span.status.as_u16())),
        attribute("url.path", &json!(span.path)),
        attribute("network.protocol.version", &json!(version(span.version))),
    ];
    if let Some(exchange) = &span.exchange {
        attributes.push(attribute("portcullis.exchange.id", &json!(exchange.as_str())));
    }
    if let Some((layer, code)) = span.refused {
        attributes.push(attribute("portcullis.layer", &json!(layer)));
        attributes.push(attribute("portcullis.reason", &json!(code)));
    }
    let mut out = json!({
        "traceId": hex(&span.trace),
        "spanId": hex(&span.id),
        "name": span.method.as_str(),
        "kind": SERVER,
        "startTimeUnixNano": nanos(span.began),
        "endTimeUnixNano": nanos(span.began.saturating_add(span.took)),
        "attributes": attributes,
        // What a client did wrong is no error of the server (conventions for HTTP spans, "Status").
        "status": if span.status.is_server_error() { json!({ "code": ERROR }) } else { json!({}) },
    });
    if let (Some(parent), Some(members)) = (span.parent, out.as_object_mut()) {
        members.insert("parentSpanId".to_owned(), json!(hex(&parent)));
    }
    out
}

fn stage(span: &Span, part: &Part) -> Value {
    json!({
        "traceId": hex(&span.trace),
        "spanId": hex(&part.id),
        "parentSpanId": hex(&span.id),
        "name": part.name,
        "kind": if part.name == "app" { CLIENT } else { INTERNAL },
        "startTimeUnixNano": nanos(span.began.saturating_add(part.from)),
        "endTimeUnixNano": nanos(span.began.saturating_add(part.to)),
    })
}

/// As the conventions write it.
fn version(version: http::Version) -> &'static str {
    match version {
        http::Version::HTTP_10 => "1.0",
        http::Version::HTTP_2 => "2",
        http::Version::HTTP_3 => "3",
        _ => "1.1",
    }
}

/// 64-bit numbers are strings in the JSON of protocol buffers.
fn nanos(since_epoch: Duration) -> String {
    since_epoch.as_nanos().to_string()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;

    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::Gateway;
    use crate::testing::{app, ask, header, plain, read_head, request as asks, settings};

    /// One request to a collector: its first line and its body.
    fn collected(listener: &TcpListener) -> (String, Value) {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        while lines.last().is_none_or(|line| line != "\r\n") {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            lines.push(line);
        }
        let length = lines.concat().to_lowercase();
        let mut body = vec![0; header(&length, "content-length").unwrap().parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        (lines.remove(0), serde_json::from_slice(&body).unwrap())
    }

    fn value<'a>(span: &'a Value, name: &str) -> &'a Value {
        let mut list = span["attributes"].as_array().into_iter().flatten();
        &list.find(|one| one["key"] == name).unwrap_or(&Value::Null)["value"]
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_exchange_is_a_span_with_its_stages_and_the_app_is_told_of_it() {
        let (told, heard) = std::sync::mpsc::channel();
        let app = app(move |mut stream, _| {
            let told = told.clone();
            async move {
                let head = read_head(&mut stream).await;
                let _ = told.send(header(&head, "traceparent").map(str::to_owned));
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await;
            }
        })
        .await;
        let collector = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut settings = settings(&format!("http://{app}"));
        let address = format!("http://{}", collector.local_addr().unwrap());
        settings.traces = Some(TraceSettings { collector: address, share: 1.0 });
        let gate = Gateway::start(settings).unwrap();

        let stranger = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let asked = asks("GET /page?secret=1", &format!("traceparent: {stranger}\r\n"));
        assert!(ask(plain(&gate), &asked).await.starts_with("HTTP/1.1 200"));
        let refused = ask(plain(&gate), &asks("GET /?q=%27%20OR%201%3D1%20--%20", "")).await;
        assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");

        let (line, sent) = tokio::task::block_in_place(|| collected(&collector));
        assert_eq!(line, "POST /v1/traces HTTP/1.1\r\n");
        let spans = sent["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap();
        let whole = &spans[0];
        assert_eq!((&whole["name"], &whole["kind"]), (&json!("GET"), &json!(SERVER)));
        assert_eq!(value(whole, "url.path"), &json!({ "stringValue": "/page" }));
        assert_eq!(value(whole, "http.response.status_code"), &json!({ "intValue": "200" }));
        let names: Vec<_> = spans[1..5].iter().map(|span| span["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["head", "body", "app", "answer"]);
        for part in &spans[1..5] {
            assert_eq!((&part["traceId"], &part["parentSpanId"]), (&whole["traceId"], &whole["spanId"]));
            let nanos = |span: &Value, name: &str| span[name].as_str().unwrap().parse::<u128>().unwrap();
            assert!(nanos(part, "startTimeUnixNano") >= nanos(whole, "startTimeUnixNano"));
            assert!(nanos(part, "endTimeUnixNano") <= nanos(whole, "endTimeUnixNano"));
        }
        let parent = heard.recv().unwrap().unwrap();
        let ids = |span: &Value| {
            format!("00-{}-{}-01", span["traceId"].as_str().unwrap(), span["spanId"].as_str().unwrap())
        };
        assert_eq!(parent, ids(&spans[3]), "the app's spans hang below the time that it takes");
        assert!(!parent.contains("0af7651916cd43dd8448eb211c80319c"), "a stranger named the trace");

        let attack = spans.iter().find(|span| value(span, "portcullis.layer") != &Value::Null).unwrap();
        assert_eq!(value(attack, "portcullis.layer"), &json!({ "stringValue": "gate" }));
        assert_eq!(value(attack, "http.response.status_code"), &json!({ "intValue": "403" }));
    }
}
