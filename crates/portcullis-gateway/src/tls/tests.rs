//! TLS as a client meets it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use rustls::{NamedGroup, ProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::certificates::CertificateFiles;
use crate::Gateway;
use crate::testing::{app, connect, connect_by, folder, read_head, settings};

async fn hello() -> SocketAddr {
    app(|mut stream, _| async move {
        read_head(&mut stream).await;
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await
}

fn secure(app: SocketAddr) -> crate::Settings {
    let mut settings = settings(&format!("http://{app}"));
    settings.https = vec!["127.0.0.1:0".parse().unwrap()];
    settings
}

#[tokio::test]
async fn the_first_start_serves_https_with_a_post_quantum_key_exchange() {
    let gate = Gateway::start(secure(hello().await)).unwrap();
    let authority = gate.development.as_ref().unwrap().authority.clone();
    let mut stream = connect(gate.https[0], &authority, "localhost", &["http/1.1"]).await.unwrap();
    let session = stream.get_ref().1;
    assert_eq!(session.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    let group = session.negotiated_key_exchange_group().unwrap().name();
    assert_eq!(group, NamedGroup::X25519MLKEM768);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("hello"), "{answer}");

    for name in ["127.0.0.1", "::1"] {
        connect(gate.https[0], &authority, name, &["http/1.1"]).await.unwrap();
    }
    assert!(connect(gate.https[0], &authority, "bank.example", &["http/1.1"]).await.is_err());
}

#[tokio::test]
async fn the_cipher_is_aes_128_unless_the_client_says_that_it_computes_no_aes() {
    use rustls::CipherSuite;
    let gate = Gateway::start(secure(hello().await)).unwrap();
    let authority = gate.development.as_ref().unwrap().authority.clone();
    let (aes_256, aes_128, chacha) = (
        CipherSuite::TLS13_AES_256_GCM_SHA384,
        CipherSuite::TLS13_AES_128_GCM_SHA256,
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
    );
    for (offers, gets) in [
        (vec![aes_256, aes_128, chacha], aes_128),
        (vec![chacha, aes_128, aes_256], chacha),
        (vec![aes_256, chacha], aes_256),
        (vec![chacha], chacha),
    ] {
        let mut provider = (*super::provider()).clone();
        let all = std::mem::take(&mut provider.cipher_suites);
        for wanted in &offers {
            provider.cipher_suites.extend(all.iter().filter(|suite| suite.suite() == *wanted));
        }
        let stream = connect_by(provider, gate.https[0], &authority, "localhost", &["h2"]).await.unwrap();
        let chosen = stream.get_ref().1.negotiated_cipher_suite().unwrap().suite();
        assert_eq!(chosen, gets, "of {offers:?}");
    }
}

#[tokio::test]
async fn a_client_that_offers_http_2_gets_it() {
    use http_body_util::{BodyExt, Empty};
    let gate = Gateway::start(secure(hello().await)).unwrap();
    let authority = gate.development.as_ref().unwrap().authority.clone();
    let stream = connect(gate.https[0], &authority, "localhost", &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get(format!("https://localhost:{}/", gate.https[0].port()))
        .body(Empty::<bytes::Bytes>::new())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
}

#[tokio::test]
async fn an_http_1_0_client_is_served_over_tls_too() {
    let gate = Gateway::start(secure(hello().await)).unwrap();
    let authority = gate.development.as_ref().unwrap().authority.clone();
    let mut stream = connect(gate.https[0], &authority, "localhost", &["http/1.0"]).await.unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    assert!(answer.ends_with("hello"), "{answer}");
}

/// A certificate for `name`, signed by itself.
fn certificate(folder: &Path, name: &str) -> CertificateFiles {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let files = CertificateFiles {
        chain: folder.join(format!("{name}.pem")),
        key: folder.join(format!("{name}.key")),
    };
    fs::write(&files.chain, made.cert.pem()).unwrap();
    fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    files
}

async fn shown(address: SocketAddr, trusted: &Path, name: &str) -> Option<Vec<u8>> {
    let stream = connect(address, trusted, name, &["http/1.1"]).await.ok()?;
    Some(stream.get_ref().1.peer_certificates()?.first()?.to_vec())
}

#[tokio::test]
async fn the_certificate_is_chosen_by_name_and_the_first_is_the_default() {
    let folder = folder("sni");
    let (one, two) = (certificate(&folder, "one.example"), certificate(&folder, "two.example"));
    let mut settings = secure(hello().await);
    settings.certificates = vec![one.clone(), two.clone()];
    let gate = Gateway::start(settings).unwrap();
    assert!(gate.development.is_none());
    assert!(shown(gate.https[0], &one.chain, "one.example").await.is_some());
    assert!(shown(gate.https[0], &two.chain, "two.example").await.is_some());
    // Neither vouches for it: the first is shown, and a client that checks names goes away.
    assert!(shown(gate.https[0], &one.chain, "three.example").await.is_none());
}

#[tokio::test]
async fn a_changed_certificate_is_picked_up_and_a_broken_one_is_not() {
    let folder = folder("reload");
    let files = certificate(&folder, "one.example");
    let mut settings = secure(hello().await);
    settings.certificates = vec![files.clone()];
    settings.certificate_interval = Duration::from_millis(20);
    let log = settings.data_dir.join("events.jsonl");
    let gate = Gateway::start(settings).unwrap();
    let kept = folder.join("old.pem");
    fs::copy(&files.chain, &kept).unwrap();
    let old = shown(gate.https[0], &kept, "one.example").await.unwrap();

    fs::write(&files.chain, "-----BEGIN CERTIFICATE-----\nnonsense\n").unwrap();
    let mut told = false;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        gate.log.flush();
        told = fs::read_to_string(&log).unwrap().contains("portcullis.gateway.certificate_kept");
        if told {
            break;
        }
    }
    assert!(told, "nothing in the log");
    assert_eq!(shown(gate.https[0], &kept, "one.example").await, Some(old.clone()));

    certificate(&folder, "one.example");
    let mut new = None;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        new = shown(gate.https[0], &files.chain, "one.example").await;
        if new.is_some() {
            break;
        }
    }
    assert!(new.is_some_and(|new| new != old));
}
