//! The HTTP client of ACME: bounded in time and size, and it remembers when it was told to come back.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How large it may be: chains of certificates have a few kilobytes.
const MOST: usize = 1024 * 1024;
/// No authority keeps one waiting for longer.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

/// Speaks to one authority.
#[derive(Clone)]
pub(super) struct Caller {
    client: Client<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>,
    come_back: ComeBack,
}

/// When the authority said, while refusing, that it may be asked again.
#[derive(Debug, Clone, Default)]
pub(super) struct ComeBack(Arc<Mutex<Option<SystemTime>>>);

impl ComeBack {
    /// Takes what was said last.
    pub(super) fn take(&self) -> Option<SystemTime> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn hear(&self, status: StatusCode, headers: &HeaderMap) {
        if status.is_success() || status.is_redirection() {
            return;
        }
        if let Some(at) = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(when) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
        }
    }
}

/// RFC 9110 section 10.2.3: seconds, or a date.
fn when(text: &str) -> Option<SystemTime> {
    let now = SystemTime::now();
    let at = match text.trim().parse::<u64>() {
        Ok(seconds) => now.checked_add(Duration::from_secs(seconds))?,
        Err(_) => httpdate::parse_http_date(text.trim()).ok()?,
    };
    Some(at.min(now.checked_add(LONGEST)?))
}

impl Caller {
    pub(super) fn new(ca: Option<&Path>, come_back: ComeBack) -> Result<Self, String> {
        let told = |error: &dyn std::error::Error| error.to_string();
        let builder = ClientConfig::builder_with_provider(super::super::provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| told(&error))?;
        let config = match ca {
            None => builder.with_platform_verifier().map_err(|error| told(&error))?.with_no_client_auth(),
            Some(path) => {
                let broken = |why: String| format!("`{}`: {why}", path.display());
                let mut roots = RootCertStore::empty();
                for certificate in
                    CertificateDer::pem_file_iter(path).map_err(|error| broken(error.to_string()))?
                {
                    let certificate = certificate.map_err(|error| broken(error.to_string()))?;
                    roots.add(certificate).map_err(|error| broken(error.to_string()))?;
                }
                builder.with_root_certificates(roots).with_no_client_auth()
            }
        };
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(config).https_only().enable_http1().build();
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector), come_back })
    }
}

impl HttpClient for Caller {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let (asked, come_back) = (self.client.request(request), self.come_back.clone());
        Box::pin(async move {
            let answered = tokio::time::timeout(PATIENCE, async {
                let (head, body) = asked.await.map_err(|error| Error::Other(error.into()))?.into_parts();
                let body = Limited::new(body, MOST).collect().await.map_err(Error::Other)?.to_bytes();
                Ok::<_, Error>(Response::from_parts(head, Full::new(body)))
            });
            let response = answered
                .await
                .map_err(|_| Error::Other("the authority took too long to answer".into()))??;
            come_back.hear(response.status(), response.headers());
            Ok(BytesResponse::from(response))
        })
    }
}
