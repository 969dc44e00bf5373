//! Which cipher suite a handshake chooses.
//!
//! AES-128-GCM with SHA-256 first, as Mozilla's intermediate profile lists them: 128 bits are enough (NIST
//! category 1, for what a quantum computer does to symmetric keys, too), and the hash of the handshake is one that
//! processors compute by themselves. A client that puts ChaCha20 first says that it computes no AES, and gets it.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::{CipherSuite, ServerConfig, SupportedCipherSuite};

/// Where a suite stands among those of its version; the rest stay in their order.
fn rank(suite: &SupportedCipherSuite) -> u8 {
    match suite.suite() {
        CipherSuite::TLS13_AES_128_GCM_SHA256
        | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
        | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => 0,
        _ => 1,
    }
}

/// The provider with its suites in our order.
pub(super) fn in_our_order(provider: &CryptoProvider) -> Arc<CryptoProvider> {
    let mut ours = provider.clone();
    ours.cipher_suites.sort_by_key(rank);
    Arc::new(ours)
}

/// The configuration for a client that offers `suites`, the one it likes best first.
pub(super) fn config_for(suites: &[CipherSuite], config: Arc<ServerConfig>) -> Arc<ServerConfig> {
    if !has_no_aes(suites) {
        return config;
    }
    let mut theirs = ServerConfig::clone(&config);
    theirs.ignore_client_order = false;
    Arc::new(theirs)
}

/// Whether ChaCha20 comes before every AES, values that only keep servers tolerant aside (RFC 8701).
fn has_no_aes(suites: &[CipherSuite]) -> bool {
    let known = suites.iter().find(|suite| !matches!(suite, CipherSuite::Unknown(_)));
    matches!(
        known,
        Some(
            CipherSuite::TLS13_CHACHA20_POLY1305_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
        )
    )
}
