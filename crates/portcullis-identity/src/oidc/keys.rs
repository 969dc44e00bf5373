//! Providers, and what is known of each.

use std::sync::Arc;
use std::time::Duration;

use portcullis_store::Instant;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::fetch::{Fetch, FetchFailure, get, json};
use super::jose::{BadToken, KeySet, Verified};
use super::metadata::{Metadata, discover};

/// How long what a provider says about itself is taken for true.
const LASTS: Duration = Duration::from_secs(3600);

/// How often keys are asked for again because a token names one that is not known: whoever sends such tokens must not
/// make us a nuisance to the provider.
const KEYS_AGAIN: Duration = Duration::from_secs(30);

/// As whom the gate is registered at a provider.
pub struct Registration {
    /// What the provider is called in addresses.
    pub name: String,
    /// Its issuer, to the letter.
    pub issuer: String,
    /// The id that it gave us.
    pub client_id: String,
    /// The secret that it gave us; without one, PKCE alone stands for us.
    pub client_secret: Option<Zeroizing<String>>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Whether the access token and what renews it are kept.
    pub keep_tokens: bool,
}

/// One provider that people come from.
pub struct Relying {
    pub(super) registration: Registration,
    pub(super) fetch: Arc<dyn Fetch>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(Instant, Arc<Metadata>)>,
    keys: Option<(Instant, Arc<KeySet>)>,
}

impl Relying {
    /// A provider. Nothing is asked of it before somebody comes.
    #[must_use]
    pub fn new(registration: Registration, fetch: Arc<dyn Fetch>) -> Self {
        Self { registration, fetch, known: Mutex::default() }
    }

    /// What the provider is called in addresses.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.registration.name
    }

    /// Its issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.registration.issuer
    }

    /// What it says about itself, at most an hour old; older when it cannot be asked now.
    pub(super) async fn metadata(&self, now: Instant) -> Result<Arc<Metadata>, FetchFailure> {
        let mut known = self.known.lock().await;
        if let Some((at, metadata)) = &known.metadata
            && now.saturating_sub(*at) < LASTS
        {
            return Ok(metadata.clone());
        }
        match discover(self.fetch.as_ref(), &self.registration.issuer).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                known.metadata = Some((now, metadata.clone()));
                Ok(metadata)
            }
            Err(failure) => known.metadata.as_ref().map(|(_, old)| old.clone()).ok_or(failure),
        }
    }

    /// A token that the provider signed. A key that is not known may be new: then the keys are asked for again.
    pub(super) async fn verify(&self, token: &str, now: Instant) -> Result<Verified, TokenFailure> {
        let metadata = self.metadata(now).await?;
        let keys = self.keys(&metadata, now, LASTS).await?;
        match keys.verify(token, &metadata.algorithms) {
            Err(BadToken::UnknownKey) => {
                let keys = self.keys(&metadata, now, KEYS_AGAIN).await?;
                Ok(keys.verify(token, &metadata.algorithms)?)
            }
            other => Ok(other?),
        }
    }

    /// The keys, no older than `age`. Who asks while somebody is asking waits for that answer.
    async fn keys(
        &self,
        metadata: &Metadata,
        now: Instant,
        age: Duration,
    ) -> Result<Arc<KeySet>, FetchFailure> {
        let mut known = self.known.lock().await;
        if let Some((at, keys)) = &known.keys
            && now.saturating_sub(*at) < age
        {
            return Ok(keys.clone());
        }
        let written: serde_json::Value = json(self.fetch.as_ref(), get(&metadata.keys)?).await?;
        let keys = KeySet::read(&written).ok_or_else(|| FetchFailure::Unusable {
            url: metadata.keys.clone(),
            what: "no key set".to_owned(),
        })?;
        let keys = Arc::new(keys);
        known.keys = Some((now, keys.clone()));
        Ok(keys)
    }
}

/// A token could not be verified, or is bad.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenFailure {
    #[error(transparent)]
    Fetch(#[from] FetchFailure),
    #[error(transparent)]
    Bad(#[from] BadToken),
}
