//! The cases of `cases/framing/`, over a real socket, through the whole gateway, to a real app.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use portcullis::{Layer, Policy};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Gateway;
use crate::testing::{app, plain, settings};

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    raw: String,
    expect: BTreeMap<String, toml::Value>,
    status: Option<u16>,
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        self.raw.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
    }

    /// The code it is refused with; `None` where it must pass.
    fn refused(&self) -> Option<&str> {
        self.expect.get("refused").map(|code| code.as_str().unwrap())
    }
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/framing");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        cases.extend(toml::from_str::<File>(&text).unwrap().case);
    }
    cases
}

/// What the app got: method, target and body of each request.
type Seen = Arc<Mutex<Vec<(String, String, Vec<u8>)>>>;

async fn hear(request: Request<Incoming>, seen: Seen) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    // A body that breaks off was not let through: the app does nothing with it.
    if let Ok(body) = body.collect().await {
        let got = (head.method.to_string(), head.uri.to_string(), body.to_bytes().to_vec());
        seen.lock().unwrap().push(got);
    }
    Ok(Response::new(Full::new(Bytes::from_static(b"fine"))))
}

/// What a client sees of the gate: sends all, says that it is done, reads to the end.
async fn talk(address: std::net::SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// The final statuses of a connection, in their order.
fn statuses(answer: &str) -> Vec<u16> {
    answer
        .split("HTTP/1.")
        .skip(1)
        .filter_map(|part| part.get(2..5)?.parse().ok())
        .filter(|status| *status != 100)
        .collect()
}

/// The requests of a case as an app should get them.
fn sent(bytes: &[u8]) -> Vec<(String, String)> {
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    text.split("\r\n")
        .filter_map(|line| line.strip_suffix(" HTTP/1.1").or_else(|| line.strip_suffix(" HTTP/1.0")))
        .filter_map(|line| line.split_once(' '))
        .map(|(method, target)| {
            let method = method.trim_start_matches("hello").to_owned();
            let path =
                target.split_once("://").map_or(target, |(_, rest)| rest.split_at(rest.find('/').unwrap()).1);
            (method, path.to_owned())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_gets_its_verdict_through_the_gateway() {
    let seen = Seen::default();
    let hearing = Arc::clone(&seen);
    let address = app(move |stream, _| {
        let seen = Arc::clone(&hearing);
        async move {
            let service = service_fn(move |request| hear(request, Arc::clone(&seen)));
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        }
    })
    .await;
    let mut settings = settings(&format!("http://{address}"));
    let others: String = Layer::ALL
        .iter()
        .filter(|layer| !matches!(layer, Layer::Framing | Layer::Event))
        .map(|layer| format!("[{}]\nmode = \"off\"\n", layer.name()))
        .collect();
    settings.policy = Policy::parse("only framing", &others).unwrap().0;
    let log = settings.data_dir.join("events.jsonl");
    let gate = Gateway::start(settings).unwrap();

    let mut wrong = Vec::new();
    let (mut refused, mut passed) = (0, 0);
    for case in cases() {
        let bytes = case.bytes();
        let answer = talk(plain(&gate), &bytes).await;
        let statuses = statuses(&answer);
        let got = std::mem::take(&mut *seen.lock().unwrap());
        if let Some(code) = case.refused() {
            refused += 1;
            gate.log.flush();
            let events = std::fs::read_to_string(&log).unwrap_or_default();
            let told = events.lines().last().is_some_and(|line| line.contains(&format!("\"{code}\"")));
            let status = case.status.unwrap_or(400);
            let before = statuses.len().saturating_sub(1);
            if statuses.last() != Some(&status) || !told {
                wrong.push(format!(
                    "{}: wanted {status} {code}, got {statuses:?} and {:?}",
                    case.name,
                    events.lines().last()
                ));
            } else if got.len() != before || statuses.iter().take(before).any(|status| *status != 200) {
                wrong.push(format!("{}: the app got {got:?}", case.name));
            }
        } else {
            passed += 1;
            let wanted = sent(&bytes);
            let targets: Vec<_> =
                got.iter().map(|(method, target, _)| (method.clone(), target.clone())).collect();
            if targets != wanted
                || statuses.len() != wanted.len()
                || statuses.iter().any(|status| *status != 200)
            {
                wrong.push(format!("{}: wanted {wanted:?}, the app got {got:?}: {answer}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(refused >= 60 && passed >= 20, "{refused} refused, {passed} passed");
}
