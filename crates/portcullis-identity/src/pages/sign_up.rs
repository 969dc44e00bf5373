//! Signing up, by oneself or by an invitation.

use portcullis::layers::caller::session::Factors;
use portcullis::policy::identity::SignUp;

use super::words::{Words, fill};
use super::{Ask, Field, Form, Page, Pages, Seat};
use crate::accounts::{Accepted, Confirmed, Fault, Happened, SignedUp, Told};
use crate::passwords::Weakness;

/// What is wrong with a new password.
pub(super) fn weakness(words: &Words, weakness: &Weakness) -> String {
    match weakness {
        Weakness::TooShort { least } => fill(words.too_short, &[("n", &least.to_string())]),
        Weakness::Common => words.common.to_owned(),
        Weakness::Breached => words.breached.to_owned(),
        Weakness::Guessable { .. } => words.guessable.to_owned(),
    }
}

impl Pages {
    pub(super) fn new_password(&self, ask: &Ask, name: &'static str, label: &str) -> Field {
        let least = self.accounts.settings.strength.least.to_string();
        Field::password(name, label, "new-password").hint(fill(ask.words.password_hint, &[("n", &least)]))
    }

    fn name_field(ask: &Ask) -> Field {
        Field {
            name: "name",
            kind: "text",
            label: ask.words.name.to_owned(),
            hint: Some(ask.words.name_hint.to_owned()),
            value: ask.field("name").to_owned(),
            autocomplete: "name",
            optional: true,
            longest: 80,
            ..Field::default()
        }
    }

    fn sign_up_form(&self, ask: &Ask) -> Form {
        let words = ask.words;
        let mut email = Field::email(words.email, ask.field("email"));
        email.autocomplete = "username";
        Form {
            title: words.sign_up.to_owned(),
            lead: fill(words.sign_up_lead, &[("app", &self.brand.app)]),
            fields: vec![email, Self::name_field(ask), self.new_password(ask, "password", words.password)],
            action: "sign-up".to_owned(),
            button: Some(words.sign_up_button),
            links: vec![("/.portcullis/sign-in".to_owned(), words.have_account)],
            ..Form::default()
        }
    }

    fn invitation_form(&self, ask: &Ask, token: &str, email: String) -> Form {
        let words = ask.words;
        Form {
            title: words.invited_title.to_owned(),
            lead: fill(words.invited_lead, &[("app", &self.brand.app)]),
            fields: vec![Self::name_field(ask), self.new_password(ask, "password", words.password)],
            hidden: vec![("token", token.to_owned())],
            username: Some(email),
            action: "sign-up".to_owned(),
            button: Some(words.sign_up_button),
            ..Form::default()
        }
    }

    fn closed(&self, ask: &Ask) -> Page {
        let words = ask.words;
        let form = Form {
            title: words.closed_title.to_owned(),
            lead: fill(words.closed_lead, &[("app", &self.brand.app)]),
            links: vec![("/.portcullis/sign-in".to_owned(), words.have_account)],
            ..Form::default()
        };
        form.show(ask, &self.brand)
    }

    pub(super) async fn sign_up_page(&self, ask: &Ask) -> Result<Page, Fault> {
        let token = ask.carried("token");
        if !token.is_empty() {
            return Ok(match self.accounts.invites(token, ask.visit.now).await? {
                Some(email) => self.invitation_form(ask, token, email).show(ask, &self.brand),
                None => self.dead(ask, "sign-in"),
            });
        }
        if self.accounts.settings.sign_up != SignUp::Open || !self.accounts.writes() {
            return Ok(self.closed(ask));
        }
        Ok(self.sign_up_form(ask).show(ask, &self.brand))
    }

    pub(super) async fn sign_up(&self, ask: &Ask) -> Result<Page, Fault> {
        let words = ask.words;
        let token = ask.field("token");
        if !token.is_empty() {
            return self.accept(ask, token).await;
        }
        let mut form = self.sign_up_form(ask);
        let wrong = |form: &mut Form, at: usize, error: String| {
            if let Some(field) = form.fields.get_mut(at) {
                field.error = Some(error);
            }
        };
        let Some(password) = ask.password("password") else {
            let error = if ask.field("password").is_empty() { words.fill_in } else { words.too_long };
            wrong(&mut form, 2, error.to_owned());
            return Ok(self.address_missing(ask, &mut form).unwrap_or_else(|| form.show(ask, &self.brand)));
        };
        if let Some(page) = self.address_missing(ask, &mut form) {
            return Ok(page);
        }
        let told = self.accounts.sign_up(ask.field("email"), ask.field("name"), password, &ask.visit).await?;
        Ok(Self::told(told, |outcome| match outcome {
            SignedUp::Written(email) => {
                let form = Form {
                    title: words.written_title.to_owned(),
                    lead: fill(words.written_lead, &[("email", email.as_str())]),
                    hint: Some(words.written_hint.to_owned()),
                    links: vec![("/.portcullis/sign-in".to_owned(), words.sign_in)],
                    ..Form::default()
                };
                form.show(ask, &self.brand)
            }
            SignedUp::Closed => self.closed(ask),
            SignedUp::Wait(wait) => self.wait(ask, form, wait),
            SignedUp::NoAddress => {
                wrong(&mut form, 0, words.no_address.to_owned());
                form.show(ask, &self.brand)
            }
            SignedUp::Weak(weak) => {
                wrong(&mut form, 2, weakness(words, &weak));
                form.show(ask, &self.brand)
            }
        }))
    }

    async fn accept(&self, ask: &Ask, token: &str) -> Result<Page, Fault> {
        let words = ask.words;
        let Some(email) = self.accounts.invites(token, ask.visit.now).await? else {
            return Ok(self.dead(ask, "sign-in"));
        };
        let mut form = self.invitation_form(ask, token, email);
        let mut wrong = |error: String| {
            if let Some(field) = form.fields.get_mut(1) {
                field.error = Some(error);
            }
            std::mem::take(&mut form).show(ask, &self.brand)
        };
        let Some(password) = ask.password("password") else {
            let error = if ask.field("password").is_empty() { words.fill_in } else { words.too_long };
            return Ok(wrong(error.to_owned()));
        };
        let Told { outcome, notices } =
            self.accounts.accept(token, ask.field("name"), password, &ask.visit).await?;
        let mut page = match outcome {
            Accepted::SignedIn(user) => {
                let factors = Factors::PASSWORD | Factors::MAIL;
                let how = Happened::SignedIn;
                let seat = Seat { factors, how, remember: None, outside: None, return_to: "" };
                self.seat(ask, &user, seat).await?
            }
            Accepted::Dead => self.dead(ask, "sign-in"),
            Accepted::Weak(weak) => wrong(weakness(words, &weak)),
        };
        page.notices.extend(notices);
        Ok(page)
    }

    fn confirm_form(&self, ask: &Ask, token: &str, email: String) -> Form {
        let words = ask.words;
        Form {
            title: words.confirm_title.to_owned(),
            lead: words.confirm_lead.to_owned(),
            fields: vec![Field::password("password", words.password, "current-password")],
            hidden: vec![("token", token.to_owned())],
            username: Some(email),
            action: "confirm".to_owned(),
            button: Some(words.confirm_button),
            ..Form::default()
        }
    }

    pub(super) async fn confirm_page(&self, ask: &Ask) -> Result<Page, Fault> {
        let token = ask.carried("token");
        Ok(match self.accounts.confirms(token, ask.visit.now).await? {
            Some(email) => self.confirm_form(ask, token, email).show(ask, &self.brand),
            None => self.dead(ask, "sign-in"),
        })
    }

    pub(super) async fn confirm(&self, ask: &Ask) -> Result<Page, Fault> {
        let words = ask.words;
        let token = ask.field("token");
        let Some(email) = self.accounts.confirms(token, ask.visit.now).await? else {
            return Ok(self.dead(ask, "sign-in"));
        };
        let mut form = self.confirm_form(ask, token, email);
        let Some(password) = ask.password("password") else {
            if let Some(field) = form.fields.first_mut() {
                field.error = Some(words.fill_in.to_owned());
            }
            return Ok(form.show(ask, &self.brand));
        };
        let Told { outcome, notices } = self.accounts.confirm(token, password, &ask.visit).await?;
        let mut page = match outcome {
            Confirmed::SignedIn(user) => {
                let factors = Factors::PASSWORD | Factors::MAIL;
                let how = Happened::SignedIn;
                let seat = Seat { factors, how, remember: None, outside: None, return_to: "" };
                self.seat(ask, &user, seat).await?
            }
            Confirmed::Dead => self.dead(ask, "sign-in"),
            Confirmed::Refused => {
                if let Some(field) = form.fields.first_mut() {
                    field.error = Some(words.wrong_password.to_owned());
                }
                form.show(ask, &self.brand)
            }
            Confirmed::Wait(wait) => self.wait(ask, form, wait),
        };
        page.notices.extend(notices);
        Ok(page)
    }
}
