//! HTTP/3 frames written by hand, over real QUIC: what RFC 9114 calls malformed never reaches an app that is spoken to
//! in HTTP/1.1. The requests are those of [`super::http2`].

use std::sync::Arc;
use std::time::Duration;

use portcullis_tests::doors::gateway::{Standing, trusting};
use portcullis_tests::outcome::Outcome;
use quinn::crypto::rustls::QuicClientConfig;
use rustls::ClientConfig;

use super::http2::{Request, any_case, kept_back, let_through};

const DATA: u8 = 0;
const HEADERS: u8 = 1;

async fn standing() -> Standing {
    Standing::start_with(&any_case(), |settings| settings.http3 = true).await.unwrap()
}

#[tokio::test]
async fn what_is_malformed_in_http3_never_reaches_the_app() {
    let standing = standing().await;
    let wrong = let_through(&standing, exchange).await;
    standing.close(&mut Outcome::default()).await.unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_is_ordinary_in_http3_reaches_the_app_whole() {
    let standing = standing().await;
    let wrong = kept_back(&standing, exchange).await;
    standing.close(&mut Outcome::default()).await.unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Sends one request on a connection of its own; whether any answer came, be it a refusal, a reset or the end of the
/// connection.
async fn exchange(standing: &Standing, request: &Request) -> bool {
    let connection = connect(standing).await;
    let mut control = connection.open_uni().await.unwrap();
    // The type of a control stream, and SETTINGS without any (RFC 9114 sections 6.2.1 and 7.2.4).
    control.write_all(&[0, 4, 0]).await.unwrap();
    let (mut send, mut receive) = connection.open_bi().await.unwrap();
    let mut bytes = frame(HEADERS, &section(&request.fields));
    if let Some(body) = request.body {
        bytes.extend(frame(DATA, body));
    }
    if !request.trailers.is_empty() {
        bytes.extend(frame(HEADERS, &section(&request.trailers)));
    }
    // Whether it is taken shows in the answer.
    let _ = send.write_all(&bytes).await;
    let _ = send.finish();
    let mut first = [0; 1];
    // Any byte is the beginning of an answer; any error is a reset, or the end.
    tokio::time::timeout(Duration::from_secs(20), receive.read(&mut first)).await.is_ok()
}

async fn connect(standing: &Standing) -> quinn::Connection {
    let roots = trusting(&standing.running.development.as_ref().unwrap().authority).unwrap();
    let mut tls = ClientConfig::builder_with_provider(portcullis_gateway::tls::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let tls = QuicClientConfig::try_from(tls).unwrap();
    let endpoint = quinn::Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    let config = quinn::ClientConfig::new(Arc::new(tls));
    endpoint
        .connect_with(config, *standing.running.https.first().unwrap(), "localhost")
        .unwrap()
        .await
        .unwrap()
}

/// RFC 9114 section 7.1; all here are shorter than what one byte of a length tells, or two.
fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap() | 0x4000;
    [&[kind], length.to_be_bytes().as_slice(), payload].concat()
}

/// Literal fields with literal names, without Huffman coding (RFC 9204 section 4.5.6).
fn section(fields: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut out = vec![0, 0];
    for (name, value) in fields {
        // What three bits hold, and the rest in bytes of seven (RFC 7541 section 5.1).
        match name.len() {
            short @ ..7 => out.push(0x20 | u8::try_from(short).unwrap()),
            long => out.extend([0x27, u8::try_from(long - 7).unwrap()]),
        }
        out.extend_from_slice(name);
        out.push(u8::try_from(value.len()).unwrap());
        out.extend_from_slice(value);
    }
    out
}
