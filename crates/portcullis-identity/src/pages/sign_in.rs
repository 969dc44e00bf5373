//! Signing in and out.

use portcullis::layers::caller::session::{Factors, Notice};
use portcullis::policy::identity::SignUp;

use super::view::told;
use super::words::fill;
use super::{Ask, Field, Form, Page, Pages, Seat, local};
use crate::accounts::{Email, Fault, Happened, SignIn, Told};

impl Pages {
    fn sign_in_form(&self, ask: &Ask) -> Form {
        let words = ask.words;
        let return_to = local(&ask.visit.origin, ask.carried("return_to")).unwrap_or_default();
        let again = ask.person.is_some();
        let onward = |page: &str| {
            if return_to.is_empty() {
                return format!("/.portcullis/{page}");
            }
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("return_to", &return_to);
            format!("/.portcullis/{page}?{}", query.finish())
        };
        // Who signs in again on a device that stays signed in wants it to.
        let remembered =
            if ask.is_post() { ask.field("remember") == "yes" } else { ask.presented.remembered.is_some() };
        let mut links = Vec::new();
        let settings = &self.accounts.settings;
        if settings.passwords && self.accounts.writes() {
            links.push((onward("forgotten"), words.forgot));
        }
        if settings.magic_links && self.accounts.writes() {
            links.push((onward("magic"), words.by_link));
        }
        if settings.sign_up == SignUp::Open && self.accounts.writes() && !again {
            links.push((onward("sign-up"), words.no_account));
        }
        let address = match &ask.person {
            Some(person) if !ask.is_post() => person.email.as_str(),
            _ => ask.field("email"),
        };
        Form {
            title: if again { words.again_title } else { words.sign_in }.to_owned(),
            lead: if again {
                words.again_lead.to_owned()
            } else {
                fill(words.sign_in_lead, &[("app", &self.brand.app)])
            },
            done: (ask.carried("done") == "reset").then(|| words.done_reset.to_owned()),
            fields: vec![
                Field { autocomplete: "username webauthn", ..Field::email(words.email, address) },
                Field::password("password", words.password, "current-password"),
            ],
            tick: self.remembers().then_some(("remember", words.remember, remembered)),
            passkey: self.passkey_button(ask),
            ways: self.ways(ask, &return_to),
            hidden: vec![("return_to", return_to)],
            action: "sign-in".to_owned(),
            button: settings.passwords.then_some(words.sign_in),
            links,
            ..Form::default()
        }
    }

    pub(super) fn sign_in_page(&self, ask: &Ask) -> Page {
        self.sign_in_form(ask).show(ask, &self.brand)
    }

    pub(super) async fn sign_in(&self, ask: &Ask) -> Result<Page, Fault> {
        let words = ask.words;
        let mut form = self.sign_in_form(ask);
        let typed = ask.field("email").trim();
        let [email, password] = form.fields.as_mut_slice() else { return Ok(form.show(ask, &self.brand)) };
        if typed.is_empty() {
            email.error = Some(words.fill_in.to_owned());
        } else if Email::parse(typed).is_none() {
            email.error = Some(words.no_address.to_owned());
        }
        let presented = ask.password("password");
        if ask.field("password").is_empty() {
            password.error = Some(words.fill_in.to_owned());
        } else if presented.is_none() {
            password.error = Some(words.too_long.to_owned());
        }
        let wrong = email.error.is_some() || password.error.is_some();
        let (Some(presented), false) = (presented, wrong) else { return Ok(form.show(ask, &self.brand)) };

        let Told { outcome, notices } = self.accounts.sign_in(typed, presented, &ask.visit).await?;
        let remember = Some(ask.field("remember") == "yes");
        let return_to = ask.field("return_to");
        let mut page = match outcome {
            SignIn::SignedIn(user) => {
                let (factors, how) = (Factors::PASSWORD, Happened::SignedIn);
                self.seat(ask, &user, Seat { factors, how, remember, outside: None, return_to }).await?
            }
            SignIn::NeedsFactor(user) => {
                self.second_step(ask, &user, Factors::PASSWORD, remember, None, return_to).await?
            }
            SignIn::Refused => {
                form.problem = Some(words.refused.to_owned());
                form.show(ask, &self.brand)
            }
            SignIn::Wait(wait) => self.wait(ask, form, wait),
        };
        page.notices.extend(notices);
        Ok(page)
    }

    fn magic_form(&self, ask: &Ask) -> Form {
        let words = ask.words;
        Form {
            title: words.magic_title.to_owned(),
            lead: words.magic_lead.to_owned(),
            fields: vec![Field::email(words.email, ask.field("email"))],
            hidden: vec![(
                "return_to",
                local(&ask.visit.origin, ask.carried("return_to")).unwrap_or_default(),
            )],
            action: "magic".to_owned(),
            button: Some(words.send_link),
            links: vec![("/.portcullis/sign-in".to_owned(), words.back)],
            ..Form::default()
        }
    }

    /// Without a token the question for an address; with one the question whether to sign in.
    pub(super) async fn magic_page(&self, ask: &Ask) -> Result<Page, Fault> {
        let words = ask.words;
        let offered = self.accounts.settings.magic_links && self.accounts.writes();
        if !offered {
            return Ok(Page::see("/.portcullis/sign-in"));
        }
        let token = ask.carried("token");
        if token.is_empty() {
            return Ok(self.magic_form(ask).show(ask, &self.brand));
        }
        let Some(email) = self.accounts.leads(token, ask.visit.now).await? else {
            return Ok(self.dead(ask, "magic"));
        };
        let form = Form {
            title: fill(words.magic_open, &[("email", &email)]),
            lead: words.magic_open_lead.to_owned(),
            tick: self.remembers().then_some(("remember", words.remember, false)),
            hidden: vec![("token", token.to_owned())],
            action: "magic".to_owned(),
            button: Some(words.sign_in),
            ..Form::default()
        };
        Ok(form.show(ask, &self.brand))
    }

    pub(super) async fn magic(&self, ask: &Ask) -> Result<Page, Fault> {
        if !self.accounts.settings.magic_links || !self.accounts.writes() {
            return Ok(Page::see("/.portcullis/sign-in"));
        }
        let token = ask.field("token");
        if token.is_empty() {
            let mut form = self.magic_form(ask);
            if let Some(page) = self.address_missing(ask, &mut form) {
                return Ok(page);
            }
            let return_to = local(&ask.visit.origin, ask.field("return_to")).unwrap_or_default();
            self.accounts.send_link(ask.field("email"), return_to, &ask.visit);
            return Ok(self.maybe_written(ask));
        }
        let Told { outcome: (followed, return_to), notices } =
            self.accounts.follow(token, &ask.visit).await?;
        use crate::accounts::Followed::{Dead, NeedsFactor, SignedIn};
        let remember = Some(ask.field("remember") == "yes");
        let mut page = match followed {
            SignedIn(user) => {
                let (factors, how, return_to) = (Factors::MAIL, Happened::SignedInByLink, return_to.as_str());
                self.seat(ask, &user, Seat { factors, how, remember, outside: None, return_to }).await?
            }
            NeedsFactor(user) => {
                self.second_step(ask, &user, Factors::MAIL, remember, None, &return_to).await?
            }
            Dead => self.dead(ask, "magic"),
        };
        page.notices.extend(notices);
        Ok(page)
    }

    pub(super) fn sign_out_page(&self, ask: &Ask) -> Page {
        let words = ask.words;
        if ask.person.is_none() {
            return self.signed_out(ask, Vec::new());
        }
        let form = Form {
            title: words.sign_out_title.to_owned(),
            lead: words.sign_out_lead.to_owned(),
            action: "sign-out".to_owned(),
            button: Some(words.sign_out),
            links: vec![("/".to_owned(), words.back)],
            ..Form::default()
        };
        form.show(ask, &self.brand)
    }

    fn signed_out(&self, ask: &Ask, ways: Vec<(String, String)>) -> Page {
        let form = Form {
            title: ask.words.signed_out_title.to_owned(),
            lead: ask.words.signed_out_lead.to_owned(),
            done: self.back_from_there(ask),
            ways,
            links: vec![("/.portcullis/sign-in".to_owned(), ask.words.sign_in)],
            ..Form::default()
        };
        form.show(ask, &self.brand)
    }

    pub(super) async fn sign_out(&self, ask: &Ask) -> Result<Page, Fault> {
        let left = self.left(ask).await?;
        let cookies = self.sessions.end(&ask.presented, &ask.visit.context, ask.visit.now).await?;
        if let Some(key) = ask.session_key() {
            self.handed.forget(key);
        }
        // It is over here, whatever the provider says.
        let (there, notices) = match left {
            Some(left) => self.there(ask, left).await?,
            None => (None, Vec::new()),
        };
        let mut page = match there {
            Some(there) => {
                let page = self.signed_out(ask, vec![(there.url.clone(), there.says)]).cookies(there.cookie);
                if there.at_once { page.leads_to(&there.url) } else { page }
            }
            None => self.signed_out(ask, Vec::new()),
        };
        page.notices.extend(notices);
        page = page.cookies(cookies).forget_pages();
        if let Some(person) = &ask.person {
            page = page.notice(Notice {
                code: "account.signed_out",
                user: Some(person.id.clone()),
                detail: "signed out".to_owned(),
            });
        }
        Ok(page)
    }

    /// A letter may be on its way: the same words, whether there is an account or not.
    pub(super) fn maybe_written(&self, ask: &Ask) -> Page {
        let words = ask.words;
        let form = Form {
            title: words.written_title.to_owned(),
            lead: fill(words.maybe_lead, &[("email", ask.field("email").trim())]),
            hint: Some(words.written_hint.to_owned()),
            links: vec![("/.portcullis/sign-in".to_owned(), words.sign_in)],
            ..Form::default()
        };
        form.show(ask, &self.brand)
    }

    /// The form again, if its one field is no address.
    pub(super) fn address_missing(&self, ask: &Ask, form: &mut Form) -> Option<Page> {
        let typed = ask.field("email").trim();
        let error = if typed.is_empty() {
            ask.words.fill_in
        } else if Email::parse(typed).is_none() {
            ask.words.no_address
        } else {
            return None;
        };
        if let Some(field) = form.fields.first_mut() {
            field.error = Some(error.to_owned());
        }
        Some(std::mem::take(form).show(ask, &self.brand))
    }

    /// A link that does not work, and where to get another.
    pub(super) fn dead(&self, ask: &Ask, again: &'static str) -> Page {
        let words = ask.words;
        let form = Form {
            title: words.dead_title.to_owned(),
            lead: words.dead_lead.to_owned(),
            links: vec![match again {
                "sign-in" => ("/.portcullis/sign-in".to_owned(), words.sign_in),
                "sign-up" => ("/.portcullis/sign-up".to_owned(), words.no_account),
                "magic" => ("/.portcullis/magic".to_owned(), words.by_link),
                "account" => ("/.portcullis/account".to_owned(), words.account),
                _ => ("/.portcullis/forgotten".to_owned(), words.forgot),
            }],
            ..Form::default()
        };
        form.show(ask, &self.brand).with_status(http::StatusCode::GONE)
    }

    pub(super) fn told<T>(outcome: Told<T>, page: impl FnOnce(T) -> Page) -> Page {
        told(outcome, page)
    }
}
