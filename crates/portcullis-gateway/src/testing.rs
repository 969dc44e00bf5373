//! For tests only: apps of all manners, a gate in front of them, and folders of their own.

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::upstream::Upstream;
use crate::{Gateway, Running, Settings};

/// An empty private folder below the system's temporary one.
pub(crate) fn folder(name: &str) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("portcullis-{}-{number}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    crate::record::DataDir::open(&path).unwrap();
    path
}

/// Whom a client trusts that knows `authority` alone.
pub(crate) fn trusting(authority: &Path) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    roots
}

/// Connects to `address` over TLS, as a client that trusts `authority` and speaks `protocols`.
pub(crate) async fn connect(
    address: SocketAddr,
    authority: &Path,
    name: &str,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    connect_by((*crate::tls::provider()).clone(), address, authority, name, protocols).await
}

/// The same, with the cryptography of `provider`.
pub(crate) async fn connect_by(
    provider: CryptoProvider,
    address: SocketAddr,
    authority: &Path,
    name: &str,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(trusting(authority))
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// An app that treats each connection as `serve` says; it ends with the test's runtime.
pub(crate) async fn app<F, Served>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream, usize) -> Served + Send + 'static,
    Served: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, number));
            number += 1;
        }
    });
    address
}

/// Settings for a gate in front of `app`, over plain HTTP on a free port.
pub(crate) fn settings(app: &str) -> Settings {
    let mut settings = Settings::new(Upstream::parse(app).unwrap());
    settings.https.clear();
    settings.dangerous_plain = vec!["127.0.0.1:0".parse().unwrap()];
    settings.threads = 1;
    settings.data_dir = folder("gate");
    settings
}

/// A gate in front of an app that speaks HTTP/1.1.
pub(crate) fn gate(app: SocketAddr) -> Running {
    Gateway::start(settings(&format!("http://{app}"))).unwrap()
}

/// Where a gate serves plainly.
pub(crate) fn plain(gate: &Running) -> SocketAddr {
    gate.dangerous_plain[0]
}

/// Reads one head, up to and with its empty line.
pub(crate) async fn read_head<R: AsyncRead + Unpin>(stream: &mut R) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// Sends `request` and reads all that comes until the connection ends.
pub(crate) async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    // A connection that is reset is at its end, too.
    let _ = tokio::time::timeout(Duration::from_secs(10), read).await.expect("the connection did not end");
    String::from_utf8(answer).unwrap()
}

/// A request whose connection ends with it.
pub(crate) fn request(first_line: &str, headers: &str) -> String {
    format!("{first_line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")
}

/// The value of a header in a head as text.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
