//! The pages of people below `/.portcullis/`.
//!
//! They work without a script, in four languages, and with any aid that reads HTML: fields have labels, a summary
//! of what is wrong stands first, has the focus and leads to each field, whose error is tied to it.
//!
//! - Nothing changes by `GET`. A link from a letter shows a page with a button, so that programs that follow links
//!   in mails, to scan them, don't use it up.
//! - Where a visitor wants to go on to passes the engine's guard ([`portcullis::layers::departure::redirect::return_to`]).
//! - Pages say nothing of which accounts there are; see [`crate::accounts`].
//! - Each forbids all that it does not need by its content security policy, is kept by no cache, and tells no other
//!   site its address.

mod account;
mod answer;
mod asked;
mod links;
mod means;
#[cfg(test)]
mod proof_tests;
mod sign_in;
mod sign_up;
#[cfg(test)]
mod tests;
mod view;
pub mod words;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use portcullis::layers::caller::session::{Cookie, Factors, Notice};
pub(crate) use portcullis::layers::departure::redirect::return_to as local;
use portcullis::policy::identity::Language;
use portcullis_store::{External, Key, Standing, User, UserId};
use portcullis_tower::people::{Answer, Asked};
use serde::{Deserialize, Serialize};

pub(crate) use self::answer::Page;
pub(crate) use self::asked::Ask;
pub use self::means::{Means, Provider};
pub(crate) use self::view::Row;
pub(crate) use self::view::{Field, Form};
use self::words::fill;
use crate::accounts::throttle::devices;
use crate::accounts::{Accounts, Fault, Happened};
use crate::oidc::Granted;
use crate::sessions::{Begin, Begun, SessionService};

/// What the pages look like and say of the app.
#[derive(Clone)]
pub struct Brand {
    /// The app's name.
    pub app: String,
    /// A picture: its media type and bytes.
    pub logo: Option<(&'static str, Bytes)>,
    /// The languages, the first where a visitor's is not among them.
    pub languages: Vec<Language>,
    /// Whom users reach when something is wrong.
    pub contact: Option<String>,
}

/// A sign-in at a provider, and what was granted with it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Outside {
    provider: String,
    subject: [u8; 32],
    session: Option<[u8; 32]>,
    grant: [u8; 32],
    granted: Granted,
}

impl Outside {
    pub(crate) fn new(external: External, granted: Granted) -> Self {
        let External { provider, subject, session, grant } = external;
        Self { provider, subject: subject.0, session: session.map(|key| key.0), grant: grant.0, granted }
    }

    fn external(&self) -> External {
        External {
            provider: self.provider.clone(),
            subject: Key(self.subject),
            session: self.session.map(Key),
            grant: Key(self.grant),
        }
    }
}

/// How somebody is signed in.
pub(crate) struct Seat<'a> {
    /// What proved it now.
    pub(crate) factors: Factors,
    /// What is written down.
    pub(crate) how: Happened,
    /// Whether the device is to stay signed in; `None` where nobody was asked.
    pub(crate) remember: Option<bool>,
    /// The sign-in at a provider that proved it.
    pub(crate) outside: Option<Outside>,
    /// Where to go on to.
    pub(crate) return_to: &'a str,
}

impl Ask {
    /// What a session of this user begins with.
    pub(crate) fn begin(&self, user: &User, factors: Factors, remember: bool) -> Begin<'_> {
        Begin {
            user: user.id,
            factors,
            remember,
            external: None,
            presented: &self.presented,
            context: &self.visit.context,
            now: self.visit.now,
        }
    }
}

/// The pages.
pub struct Pages {
    pub(crate) accounts: Accounts,
    pub(crate) sessions: Arc<SessionService>,
    pub(crate) brand: Brand,
    means: Option<Means>,
    handed: means::Handed,
}

impl Pages {
    /// Pages over these accounts and sessions; without `means` there are no second factors, passkeys, providers and keys.
    #[must_use]
    pub fn new(
        accounts: Accounts,
        sessions: Arc<SessionService>,
        brand: Brand,
        means: Option<Means>,
    ) -> Self {
        Self { accounts, sessions, brand, means, handed: means::Handed::default() }
    }

    /// Answers a page. `None` where it is none of these.
    pub async fn answer(&self, asked: Asked) -> Option<Answer> {
        let ask = Ask::read(asked, &self.brand.languages);
        let page = match self.page(&ask).await? {
            Ok(page) => page,
            Err(fault) => self.fault(&ask, &fault),
        };
        Some(self.with_language(&ask, page).finish())
    }

    async fn page(&self, ask: &Ask) -> Option<Result<Page, Fault>> {
        let known = match ask.page.as_str() {
            "style.css" => {
                let style = Bytes::from_static(include_str!("style.css").as_bytes());
                return Some(Ok(Page::new(StatusCode::OK, style, "text/css; charset=utf-8").kept()));
            }
            "logo" => {
                let (kind, bytes) = self.brand.logo.clone()?;
                return Some(Ok(Page::new(StatusCode::OK, bytes, kind).kept()));
            }
            "sign-in" | "sign-up" | "sign-out" | "confirm" | "forgotten" | "reset" | "magic" | "account"
            | "account/name" | "account/password" | "account/email" | "account/devices"
            | "account/remove" => ask.page.as_str(),
            "account/factors" | "account/keys" if self.means.is_some() => ask.page.as_str(),
            _ => return self.of_means(ask).await,
        };
        if ![Method::GET, Method::HEAD, Method::POST].contains(&ask.method) {
            let nothing =
                Page::new(StatusCode::METHOD_NOT_ALLOWED, Bytes::new(), "text/plain; charset=utf-8");
            return Some(Ok(nothing));
        }
        Some(match (known, ask.is_post()) {
            ("sign-in", false) => Ok(self.sign_in_page(ask)),
            ("sign-in", true) => self.sign_in(ask).await,
            ("sign-up", false) => self.sign_up_page(ask).await,
            ("sign-up", true) => self.sign_up(ask).await,
            ("sign-out", false) => Ok(self.sign_out_page(ask)),
            ("sign-out", true) => self.sign_out(ask).await,
            ("confirm", false) => self.confirm_page(ask).await,
            ("confirm", true) => self.confirm(ask).await,
            ("forgotten", false) => Ok(self.forgotten_page(ask)),
            ("forgotten", true) => Ok(self.forgotten(ask)),
            ("reset", false) => self.reset_page(ask).await,
            ("reset", true) => self.reset(ask).await,
            ("magic", false) => self.magic_page(ask).await,
            ("magic", true) => self.magic(ask).await,
            (page, _) => self.of_owner(ask, page).await,
        })
    }

    /// A page that only somebody who is signed in may see.
    async fn of_owner(&self, ask: &Ask, page: &str) -> Result<Page, Fault> {
        let Some(user) = self.owner(ask).await? else {
            let here = match ask.query.iter().find(|(name, _)| name == "token") {
                Some((_, token)) => format!("/.portcullis/{page}?token={token}"),
                None => format!("/.portcullis/{page}"),
            };
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("return_to", &here);
            return Ok(Page::see(&format!("/.portcullis/sign-in?{}", query.finish())));
        };
        match (page, ask.is_post()) {
            ("account", false) => self.account_page(ask, &user).await,
            ("account/name", true) => self.change_name(ask, &user).await,
            ("account/password", false) => Ok(self.password_page(ask, &user)),
            ("account/password", true) => self.change_password(ask, &user).await,
            ("account/email", false) => self.email_page(ask, &user).await,
            ("account/email", true) => self.change_email(ask, &user).await,
            ("account/devices", true) => self.sign_out_devices(ask, &user).await,
            ("account/remove", false) => Ok(self.remove_page(ask, &user)),
            ("account/factors", false) => self.factors_page(ask, &user).await,
            ("account/factors", true) => self.change_factors(ask, &user).await,
            ("account/keys", false) => self.keys_page(ask, &user).await,
            ("account/keys", true) => self.change_keys(ask, &user).await,
            ("account/remove", true) => self.remove(ask, &user).await,
            _ => Ok(Page::see("/.portcullis/account")),
        }
    }

    /// The user who is signed in by a session, as the store has them now.
    pub(crate) async fn owner(&self, ask: &Ask) -> Result<Option<User>, Fault> {
        let Some(person) = &ask.person else { return Ok(None) };
        // An API key speaks for its owner at the app, and changes no account.
        if ask.session_key().is_none() {
            return Ok(None);
        }
        let Ok(id) = person.id.parse::<UserId>() else { return Ok(None) };
        Ok(self.accounts.user(id).await?.filter(|user| user.standing == Standing::Active))
    }

    /// Signs somebody in and sends them on. Whoever is signed in already, and only proves it again, goes on in the same
    /// session under a new id, and their device stays what it was: unless they ask for something else now.
    pub(crate) async fn seat(&self, ask: &Ask, user: &User, seat: Seat<'_>) -> Result<Page, Fault> {
        let Seat { factors, how, remember, outside, return_to } = seat;
        let is_remembered = ask.presented.remembered.is_some();
        let is_same = ask.session_key().is_some()
            && ask.person.as_ref().is_some_and(|person| person.id == user.id.to_string());
        let keeps = is_same && remember.is_none_or(|wish| wish == is_remembered);
        let begin = || Begin {
            external: outside.as_ref().map(Outside::external),
            ..ask.begin(user, factors, remember.unwrap_or(is_same && is_remembered))
        };
        let again = if keeps { self.sessions.prove(begin()).await? } else { None };
        let Begun { cookies, key } = match again {
            Some(begun) => begun,
            None => self.sessions.begin_after_proof(begin()).await?,
        };
        // A new password ends all sessions after it is set. One that begins meanwhile, by the old password, is either
        // ended with them, or sees here that it came too late.
        let now = self.accounts.user(user.id).await?;
        let as_it_was =
            |now: &User| now.standing == Standing::Active && now.password_changed == user.password_changed;
        if !now.as_ref().is_some_and(as_it_was) {
            self.sessions.end_by_key(key, ask.visit.now).await?;
            let cookies = self.sessions.cleared(ask.visit.context.secure);
            return Ok(Page::see("/.portcullis/sign-in").cookies(cookies));
        }
        if let Some(outside) = &outside {
            self.keep_grant(key, outside).await;
        }
        self.accounts.signed_in(user, how, &ask.visit);
        let secure = ask.visit.context.secure;
        let device = self.accounts.know_device(user, &ask.visit);
        let device = device.and_then(|value| Cookie::Device.set(&value, secure, Some(devices::LASTS)));
        let names = factors.names().collect::<Vec<_>>().join("`, `");
        let to = local(&ask.visit.origin, return_to).unwrap_or_else(|| "/".to_owned());
        Ok(Page::see(&to).cookies(cookies).cookies(device).notice(Notice {
            code: "account.signed_in",
            user: Some(user.id.to_string()),
            detail: format!("signed in by `{names}`"),
        }))
    }

    /// Ways to sign in that others add.
    pub(crate) fn ways(&self, ask: &Ask, return_to: &str) -> Vec<(String, String)> {
        self.provider_ways(return_to, ask.visit.language)
    }

    /// Whether a device may stay signed in.
    pub(crate) fn remembers(&self) -> bool {
        self.sessions.config().remember.is_some()
    }

    /// The first step is done; the second must follow.
    pub(crate) async fn second_step(
        &self,
        ask: &Ask,
        user: &User,
        factors: Factors,
        remember: Option<bool>,
        outside: Option<&Outside>,
        return_to: &str,
    ) -> Result<Page, Fault> {
        let to = local(&ask.visit.origin, return_to).unwrap_or_else(|| "/".to_owned());
        let remember = match remember {
            Some(true) => "1",
            Some(false) => "0",
            None => "-",
        };
        let outside = outside.map(|outside| self.close_outside(user, outside)).transpose()?;
        let outside = outside.as_deref().unwrap_or("-");
        let content = format!("{} {remember} {outside} {to}", factors.0);
        let secret = self.accounts.begin_step(user.id, content, ask.visit.now).await?;
        let cookie = Cookie::Flow.set(secret.as_str(), ask.visit.context.secure, None);
        Ok(Page::see("/.portcullis/second").cookies(cookie))
    }

    /// What cannot be answered now.
    pub(crate) fn fault(&self, ask: &Ask, fault: &Fault) -> Page {
        let (title, lead, wait, code) = match fault {
            Fault::Busy => (ask.words.busy_title, ask.words.busy_lead, 5, "account.busy"),
            Fault::Store(_) | Fault::NoRandomness => {
                (ask.words.away_title, ask.words.away_lead, 30, "account.away")
            }
        };
        let form = Form { title: title.to_owned(), lead: lead.to_owned(), ..Form::default() };
        form.show(ask, &self.brand)
            .with_status(StatusCode::SERVICE_UNAVAILABLE)
            .retry_after(Duration::from_secs(wait))
            .notice(Notice { code, user: None, detail: fault.to_string() })
    }

    /// Tried too often: when to come again.
    pub(crate) fn wait(&self, ask: &Ask, mut form: Form, wait: Duration) -> Page {
        form.problem = Some(fill(ask.words.wait, &[("time", &ask.words.time(wait))]));
        form.show(ask, &self.brand).with_status(StatusCode::TOO_MANY_REQUESTS).retry_after(wait)
    }

    fn with_language(&self, ask: &Ask, page: Page) -> Page {
        let Some(language) = ask.chosen else { return page };
        let (name, flags) = if ask.visit.context.secure {
            (format!("__Host-{}", asked::LANGUAGE), "; Secure")
        } else {
            (asked::LANGUAGE.to_owned(), "")
        };
        let cookie =
            format!("{name}={}; Path=/; Max-Age=31536000{flags}; HttpOnly; SameSite=Lax", language.tag());
        page.cookies(HeaderValue::from_str(&cookie))
    }
}
