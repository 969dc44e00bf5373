//! Client certificates: asked for in the handshake where the operator named an authority for them, required
//! by the routes that say so.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use sha2::{Digest, Sha256};

use super::certificates::CertificateError;
use super::keeping::Sources;

/// Whose certificates clients may show, as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Clients {
    authorities: Vec<CertificateDer<'static>>,
    revoked: Vec<CertificateRevocationListDer<'static>>,
    from: Option<PathBuf>,
}

impl Clients {
    pub(crate) fn load(sources: &Sources) -> Result<Self, CertificateError> {
        let Some(from) = &sources.client_ca else { return Ok(Self::default()) };
        let broken = |path: &Path, message: String| CertificateError::File { path: path.to_owned(), message };
        let authorities = CertificateDer::pem_file_iter(from)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| broken(from, error.to_string()))?;
        if authorities.is_empty() {
            return Err(broken(from, "there is no certificate in it".to_owned()));
        }
        let mut revoked = Vec::new();
        for path in &sources.client_crl {
            let lists = CertificateRevocationListDer::pem_file_iter(path)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| broken(path, error.to_string()))?;
            if lists.is_empty() {
                return Err(broken(path, "there is no revocation list in it".to_owned()));
            }
            revoked.extend(lists);
        }
        Ok(Self { authorities, revoked, from: Some(from.clone()) })
    }

    /// Who checks what clients show; `None` where they are not asked. One that shows nothing is let in, as far
    /// as the handshake goes; one that shows what does not hold is not (RFC 8446 section 4.4.2.4).
    pub(crate) fn verifier(&self) -> Result<Option<Arc<dyn ClientCertVerifier>>, CertificateError> {
        let Some(from) = &self.from else { return Ok(None) };
        let broken = |message: String| CertificateError::File { path: from.clone(), message };
        let mut roots = RootCertStore::empty();
        for authority in &self.authorities {
            roots.add(authority.clone()).map_err(|error| broken(error.to_string()))?;
        }
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), super::provider())
            .allow_unauthenticated();
        if !self.revoked.is_empty() {
            // A certificate that no list speaks of is not let in: a missing list must not open the door.
            builder = builder.with_crls(self.revoked.clone()).only_check_end_entity_revocation();
        }
        builder.build().map(Some).map_err(|error| broken(error.to_string()))
    }
}

/// Who a client has proven to be, for the app: a request extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proven {
    /// The subject, as in `O=Notes, CN=ann`; bytes that cannot stand in a header as `\xx`.
    pub(crate) subject: String,
    /// SHA-256 of the certificate, in hexadecimal digits.
    pub(crate) fingerprint: String,
    /// The certificate itself, as RFC 9440 section 2.2 writes it.
    pub(crate) certificate: String,
}

impl Proven {
    /// What the certificate says of its owner; `None` where it cannot be read.
    pub(crate) fn by(certificate: &CertificateDer<'_>) -> Option<Self> {
        use base64::Engine;
        let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
        let fingerprint = Sha256::digest(certificate).iter().map(|byte| format!("{byte:02x}")).collect();
        let encoded = base64::engine::general_purpose::STANDARD.encode(certificate);
        Some(Self {
            subject: written(&parsed.subject().to_string()),
            fingerprint,
            certificate: format!(":{encoded}:"),
        })
    }
}

fn written(subject: &str) -> String {
    subject.bytes().fold(String::with_capacity(subject.len()), |mut text, byte| {
        if byte == b' ' || byte.is_ascii_graphic() {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("\\{byte:02x}"));
        }
        text
    })
}
