//! Passkeys as they are kept.

use portcullis_store::{Credential, CredentialKind, Instant, Key, People, UserId};
use webauthn_rs::prelude::Passkey;

use crate::Unavailable;
use crate::random::digest;

/// A passkey as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Names it.
    pub key: Key,
    /// What its owner calls it.
    pub label: String,
    /// When it was made.
    pub made: Instant,
    /// When it was last used.
    pub used: Option<Instant>,
}

/// What names a passkey in the store.
pub(super) fn key(credential_id: &[u8]) -> Key {
    Key(digest(&[b"passkey", credential_id]))
}

pub(super) fn write(passkey: &Passkey) -> Result<Vec<u8>, Unavailable> {
    serde_json::to_vec(passkey).map_err(|_| Unavailable::Unreadable)
}

pub(super) fn read(content: &[u8]) -> Result<Passkey, Unavailable> {
    serde_json::from_slice(content).map_err(|_| Unavailable::Unreadable)
}

pub(super) fn label(label: &str) -> String {
    label.chars().filter(|one| !one.is_control()).take(64).collect()
}

pub(super) async fn all(people: &dyn People, user: UserId) -> Result<Vec<Credential>, Unavailable> {
    Ok(people.credentials(user, CredentialKind::Passkey).await?)
}

/// A user's passkeys, oldest first.
///
/// # Errors
/// When the store is away.
pub async fn list(people: &dyn People, user: UserId) -> Result<Vec<Listed>, Unavailable> {
    let listed = all(people, user).await?.into_iter();
    Ok(listed.map(|Credential { key, label, made, used, .. }| Listed { key, label, made, used }).collect())
}

/// Takes a passkey away; `false` when this user has none of this name.
///
/// # Errors
/// When the store is away.
pub async fn remove(people: &dyn People, user: UserId, key: Key) -> Result<bool, Unavailable> {
    Ok(people.remove_credential(user, CredentialKind::Passkey, key).await?)
}
