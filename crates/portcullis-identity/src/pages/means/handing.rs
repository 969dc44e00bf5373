//! The access token of a provider for the app, renewed in time.
//!
//! Only where the policy says `hand_access_token`, and only for sessions that came from that provider. Of many requests
//! at many gates one renews a token that is about to end ([`crate::oidc::Granted`]); the others go on with the old one
//! while it lasts, and wait a moment for the new one where it does not. While the provider is away requests go on
//! without a token, once the old one is over: no request is refused for that.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use portcullis::layers::caller::session::Notice;
use portcullis_store::{External, Grant, Key, StoreError};

use super::super::Pages;
use super::{Means, Provider};
use crate::oidc::{Granted, NotRenewed};
use crate::random::digest;

/// So long before its end a token is renewed.
const EARLY: Duration = Duration::from_secs(60);
/// How long whoever renews a token has for it: longer than the provider and the store are waited for.
const LEASE: Duration = Duration::from_secs(20);
/// How often, and for how long each time, is looked for the token that another renews.
const LOOKS: (usize, Duration) = (40, Duration::from_millis(50));
/// How many sessions are remembered for a moment.
const MOST: usize = 16_384;

/// What was handed out a moment ago, and no longer.
#[derive(Default)]
pub(in crate::pages) struct Handed(Mutex<Lately>);

#[derive(Default)]
struct Lately {
    tokens: HashMap<Key, Recent>,
    /// When what was older was last dropped.
    swept: Duration,
}

struct Recent {
    read: Duration,
    token: Option<HeaderValue>,
    /// When the token ends, where that is known.
    end: Option<Duration>,
}

impl Handed {
    fn lock(&self) -> MutexGuard<'_, Lately> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session has ended.
    pub(in crate::pages) fn forget(&self, session: Key) {
        self.lock().tokens.remove(&session);
    }
}

impl Lately {
    fn put(&mut self, session: Key, recent: Recent, memory: Duration) {
        let now = recent.read;
        if now.saturating_sub(self.swept) >= memory {
            self.swept = now;
            self.tokens.retain(|_, old| now.saturating_sub(old.read) < memory);
        }
        if self.tokens.len() < MOST {
            self.tokens.insert(session, recent);
        }
    }
}

impl Pages {
    /// What the app is handed with a request of this session, if anything. A store that is away hands nothing out.
    pub(crate) async fn handed(&self, session: Key, now: Duration) -> Option<HeaderValue> {
        let means = self.means.as_ref().filter(|means| means.providers.iter().any(|one| one.hands))?;
        let memory = self.sessions.config().memory;
        if let Some(recent) = self.handed.lock().tokens.get(&session)
            && now.checked_sub(recent.read).is_some_and(|age| age < memory)
            && recent.end.is_none_or(|end| now < end)
        {
            return recent.token.clone();
        }
        let granted = self.find_granted(means, session, now).await.unwrap_or_else(|error| {
            let detail = format!("the app was handed no token: {error}");
            (means.tell)(Notice { code: "account.provider_token_away", user: None, detail });
            None
        });
        let token = granted.as_ref().and_then(|granted| {
            let mut value = HeaderValue::from_str(granted.access(now)?).ok()?;
            value.set_sensitive(true);
            Some(value)
        });
        let end = granted.and_then(|granted| granted.access_end());
        self.handed.lock().put(session, Recent { read: now, token: token.clone(), end }, memory);
        token
    }

    async fn find_granted(
        &self,
        means: &Means,
        session: Key,
        now: Duration,
    ) -> Result<Option<Granted>, StoreError> {
        let Some(external) = self.sessions.external(session, now).await? else { return Ok(None) };
        match means.provider(&external.provider).filter(|provider| provider.hands) {
            Some(provider) => means.renewed(provider, &external, now).await,
            None => Ok(None),
        }
    }
}

impl Means {
    /// What was granted, renewed if it is about to end.
    async fn renewed(
        &self,
        provider: &Provider,
        external: &External,
        now: Duration,
    ) -> Result<Option<Granted>, StoreError> {
        let id = external.grant;
        let (looks, pause) = LOOKS;
        for _ in 0..looks {
            let Some(Grant { version, content }) = self.sessions.grant(id).await? else { return Ok(None) };
            let Some(granted) = Granted::open(&content, id, &self.keys) else { return Ok(None) };
            if !granted.is_due(now, EARLY) {
                return Ok(Some(granted));
            }
            let lease = Key(digest(&[b"oidc renewal", &id.0, &version.to_be_bytes()]));
            if self.sessions.first_use(lease, now.saturating_add(LEASE), now).await? {
                return self.renew(provider, id, version, granted, now).await.map(Some);
            }
            if granted.access(now).is_some() {
                return Ok(Some(granted));
            }
            tokio::time::sleep(pause).await;
        }
        Ok(None)
    }

    /// Asks the provider; nobody else does now. What it says is written down before it is used.
    async fn renew(
        &self,
        provider: &Provider,
        id: Key,
        version: u32,
        granted: Granted,
        now: Duration,
    ) -> Result<Granted, StoreError> {
        let next = match provider.relying.renew(&granted, now).await {
            Ok(next) => next,
            Err(failure) => {
                let detail = format!("`{}`: {failure}", provider.relying.name());
                (self.tell)(Notice { code: "account.provider_token_not_renewed", user: None, detail });
                if failure != NotRenewed::Dead {
                    return Ok(granted);
                }
                granted.without_refresh()
            }
        };
        let sealed = next
            .close(id, &self.keys)
            .ok_or_else(|| StoreError::Away("the system gives no randomness".to_owned()))?;
        // The provider takes the old one no more: what it gave instead is worth some patience.
        let mut kept = self.sessions.renew_grant(id, version, sealed.clone()).await;
        for _ in 0..10 {
            if kept.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            kept = self.sessions.renew_grant(id, version, sealed.clone()).await;
        }
        kept.map(|_| next)
    }
}
