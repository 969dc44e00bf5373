//! Connections to the app: always to the one address of the policy, whatever the request says.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tower::Service;

use super::{Protocol, Upstream, UpstreamError};

/// Opens connections to the app.
///
/// The address comes from the policy and never from the request: a target or Host that names another
/// machine cannot make the gate connect to it (SSRF, CWE-918).
#[derive(Clone)]
pub(crate) struct Connector {
    inner: HttpsConnector<HttpConnector>,
    to: Uri,
}

/// Whether a response has come over this connection before: only then may a failure be the app's quiet
/// closing of an unused connection (RFC 9112 section 9.3.1).
#[derive(Debug, Clone, Default)]
pub(crate) struct Used(Arc<AtomicBool>);

impl Used {
    pub(crate) fn mark(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn before(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Connector {
    /// `http1_only` for requests that ask to switch protocols, which HTTP/2 cannot (RFC 9113 section 8.6).
    pub(crate) fn new(upstream: &Upstream, http1_only: bool) -> Result<Self, UpstreamError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(upstream.connect_timeout));
        http.set_happy_eyeballs_timeout(Some(std::time::Duration::from_millis(250)));
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls(upstream)?).https_or_http();
        let inner = if http1_only {
            builder.enable_http1().wrap_connector(http)
        } else {
            builder.enable_all_versions().wrap_connector(http)
        };
        Ok(Self { inner, to: upstream.uri() })
    }
}

fn tls(upstream: &Upstream) -> Result<ClientConfig, UpstreamError> {
    let builder = ClientConfig::builder_with_provider(crate::tls::provider())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
    let mut roots = RootCertStore::empty();
    match (&upstream.ca, upstream.protocol) {
        (None, Protocol::Https) => return Ok(builder.with_platform_verifier()?.with_no_client_auth()),
        // Nothing is trusted, for nothing is asked over TLS.
        (None, Protocol::Http | Protocol::H2c) => {}
        (Some(path), _) => {
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

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type ConnectError = Box<dyn std::error::Error + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = Link;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Link, ConnectError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, _asked: Uri) -> Self::Future {
        let opening = self.inner.call(self.to.clone());
        Box::pin(async move { Ok(Link { stream: opening.await?, used: Used::default() }) })
    }
}

pin_project_lite::pin_project! {
    /// A connection that remembers whether it has served.
    pub(crate) struct Link {
        #[pin]
        stream: Stream,
        used: Used,
    }
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        self.stream.connected().extra(self.used.clone())
    }
}

impl Read for Link {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        self.project().stream.poll_read(context, buffer)
    }
}

impl Write for Link {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.project().stream.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.project().stream.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.project().stream.poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        self.project().stream.poll_write_vectored(context, parts)
    }
}
