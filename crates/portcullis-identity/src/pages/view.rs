//! Pages in words: one frame, one page of fields, one page of the account.

use askama::Template;
use http::StatusCode;
use portcullis::policy::identity::Language;

use super::asked::Ask;
use super::words::{self, Words, fill};
use super::{Brand, answer};
use crate::accounts::Told;

/// What every page shows around its own.
pub(crate) struct Frame<'a> {
    pub(crate) words: &'static Words,
    pub(crate) language: &'static str,
    pub(crate) app: &'a str,
    pub(crate) logo: bool,
    pub(crate) contact: Option<Contact>,
    pub(crate) title: String,
    /// Each language but this one: its address, its tag, its own name.
    pub(crate) languages: Vec<(String, &'static str, &'static str)>,
    pub(crate) back: String,
}

/// Whom a visitor may ask.
pub(crate) struct Contact {
    pub(crate) text: String,
    pub(crate) href: Option<String>,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(ask: &Ask, brand: &'a Brand, title: impl Into<String>) -> Self {
        let contact = brand.contact.as_ref().map(|contact| Contact {
            href: if contact.starts_with("https://") {
                Some(contact.clone())
            } else if contact.contains('@') && !contact.contains([':', '/', ' ']) {
                Some(format!("mailto:{contact}"))
            } else {
                None
            },
            text: contact.clone(),
        });
        let others = brand.languages.iter().filter(|language| **language != ask.visit.language);
        Self {
            words: ask.words,
            language: ask.visit.language.tag(),
            app: &brand.app,
            logo: brand.logo.is_some(),
            contact,
            title: title.into(),
            languages: others
                .map(|language: &Language| {
                    (ask.in_language(*language), language.tag(), words::own_name(*language))
                })
                .collect(),
            back: fill(ask.words.to_site, &[("app", &brand.app)]),
        }
    }
}

/// One field.
#[derive(Debug, Default, Clone)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) label: String,
    pub(crate) hint: Option<String>,
    pub(crate) value: String,
    pub(crate) autocomplete: &'static str,
    pub(crate) error: Option<String>,
    pub(crate) optional: bool,
    pub(crate) longest: usize,
}

impl Field {
    pub(crate) fn email(label: &str, value: &str) -> Self {
        Self {
            name: "email",
            kind: "email",
            label: label.to_owned(),
            value: value.to_owned(),
            autocomplete: "username",
            longest: 254,
            ..Self::default()
        }
    }

    pub(crate) fn password(name: &'static str, label: &str, autocomplete: &'static str) -> Self {
        Self {
            name,
            kind: "password",
            label: label.to_owned(),
            autocomplete,
            longest: 1024,
            ..Self::default()
        }
    }

    pub(crate) fn hint(mut self, hint: String) -> Self {
        self.hint = Some(hint);
        self
    }
}

/// A page with words, perhaps fields, perhaps a button.
#[derive(Default)]
pub(crate) struct Form {
    pub(crate) title: String,
    pub(crate) lead: String,
    pub(crate) hint: Option<String>,
    /// Something went well before.
    pub(crate) done: Option<String>,
    /// What is wrong with all of it, not with one field.
    pub(crate) problem: Option<String>,
    pub(crate) fields: Vec<Field>,
    /// A box to tick: name, label, whether it is ticked.
    pub(crate) tick: Option<(&'static str, &'static str, bool)>,
    pub(crate) hidden: Vec<(&'static str, String)>,
    /// Below `/.portcullis/`.
    pub(crate) action: String,
    pub(crate) button: Option<&'static str>,
    pub(crate) grave: bool,
    /// Whose password it is, for the browser's own store.
    pub(crate) username: Option<String>,
    /// A button for a passkey: what it is for, what it says, and what is said when nothing comes of it.
    pub(crate) passkey: Option<(&'static str, &'static str, &'static str)>,
    /// Other ways to do the same: address and words.
    pub(crate) ways: Vec<(String, String)>,
    /// Where else to go.
    pub(crate) links: Vec<(String, &'static str)>,
}

#[derive(Template)]
#[template(path = "form.html")]
struct FormPage<'a> {
    frame: Frame<'a>,
    form: Form,
    errors: bool,
}

impl Form {
    /// The page, with 422 where something is wrong with what was sent.
    pub(crate) fn show(self, ask: &Ask, brand: &Brand) -> answer::Page {
        let errors = self.problem.is_some() || self.fields.iter().any(|field| field.error.is_some());
        let status = if errors { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let frame = Frame::new(ask, brand, self.title.clone());
        let passkey = self.passkey.is_some();
        let page = answer::Page::of(status, FormPage { frame, form: self, errors }.render());
        if passkey { page.with_script() } else { page }
    }
}

/// Somewhere the owner is signed in.
pub(crate) struct SeatView {
    pub(crate) device: String,
    pub(crate) network: String,
    pub(crate) seen: String,
    pub(crate) current: bool,
    pub(crate) remembered: bool,
    pub(crate) key: String,
}

/// One line of the activity.
pub(crate) struct Line {
    pub(crate) what: String,
    pub(crate) at: String,
    pub(crate) from: String,
}

/// A row of what somebody signs in with: what it is, how it stands, where it is changed and what the link says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// What it is.
    pub(crate) what: String,
    /// How it stands.
    pub(crate) state: String,
    /// Where it is changed.
    pub(crate) href: String,
    /// What the link says.
    pub(crate) link: String,
}

#[derive(Template)]
#[template(path = "account.html")]
pub(crate) struct AccountPage<'a> {
    pub(crate) frame: Frame<'a>,
    pub(crate) lead: String,
    pub(crate) done: Option<&'static str>,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) changes_email: bool,
    pub(crate) rows: Vec<Row>,
    pub(crate) seats: Vec<SeatView>,
    pub(crate) others: bool,
    pub(crate) lines: Vec<Line>,
}

/// A page with what belongs into the log.
pub(crate) fn told<T>(told: Told<T>, page: impl FnOnce(T) -> answer::Page) -> answer::Page {
    let Told { outcome, notices } = told;
    let mut page = page(outcome);
    page.notices.extend(notices);
    page
}
