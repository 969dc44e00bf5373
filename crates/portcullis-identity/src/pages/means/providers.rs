//! The way to a provider and back.

use bytes::Bytes;
use http::StatusCode;
use portcullis::layers::caller::session::{Factors, Notice};
use portcullis_store::Standing;
use serde_json::json;

use super::super::account::again;
use super::super::view::Form;
use super::super::words::fill;
use super::super::{Ask, Outside, Page, Pages, Seat, local};
use super::Provider;
use crate::accounts::{Email, Fault, Happened};
use crate::oidc::{self, Began, CallbackError, Settled, Unsettled};

impl Pages {
    /// `NAME/start`, `NAME/callback` or `NAME/backchannel-logout`; `None` where there is no such provider.
    pub(super) async fn provider(&self, ask: &Ask, what: &str) -> Option<Result<Page, Fault>> {
        let (name, step) = what.split_once('/')?;
        let provider = self.means.as_ref()?.provider(name)?;
        Some(match (step, ask.is_post()) {
            // A script cannot follow: it is told so in its own words instead of a page of HTML.
            ("start", false) if !ask.navigates => {
                let told = json!({ "error": "sign_in_required", "sign_in": "/.portcullis/sign-in" });
                let body = Bytes::from(told.to_string());
                Ok(Page::new(StatusCode::UNAUTHORIZED, body, "application/json"))
            }
            ("start", false) => self.start(ask, provider).await,
            ("callback", false) => self.callback(ask, provider).await,
            ("backchannel-logout", true) => self.backchannel(ask, provider).await,
            _ => return None,
        })
    }

    async fn start(&self, ask: &Ask, provider: &Provider) -> Result<Page, Fault> {
        let link = if ask.carried("link") == "yes" {
            let Some(user) = self.owner(ask).await?.filter(|_| self.is_fresh(ask)) else {
                return Ok(again(ask));
            };
            Some(user.id)
        } else {
            None
        };
        let (bound, cookie) = self.browser(ask)?;
        let return_to = local(&ask.visit.origin, ask.carried("return_to")).unwrap_or_else(|| "/".to_owned());
        let began = Began {
            redirect_uri: &callback(ask, provider),
            bound: &bound,
            return_to: &return_to,
            link,
            // Somebody who is signed in already comes to prove it again.
            again: link.is_none() && ask.person.is_some(),
        };
        match provider.relying.begin(self.means()?.ground(), &began, ask.visit.now).await {
            Ok(url) => Ok(Page::see(&url).cookies(cookie)),
            Err(error) => self.not_vouched(ask, provider, &error),
        }
    }

    async fn callback(&self, ask: &Ask, provider: &Provider) -> Result<Page, Fault> {
        let ground = self.means()?.ground();
        let now = ask.visit.now;
        let bound = ask.presented.attempt.as_deref().map(|bound| bound.as_bytes()).unwrap_or_default();
        let redirect_uri = callback(ask, provider);
        let vouched = match provider.relying.complete(ground, &ask.query, &redirect_uri, bound, now).await {
            Ok(vouched) => vouched,
            Err(error) => return self.not_vouched(ask, provider, &error),
        };
        // Whoever began to add an identity must still be the one who is signed in.
        if let Some(user) = vouched.link {
            let same = self.owner(ask).await?.is_some_and(|owner| owner.id == user);
            if !same {
                return self.not_vouched(ask, provider, &CallbackError::Over);
            }
        }
        let email = vouched.email.as_deref().and_then(Email::parse).map(|email| email.as_str().to_owned());
        let people = self.means()?.people.as_ref();
        let means = ask.means();
        let user = match oidc::settle(people, &vouched, email, provider.rules, now).await? {
            Settled::Linked(user) => {
                self.accounts.happened(user, Happened::FactorsChanged, &ask.visit);
                return Ok(Page::see("/.portcullis/account/factors?done=yes"));
            }
            Settled::SignIn(user) | Settled::Made(user) => user,
            Settled::Nobody(why) => {
                let lead = match why {
                    Unsettled::OfAnother => means.provider_of_another,
                    Unsettled::AccountExists => means.provider_account_exists,
                    Unsettled::Closed => means.provider_closed,
                    Unsettled::NoVerifiedEmail => means.provider_no_email,
                };
                return Ok(self.sorry(ask, provider, lead, StatusCode::FORBIDDEN));
            }
        };
        let user = self.accounts.user(user).await?.filter(|user| user.standing == Standing::Active);
        let Some(user) = user else {
            return Ok(self.sorry(ask, provider, means.provider_closed, StatusCode::FORBIDDEN));
        };
        let end = now.saturating_add(self.sessions.config().absolute);
        oidc::remember(people, &vouched, user.id, end).await?;
        let external = oidc::external(provider.relying.name(), &vouched)?;
        let outside = Outside::new(external, vouched.granted);
        if self.accounts.needs_factor(user.id).await? {
            let (factors, to) = (Factors::EXTERNAL, vouched.return_to.as_str());
            return self.second_step(ask, &user, factors, None, Some(&outside), to).await;
        }
        let (factors, how) = (Factors::EXTERNAL, Happened::SignedIn);
        let seat =
            Seat { factors, how, remember: None, outside: Some(outside), return_to: &vouched.return_to };
        self.seat(ask, &user, seat).await
    }

    /// OpenID Connect Back-Channel Logout 1.0 section 2.8: 200 where the sessions are over, 400 where they are not.
    async fn backchannel(&self, ask: &Ask, provider: &Provider) -> Result<Page, Fault> {
        let (ground, now) = (self.means()?.ground(), ask.visit.now);
        let empty = |status| Page::new(status, Bytes::new(), "text/plain; charset=utf-8");
        let out = match provider.relying.log_out(ground, ask.field("logout_token"), now).await {
            Ok(out) => out,
            Err(oidc::BadLogout::Unavailable(away)) => return Err(away.into()),
            Err(error) => {
                return Ok(empty(StatusCode::BAD_REQUEST).notice(Notice {
                    code: "account.provider_logout_refused",
                    user: None,
                    detail: error.to_string(),
                }));
            }
        };
        let ended = oidc::ended_by(ground, &out, now).await?;
        let Some((user, keys)) = ended else { return Ok(empty(StatusCode::OK)) };
        self.sessions.changed(user);
        Ok(empty(StatusCode::OK).notice(Notice {
            code: "account.provider_logout",
            user: Some(user.to_string()),
            detail: format!("the provider ended `{}` sessions", keys.len()),
        }))
    }

    fn not_vouched(&self, ask: &Ask, provider: &Provider, error: &CallbackError) -> Result<Page, Fault> {
        let means = ask.means();
        let (lead, status) = match error {
            CallbackError::Unavailable(away) => return Err(away.clone().into()),
            CallbackError::Over | CallbackError::Malformed => (means.provider_over, StatusCode::BAD_REQUEST),
            CallbackError::Declined(_) => (means.provider_declined, StatusCode::FORBIDDEN),
            CallbackError::Provider(_) => (means.provider_away, StatusCode::BAD_GATEWAY),
            CallbackError::MixedUp | CallbackError::Token(_) | CallbackError::OtherSubject => {
                (means.provider_wrong, StatusCode::FORBIDDEN)
            }
        };
        Ok(self.sorry(ask, provider, lead, status).notice(Notice {
            code: "account.provider_refused",
            user: None,
            detail: format!("`{}`: {error}", provider.relying.name()),
        }))
    }

    fn sorry(&self, ask: &Ask, provider: &Provider, lead: &str, status: StatusCode) -> Page {
        let form = Form {
            title: ask.means().provider_title.to_owned(),
            lead: fill(lead, &[("provider", &provider.label)]),
            links: vec![("/.portcullis/sign-in".to_owned(), ask.words.back)],
            ..Form::default()
        };
        form.show(ask, &self.brand).with_status(status)
    }
}

fn callback(ask: &Ask, provider: &Provider) -> String {
    format!("{}/.portcullis/oidc/{}/callback", ask.visit.origin, provider.relying.name())
}
