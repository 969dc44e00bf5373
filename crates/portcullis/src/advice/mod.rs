//! What is weak or unwise in a policy that holds: the pure half of `portcullis check`.
//!
//! Each kind of advice has a number that never changes its meaning; `docs/advice.md` lists them all.

mod layers;
mod listeners;
mod people;
mod settings;

use std::fmt;

use serde::Serialize;

use crate::policy::{Policy, raw};

/// How much an advice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A step that could be taken.
    Info,
    /// Something is weaker than it should be.
    Warn,
    /// A hole.
    Danger,
}

impl Level {
    /// `info`, `warn` or `danger`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Danger => "danger",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

/// One piece of advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// Stable, as in `P012`.
    pub number: &'static str,
    /// How much it matters.
    pub level: Level,
    /// The key it is about, as in `client.trusted_proxies`.
    pub key: String,
    /// What is weak, one sentence.
    pub sentence: String,
    /// How to mend it.
    pub fix: String,
}

/// Every number with its level and its title: the table of `docs/advice.md`.
pub const TABLE: [(&str, Level, &str); 29] = [
    ("P001", Level::Danger, "a layer is off for the whole site"),
    ("P002", Level::Warn, "a layer only observes on the whole site"),
    ("P003", Level::Warn, "a layer is off on a route"),
    ("P004", Level::Info, "a layer only observes on a route"),
    ("P005", Level::Warn, "a knob that is named for its danger is turned"),
    ("P006", Level::Danger, "the app is served over plain HTTP on an address that others can reach"),
    ("P007", Level::Info, "the app is served over plain HTTP on this machine"),
    ("P008", Level::Warn, "the development certificate is served to others"),
    ("P009", Level::Info, "plain HTTP is not redirected to HTTPS"),
    ("P010", Level::Warn, "the site has no name of its own"),
    ("P011", Level::Warn, "browsers are not told to stay with HTTPS, or not for long"),
    ("P012", Level::Info, "HSTS does not hold for the names below"),
    ("P013", Level::Info, "the site could be preloaded"),
    ("P014", Level::Warn, "the app is reached over a network in the open"),
    ("P020", Level::Danger, "a large part of the internet is a trusted proxy"),
    ("P021", Level::Warn, "very many addresses are trusted proxies"),
    ("P022", Level::Info, "proxies are trusted by count alone"),
    ("P030", Level::Info, "no content security policy is written"),
    ("P031", Level::Warn, "the content security policy only reports"),
    ("P032", Level::Warn, "the content security policy lets injected script run"),
    ("P033", Level::Info, "the content security policy leaves a way around it"),
    ("P034", Level::Warn, "referrers tell whole addresses to strangers"),
    ("P035", Level::Info, "a content security policy is being learned"),
    ("P040", Level::Warn, "a limit is so large that it hardly limits"),
    ("P041", Level::Danger, "CSRF protection is off on a route"),
    ("P042", Level::Info, "whole families of origins may act for visitors"),
    ("P050", Level::Info, "no cookie is bound to the host or sealed"),
    ("P060", Level::Danger, "people sign in, and nobody chose what is open without"),
    ("P061", Level::Warn, "the app believes the gate's word, and can be reached around it"),
];

/// Looks a policy over. `text` is the file it was read from; empty where there was none.
///
/// The gravest comes first.
#[must_use]
pub fn advise(policy: &Policy, written: &raw::File, text: &str) -> Vec<Advice> {
    let mut list = Vec::new();
    layers::advise(policy, written, &mut list);
    layers::dangers(text, &mut list);
    listeners::advise(written, &mut list);
    people::advise(policy, written, &mut list);
    settings::advise(written, &mut list);
    list.sort_by(|left, right| right.level.cmp(&left.level).then_with(|| left.number.cmp(right.number)));
    list
}

/// An advice with the level that the table gives its number.
fn advice(
    number: &'static str,
    key: impl Into<String>,
    sentence: impl Into<String>,
    fix: impl Into<String>,
) -> Advice {
    let level = TABLE.iter().find(|(known, ..)| *known == number).map_or(Level::Warn, |(_, level, _)| *level);
    Advice { number, level, key: key.into(), sentence: sentence.into(), fix: fix.into() }
}

#[cfg(test)]
mod tests;
