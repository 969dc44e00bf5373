//! Connections to the app: always to the one address of the policy, whatever the request says.

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tower::Service;

use super::{Protocol, Upstream, UpstreamError};

/// A connection, in the open or over TLS.
pub(crate) type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
/// Why there is none.
pub(crate) type ConnectError = Box<dyn std::error::Error + Send + Sync>;

/// Opens connections to the app.
///
/// The address comes from the policy and never from the request: a target or Host that names another
/// machine cannot make the gate connect to it (SSRF, CWE-918).
#[derive(Clone)]
pub(crate) struct Connector {
    inner: HttpsConnector<HttpConnector>,
    to: Uri,
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

    /// A connection to the address of the policy.
    pub(crate) async fn open(&self) -> Result<Stream, ConnectError> {
        let mut inner = self.inner.clone();
        std::future::poll_fn(|context| inner.poll_ready(context)).await?;
        inner.call(self.to.clone()).await
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
