//! Settings: `[access]`.

use std::time::Duration;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Hours, Policies};
use crate::layers::caller::session::Factors;
use crate::policy::Faults;
use crate::policy::units::Span;
use crate::verdict::Mode;

/// As written in the policy.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// `enforce` (the default), `observe` or `off`.
    pub mode: Option<Mode>,
    /// Who may come: `public` for everybody, or `signed-in`, which is the default where `[identity]` is on. A route
    /// that names roles, factors, a scope or `fresh` is for people who signed in, without saying so.
    pub allow: Option<Allow>,
    /// One of these roles is needed, as in `["editor", "admin"]`.
    pub roles: Option<Vec<String>>,
    /// How long ago a person may have proved who they are, as in `"10 min"`; who did so longer ago proves it again.
    pub fresh: Option<Span>,
    /// One of these must have been proved in this session: `password`, `totp`, `recovery`, `passkey`, `external`,
    /// `mail`.
    pub factor: Option<Vec<String>>,
    /// What an API key that is bound to scopes needs, as in `"notes:write"`. Where none is written no such key may go.
    pub scope: Option<String>,
    /// Addresses and networks that a caller must come from, as in `["10.0.0.0/8"]`.
    pub networks: Option<Vec<String>>,
    /// When: as in `["mon-fri 08:00-18:00", "sat 10:00-14:00"]`; a time that ends before it begins ends on the next
    /// day.
    pub hours: Option<Vec<String>>,
    /// By which clock `hours` are meant, as in `"+01:00"`; `"Z"`, UTC, by default.
    pub utc_offset: Option<String>,
    /// A file of policies in Cedar, which are asked besides all this and at every place: one must permit, and none
    /// forbid. For the site only; needs a gateway that was built with the feature `cedar`.
    pub cedar: Option<String>,
}

/// Who may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Allow {
    /// Everybody.
    Public,
    /// People who have signed in, and programs with a key.
    SignedIn,
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// What becomes of a denial.
    pub mode: Mode,
    /// Who may come.
    pub allow: Allow,
    /// One of these; empty for any.
    pub roles: Vec<String>,
    /// How long ago a proof may be.
    pub fresh: Option<Duration>,
    /// One of these; none for any.
    pub factor: Factors,
    /// What a key that is bound to scopes needs.
    pub scope: Option<String>,
    /// From where; empty for anywhere.
    pub networks: Vec<IpNet>,
    /// When; empty for always.
    pub hours: Vec<Hours>,
    /// Policies that are asked, too.
    pub cedar: Option<Policies>,
}

impl Raw {
    /// What somebody must be, as written here.
    fn person_keys(&self) -> impl Iterator<Item = &'static str> {
        [
            ("roles", self.roles.is_some()),
            ("fresh", self.fresh.is_some()),
            ("factor", self.factor.is_some()),
            ("scope", self.scope.is_some()),
        ]
        .into_iter()
        .filter_map(|(key, is_written)| is_written.then_some(key))
    }

    /// The keys written here that only the site can have.
    pub(crate) fn site_wide_keys(&self) -> impl Iterator<Item = &'static str> {
        self.cedar.is_some().then_some("cedar").into_iter()
    }

    /// A route laid over the site: `public` takes away what the site asks of people, and whoever asks something of
    /// people asks that there is one.
    pub(crate) fn lay_over(&mut self, own: &Self) {
        match own.allow {
            Some(Allow::Public) => {
                self.roles = None;
                self.fresh = None;
                self.factor = None;
                self.scope = None;
            }
            Some(Allow::SignedIn) => {}
            None if own.person_keys().next().is_some() => self.allow = Some(Allow::SignedIn),
            None => {}
        }
    }

    /// What contradicts itself in one table.
    pub(crate) fn contradictions(&self, faults: &mut Faults<'_>) {
        if self.allow == Some(Allow::Public) {
            for key in self.person_keys() {
                faults.at(
                    key,
                    "everybody may come, so that this asks nobody",
                    "write `allow = \"signed-in\"`",
                );
            }
        }
    }
}

impl Config {
    /// `signs_in` says whether people can sign in at all.
    pub(crate) fn check(raw: &Raw, signs_in: bool, faults: &mut Faults<'_>) -> Self {
        let asks_people = raw.person_keys().next();
        let default = if signs_in || asks_people.is_some() { Allow::SignedIn } else { Allow::Public };
        let allow = raw.allow.unwrap_or(default);
        if allow == Allow::SignedIn && !signs_in {
            faults.at(
                asks_people.unwrap_or("allow"),
                "nobody can sign in here, so that nobody could come",
                "add the table `[identity]`",
            );
        }
        let mut factor = Factors::NONE;
        for (index, name) in raw.factor.iter().flatten().enumerate() {
            match Factors::named(name) {
                Some(known) => factor |= known,
                None => faults.at(
                    &format!("factor[{index}]"),
                    format!("`{name}` is no factor"),
                    "write `password`, `totp`, `recovery`, `passkey`, `external` or `mail`",
                ),
            }
        }
        for (key, list) in [
            ("roles", &raw.roles),
            ("factor", &raw.factor),
            ("networks", &raw.networks),
            ("hours", &raw.hours),
        ] {
            if list.as_ref().is_some_and(Vec::is_empty) {
                faults.at(
                    key,
                    "nothing is named, so that nobody could come",
                    "leave it out to ask for nothing",
                );
            }
        }
        let networks = networks(raw.networks.as_deref().unwrap_or_default(), faults);
        let offset = raw.utc_offset.as_deref().map_or(Some(0), Hours::offset);
        if offset.is_none() {
            let written = raw.utc_offset.as_deref().unwrap_or_default();
            faults.at(
                "utc_offset",
                format!("`{written}` is no distance from UTC"),
                "as in `\"+01:00\"` or `\"Z\"`",
            );
        }
        let mut hours = Vec::new();
        for (index, text) in raw.hours.iter().flatten().enumerate() {
            match Hours::parse(text, offset.unwrap_or(0)) {
                Some(known) => hours.push(known),
                None => faults.at(
                    &format!("hours[{index}]"),
                    format!("`{text}` is no hours"),
                    "as in `\"mon-fri 08:00-18:00\"` or `\"daily 22:00-06:00\"`",
                ),
            }
        }
        Self {
            mode: raw.mode.unwrap_or_default(),
            allow,
            roles: raw.roles.clone().unwrap_or_default(),
            fresh: raw.fresh.map(|span| span.0),
            factor,
            scope: raw.scope.clone(),
            networks,
            hours,
            cedar: raw.cedar.clone().map(|file| Policies { file, ruler: None }),
        }
    }
}

fn networks(written: &[String], faults: &mut Faults<'_>) -> Vec<IpNet> {
    let mut list = Vec::new();
    for (index, text) in written.iter().enumerate() {
        match crate::policy::raw::network(text) {
            Some(network) => list.push(network),
            None => faults.at(
                &format!("networks[{index}]"),
                format!("`{text}` is not a network"),
                "as in `\"10.0.0.0/8\"` or `\"2001:db8::1\"`",
            ),
        }
    }
    list
}
