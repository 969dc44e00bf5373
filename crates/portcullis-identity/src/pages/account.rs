//! The account's page, and what its owner changes there.

use portcullis::layers::caller::session::{By, Factors};
use portcullis_store::{Key, User};

use super::sign_up::weakness;
use super::view::{AccountPage, Frame, Line, SeatView};
use super::words::fill;
use super::{Ask, Field, Form, Page, Pages, Row};
use crate::accounts::{Changed, Fault, Happened, Told};
use crate::mail::utc;
use crate::sessions::Device;

/// How much of the activity is shown.
const SHOWN: u32 = 15;

impl Ask {
    /// The session that this request came with.
    pub(crate) fn session_key(&self) -> Option<Key> {
        match &self.person.as_ref()?.by {
            By::Session { key } => Some(Key(*key)),
            By::ApiKey { .. } => None,
        }
    }
}

impl Pages {
    pub(super) fn is_fresh(&self, ask: &Ask) -> bool {
        ask.person.as_ref().is_some_and(|person| person.is_fresh(self.sessions.config().fresh, ask.visit.now))
    }

    pub(super) async fn account_page(&self, ask: &Ask, user: &User) -> Result<Page, Fault> {
        let words = ask.words;
        let now = ask.visit.now;
        let seats = self.sessions.devices(user.id, ask.session_key(), now).await?;
        let activity = self.accounts.activity(user, SHOWN).await?;
        let mut rows = Vec::new();
        if self.accounts.settings.passwords {
            let state = match (&user.password, user.password_changed) {
                (Some(_), Some(changed)) => fill(words.password_set, &[("date", &utc(changed))]),
                (Some(_), None) => "••••••••".to_owned(),
                (None, _) => words.password_none.to_owned(),
            };
            rows.push(Row {
                what: words.password.to_owned(),
                state,
                href: "/.portcullis/account/password".to_owned(),
                link: words.change.to_owned(),
            });
        }
        rows.extend(self.means_rows(user, ask.visit.language).await?);
        let view = |seat: &Device| SeatView {
            device: device(&seat.agent),
            network: seat.network.clone(),
            seen: fill(words.last_seen, &[("date", &utc(seat.seen))]),
            current: seat.current,
            remembered: seat.remembered,
            key: seat.id.clone(),
        };
        let lines = activity.iter().map(|one| Line {
            what: words.happened(&one.what).unwrap_or(&one.what).to_owned(),
            at: utc(one.at),
            from: format!("{} · {}", device(&one.agent), one.network),
        });
        let done = match ask.carried("done") {
            "password" => Some(words.password_done),
            "email" => Some(words.email_done),
            "name" => Some(words.name_done),
            "devices" => Some(words.devices_done),
            _ => None,
        };
        let page = AccountPage {
            frame: Frame::new(ask, &self.brand, words.account),
            lead: fill(words.account_lead, &[("app", &self.brand.app), ("email", &user.email)]),
            done,
            name: user.name.clone(),
            email: user.email.clone(),
            changes_email: self.accounts.writes(),
            rows,
            others: seats.iter().any(|seat| !seat.current),
            seats: seats.iter().map(view).collect(),
            lines: lines.collect(),
        };
        Ok(Page::of(http::StatusCode::OK, askama::Template::render(&page)))
    }

    pub(super) async fn change_name(&self, ask: &Ask, user: &User) -> Result<Page, Fault> {
        self.accounts.change_name(user, ask.field("name"), &ask.visit).await?;
        self.sessions.changed(user.id);
        Ok(Page::see("/.portcullis/account?done=name"))
    }

    /// A field for the proof, where the account has a password; else the proof is the session's.
    fn proof(ask: &Ask, user: &User) -> Option<Field> {
        user.password
            .is_some()
            .then(|| Field::password("current_password", ask.words.current_password, "current-password"))
    }

    /// The form of a change: the proof goes first.
    fn change_form(&self, ask: &Ask, user: &User, page: &'static str, more: Vec<Field>) -> Form {
        Form {
            fields: Self::proof(ask, user).into_iter().chain(more).collect(),
            username: Some(user.email.clone()),
            action: format!("account/{page}"),
            links: vec![("/.portcullis/account".to_owned(), ask.words.back)],
            ..Form::default()
        }
    }

    /// What came of a change that was not done.
    fn unchanged(&self, ask: &Ask, mut form: Form, named: &'static str, changed: Changed) -> Page {
        let words = ask.words;
        let (name, error) = match changed {
            Changed::Wait(wait) => return self.wait(ask, form, wait),
            Changed::Stale => return again(ask),
            Changed::Dead | Changed::Done => return self.dead(ask, "account"),
            Changed::Refused if ask.field("current_password").is_empty() => {
                ("current_password", words.fill_in.to_owned())
            }
            Changed::Refused => ("current_password", words.wrong_password.to_owned()),
            Changed::Weak(weak) => (named, weakness(words, &weak)),
            Changed::NoAddress => (named, words.no_address.to_owned()),
        };
        for field in &mut form.fields {
            if field.name == name {
                field.error = Some(error.clone());
            }
        }
        form.show(ask, &self.brand)
    }

    fn password_form(&self, ask: &Ask, user: &User) -> Form {
        let new = self.new_password(ask, "new_password", ask.words.new_password);
        Form {
            title: ask.words.password_title.to_owned(),
            lead: ask.words.password_lead.to_owned(),
            button: Some(ask.words.set_password),
            ..self.change_form(ask, user, "password", vec![new])
        }
    }

    pub(super) fn password_page(&self, ask: &Ask, user: &User) -> Page {
        if user.password.is_none() && !self.is_fresh(ask) {
            return again(ask);
        }
        self.password_form(ask, user).show(ask, &self.brand)
    }

    pub(super) async fn change_password(&self, ask: &Ask, user: &User) -> Result<Page, Fault> {
        let mut form = self.password_form(ask, user);
        let Some(new) = ask.password("new_password") else {
            let error =
                if ask.field("new_password").is_empty() { ask.words.fill_in } else { ask.words.too_long };
            if let Some(field) = form.fields.last_mut() {
                field.error = Some(error.to_owned());
            }
            return Ok(form.show(ask, &self.brand));
        };
        let current = ask.password("current_password");
        let Told { outcome, notices } =
            self.accounts.change_password(user, current, self.is_fresh(ask), new, &ask.visit).await?;
        let mut page = match outcome {
            Changed::Done => {
                self.sessions.end_all(user.id, ask.session_key()).await?;
                let renewed = self.sessions.prove(ask.begin(user, Factors::PASSWORD, false)).await?;
                let cookies = renewed.map(|begun| begun.cookies).unwrap_or_default();
                Page::see("/.portcullis/account?done=password").cookies(cookies)
            }
            other => self.unchanged(ask, form, "new_password", other),
        };
        page.notices.extend(notices);
        Ok(page)
    }

    fn email_form(&self, ask: &Ask, user: &User) -> Form {
        let mut new = Field::email(ask.words.new_email, ask.field("email"));
        new.autocomplete = "email";
        Form {
            title: ask.words.email_title.to_owned(),
            lead: fill(ask.words.email_lead, &[("email", &user.email)]),
            button: Some(ask.words.send_link),
            ..self.change_form(ask, user, "email", vec![new])
        }
    }

    pub(super) async fn email_page(&self, ask: &Ask, user: &User) -> Result<Page, Fault> {
        let words = ask.words;
        let token = ask.carried("token");
        if token.is_empty() {
            if user.password.is_none() && !self.is_fresh(ask) {
                return Ok(again(ask));
            }
            return Ok(self.email_form(ask, user).show(ask, &self.brand));
        }
        let Some(new) = self.accounts.changes_to(user, token, ask.visit.now).await? else {
            return Ok(self.dead(ask, "account"));
        };
        let form = Form {
            title: fill(words.email_confirm_title, &[("email", &new)]),
            lead: fill(words.account_lead, &[("app", &self.brand.app), ("email", &user.email)]),
            hidden: vec![("token", token.to_owned())],
            action: "account/email".to_owned(),
            button: Some(words.change),
            links: vec![("/.portcullis/account".to_owned(), words.back)],
            ..Form::default()
        };
        Ok(form.show(ask, &self.brand))
    }

    pub(super) async fn change_email(&self, ask: &Ask, user: &User) -> Result<Page, Fault> {
        let token = ask.field("token");
        if !token.is_empty() {
            let told = self.accounts.change_email(user, token, &ask.visit).await?;
            self.sessions.changed(user.id);
            return Ok(Self::told(told, |outcome| match outcome {
                Changed::Done => Page::see("/.portcullis/account?done=email"),
                _ => self.dead(ask, "account"),
            }));
        }
        let form = self.email_form(ask, user);
        let current = ask.password("current_password");
        let typed = ask.field("email");
        let told = self.accounts.ask_email(user, current, self.is_fresh(ask), typed, &ask.visit).await?;
        Ok(Self::told(told, |outcome| match outcome {
            Changed::Done => {
                let written = Form {
                    title: ask.words.written_title.to_owned(),
                    lead: fill(ask.words.written_lead, &[("email", typed.trim())]),
                    hint: Some(ask.words.written_hint.to_owned()),
                    links: vec![("/.portcullis/account".to_owned(), ask.words.account)],
                    ..Form::default()
                };
                written.show(ask, &self.brand)
            }
            other => self.unchanged(ask, form, "email", other),
        }))
    }

    /// Ends other sessions: by a fresh proof only, so that whoever found a session open cannot throw its owner out
    /// everywhere else (OWASP ASVS 5.0 requirement 7.5.2).
    pub(super) async fn sign_out_devices(&self, ask: &Ask, user: &User) -> Result<Page, Fault> {
        if !self.is_fresh(ask) {
            return Ok(again(ask));
        }
        match ask.field("device") {
            "others" => {
                self.sessions.end_all(user.id, ask.session_key()).await?;
            }
            device => {
                self.sessions.end_device(user.id, device, ask.visit.now).await?;
            }
        }
        self.accounts.happened(user.id, Happened::DevicesSignedOut, &ask.visit);
        Ok(Page::see("/.portcullis/account?done=devices"))
    }

    fn remove_form(&self, ask: &Ask, user: &User) -> Form {
        Form {
            title: ask.words.remove_title.to_owned(),
            lead: ask.words.remove_lead.to_owned(),
            button: Some(ask.words.remove),
            grave: true,
            ..self.change_form(ask, user, "remove", Vec::new())
        }
    }

    pub(super) fn remove_page(&self, ask: &Ask, user: &User) -> Page {
        if user.password.is_none() && !self.is_fresh(ask) {
            return again(ask);
        }
        self.remove_form(ask, user).show(ask, &self.brand)
    }

    pub(super) async fn remove(&self, ask: &Ask, user: &User) -> Result<Page, Fault> {
        let form = self.remove_form(ask, user);
        let current = ask.password("current_password");
        let Told { outcome, notices } =
            self.accounts.remove(user, current, self.is_fresh(ask), &ask.visit).await?;
        let mut page = match outcome {
            Changed::Done => {
                let cookies = self.sessions.end(&ask.presented, &ask.visit.context, ask.visit.now).await?;
                self.sessions.end_all(user.id, None).await?;
                let gone = Form {
                    title: ask.words.removed_title.to_owned(),
                    lead: ask.words.removed_lead.to_owned(),
                    ..Form::default()
                };
                gone.show(ask, &self.brand).cookies(cookies).forget_pages()
            }
            other => self.unchanged(ask, form, "current_password", other),
        };
        page.notices.extend(notices);
        Ok(page)
    }
}

/// To the page for signing in again, and back here.
pub(super) fn again(ask: &Ask) -> Page {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("return_to", &format!("/.portcullis/{}", ask.page));
    Page::see(&format!("/.portcullis/sign-in?{}", query.finish()))
}

/// A browser on a system: two names, whatever the language.
fn device(described: &str) -> String {
    described.replacen(" on ", ", ", 1)
}
