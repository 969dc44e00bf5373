mod accounts;
mod attempts;
mod carried;
mod logouts;
pub(crate) mod provider;
mod tokens;

use std::sync::Arc;

use url::Url;
use zeroize::Zeroizing;

use self::provider::{Provider, Signer};
use super::*;
use crate::testing::{House, at};

/// The browser that asks, in these tests.
const BOUND: &[u8] = b"cookie of the browser";
const CALLBACK: &str = "https://notes.example/.portcullis/oidc/idp/callback";
pub(crate) const ISSUER: &str = "https://idp.example";

/// A gate at a provider that does what a test wants.
struct Scene {
    house: House,
    provider: Arc<Provider>,
    relying: Relying,
}

impl Scene {
    async fn new() -> Self {
        Self::with(Provider::new(Signer::es256("one"))).await
    }

    async fn with(provider: Provider) -> Self {
        let provider = Arc::new(provider);
        let relying = Relying::new(registration("idp"), provider.clone());
        Self { house: House::new().await, provider, relying }
    }

    /// Goes to the provider; gives what comes back by the browser.
    async fn goes(&self, began: &Began<'_>, seconds: u64) -> Vec<(String, String)> {
        let url = self.relying.begin(self.house.ground(), began, at(seconds)).await.unwrap();
        self.provider.authorize(&Url::parse(&url).unwrap())
    }

    /// Comes back with these parameters.
    async fn comes(&self, query: &[(String, String)], seconds: u64) -> Result<Vouched, CallbackError> {
        self.relying.complete(self.house.ground(), query, CALLBACK, BOUND, at(seconds)).await
    }

    /// There and back.
    async fn whole(&self) -> Result<Vouched, CallbackError> {
        let query = self.goes(&began(), 0).await;
        self.comes(&query, 5).await
    }
}

pub(crate) fn registration(name: &str) -> Registration {
    Registration {
        name: name.to_owned(),
        issuer: ISSUER.to_owned(),
        client_id: "notes".to_owned(),
        client_secret: Some(Zeroizing::new("s/cret +".to_owned())),
        scopes: vec!["openid".to_owned(), "email".to_owned()],
        keep_tokens: true,
    }
}

fn began() -> Began<'static> {
    Began { redirect_uri: CALLBACK, bound: BOUND, return_to: "/notes", ..Began::default() }
}

/// The same parameters with one changed, or without it.
fn changed(query: &[(String, String)], name: &str, value: Option<&str>) -> Vec<(String, String)> {
    let mut query: Vec<_> = query.iter().filter(|(known, _)| known != name).cloned().collect();
    query.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    query
}
