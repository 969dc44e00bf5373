//! Connections to the app: always to an address of the policy, whatever the request says.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connection as _, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::OwnedSemaphorePermit;
use tower::Service;

use super::fleet::Fleet;
use super::server::{Connected, Place, Server};
use super::{Protocol, Upstream, UpstreamError};

/// Why there is no connection.
pub(crate) type ConnectError = Box<dyn std::error::Error + Send + Sync>;

/// Opens connections to one server.
///
/// The address comes from the policy and never from the request: a target or Host that names another
/// machine cannot make the gate connect to it (SSRF, CWE-918).
#[derive(Clone)]
pub(crate) struct Connector {
    way: Way,
    server: Arc<Server>,
}

#[derive(Clone)]
enum Way {
    Net { inner: HttpsConnector<HttpConnector>, to: Uri },
    Unix(PathBuf),
}

impl Connector {
    /// `http1_only` for requests that ask to switch protocols, which HTTP/2 cannot (RFC 9113 section 8.6).
    pub(crate) fn new(fleet: &Fleet, server: &Arc<Server>, http1_only: bool) -> Self {
        let way = match &server.target.place {
            Place::Unix(path) => Way::Unix(path.clone()),
            Place::Host(authority) => {
                let mut http = HttpConnector::new();
                http.enforce_http(false);
                http.set_nodelay(true);
                http.set_connect_timeout(Some(fleet.settings.connect_timeout));
                http.set_happy_eyeballs_timeout(Some(std::time::Duration::from_millis(250)));
                let builder = HttpsConnectorBuilder::new()
                    .with_tls_config(ClientConfig::clone(&fleet.tls))
                    .https_or_http();
                let inner = if http1_only {
                    builder.enable_http1().wrap_connector(http)
                } else {
                    builder.enable_all_versions().wrap_connector(http)
                };
                let scheme = match server.target.protocol {
                    Protocol::Http | Protocol::H2c => Scheme::HTTP,
                    Protocol::Https => Scheme::HTTPS,
                };
                let to =
                    Uri::builder().scheme(scheme).authority(authority.clone()).path_and_query("/").build();
                Way::Net { inner, to: to.unwrap_or_default() }
            }
        };
        Self { way, server: server.clone() }
    }

    /// A connection to the server; `place` is kept for as long as it is open.
    pub(crate) async fn open(&self, place: Option<OwnedSemaphorePermit>) -> Result<Stream, ConnectError> {
        let io = match &self.way {
            Way::Unix(path) => Io::Unix { stream: TokioIo::new(UnixStream::connect(path).await?) },
            Way::Net { inner, to } => {
                let mut inner = inner.clone();
                std::future::poll_fn(|context| inner.poll_ready(context)).await?;
                Io::Net { stream: inner.call(to.clone()).await? }
            }
        };
        Ok(Stream { io, _connected: self.server.connected(), _place: place })
    }
}

/// What is trusted in a server that is spoken to over TLS.
pub(crate) fn tls(upstream: &Upstream) -> Result<ClientConfig, UpstreamError> {
    let builder = ClientConfig::builder_with_provider(crate::tls::provider())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
    let mut roots = RootCertStore::empty();
    let over_tls = upstream.servers.iter().any(|server| server.protocol == Protocol::Https);
    match &upstream.ca {
        None if over_tls => return Ok(builder.with_platform_verifier()?.with_no_client_auth()),
        // Nothing is trusted, for nothing is asked over TLS.
        None => {}
        Some(path) => {
            let broken = |message: String| UpstreamError::Authorities { path: path.clone(), message };
            let pem = std::fs::read(path).map_err(|error| broken(error.to_string()))?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let certificate = certificate.map_err(|error| broken(error.to_string()))?;
                roots.add(certificate).map_err(|error| broken(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(broken("there is no certificate in it".to_owned()));
            }
        }
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

pin_project_lite::pin_project! {
    /// An open connection, counted for as long as it is.
    pub(crate) struct Stream {
        #[pin]
        io: Io,
        _connected: Connected,
        _place: Option<OwnedSemaphorePermit>,
    }
}

pin_project_lite::pin_project! {
    #[project = IoProjected]
    enum Io {
        Net { #[pin] stream: MaybeHttpsStream<TokioIo<TcpStream>> },
        Unix { #[pin] stream: TokioIo<UnixStream> },
    }
}

impl Stream {
    /// Whether both sides have agreed on HTTP/2.
    pub(crate) fn agreed_on_http2(&self) -> bool {
        match &self.io {
            Io::Net { stream } => stream.connected().is_negotiated_h2(),
            Io::Unix { .. } => false,
        }
    }
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match self.project().io.project() {
            IoProjected::Net { stream } => stream.poll_read(context, buffer),
            IoProjected::Unix { stream } => stream.poll_read(context, buffer),
        }
    }
}

impl Write for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.project().io.project() {
            IoProjected::Net { stream } => stream.poll_write(context, bytes),
            IoProjected::Unix { stream } => stream.poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.project().io.project() {
            IoProjected::Net { stream } => stream.poll_flush(context),
            IoProjected::Unix { stream } => stream.poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.project().io.project() {
            IoProjected::Net { stream } => stream.poll_shutdown(context),
            IoProjected::Unix { stream } => stream.poll_shutdown(context),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Net { stream } => stream.is_write_vectored(),
            Io::Unix { stream } => stream.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.project().io.project() {
            IoProjected::Net { stream } => stream.poll_write_vectored(context, parts),
            IoProjected::Unix { stream } => stream.poll_write_vectored(context, parts),
        }
    }
}
