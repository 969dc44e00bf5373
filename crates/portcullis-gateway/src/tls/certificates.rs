//! Certificates from files: chosen by the name that the client asks for, picked up when they change.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::record::{EventLog, Notice};

/// One certificate with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// PEM: the certificate and its chain.
    pub chain: PathBuf,
    /// PEM: the private key.
    pub key: PathBuf,
}

/// Why a certificate cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read as PEM.
    #[error("`{}`: {message}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// The key does not belong to the certificate, or neither can be used.
    #[error("`{}` with the key `{}`: {error}", chain.display(), key.display())]
    Pair {
        /// The certificate's file.
        chain: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        error: rustls::Error,
    },
    /// HTTPS with nothing to show.
    #[error("there is no certificate to serve")]
    None,
}

/// Chooses by SNI (RFC 6066 section 3); the first where none fits or no name was sent.
#[derive(Debug)]
pub struct Certificates {
    files: Vec<CertificateFiles>,
    served: ArcSwap<Vec<Arc<CertifiedKey>>>,
    /// Those that an authority issued for us, by name.
    obtained: ArcSwap<HashMap<String, Arc<CertifiedKey>>>,
}

impl Certificates {
    /// Reads all of them.
    ///
    /// # Errors
    /// When one cannot be served: at start nothing is kept back.
    pub fn load(files: Vec<CertificateFiles>) -> Result<Self, CertificateError> {
        let keys = files.iter().map(|pair| read(pair).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(CertificateError::None);
        }
        Ok(Self { files, served: ArcSwap::from_pointee(keys), obtained: ArcSwap::default() })
    }

    /// None yet: all are to be obtained.
    #[must_use]
    pub fn to_be_obtained() -> Self {
        Self { files: Vec::new(), served: ArcSwap::default(), obtained: ArcSwap::default() }
    }

    /// Serves `key` for `name` from the next handshake on.
    pub(crate) fn set_obtained(&self, name: &str, key: Arc<CertifiedKey>) {
        self.obtained.rcu(|before| {
            let mut all = HashMap::clone(before);
            all.insert(name.to_ascii_lowercase(), key.clone());
            all
        });
    }

    /// What was obtained for `name`.
    pub(crate) fn obtained(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        self.obtained.load().get(&name.to_ascii_lowercase()).cloned()
    }

    /// Looks whether files changed and reads those again; what is broken keeps its old certificate.
    /// Tells the log either way.
    pub fn refresh(&self, seen: &mut Seen, log: &EventLog) {
        let now = Seen::of(&self.files);
        if now == *seen {
            return;
        }
        let old = self.served.load();
        let mut keys = Vec::with_capacity(old.len());
        for (((pair, kept), before), after) in self.files.iter().zip(old.iter()).zip(&seen.0).zip(&now.0) {
            if before == after {
                keys.push(kept.clone());
                continue;
            }
            match read(pair) {
                Ok(key) => {
                    let body =
                        format!("the certificate `{}` changed and is served now", pair.chain.display());
                    log.notice(Notice::info("portcullis.gateway.certificate_loaded", &body));
                    keys.push(Arc::new(key));
                }
                Err(error) => {
                    let body = format!("a changed certificate is broken, the old one stays: {error}");
                    tracing::warn!("{body}");
                    log.notice(Notice::warn("portcullis.gateway.certificate_kept", &body));
                    keys.push(kept.clone());
                }
            }
        }
        self.served.store(Arc::new(keys));
        *seen = now;
    }

    /// The state of the files now, to compare with later.
    #[must_use]
    pub fn seen(&self) -> Seen {
        Seen::of(&self.files)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if let Some(key) = hello.server_name().and_then(|name| self.obtained(name)) {
            return Some(key);
        }
        let served = self.served.load();
        let asked = hello.server_name().and_then(|name| ServerName::try_from(name).ok());
        let fitting = asked.and_then(|name| served.iter().find(|key| vouches(key, &name)));
        let first = || served.first().cloned().or_else(|| self.obtained.load().values().next().cloned());
        fitting.cloned().or_else(first)
    }
}

pub(crate) fn vouches(key: &CertifiedKey, name: &ServerName<'_>) -> bool {
    key.end_entity_cert()
        .and_then(ParsedCertificate::try_from)
        .and_then(|certificate| rustls::client::verify_server_name(&certificate, name))
        .is_ok()
}

/// What the files looked like: a change of any of this means reading again.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen(Vec<[Option<Stamp>; 2]>);

/// Inode, size and time of change to the nanosecond: renamed into place or written over.
type Stamp = (u64, u64, i64, i64);

impl Seen {
    fn of(files: &[CertificateFiles]) -> Self {
        Self(files.iter().map(|pair| [stamp(&pair.chain), stamp(&pair.key)]).collect())
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let found = fs::metadata(path).ok()?;
    Some((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
}

/// Reads a certificate and its key, and sees that they belong together.
pub(crate) fn read(pair: &CertificateFiles) -> Result<CertifiedKey, CertificateError> {
    let broken = |path: &Path, message: String| CertificateError::File { path: path.to_owned(), message };
    let bytes = |path: &Path| fs::read(path).map_err(|error: io::Error| broken(path, error.to_string()));
    let chain = bytes(&pair.chain)?;
    let key = zeroize::Zeroizing::new(bytes(&pair.key)?);
    pem(&chain, &key).map_err(|fault| match fault {
        PemFault::Chain(message) => broken(&pair.chain, message),
        PemFault::Key => broken(&pair.key, "there is no private key in it".to_owned()),
        PemFault::Pair(error) => {
            CertificateError::Pair { chain: pair.chain.clone(), key: pair.key.clone(), error }
        }
    })
}

/// The same for texts.
pub(crate) fn certified(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, String> {
    pem(chain, key).map_err(|fault| match fault {
        PemFault::Chain(message) => message,
        PemFault::Key => "there is no private key".to_owned(),
        PemFault::Pair(error) => error.to_string(),
    })
}

enum PemFault {
    Chain(String),
    Key,
    Pair(rustls::Error),
}

fn pem(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, PemFault> {
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| PemFault::Chain(error.to_string()))?;
    if chain.is_empty() {
        return Err(PemFault::Chain("there is no certificate in it".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| PemFault::Key)?;
    CertifiedKey::from_der(chain, key, &super::provider()).map_err(PemFault::Pair)
}

/// From when to when a certificate holds, in seconds since the epoch.
pub(crate) fn validity(certificate: &CertificateDer<'_>) -> Option<(u64, u64)> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let seconds = |at: x509_parser::time::ASN1Time| u64::try_from(at.timestamp()).unwrap_or(0);
    let validity = parsed.validity();
    Some((seconds(validity.not_before), seconds(validity.not_after)))
}
