//! The owner's second factors: apps, passkeys, recovery codes, identities at providers.

use askama::Template;
use http::StatusCode;
use portcullis::layers::caller::session::{Factors, Notice};
use portcullis_store::{CredentialKind, Key, User};

use super::super::account::again;
use super::super::view::Frame;
use super::super::words::fill;
use super::super::{Ask, Page, Pages};
use super::{Words, oidc, passkeys, recovery, totp};
use crate::accounts::{Fault, Happened};
use crate::mail::utc;

/// One thing that can be taken away.
struct Item {
    key: String,
    label: String,
    used: String,
}

#[derive(Template)]
#[template(path = "factors.html")]
struct FactorsPage<'a> {
    frame: Frame<'a>,
    means: &'static Words,
    done: bool,
    apps: Vec<Item>,
    passkeys: Vec<Item>,
    identities: Vec<Item>,
    providers: Vec<(String, String)>,
    left: String,
    /// Whether there is something that recovery codes stand in for.
    second: bool,
}

#[derive(Template)]
#[template(path = "enrol.html")]
struct EnrolPage<'a> {
    frame: Frame<'a>,
    means: &'static Words,
    problem: Option<&'static str>,
    picture: String,
    typed: String,
    sealed: String,
}

#[derive(Template)]
#[template(path = "codes.html")]
struct CodesPage<'a> {
    frame: Frame<'a>,
    means: &'static Words,
    codes: Vec<String>,
}

impl Pages {
    pub(in super::super) async fn factors_page(&self, ask: &Ask, user: &User) -> Result<Page, Fault> {
        if ask.carried("add") == "app" {
            if !self.is_fresh(ask) {
                return Ok(again(ask));
            }
            let offer = totp::offer(user.id, &self.means()?.keys, ask.visit.now)?;
            return Ok(self.enrol_page(ask, user, &offer.secret, offer.sealed, None));
        }
        let means = ask.means();
        let people = self.means()?.people.as_ref();
        let used = |used: Option<std::time::Duration>| {
            used.map_or_else(|| means.never_used.to_owned(), |at| fill(means.used, &[("date", &utc(at))]))
        };
        let item = |key: Key, label: String, at| Item { key: key.to_string(), label, used: used(at) };
        let apps: Vec<Item> = totp::list(people, user.id)
            .await?
            .into_iter()
            .map(|app| item(app.key, app.label, app.used))
            .collect();
        let passkeys: Vec<Item> = passkeys::list(people, user.id)
            .await?
            .into_iter()
            .map(|one| item(one.key, one.label, one.used))
            .collect();
        let known = &self.means()?.providers;
        let identities =
            people.credentials(user.id, CredentialKind::External).await?.into_iter().map(|identity| {
                let issuer = String::from_utf8_lossy(&identity.content).into_owned();
                let named = known.iter().find(|one| one.relying.issuer() == issuer);
                let name = named.map_or(issuer.as_str(), |named| named.label.as_str());
                item(identity.key, format!("{name}: {}", identity.label), identity.used)
            });
        let providers = known.iter().map(|provider| {
            let address = format!("/.portcullis/oidc/{}/start?link=yes", provider.relying.name());
            (address, fill(means.add_provider, &[("provider", &provider.label)]))
        });
        let left = recovery::left(people, user.id).await?;
        let page = FactorsPage {
            frame: Frame::new(ask, &self.brand, means.factors_title),
            done: ask.carried("done") == "yes",
            second: !apps.is_empty() || !passkeys.is_empty(),
            left: fill(means.codes_left, &[("n", &left.to_string())]),
            identities: identities.collect(),
            providers: providers.collect(),
            means,
            apps,
            passkeys,
        };
        Ok(Page::of(StatusCode::OK, page.render()).with_script())
    }

    fn enrol_page(
        &self,
        ask: &Ask,
        user: &User,
        secret: &totp::Secret,
        sealed: String,
        problem: Option<&'static str>,
    ) -> Page {
        let means = ask.means();
        let picture = secret.picture(&self.brand.app, &user.email);
        let page = EnrolPage {
            frame: Frame::new(ask, &self.brand, means.add_app),
            means,
            problem,
            picture: picture.map(|picture| picture.to_string()).unwrap_or_default(),
            typed: secret.typed().to_string(),
            sealed,
        };
        let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        Page::of(status, page.render())
    }

    pub(in super::super) async fn change_factors(&self, ask: &Ask, user: &User) -> Result<Page, Fault> {
        if !self.is_fresh(ask) {
            return Ok(again(ask));
        }
        let people = self.means()?.people.as_ref();
        let key = ask.field("key").parse::<Key>().ok();
        let removed = match (ask.field("do"), key) {
            ("app", _) => return self.enrol(ask, user).await,
            ("codes", _) => {
                let codes = recovery::renew(people, user.id, ask.visit.now).await?;
                let cookies = self.changed(ask, user, Factors::NONE).await?;
                return Ok(self.codes_page(ask, &codes).cookies(cookies));
            }
            ("remove-app", Some(key)) => totp::remove(people, user.id, key).await?,
            ("remove-passkey", Some(key)) => passkeys::remove(people, user.id, key).await?,
            ("remove-identity", Some(key)) => {
                // The last way in stays.
                let others = people.credentials(user.id, CredentialKind::External).await?.len() > 1;
                let passkeys = !passkeys::list(people, user.id).await?.is_empty();
                let way = user.password.is_some() || others || passkeys;
                way && oidc::unlink(people, user.id, key).await?
            }
            _ => false,
        };
        if !removed {
            return Ok(Page::see("/.portcullis/account/factors"));
        }
        let second = !totp::list(people, user.id).await?.is_empty()
            || !passkeys::list(people, user.id).await?.is_empty();
        if !second {
            recovery::forget(people, user.id).await?;
        }
        self.accounts.happened(user.id, Happened::FactorsChanged, &ask.visit);
        let cookies = self.changed(ask, user, Factors::NONE).await?;
        Ok(Page::see("/.portcullis/account/factors?done=yes").cookies(cookies).notice(Notice {
            code: "account.factor_removed",
            user: Some(user.id.to_string()),
            detail: format!("`{}`", ask.field("do").escape_debug()),
        }))
    }

    async fn enrol(&self, ask: &Ask, user: &User) -> Result<Page, Fault> {
        let (ground, now, sealed) = (self.means()?.ground(), ask.visit.now, ask.field("sealed"));
        let means = ask.means();
        let (typed, label) = (ask.field("code"), ask.field("label"));
        let problem = match totp::finish(ground, user.id, sealed, typed, label, now).await? {
            totp::Enrolled::Yes => return self.enrolled(ask, user, Factors::TOTP).await,
            totp::Enrolled::WrongCode => means.wrong_code,
            totp::Enrolled::Over => means.offer_over,
            totp::Enrolled::TooMany => return Ok(Page::see("/.portcullis/account/factors")),
        };
        Ok(match totp::offered(user.id, sealed, &self.means()?.keys, now) {
            Some(secret) if problem == means.wrong_code => {
                self.enrol_page(ask, user, &secret, sealed.to_owned(), Some(problem))
            }
            _ => {
                let offer = totp::offer(user.id, &self.means()?.keys, now)?;
                self.enrol_page(ask, user, &offer.secret, offer.sealed, Some(problem))
            }
        })
    }

    /// A factor was added; whoever has no recovery codes gets some.
    pub(super) async fn enrolled(&self, ask: &Ask, user: &User, factor: Factors) -> Result<Page, Fault> {
        let people = self.means()?.people.as_ref();
        self.accounts.happened(user.id, Happened::FactorsChanged, &ask.visit);
        let cookies = self.changed(ask, user, factor).await?;
        let page = if recovery::left(people, user.id).await? == 0 {
            let codes = recovery::renew(people, user.id, ask.visit.now).await?;
            self.codes_page(ask, &codes)
        } else {
            Page::see("/.portcullis/account/factors?done=yes")
        };
        let names = factor.names().collect::<Vec<_>>().join("`, `");
        Ok(page.cookies(cookies).notice(Notice {
            code: "account.factor_added",
            user: Some(user.id.to_string()),
            detail: format!("`{names}`"),
        }))
    }

    fn codes_page(&self, ask: &Ask, codes: &[zeroize::Zeroizing<String>]) -> Page {
        let means = ask.means();
        let page = CodesPage {
            frame: Frame::new(ask, &self.brand, means.codes),
            means,
            codes: codes.iter().map(|code| code.to_string()).collect(),
        };
        Page::of(StatusCode::OK, page.render())
    }
}
