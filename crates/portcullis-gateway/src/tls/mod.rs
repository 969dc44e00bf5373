//! TLS by rustls: 1.2 and 1.3, the hybrid post-quantum key exchange X25519MLKEM768 first.

pub mod acme;
pub mod authority;
pub mod certificates;
mod clients;
mod keeping;
mod secure;
mod suites;

use std::sync::Arc;

use clients::Clients;
use portcullis::TlsFacts;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ProducesTickets, ResolvesServerCert};
use rustls::{ProtocolVersion, ServerConfig, ServerConnection};

use crate::StartError;

pub(crate) use clients::Proven;
pub use keeping::{Keeping, Sources};
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

/// How HTTPS is served, with the certificate that `resolver` chooses; `tickets` are those of a configuration
/// before, which hold on.
fn server_config(
    resolver: Arc<dyn ResolvesServerCert>,
    clients: &Clients,
    tickets: Option<Arc<dyn ProducesTickets>>,
) -> Result<Arc<ServerConfig>, StartError> {
    let builder = ServerConfig::builder_with_provider(suites::in_our_order(&provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
    let builder = match clients.verifier()? {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(resolver);
    // A client that offers only names that are not here is refused (RFC 7301 section 3.2).
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec(), b"http/1.0".to_vec()];
    // Stateless resumption, on whichever thread; the keys live in memory only and change every six hours.
    config.ticketer = match tickets {
        Some(tickets) => tickets,
        None => aws_lc_rs::Ticketer::new()?,
    };
    config.ignore_client_order = true;
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
