//! One `[[rate.limit]]`.

use std::sync::Arc;

use http::{Method, StatusCode};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::config::networks;
use super::{Quota, RateKey};
use crate::policy::units::Span;
use crate::policy::{Faults, Pattern};

/// A limit as written in the policy.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawLimit {
    /// Its name, as in `"login"`: told in the `RateLimit` field and in events. A limit of a route replaces the
    /// site's of the same name; `"default"` replaces the one that is always there.
    pub name: String,
    /// Whom it counts by: one or several of `address` (an IPv6 address by its /64), `session`, `user`, `route`
    /// and `site`; `["address"]` by default. Without a session or user the address stands in for it.
    pub key: Option<Vec<KeyPart>>,
    /// How many requests each window has.
    pub requests: Option<u64>,
    /// The window; `"1 min"` by default.
    pub per: Option<Span>,
    /// How many may come at once; as many as `requests` by default.
    pub burst: Option<u64>,
    /// `all` (the default) or `failures`: only requests that the app answers with one of `failures` count, as
    /// wrong passwords do.
    pub count: Option<Counts>,
    /// What a failure is: statuses as in `["401", "403", "4xx"]`; `["400", "401", "403", "422", "429"]` by
    /// default. An app that shows its form again with 200 needs `["200", "4xx"]`.
    pub failures: Option<Vec<String>>,
    /// Only requests with these methods, as in `["POST"]`; every one by default.
    pub methods: Vec<String>,
    /// Only requests to these paths, written as those of routes; every one by default.
    pub paths: Vec<String>,
    /// Addresses and networks that this limit does not count.
    pub exempt: Option<Vec<String>>,
    /// Count for all gates together, where `store` names a shared store; `true` by default.
    pub shared: Option<bool>,
    /// The route that it was written below; empty for the site.
    #[serde(skip)]
    pub(crate) scope: String,
    /// Written for the site and laid below a route: its faults have been told there.
    #[serde(skip)]
    pub(crate) inherited: bool,
}

/// What an allowance is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyPart {
    /// The caller's address; of IPv6 the /64.
    Address,
    /// The value of the session cookie.
    Session,
    /// The user that a trusted proxy names.
    User,
    /// The route of the policy that holds.
    Route,
    /// Everybody together.
    Site,
}

/// Which requests count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counts {
    /// Every one.
    #[default]
    All,
    /// Those that the app answers with a failure.
    Failures,
}

/// A limit, checked.
#[derive(Debug, Clone)]
pub struct Limit {
    /// Told in headers and events.
    pub name: String,
    /// The route it was written below.
    pub scope: String,
    /// Whom it counts by.
    pub key: Vec<KeyPart>,
    /// How much.
    pub quota: Quota,
    /// Which requests count.
    pub counts: Counts,
    /// Whether a shared store counts it.
    pub shared: bool,
    /// Whether the operator wrote it: only then passing answers tell of it.
    pub written: bool,
    failures: Vec<(u16, u16)>,
    methods: Vec<Method>,
    paths: Vec<Pattern>,
    pub(super) exempt: Vec<IpNet>,
}

/// What a request draws from one limit.
#[derive(Debug, Clone)]
pub struct Draw {
    /// From whose allowance.
    pub key: RateKey,
    /// Of which limit.
    pub limit: Arc<Limit>,
    /// How much.
    pub cost: u64,
}

impl Limit {
    /// The one that is always there: a single address asking faster than any visitor, and any office of them,
    /// would. This machine's own addresses are exempt, for a proxy that nobody named calls from there.
    pub(super) fn built_in() -> Self {
        Self {
            name: super::config::DEFAULT.to_owned(),
            scope: String::new(),
            key: vec![KeyPart::Address],
            quota: Quota::new(300, std::time::Duration::from_secs(1), 6000),
            counts: Counts::All,
            shared: false,
            written: false,
            failures: Vec::new(),
            methods: Vec::new(),
            paths: Vec::new(),
            exempt: super::config::this_machine(),
        }
    }

    pub(super) fn check(raw: &RawLimit, faults: &mut Faults<'_>) -> Option<Self> {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if raw.name.is_empty() || raw.name.len() > 64 || !raw.name.chars().all(known) {
            faults.at(
                "name",
                format!("`{}` is not a name of a limit", raw.name),
                "give it one of letters, digits, `-`, `_` and `.`, as in `name = \"login\"`",
            );
        }
        let window = raw.per.map_or(std::time::Duration::from_secs(60), |span| span.0);
        if window.is_zero() {
            faults.at("per", "a window of zero has no requests", "as in `per = \"1 min\"`");
            return None;
        }
        let Some(requests) = raw.requests else {
            faults.at(
                "requests",
                "a limit needs `requests`",
                "as in `requests = 100`, with `per = \"1 min\"`",
            );
            return None;
        };
        if requests == 0 {
            faults.at("requests", "a limit of zero requests refuses everything", "write at least `1`");
            return None;
        }
        if u128::from(requests) > window.as_micros() {
            faults.at("requests", "more than one request each microsecond is no limit", "write fewer");
            return None;
        }
        let burst = raw.burst.unwrap_or(requests);
        if burst == 0 {
            faults.at("burst", "a burst of zero refuses everything", "leave it out, or write at least `1`");
            return None;
        }
        let mut methods = Vec::new();
        for (position, method) in raw.methods.iter().enumerate() {
            match Method::from_bytes(method.to_ascii_uppercase().as_bytes()) {
                Ok(method) => methods.push(method),
                Err(_) => faults.at(
                    &format!("methods[{position}]"),
                    format!("`{method}` is not an HTTP method"),
                    "as in `methods = [\"POST\"]`",
                ),
            }
        }
        let mut paths = Vec::new();
        for (position, path) in raw.paths.iter().enumerate() {
            match Pattern::parse(path) {
                Ok(pattern) => paths.push(pattern),
                Err(error) => faults.at(
                    &format!("paths[{position}]"),
                    error.to_string(),
                    "a path is `/exact`, `/with/{segment}` or `/everything/below/*`",
                ),
            }
        }
        let counts = raw.count.unwrap_or_default();
        if counts == Counts::All && raw.failures.is_some() {
            faults.at(
                "failures",
                "`failures` says nothing where all requests count",
                "add `count = \"failures\"`",
            );
        }
        let key = raw.key.clone().unwrap_or_else(|| vec![KeyPart::Address]);
        if key.is_empty() {
            faults.at(
                "key",
                "a limit counts by something",
                "as in `key = [\"address\"]`, or `[\"site\"]` for all",
            );
        }
        Some(Self {
            name: raw.name.clone(),
            scope: raw.scope.clone(),
            key,
            quota: Quota::new(requests, window, burst),
            counts,
            shared: raw.shared.unwrap_or(true),
            written: true,
            failures: statuses(raw.failures.as_deref(), faults),
            methods,
            paths,
            exempt: networks("exempt", raw.exempt.as_deref().unwrap_or_default(), faults),
        })
    }

    /// Whether a request of this method and path, in normal form, is counted.
    #[must_use]
    pub fn applies(&self, method: &Method, path: &str) -> bool {
        (self.methods.is_empty() || self.methods.contains(method))
            && (self.paths.is_empty() || self.paths.iter().any(|pattern| pattern.matches(path)))
    }

    /// Whether an answer with this status counts.
    #[must_use]
    pub fn is_counted(&self, status: StatusCode) -> bool {
        match self.counts {
            Counts::All => true,
            Counts::Failures => {
                self.failures.iter().any(|(first, last)| (*first..=*last).contains(&status.as_u16()))
            }
        }
    }
}

fn statuses(written: Option<&[String]>, faults: &mut Faults<'_>) -> Vec<(u16, u16)> {
    let Some(written) = written else { return [400, 401, 403, 422, 429].map(|one| (one, one)).to_vec() };
    let mut list = Vec::new();
    for (position, text) in written.iter().enumerate() {
        let class = text.strip_suffix("xx").and_then(|digit| digit.parse::<u16>().ok());
        match (class, text.parse::<u16>()) {
            (Some(class @ 1..=5), _) => {
                list.push((class.saturating_mul(100), class.saturating_mul(100).saturating_add(99)))
            }
            (None, Ok(status @ 100..=599)) => list.push((status, status)),
            _ => faults.at(
                &format!("failures[{position}]"),
                format!("`{text}` is not a status"),
                "as in `failures = [\"401\", \"4xx\"]`",
            ),
        }
    }
    list
}
