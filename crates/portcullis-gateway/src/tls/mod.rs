//! TLS by rustls: 1.2 and 1.3, the hybrid post-quantum key exchange X25519MLKEM768 first.

pub mod authority;
pub mod certificates;
mod secure;

use std::sync::Arc;

use portcullis::TlsFacts;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::ResolvesServerCert;
use rustls::{ProtocolVersion, ServerConfig, ServerConnection};

pub use secure::{Secure, TlsCounts};

/// Two providers in one process make rustls panic unless one of them is installed.
pub fn install_provider() {
    // An error means that one is installed already.
    let _ = aws_lc_rs::default_provider().install_default();
}

/// The provider that is installed, or ours.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(aws_lc_rs::default_provider()))
}

/// How HTTPS is served, with the certificate that `resolver` chooses.
///
/// # Errors
/// When the provider lacks what is asked of it.
pub fn server_config(resolver: Arc<dyn ResolvesServerCert>) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    // A client that offers only names that are not here is refused (RFC 7301 section 3.2).
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec(), b"http/1.0".to_vec()];
    // Stateless resumption; its keys live in memory and rotate.
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    // Early data can be replayed (RFC 8446 section 8): never.
    config.max_early_data_size = 0;
    Ok(Arc::new(config))
}

/// What the engine is told of a connection.
#[must_use]
pub fn facts(connection: &ServerConnection) -> TlsFacts {
    TlsFacts {
        version: match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "unknown",
        },
        server_name: connection.server_name().map(str::to_owned),
        client_certificate: connection.peer_certificates().is_some_and(|chain| !chain.is_empty()),
    }
}

#[cfg(test)]
mod tests;
