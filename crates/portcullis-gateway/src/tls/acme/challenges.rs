//! What an authority comes to see while a name is being proven.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use portcullis_tower::Body;
use rcgen::{CertificateParams, CustomExtension, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// The protocol that a handshake of TLS-ALPN-01 asks for (RFC 8737 section 6.2).
pub(crate) const PROTOCOL: &[u8] = b"acme-tls/1";
/// Where HTTP-01 looks (RFC 8555 section 8.3).
const PATH: &str = "/.well-known/acme-challenge/";

/// The proofs that are asked for now; shared by all listeners.
#[derive(Debug, Default)]
pub struct Challenges {
    /// So that nobody waits for a lock while nothing is being proven, which is nearly always.
    open: AtomicUsize,
    proofs: Mutex<Proofs>,
}

#[derive(Debug, Default)]
struct Proofs {
    /// By token.
    http: HashMap<String, String>,
    /// By name.
    tls: HashMap<String, Arc<CertifiedKey>>,
}

/// One proof on show; taken down when it is dropped.
#[derive(Debug)]
pub(crate) struct Shown {
    challenges: Arc<Challenges>,
    at: Place,
}

#[derive(Debug)]
enum Place {
    Token(String),
    Name(String),
}

impl Challenges {
    /// Shows the key authorization at the path of `token`.
    pub(crate) fn show_http(self: &Arc<Self>, token: &str, key_authorization: &str) -> Shown {
        self.proofs().http.insert(token.to_owned(), key_authorization.to_owned());
        self.open.fetch_add(1, Ordering::Relaxed);
        Shown { challenges: self.clone(), at: Place::Token(token.to_owned()) }
    }

    /// Shows a certificate for `name` with the digest in it.
    pub(crate) fn show_tls(self: &Arc<Self>, name: &str, digest: &[u8]) -> Result<Shown, String> {
        let told = |error: &dyn std::error::Error| error.to_string();
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| told(&error))?;
        let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(|error| told(&error))?;
        if digest.len() != 32 {
            return Err("the digest of a key authorization has 32 bytes".to_owned());
        }
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let certificate = params.self_signed(&key).map_err(|error| told(&error))?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        // Not compared with its key: what parses certificates for that refuses the critical extension, which
        // is there so that nobody takes this one for more than a proof.
        let key =
            super::super::provider().key_provider.load_private_key(key).map_err(|error| told(&error))?;
        let shown = CertifiedKey::new(vec![certificate.der().clone()], key);
        self.proofs().tls.insert(name.to_ascii_lowercase(), Arc::new(shown));
        self.open.fetch_add(1, Ordering::Relaxed);
        Ok(Shown { challenges: self.clone(), at: Place::Name(name.to_ascii_lowercase()) })
    }

    /// The answer to a request for a proof; `None` for every other request.
    #[must_use]
    pub(crate) fn answer(&self, path: &str) -> Option<Response<Body>> {
        if self.open.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let proof = self.proofs().http.get(path.strip_prefix(PATH)?).cloned()?;
        let mut response = Response::new(Body::full(Bytes::from(proof)));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Some(response)
    }

    /// How a handshake of an authority is served; `None` for every other handshake.
    pub(crate) fn config_for(self: &Arc<Self>, hello: &ClientHello<'_>) -> Option<Arc<ServerConfig>> {
        if self.open.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut offered = hello.alpn()?;
        if offered.next() != Some(PROTOCOL) || offered.next().is_some() {
            return None;
        }
        let resolver: Arc<dyn ResolvesServerCert> = Arc::new(ByName(self.clone()));
        let mut config = ServerConfig::builder_with_provider(super::super::provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .ok()?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Some(Arc::new(config))
    }

    fn proofs(&self) -> MutexGuard<'_, Proofs> {
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        let mut proofs = self.challenges.proofs();
        match &self.at {
            Place::Token(token) => {
                proofs.http.remove(token);
            }
            Place::Name(name) => {
                proofs.tls.remove(name);
            }
        }
        self.challenges.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct ByName(Arc<Challenges>);

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?.to_ascii_lowercase();
        self.0.proofs().tls.get(&name).cloned()
    }
}
