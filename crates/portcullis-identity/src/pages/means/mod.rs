//! Pages for second factors, passkeys, providers and API keys.

mod factors;
mod handing;
mod keys;
mod outside;
mod passkey;
mod providers;
mod second;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use portcullis::keys::Keyring;
use portcullis::layers::caller::session::{Factors, Notice};
use portcullis::policy::identity::{Language, ProviderSignOut};
use portcullis_store::{People, Sessions, User};

pub(super) use self::handing::Handed;
use self::words::{Words, of};
use super::{Ask, Page, Pages, Row};
use crate::accounts::Fault;
use crate::oidc::{Relying, Rules};
use crate::{Ground, Unavailable, keys as api_keys, oidc, passkeys, recovery, totp};

/// What the pages of factors stand on.
pub struct Means {
    /// Where users and what they prove themselves with are kept.
    pub people: Arc<dyn People>,
    /// Where it is kept what was used once.
    pub sessions: Arc<dyn Sessions>,
    /// What is sealed is sealed with these.
    pub keys: Keyring,
    /// Sites that vouch for people.
    pub providers: Vec<Provider>,
    /// Hears what belongs into the log and to no request's answer.
    pub tell: Arc<dyn Fn(Notice) + Send + Sync>,
}

/// A site that vouches for people.
pub struct Provider {
    /// How it is asked.
    pub relying: Relying,
    /// What people see.
    pub label: String,
    /// What signing out here does about the session there.
    pub sign_out: ProviderSignOut,
    /// Whether the app gets its access token.
    pub hands: bool,
    /// What it may do.
    pub rules: Rules,
}

impl Means {
    pub(super) fn ground(&self) -> Ground<'_> {
        Ground { people: self.people.as_ref(), sessions: self.sessions.as_ref(), keys: &self.keys }
    }

    pub(super) fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.relying.name() == name)
    }
}

impl From<Unavailable> for Fault {
    fn from(unavailable: Unavailable) -> Self {
        match unavailable {
            Unavailable::Store(error) => Self::Store(error),
            Unavailable::NoRandomness => Self::NoRandomness,
            Unavailable::Unreadable => {
                Self::Store(portcullis_store::StoreError::Unreadable(unavailable.to_string()))
            }
        }
    }
}

impl Ask {
    fn means(&self) -> &'static Words {
        of(self.visit.language)
    }
}

impl Pages {
    /// Answers a page of these, `None` where it is none.
    pub(super) async fn of_means(&self, ask: &Ask) -> Option<Result<Page, Fault>> {
        self.means.as_ref()?;
        let page = ask.page.as_str();
        Some(match (page, ask.is_post()) {
            ("passkey.js", false) => {
                let script = Bytes::from_static(include_bytes!("passkey.js"));
                Ok(Page::new(StatusCode::OK, script, "text/javascript; charset=utf-8").kept())
            }
            ("second", false) => self.second_page(ask).await,
            ("second", true) => self.second(ask).await,
            _ => {
                if let Some(what) = page.strip_prefix("passkey/") {
                    self.passkey(ask, what).await
                } else if let Some(what) = page.strip_prefix("oidc/") {
                    return self.provider(ask, what).await;
                } else {
                    return None;
                }
            }
        })
    }

    /// What the pages of factors stand on.
    fn means(&self) -> Result<&Means, Fault> {
        self.means.as_ref().ok_or_else(|| Unavailable::Unreadable.into())
    }

    /// Rows for what an owner signs in with, on the account's page.
    pub(super) async fn means_rows(&self, user: &User, language: Language) -> Result<Vec<Row>, Fault> {
        let Some(means) = &self.means else { return Ok(Vec::new()) };
        let words = of(language);
        let people = means.people.as_ref();
        let row = |what: &str, count: usize, page: &str| Row {
            what: what.to_owned(),
            state: if count == 0 { words.none.to_owned() } else { count.to_string() },
            href: format!("/.portcullis/account/{page}"),
            link: words.change.to_owned(),
        };
        Ok(vec![
            row(words.passkeys, passkeys::list(people, user.id).await?.len(), "factors"),
            row(words.apps, totp::list(people, user.id).await?.len(), "factors"),
            row(words.codes, recovery::left(people, user.id).await?, "factors"),
            row(words.keys, api_keys::list(people, user.id).await?.len(), "keys"),
        ])
    }

    /// The button of a passkey on the page for signing in.
    pub(super) fn passkey_button(&self, ask: &Ask) -> Option<(&'static str, &'static str, &'static str)> {
        self.means.as_ref()?;
        let words = ask.means();
        Some(match &ask.person {
            Some(_) => ("again", words.passkey_again, words.passkey_nothing),
            None => ("sign-in", words.use_passkey, words.passkey_nothing),
        })
    }

    /// Ways to sign in beside the password: address and words.
    pub(super) fn provider_ways(&self, return_to: &str, language: Language) -> Vec<(String, String)> {
        let words = of(language);
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("return_to", return_to);
        let query = query.finish();
        let way = |provider: &Provider| {
            let address = format!("/.portcullis/oidc/{}/start?{query}", provider.relying.name());
            (address, super::words::fill(words.by_provider, &[("provider", &provider.label)]))
        };
        self.means.as_ref().map(|means| means.providers.iter().map(way).collect()).unwrap_or_default()
    }

    /// What somebody signs in with changed: their other sessions end, and this one goes on under a new id.
    async fn changed(
        &self,
        ask: &Ask,
        user: &User,
        factors: Factors,
    ) -> Result<Vec<http::HeaderValue>, Fault> {
        let begin = ask.begin(user, factors, false);
        let begun = self.sessions.prove(begin).await?;
        let (cookies, keep) = begun.map_or_else(Default::default, |begun| (begun.cookies, Some(begun.key)));
        self.sessions.end_all(user.id, keep.or_else(|| ask.session_key())).await?;
        Ok(cookies)
    }
}
