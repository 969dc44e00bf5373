//! A forgotten password.

use super::sign_up::weakness;
use super::words::fill;
use super::{Ask, Field, Form, Page, Pages};
use crate::accounts::{Fault, Reset, Told};

impl Pages {
    fn forgotten_form(&self, ask: &Ask) -> Form {
        let words = ask.words;
        Form {
            title: words.forgotten_title.to_owned(),
            lead: words.forgotten_lead.to_owned(),
            fields: vec![Field::email(words.email, ask.field("email"))],
            action: "forgotten".to_owned(),
            button: Some(words.send_link),
            links: vec![("/.portcullis/sign-in".to_owned(), words.back)],
            ..Form::default()
        }
    }

    fn resets(&self) -> bool {
        self.accounts.settings.passwords && self.accounts.writes()
    }

    pub(super) fn forgotten_page(&self, ask: &Ask) -> Page {
        if !self.resets() {
            return Page::see("/.portcullis/sign-in");
        }
        self.forgotten_form(ask).show(ask, &self.brand)
    }

    pub(super) fn forgotten(&self, ask: &Ask) -> Page {
        if !self.resets() {
            return Page::see("/.portcullis/sign-in");
        }
        if let Some(page) = self.address_missing(ask, &mut self.forgotten_form(ask)) {
            return page;
        }
        self.accounts.forgotten(ask.field("email"), &ask.visit);
        self.maybe_written(ask)
    }

    fn reset_form(&self, ask: &Ask, token: &str, email: String) -> Form {
        let words = ask.words;
        Form {
            title: words.forgotten_title.to_owned(),
            lead: fill(words.reset_lead, &[("email", &email)]),
            fields: vec![self.new_password(ask, "password", words.new_password)],
            hidden: vec![("token", token.to_owned())],
            username: Some(email),
            action: "reset".to_owned(),
            button: Some(words.set_password),
            ..Form::default()
        }
    }

    pub(super) async fn reset_page(&self, ask: &Ask) -> Result<Page, Fault> {
        let token = ask.carried("token");
        Ok(match self.accounts.resets(token, ask.visit.now).await? {
            Some(email) => self.reset_form(ask, token, email).show(ask, &self.brand),
            None => self.dead(ask, "forgotten"),
        })
    }

    pub(super) async fn reset(&self, ask: &Ask) -> Result<Page, Fault> {
        let words = ask.words;
        let token = ask.field("token");
        let Some(email) = self.accounts.resets(token, ask.visit.now).await? else {
            return Ok(self.dead(ask, "forgotten"));
        };
        let mut form = self.reset_form(ask, token, email);
        let mut wrong = |error: String| {
            if let Some(field) = form.fields.first_mut() {
                field.error = Some(error);
            }
            std::mem::take(&mut form).show(ask, &self.brand)
        };
        let Some(password) = ask.password("password") else {
            let error = if ask.field("password").is_empty() { words.fill_in } else { words.too_long };
            return Ok(wrong(error.to_owned()));
        };
        let Told { outcome, notices } = self.accounts.reset(token, password, &ask.visit).await?;
        let mut page = match outcome {
            Reset::Done(user) => {
                self.sessions.end_all(user.id, None).await?;
                Page::see("/.portcullis/sign-in?done=reset")
            }
            Reset::Dead => self.dead(ask, "forgotten"),
            Reset::Weak(weak) => wrong(weakness(words, &weak)),
        };
        page.notices.extend(notices);
        Ok(page)
    }
}
