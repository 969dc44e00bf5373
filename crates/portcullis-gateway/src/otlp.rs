//! OpenTelemetry's protocol over HTTP with JSON (OTLP/HTTP 1.x): as much of it as logs and traces need.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use serde_json::{Value, json};

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// One endpoint of a collector, with a runtime of its own: to be used from one thread.
pub(crate) struct Collector {
    uri: Uri,
    runtime: tokio::runtime::Runtime,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Collector {
    /// `base` is the collector's address, as in `http://127.0.0.1:4318`; `path` as in `/v1/logs`.
    pub(crate) fn new(base: &str, path: &str) -> io::Result<Self> {
        let uri = format!("{}{path}", base.trim_end_matches('/'));
        let uri: Uri = uri
            .parse()
            .map_err(|_| io::Error::other(format!("`{base}` is not an address of a collector")))?;
        let tls = ClientConfig::builder_with_provider(crate::tls::provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(io::Error::other)?
            .with_platform_verifier()
            .map_err(io::Error::other)?
            .with_no_client_auth();
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { uri, runtime, client: Client::builder(TokioExecutor::new()).build(connector) })
    }

    /// Sends one request and waits for what comes of it.
    pub(crate) fn post(&self, body: &Value) -> io::Result<()> {
        let request = Request::post(self.uri.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.to_string())))
            .map_err(io::Error::other)?;
        self.runtime.block_on(async {
            let sent = async {
                let response = self.client.request(request).await.map_err(io::Error::other)?;
                let status = response.status();
                // Read to its end, so that the connection can be used again.
                let _ = response.into_body().collect().await;
                Ok::<_, io::Error>(status)
            };
            match tokio::time::timeout(PATIENCE, sent).await {
                Ok(Ok(status)) if status.is_success() => Ok(()),
                // What is malformed stays so (OTLP/HTTP, "Failures"): it is not sent again.
                Ok(Ok(status)) if status.as_u16() == 400 => Ok(()),
                Ok(Ok(status)) => Err(io::Error::other(format!("the collector answered {status}"))),
                Ok(Err(error)) => Err(error),
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            }
        })
    }
}

/// A request with `records` of ours: an `Export…ServiceRequest`, whose names for what belongs to a resource, to a scope
/// and for the records themselves differ by signal.
pub(crate) fn export([of_resource, of_scope, records]: [&str; 3], list: Vec<Value>) -> Value {
    json!({ of_resource: [{
        "resource": { "attributes": [attribute("service.name", &json!("portcullis"))] },
        of_scope: [{ "scope": { "name": "portcullis" }, records: list }],
    }] })
}

/// A key and a value as OTLP has them.
pub(crate) fn attribute(name: &str, value: &Value) -> Value {
    let value = match value {
        Value::String(text) => json!({ "stringValue": text }),
        Value::Bool(yes) => json!({ "boolValue": yes }),
        // 64-bit numbers are strings in the JSON of protocol buffers.
        Value::Number(number) if number.is_i64() || number.is_u64() => {
            json!({ "intValue": number.to_string() })
        }
        Value::Number(number) => json!({ "doubleValue": number }),
        other => json!({ "stringValue": other.to_string() }),
    };
    json!({ "key": name, "value": value })
}

/// Nanoseconds since the epoch of a time as events have it, `2026-11-24T02:00:00.500Z`; 0 for anything else.
pub(crate) fn nanos(time: &str) -> u64 {
    let part = |from: usize, to: usize| time.get(from..to).and_then(|text| text.parse::<i64>().ok());
    let read = || {
        let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
        let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
        let millis = part(20, 23).unwrap_or(0);
        // Days since the epoch of the proleptic Gregorian calendar, counted from March.
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let days =
            365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
        let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
        u64::try_from(seconds * 1000 + millis).ok()?.checked_mul(1_000_000)
    };
    read().unwrap_or(0)
}
