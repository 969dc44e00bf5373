//! One certificate, from the order to the file.

use std::sync::Arc;
use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, CertificateIdentifier, ChallengeType, Error, ExternalAccountKey,
    Identifier, NewAccount, NewOrder, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::CertificateDer;

use super::challenges::{Challenges, Shown};
use super::client::Caller;
use super::files::Folder;
use super::{Acme, Proof};
use crate::tls::certificates::certified;

/// How long the authority may take to look at a proof, and to issue.
const PATIENCE: RetryPolicy =
    RetryPolicy::new().initial_delay(Duration::from_millis(500)).timeout(Duration::from_secs(120));

/// Why there is no certificate.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) why: String,
    /// The authority limits how often it is asked.
    pub(super) limited: bool,
}

impl Refused {
    fn for_us(why: impl Into<String>) -> Self {
        Self { why: why.into(), limited: false }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let limited = match &error {
            Error::Api(problem) => {
                problem.status == Some(429)
                    || problem.r#type.as_deref() == Some("urn:ietf:params:acme:error:rateLimited")
            }
            _ => false,
        };
        let mut why = error.to_string();
        if let Error::Other(inner) = &error {
            why = crate::upstream::root_cause(&**inner);
        }
        Self { why, limited }
    }
}

/// The account in the data directory, or a new one.
pub(super) async fn account(acme: &Acme, folder: &Folder, caller: &Caller) -> Result<Account, Refused> {
    let builder = || Account::builder_with_http(Box::new(caller.clone()));
    if let Some(kept) = folder.account() {
        return Ok(builder().from_credentials(kept).await?);
    }
    let contact: Vec<String> = acme.contact.iter().map(|one| mailto(one)).collect();
    let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
    let external = match &acme.external_account {
        None => None,
        Some((id, path)) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| Refused::for_us(format!("`{}`: {error}", path.display())))?;
            let key = base64_url(text.trim())
                .ok_or_else(|| Refused::for_us(format!("`{}`: it is not base64url", path.display())))?;
            Some(ExternalAccountKey::new(id.clone(), &key))
        }
    };
    // The policy is refused unless the operator has agreed.
    let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let (account, credentials) = builder().create(&new, acme.directory.clone(), external.as_ref()).await?;
    folder.keep_account(&credentials).map_err(|error| Refused::for_us(error.to_string()))?;
    Ok(account)
}

fn mailto(contact: &str) -> String {
    if contact.contains(':') { contact.to_owned() } else { format!("mailto:{contact}") }
}

fn base64_url(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

/// Obtains a certificate for `name` and keeps it. `replaces` is the one that it follows.
pub(super) async fn obtain(
    acme: &Acme,
    account: &Account,
    challenges: &Arc<Challenges>,
    folder: &Folder,
    name: &str,
    proof: Proof,
    replaces: Option<&CertificateDer<'_>>,
) -> Result<(), Refused> {
    let identifiers = [Identifier::Dns(name.to_owned())];
    let new = || {
        let new = NewOrder::new(&identifiers);
        match &acme.profile {
            Some(profile) => new.profile(profile),
            None => new,
        }
    };
    let follows = replaces.and_then(|old| CertificateIdentifier::try_from(old).ok());
    let mut order = match follows {
        None => account.new_order(&new()).await?,
        Some(old) => match account.new_order(&new().replaces(old)).await {
            Ok(order) => order,
            // What it follows is told for better treatment only: an authority that does not know that, or
            // has it replaced already, issues all the same.
            Err(Error::Unsupported(_)) => account.new_order(&new()).await?,
            Err(Error::Api(problem)) if problem.status == Some(409) || problem.status == Some(404) => {
                account.new_order(&new()).await?
            }
            Err(error) => return Err(error.into()),
        },
    };

    let kind = match proof {
        Proof::Http01 => ChallengeType::Http01,
        Proof::TlsAlpn01 => ChallengeType::TlsAlpn01,
    };
    let mut shown: Vec<Shown> = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        match authorization.status {
            AuthorizationStatus::Valid => continue,
            AuthorizationStatus::Pending => {}
            other => return Err(Refused::for_us(format!("the authorization is {other:?}"))),
        }
        let mut challenge = authorization.challenge(kind.clone()).ok_or_else(|| {
            Refused::for_us(format!("the authority does not take {kind:?} as a proof of `{name}`"))
        })?;
        let key = challenge.key_authorization();
        shown.push(match proof {
            Proof::Http01 => challenges.show_http(&challenge.token, key.as_str()),
            Proof::TlsAlpn01 => challenges.show_tls(name, key.digest().as_ref()).map_err(Refused::for_us)?,
        });
        challenge.set_ready().await?;
    }
    let status = order.poll_ready(&PATIENCE).await;
    if !matches!(status, Ok(OrderStatus::Ready)) {
        // What it says of the challenge is what an operator can act on.
        let mut authorizations = order.authorizations();
        while let Some(Ok(mut authorization)) = authorizations.next().await {
            let Ok(state) = authorization.refresh().await else { continue };
            if let Some(problem) = state.challenges.iter().find_map(|challenge| challenge.error.clone()) {
                return Err(Error::Api(problem).into());
            }
        }
        return Err(match status {
            Err(error) => error.into(),
            Ok(other) => Refused::for_us(format!("the order is {other:?}")),
        });
    }
    drop(shown);

    let broken = |error: rcgen::Error| Refused::for_us(error.to_string());
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(broken)?;
    let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(broken)?;
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(&key).map_err(broken)?;
    order.finalize_csr(request.der()).await?;
    let chain = order.poll_certificate(&PATIENCE).await?;
    let key = zeroize::Zeroizing::new(key.serialize_pem());
    // Nothing that could not be served takes the place of what is served.
    certified(chain.as_bytes(), key.as_bytes())
        .map_err(|why| Refused::for_us(format!("what the authority issued cannot be served: {why}")))?;
    folder.keep_certificate(name, &key, &chain).map_err(|error| Refused::for_us(error.to_string()))
}
