//! HTTP/3 as a client meets it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use h3::client::SendRequest;
use http::{Request, Response};
use quinn::crypto::rustls::QuicClientConfig;
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::testing::{app, folder, header, read_head, settings, trusting};
use crate::{Gateway, Running};

type Client = SendRequest<h3_quinn::OpenStreams, Bytes>;

/// An app that tells in its answer what it was sent.
async fn mirror() -> SocketAddr {
    app(|mut stream, _| async move {
        loop {
            let head = read_head(&mut stream).await;
            if head.is_empty() {
                return;
            }
            if head.starts_with("GET /slow") {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            let length = header(&head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
            let told = [head.as_bytes(), &body].concat();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", told.len());
            stream.write_all(&[answer.as_bytes(), &told].concat()).await.unwrap();
        }
    })
    .await
}

fn gate(app: SocketAddr) -> Running {
    let mut settings = settings(&format!("http://{app}"));
    settings.dangerous_plain.clear();
    settings.https = vec!["127.0.0.1:0".parse().unwrap()];
    settings.http3 = true;
    settings.timeouts.body.silence = Duration::from_millis(300);
    settings.data_dir = folder("quic");
    Gateway::start(settings).unwrap()
}

fn endpoint(authority: &Path) -> quinn::Endpoint {
    let mut tls = ClientConfig::builder_with_provider(crate::tls::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(trusting(authority))
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let mut endpoint = quinn::Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    let tls = QuicClientConfig::try_from(tls).unwrap();
    endpoint.set_default_client_config(quinn::ClientConfig::new(Arc::new(tls)));
    endpoint
}

async fn connect(gate: &Running) -> quinn::Connection {
    let authority = &gate.development.as_ref().unwrap().authority;
    endpoint(authority).connect(gate.https[0], "localhost").unwrap().await.unwrap()
}

async fn client(connection: quinn::Connection) -> Client {
    let (mut driver, client) = h3::client::new(h3_quinn::Connection::new(connection)).await.unwrap();
    tokio::spawn(async move { driver.wait_idle().await });
    client
}

fn url(gate: &Running, path: &str) -> String {
    format!("https://localhost:{}{path}", gate.https[0].port())
}

async fn ask(client: &mut Client, request: Request<()>, body: &'static [u8]) -> (Response<()>, String) {
    let mut stream = client.send_request(request).await.unwrap();
    if !body.is_empty() {
        stream.send_data(Bytes::from_static(body)).await.unwrap();
    }
    stream.finish().await.unwrap();
    let response = stream.recv_response().await.unwrap();
    let mut text = Vec::new();
    while let Some(mut data) = stream.recv_data().await.unwrap() {
        text.extend_from_slice(&data.copy_to_bytes(data.remaining()));
    }
    (response, String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn requests_pass_the_gate_with_their_bodies_and_what_is_told_of_the_client() {
    let gate = gate(mirror().await);
    let mut client = client(connect(&gate).await).await;
    let get = Request::get(url(&gate, "/page")).header("x-forwarded-for", "1.2.3.4").body(()).unwrap();
    let (response, told) = ask(&mut client, get, b"").await;
    assert_eq!(response.status(), 200);
    assert!(response.headers().contains_key("referrer-policy"), "{response:?}");
    assert!(told.starts_with("GET /page HTTP/1.1\r\n"), "{told}");
    assert_eq!(header(&told, "x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(header(&told, "x-forwarded-proto"), Some("https"));
    assert_eq!(header(&told, "transfer-encoding"), None);

    let put = Request::put(url(&gate, "/notes")).header("content-length", "5").body(()).unwrap();
    let (response, told) = ask(&mut client, put, b"hello").await;
    assert_eq!(response.status(), 200, "{told}");
    assert!(told.ends_with("hello"), "{told}");

    let attack = Request::get(url(&gate, "/?q=%27%20OR%201%3D1%20--%20")).body(()).unwrap();
    assert_eq!(ask(&mut client, attack, b"").await.0.status(), 403);
}

#[tokio::test]
async fn a_body_that_is_not_as_long_as_its_head_said_never_reaches_the_app() {
    let gate = gate(mirror().await);
    for (told, sent) in [("4", "hello"), ("6", "hello"), ("0", "hello")] {
        let mut client = client(connect(&gate).await).await;
        let put = Request::put(url(&gate, "/notes")).header("content-length", told).body(()).unwrap();
        let mut stream = client.send_request(put).await.unwrap();
        let _ = stream.send_data(Bytes::from_static(sent.as_bytes())).await;
        let _ = stream.finish().await;
        let answered = stream.recv_response().await;
        assert!(answered.is_err(), "{told}: {answered:?}");
    }
}

#[tokio::test]
async fn who_sends_a_frame_without_measure_loses_the_connection() {
    let gate = gate(mirror().await);
    // Types 1 (HEADERS) and 0x21 (reserved), with a length of 1 GiB.
    for frame in [[0x01, 0xc0, 0, 0, 0, 0x40, 0, 0, 0], [0x21, 0xc0, 0, 0, 0, 0x40, 0, 0, 0]] {
        let connection = connect(&gate).await;
        let (mut send, _receive) = connection.open_bi().await.unwrap();
        send.write_all(&frame).await.unwrap();
        let closed = tokio::time::timeout(Duration::from_secs(10), connection.closed()).await.unwrap();
        let quinn::ConnectionError::ApplicationClosed(closed) = closed else { panic!("{closed:?}") };
        assert_eq!(closed.error_code.into_inner(), h3::error::Code::H3_EXCESSIVE_LOAD.value());
    }
}

#[tokio::test]
async fn a_body_that_never_comes_is_not_waited_for() {
    let gate = gate(mirror().await);
    let mut client = client(connect(&gate).await).await;
    let put = Request::put(url(&gate, "/notes")).header("content-length", "5").body(()).unwrap();
    let mut stream = client.send_request(put).await.unwrap();
    let response = tokio::time::timeout(Duration::from_secs(10), stream.recv_response()).await.unwrap();
    assert_eq!(response.unwrap().status(), 408);
}

#[tokio::test]
async fn a_gate_that_closes_ends_what_runs_and_takes_nothing_new() {
    let gate = gate(mirror().await);
    let connection = connect(&gate).await;
    let mut client = client(connection.clone()).await;
    let slow = Request::get(url(&gate, "/slow")).body(()).unwrap();
    let mut stream = client.send_request(slow).await.unwrap();
    stream.finish().await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let closes = tokio::spawn(gate.shutdown());
    assert_eq!(stream.recv_response().await.unwrap().status(), 200);
    closes.await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), connection.closed()).await.unwrap();
}

#[tokio::test]
async fn who_comes_by_tcp_hears_of_it() {
    let gate = gate(mirror().await);
    let authority = &gate.development.as_ref().unwrap().authority;
    let mut stream =
        crate::testing::connect(gate.https[0], authority, "localhost", &["http/1.1"]).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost:7443\r\n\r\n").await.unwrap();
    let head = read_head(&mut stream).await;
    assert_eq!(header(&head, "alt-svc"), Some("h3=\":7443\"; ma=86400"), "{head}");
}
