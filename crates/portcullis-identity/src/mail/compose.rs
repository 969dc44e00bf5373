//! A letter's words in their two forms.

use askama::Template;

use super::texts::{self, Text};
use super::{Letter, Subject};

/// A letter in words.
#[derive(Clone, PartialEq, Eq)]
pub struct Composed {
    /// The subject: one line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The page.
    pub html: String,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Page<'a> {
    language: &'a str,
    subject: &'a str,
    app: &'a str,
    before: &'a str,
    button: Option<(&'a str, &'a str)>,
    after: &'a str,
    footer: &'a str,
}

/// Composes a letter.
#[must_use]
pub fn compose(letter: &Letter) -> Composed {
    let text: Text = texts::of(letter.language, &letter.subject);
    let page = |page: &str| format!("{}/.portcullis/{page}", letter.origin);
    let link = match &letter.subject {
        Subject::Confirm { link }
        | Subject::Reset { link }
        | Subject::Magic { link }
        | Subject::Invitation { link }
        | Subject::NewEmail { link } => Some(link.clone()),
        Subject::AlreadyHere => Some(page("sign-in")),
        Subject::PasswordChanged => Some(page("forgotten")),
        Subject::EmailAsked { .. } | Subject::NewDevice { .. } | Subject::FactorsChanged => {
            Some(page("account"))
        }
        Subject::EmailChanged { .. } | Subject::Removed => None,
    };
    let filled = |template: &str| fill(template, letter);
    let (subject, before, after) = (filled(text.subject), filled(text.before), filled(text.after));
    let footer = filled(texts::footer(letter.language));
    let button = link.as_deref().filter(|_| !text.button.is_empty()).map(|link| (text.button, link));
    let html = Page {
        language: letter.language.tag(),
        subject: &subject,
        app: &letter.app,
        before: &before,
        button,
        after: &after,
        footer: &footer,
    };
    // A template of strings fails for no input; without a page the text still says all.
    let html = html.render().unwrap_or_default();
    let middle = button.map(|(label, link)| format!("\n{label}:\n{link}\n")).unwrap_or_default();
    let plain = format!("{before}\n{middle}\n{after}\n\n-- \n{footer}\n");
    Composed { subject, text: plain, html }
}

/// Puts in what the text speaks of, in one pass: what is put in is not looked at again.
fn fill(template: &str, letter: &Letter) -> String {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
    {
        out.push_str(before);
        out.push_str(match (name, &letter.subject) {
            ("app", _) => &letter.app,
            ("site", _) => letter.origin.split("://").nth(1).unwrap_or_default(),
            ("to", _) => letter.to.as_str(),
            ("new", Subject::EmailAsked { new } | Subject::EmailChanged { new }) => new,
            ("device", Subject::NewDevice { device, .. }) => device,
            ("network", Subject::NewDevice { network, .. }) => network,
            ("at", Subject::NewDevice { at, .. }) => at,
            _ => "",
        });
        rest = after;
    }
    out.push_str(rest);
    out
}
