//! API keys: how programs say who they are, in `Authorization: Bearer pk_…`.
//!
//! - A key is `pk_`, 16 hexadecimal digits that name it, `_`, and 256 random bits in base64url. The fixed beginning
//!   lets scanners for leaked secrets know it.
//! - Only the SHA-256 of the whole is kept: with 256 random bits nothing is won by a slow hash, which a key would
//!   pay at every request (ASVS 5.0, 11.4.2 is about passwords).
//! - A key is its user's, may do what its scopes say, and ends by itself. A disabled user's keys let nobody in.
//! - Last use is written at most every ten minutes ([`WRITTEN`]): a busy key must not be a busy disk.
//! - A service account is a user without a password and without an address that mail could reach
//!   ([`service_account`]): nobody signs in as one by a page.
//!
//! Not stopped here: a key that leaked works until it is revoked or ends. It is bearer.

mod key;
#[cfg(test)]
mod tests;

use std::time::Duration;

use portcullis_store::{Credential, CredentialKind, Instant, NewUser, People, Standing, User, UserId};
use zeroize::Zeroizing;

use crate::Unavailable;
use crate::random::random;
use key::{ApiKey, Content};

pub use key::{BadScope, Scope};

/// How long a use is not written again.
pub const WRITTEN: Duration = Duration::from_secs(600);

/// The domain of service accounts. No mail can be sent there (RFC 2606 section 2).
pub const SERVICES: &str = "@service.invalid";

/// A new key.
pub struct Issued {
    /// What the program sends. It is shown once.
    pub text: Zeroizing<String>,
    /// Names it in lists.
    pub id: String,
}

/// A key as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Names it: what stands behind `pk_`.
    pub id: String,
    /// What its owner calls it.
    pub label: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub made: Instant,
    /// When it was last used, to within ten minutes.
    pub used: Option<Instant>,
    /// When it ends; `None`: when it is revoked.
    pub end: Option<Instant>,
}

/// Who a key speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// Whose key it is.
    pub user: User,
    /// Names the key.
    pub id: String,
    /// What its owner calls it.
    pub label: String,
    /// What it may do. Without any it may do what its user may.
    pub scopes: Vec<Scope>,
}

/// Makes a key for this user.
///
/// # Errors
/// When the store is away or the system has no randomness.
pub async fn issue(
    people: &dyn People,
    user: UserId,
    label: &str,
    scopes: Vec<Scope>,
    end: Option<Instant>,
    now: Instant,
) -> Result<Issued, Unavailable> {
    let key = ApiKey::draw()?;
    let content = Content { id: key.id(), scopes, end };
    let credential = Credential {
        key: key.stored(),
        user,
        kind: CredentialKind::ApiKey,
        label: label.chars().filter(|one| !one.is_control()).take(64).collect(),
        content: content.write(),
        made: now,
        used: None,
    };
    match people.add_credential(credential).await? {
        Ok(()) => Ok(Issued { text: key.text(), id: content.id }),
        // 256 random bits do not meet: the system's randomness is none.
        Err(portcullis_store::Taken) => Err(Unavailable::NoRandomness),
    }
}

/// Who `bearer` speaks for; `None` when it is no key of ours, was revoked, is over, or its user may not sign in.
///
/// # Errors
/// When the store is away: then it is not known, and nobody is let in.
pub async fn find(people: &dyn People, bearer: &str, now: Instant) -> Result<Option<Bearer>, Unavailable> {
    let Some(key) = ApiKey::read(bearer) else {
        return Ok(None);
    };
    let Some(credential) = people.credential(CredentialKind::ApiKey, key.stored()).await? else {
        return Ok(None);
    };
    let content = Content::read(&credential.content)?;
    if content.end.is_some_and(|end| end <= now) {
        return Ok(None);
    }
    let Some(user) = people.user(credential.user).await? else {
        return Ok(None);
    };
    if user.standing != Standing::Active {
        return Ok(None);
    }
    if credential.used.is_none_or(|used| now.saturating_sub(used) >= WRITTEN) {
        // That a use cannot be written down keeps nobody out.
        let _ = people.use_credential(CredentialKind::ApiKey, credential.key, credential.content, now).await;
    }
    Ok(Some(Bearer { user, id: content.id, label: credential.label, scopes: content.scopes }))
}

/// A user's keys, oldest first, also those that are over.
///
/// # Errors
/// When the store is away or holds what cannot be read.
pub async fn list(people: &dyn People, user: UserId) -> Result<Vec<Listed>, Unavailable> {
    let kept = people.credentials(user, CredentialKind::ApiKey).await?;
    kept.into_iter()
        .map(|credential| {
            let Content { id, scopes, end } = Content::read(&credential.content)?;
            let Credential { label, made, used, .. } = credential;
            Ok(Listed { id, label, scopes, made, used, end })
        })
        .collect()
}

/// Revokes a key of this user; `false` when they have none of this name.
///
/// # Errors
/// When the store is away: the key may still be good.
pub async fn revoke(people: &dyn People, user: UserId, id: &str) -> Result<bool, Unavailable> {
    for credential in people.credentials(user, CredentialKind::ApiKey).await? {
        if Content::read(&credential.content)?.id == id {
            return Ok(people.remove_credential(user, CredentialKind::ApiKey, credential.key).await?);
        }
    }
    Ok(false)
}

/// Makes a service account: `None` when there is one of this name. The name is of small letters, digits and `-`.
///
/// # Errors
/// When the store is away or the system has no randomness.
pub async fn service_account(
    people: &dyn People,
    name: &ServiceName,
    roles: Vec<String>,
    now: Instant,
) -> Result<Option<UserId>, Unavailable> {
    let id = UserId(random()?);
    let user = NewUser {
        id,
        email: format!("{}{SERVICES}", name.0),
        name: name.0.clone(),
        password: None,
        standing: Standing::Active,
        roles,
        lapses: None,
    };
    Ok(people.add(user, now).await?.ok().map(|()| id))
}

/// Whether this is a service account: it has no pages, no mail and no password.
#[must_use]
pub fn is_service(user: &User) -> bool {
    user.email.ends_with(SERVICES)
}

/// A name for a service account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceName(String);

impl ServiceName {
    /// A name of 1 to 40 small letters, digits and `-`; `None` for anything else.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let plain =
            name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        (plain && (1..=40).contains(&name.len())).then(|| Self(name.to_owned()))
    }
}
