//! `[[identity.provider]]`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::RawProvider;
use crate::policy::Faults;

/// A site that vouches for people, checked.
#[derive(Debug, Clone)]
pub struct Provider {
    /// What it is called in addresses.
    pub name: String,
    /// What people see.
    pub label: String,
    /// Its issuer, exactly as the provider writes it (OpenID Connect Discovery 1.0 section 4.3).
    pub issuer: String,
    /// As whom the gate is registered there.
    pub client_id: String,
    /// A file with the secret.
    pub client_secret_file: Option<PathBuf>,
    /// What is asked for; `openid` is among it.
    pub scopes: Vec<String>,
    /// Whether somebody who is not known gets an account.
    pub sign_up: bool,
    /// How an identity there becomes one of an account here.
    pub link: Link,
    /// What signing out here does about the session there.
    pub sign_out: ProviderSignOut,
    /// Whether its access token and what renews it are kept as long as the session.
    pub keep_tokens: bool,
    /// Whether the app gets the access token.
    pub hand_access_token: bool,
    /// A PEM file of authorities to trust, instead of the machine's.
    pub ca: Option<PathBuf>,
}

/// What signing out here does about the session at the provider that it came from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderSignOut {
    /// The page after it has a link to sign out there, too.
    #[default]
    Offer,
    /// The browser is sent there.
    Always,
    /// Nothing.
    Never,
}

/// How an identity at a provider becomes one of an account that exists here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Link {
    /// Its owner adds it while signed in, with a fresh proof.
    #[default]
    #[serde(rename = "signed-in")]
    SignedIn,
    /// The provider says that the address of mail is the same, and that it has verified it: whoever runs the
    /// provider, or gets a mailbox that somebody gave up, gets the account.
    #[serde(rename = "dangerous_verified_email")]
    DangerousVerifiedEmail,
}

impl Provider {
    pub(super) fn check(raw: &RawProvider, sign_up: bool, faults: &mut Faults<'_>) -> Option<Self> {
        let is_name = (1..=32).contains(&raw.name.len())
            && raw.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !is_name {
            faults.at(
                "name",
                format!("`{}` cannot stand in an address", raw.name),
                "small letters, digits and `-`, as in `\"google\"`",
            );
        }
        let local = |url: &url::Url| match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        let plain = raw.dangerous_plain == Some(true);
        let issuer = url::Url::parse(&raw.issuer).ok().filter(|url| {
            let fits = url.scheme() == "https" || (url.scheme() == "http" && plain && local(url));
            fits && url.host().is_some() && url.query().is_none() && url.fragment().is_none()
        });
        if issuer.is_none() {
            faults.at(
                "issuer",
                format!("`{}` is no issuer", raw.issuer),
                "an address with `https://`, without a query, as in `\"https://accounts.google.com\"`",
            );
        }
        if raw.client_id.is_empty() {
            faults.at("client_id", "the provider does not know who asks", "write the id that it gave you");
        }
        let mut scopes =
            raw.scopes.clone().unwrap_or_else(|| ["openid", "email", "profile"].map(Into::into).into());
        for (index, scope) in scopes.iter().enumerate() {
            if scope.is_empty() || !scope.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\') {
                faults.at(&format!("scopes[{index}]"), format!("`{scope}` is no scope"), "as in `\"email\"`");
            }
        }
        if !scopes.iter().any(|scope| scope == "openid") {
            scopes.insert(0, "openid".to_owned());
        }
        let keep_tokens = raw.keep_tokens.unwrap_or(false);
        let hand_access_token = raw.hand_access_token.unwrap_or(false);
        if hand_access_token && !keep_tokens {
            faults.at(
                "hand_access_token",
                "the app cannot be handed a token that is not kept",
                "add `keep_tokens = true`",
            );
        }
        issuer.map(|_| Self {
            name: raw.name.clone(),
            label: raw.label.clone().unwrap_or_else(|| raw.name.clone()),
            issuer: raw.issuer.clone(),
            client_id: raw.client_id.clone(),
            client_secret_file: raw.client_secret_file.clone(),
            scopes,
            sign_up: raw.sign_up.unwrap_or(sign_up),
            link: raw.link.unwrap_or_default(),
            sign_out: raw.sign_out.unwrap_or_default(),
            keep_tokens,
            hand_access_token,
            ca: raw.ca.clone(),
        })
    }
}
