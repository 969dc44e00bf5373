//! Sites that vouch for people, as the policy names them.

use std::path::Path;
use std::sync::Arc;

use portcullis::policy::Identity;
use portcullis::policy::identity::{Link, Provider as Written};
use portcullis_identity::oidc::{HttpFetch, Registration, Relying, Rules};
use portcullis_identity::pages::Provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use zeroize::Zeroizing;

use super::PeopleError;
use super::build::{read, read_text};

/// The providers. None of them is asked yet.
pub(super) fn providers(identity: &Identity) -> Result<Vec<Provider>, PeopleError> {
    identity.providers.iter().map(provider).collect()
}

fn provider(written: &Written) -> Result<Provider, PeopleError> {
    let secret = written.client_secret_file.as_deref();
    let secret = secret.map(|path| read_text("identity.provider.client_secret_file", path)).transpose()?;
    let secret =
        secret.map(Zeroizing::new).map(|text| Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()));
    // The policy takes such an issuer only with `dangerous_plain`, and only on this machine.
    let trusted = trust("identity.provider.ca", written.ca.as_deref())?;
    let fetch = HttpFetch::new(trusted, written.issuer.starts_with("http://"));
    let registration = Registration {
        name: written.name.clone(),
        issuer: written.issuer.clone(),
        client_id: written.client_id.clone(),
        client_secret: secret,
        scopes: written.scopes.clone(),
        keep_tokens: written.keep_tokens,
    };
    Ok(Provider {
        relying: Relying::new(registration, Arc::new(fetch)),
        label: written.label.clone(),
        sign_out: written.sign_out,
        hands: written.hand_access_token,
        rules: Rules {
            sign_up: written.sign_up,
            link_by_email: written.link == Link::DangerousVerifiedEmail,
        },
    })
}

/// Whom we believe that a server is who it says: the machine's authorities, or those in `ca`, which `key` names.
pub(super) fn trust(key: &'static str, ca: Option<&Path>) -> Result<ClientConfig, PeopleError> {
    let unfit =
        |what: String| PeopleError::Content { key, path: ca.map(Path::to_owned).unwrap_or_default(), what };
    let builder = ClientConfig::builder_with_provider(crate::tls::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| unfit(error.to_string()))?;
    let Some(path) = ca else {
        return Ok(builder
            .with_platform_verifier()
            .map_err(|error| unfit(error.to_string()))?
            .with_no_client_auth());
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&read(key, path)?) {
        let certificate = certificate.map_err(|error| unfit(format!("holds no certificate: {error}")))?;
        roots.add(certificate).map_err(|error| unfit(format!("holds no authority: {error}")))?;
    }
    if roots.is_empty() {
        return Err(unfit("holds no certificate".to_owned()));
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
