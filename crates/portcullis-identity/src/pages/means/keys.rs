//! The owner's API keys.

use std::time::Duration;

use askama::Template;
use http::StatusCode;
use portcullis::layers::caller::session::Notice;
use portcullis_store::User;

use super::super::account::again;
use super::super::view::Frame;
use super::super::words::fill;
use super::super::{Ask, Page, Pages};
use super::Words;
use crate::accounts::{Fault, Happened};
use crate::keys::{self, Scope};
use crate::mail::utc;

/// The most keys of one user.
const MOST: usize = 50;

struct Item {
    id: String,
    label: String,
    about: String,
}

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage<'a> {
    frame: Frame<'a>,
    means: &'static Words,
    items: Vec<Item>,
    /// A key that was made just now.
    text: Option<String>,
    problem: Option<&'static str>,
}

impl Pages {
    pub(in super::super) async fn keys_page(&self, ask: &Ask, user: &User) -> Result<Page, Fault> {
        self.keys_with(ask, user, None, None).await
    }

    async fn keys_with(
        &self,
        ask: &Ask,
        user: &User,
        text: Option<String>,
        problem: Option<&'static str>,
    ) -> Result<Page, Fault> {
        let means = ask.means();
        let date = |at: Duration| utc(at);
        let items = keys::list(self.means()?.people.as_ref(), user.id).await?.into_iter().map(|key| {
            let scopes: Vec<&str> = key.scopes.iter().map(Scope::as_str).collect();
            let used = key
                .used
                .map_or_else(|| means.never_used.to_owned(), |at| fill(means.used, &[("date", &date(at))]));
            let end = key.end.map(|end| fill(means.ends, &[("date", &date(end))]));
            let scopes = (!scopes.is_empty()).then(|| scopes.join(" "));
            let parts = [Some(format!("pk_{}…", key.id)), scopes, Some(used), end];
            Item {
                about: parts.into_iter().flatten().collect::<Vec<_>>().join(" · "),
                id: key.id,
                label: key.label,
            }
        });
        let page = KeysPage {
            frame: Frame::new(ask, &self.brand, means.keys),
            items: items.collect(),
            means,
            text,
            problem,
        };
        let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        Ok(Page::of(status, page.render()))
    }

    pub(in super::super) async fn change_keys(&self, ask: &Ask, user: &User) -> Result<Page, Fault> {
        if !self.is_fresh(ask) {
            return Ok(again(ask));
        }
        let people = self.means()?.people.as_ref();
        let now = ask.visit.now;
        let notice = |code, id: &str| Notice {
            code,
            user: Some(user.id.to_string()),
            detail: format!("`pk_{}…`", id.escape_debug()),
        };
        if ask.field("do") == "revoke" {
            let id = ask.field("id");
            let page = Page::see("/.portcullis/account/keys");
            return Ok(if keys::revoke(people, user.id, id).await? {
                self.accounts.happened(user.id, Happened::KeyRevoked, &ask.visit);
                page.notice(notice("account.key_revoked", id))
            } else {
                page
            });
        }
        let means = ask.means();
        let scopes: Result<Vec<Scope>, _> = ask
            .field("scopes")
            .split_whitespace()
            .take(32)
            .map(|word| Scope::try_from(word.to_owned()))
            .collect();
        let days = ask.field("days").trim();
        let days = if days.is_empty() {
            Some(None)
        } else {
            days.parse::<u16>().ok().filter(|days| *days > 0).map(Some)
        };
        let (Ok(scopes), Some(days)) = (scopes, days) else {
            return self.keys_with(ask, user, None, Some(means.key_wrong)).await;
        };
        if keys::list(people, user.id).await?.len() >= MOST {
            return self.keys_with(ask, user, None, Some(means.key_many)).await;
        }
        let end = days.map(|days| now.saturating_add(Duration::from_secs(u64::from(days) * 86_400)));
        let issued = keys::issue(people, user.id, ask.field("label"), scopes, end, now).await?;
        self.accounts.happened(user.id, Happened::KeyMade, &ask.visit);
        let page = self.keys_with(ask, user, Some(issued.text.to_string()), None).await?;
        Ok(page.notice(notice("account.key_made", &issued.id)))
    }
}
