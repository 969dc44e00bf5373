//! The settings of rate.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;

use super::ban::{BanRules, RawBan};
use super::{Limit, RawLimit};
use crate::policy::Faults;
use crate::policy::units::Span;
use crate::verdict::Mode;

/// The name of the limit that is always there.
pub(super) const DEFAULT: &str = "default";

/// As written in the policy.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// `enforce` (the default), `observe` or `off`.
    pub mode: Option<Mode>,
    /// How much a request costs of every limit that counts it; 1 by default. Set it on a route whose requests
    /// are dear.
    pub cost: Option<u64>,
    /// Cookies by which `session` and bans tell visitors apart; the first that is there counts. By default
    /// the names that common frameworks use.
    pub session_cookies: Option<Vec<String>>,
    /// The header in which a trusted proxy names the signed-in user, as in `"x-auth-user"`. From anybody else
    /// it is ignored.
    pub user_header: Option<String>,
    /// Addresses and networks that no limit counts, as in `["192.0.2.0/24"]`: monitors, say.
    pub exempt: Option<Vec<String>>,
    /// Take away the limit that is always there: 300 requests a second by one address, 6000 at once. This
    /// machine's own addresses are exempt from it.
    pub dangerous_no_default: Option<bool>,
    /// Tell callers of their allowance in the `RateLimit` and `RateLimit-Policy` fields of every answer that a
    /// limit of yours counted; `true` by default. A 429 always tells it.
    pub headers: Option<bool>,
    /// Where allowances are counted: `"memory"` (the default), each gate by itself, or the address of a Redis,
    /// as in `"redis://127.0.0.1:6379/0"` or `rediss://`, for all gates that share it and the gate's key. Read
    /// by the gateway only. Site-wide.
    pub store: Option<String>,
    /// How long an answer of the store is waited for; `"50 ms"` by default. Site-wide.
    pub store_timeout: Option<Span>,
    /// What happens while the store is away: `local` (the default), each gate counts by itself until it is
    /// back, or `refuse`, what a shared limit counts is refused. Site-wide.
    pub store_lost: Option<StoreLost>,
    /// Callers that keep being refused.
    pub ban: RawBan,
    /// One limit; as many as you like hold at once.
    pub limit: Vec<RawLimit>,
}

/// What happens while the shared store is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoreLost {
    /// Each gate counts by itself.
    #[default]
    Local,
    /// What a shared limit counts is refused.
    Refuse,
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// What becomes of a denial.
    pub mode: Mode,
    /// What a request costs.
    pub cost: u64,
    /// Every limit that may apply.
    pub limits: Vec<Arc<Limit>>,
    /// Callers that keep being refused.
    pub ban: BanRules,
    /// Whether passing answers tell of the allowance.
    pub headers: bool,
    pub(super) session_cookies: Arc<[String]>,
    pub(super) user_header: Option<HeaderName>,
    pub(super) exempt: Vec<IpNet>,
}

/// Session cookies of common frameworks: Flask, Rails and Rack, Django, PHP, Java, Express, Laravel, ASP.NET,
/// Auth.js, better-auth.
const SESSIONS: [&str; 14] = [
    "session",
    "_session_id",
    "rack.session",
    "sessionid",
    "PHPSESSID",
    "JSESSIONID",
    "connect.sid",
    "sid",
    "laravel_session",
    "ASP.NET_SessionId",
    ".AspNetCore.Session",
    ".AspNetCore.Cookies",
    "next-auth.session-token",
    "authjs.session-token",
];

impl Raw {
    /// The keys that hold for the site alone, as far as they are written.
    pub(crate) fn site_wide_keys(&self) -> Vec<&'static str> {
        [
            ("store", self.store.is_some()),
            ("store_timeout", self.store_timeout.is_some()),
            ("store_lost", self.store_lost.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, written)| written.then_some(name))
        .collect()
    }

    /// Lays a route's limits over those of the site: what the site limits stays limited.
    pub(crate) fn lay_over(&mut self, site: &[RawLimit], scope: &str, has_own: bool) {
        if !has_own {
            for limit in &mut self.limit {
                limit.inherited = true;
            }
            return;
        }
        for limit in &mut self.limit {
            scope.clone_into(&mut limit.scope);
        }
        let named: BTreeSet<String> = self.limit.iter().map(|limit| limit.name.clone()).collect();
        let below = site.iter().filter(|limit| !named.contains(&limit.name)).cloned();
        self.limit.extend(below.map(|limit| RawLimit { inherited: true, ..limit }));
    }
}

impl Config {
    pub(crate) fn check(raw: &Raw, faults: &mut Faults<'_>) -> Self {
        let cost = raw.cost.unwrap_or(1);
        if cost == 0 {
            faults.at(
                "cost",
                "a request that costs nothing is never limited",
                "write at least `1`, or `mode = \"off\"`",
            );
        }
        let mut limits = Vec::new();
        let mut names = BTreeSet::new();
        for (position, written) in raw.limit.iter().enumerate() {
            let mut own = Faults::new();
            let mut section = faults.section(&format!("limit[{position}]"));
            let here = if written.inherited { &mut own } else { &mut section };
            if !names.insert(written.name.as_str()) {
                here.at(
                    "name",
                    format!("there is another limit `{}`", written.name),
                    "give each a name of its own",
                );
            }
            let Some(limit) = Limit::check(written, here) else { continue };
            if cost > limit.quota.burst {
                here.at(
                    "burst",
                    format!(
                        "a request that costs `{cost}` never fits into a burst of `{}`",
                        limit.quota.burst
                    ),
                    "raise `burst`, or lower `cost`",
                );
            }
            limits.push(Arc::new(limit));
        }
        if raw.dangerous_no_default != Some(true) && !names.contains(DEFAULT) {
            limits.push(Arc::new(Limit::built_in()));
        }
        let user_header = raw.user_header.as_ref().and_then(|name| match name.parse() {
            Ok(name) => Some(name),
            Err(_) => {
                faults.at(
                    "user_header",
                    format!("`{name}` is not the name of a header"),
                    "as in `\"x-auth-user\"`",
                );
                None
            }
        });
        check_store(raw, faults);
        let sessions = raw.session_cookies.clone();
        Self {
            mode: raw.mode.unwrap_or_default(),
            cost,
            limits,
            ban: BanRules::check(&raw.ban, &mut faults.section("ban")),
            headers: raw.headers.unwrap_or(true),
            session_cookies: sessions.unwrap_or_else(|| SESSIONS.map(str::to_owned).to_vec()).into(),
            user_header,
            exempt: networks("exempt", raw.exempt.as_deref().unwrap_or_default(), faults),
        }
    }
}

fn check_store(raw: &Raw, faults: &mut Faults<'_>) {
    if let Some(store) = raw.store.as_deref().filter(|store| *store != "memory") {
        let holds = url::Url::parse(store)
            .is_ok_and(|url| matches!(url.scheme(), "redis" | "rediss") && url.host().is_some());
        if !holds {
            faults.at(
                "store",
                "this is neither `memory` nor the address of a Redis",
                "as in `\"redis://127.0.0.1:6379/0\"`",
            );
        }
    }
    let most = Duration::from_secs(5);
    if raw.store_timeout.is_some_and(|span| span.0.is_zero() || span.0 > most) {
        faults.at(
            "store_timeout",
            "every request waits for the store, so that this must be between `1 ms` and `5 s`",
            "leave it out for `\"50 ms\"`",
        );
    }
}

/// Reads addresses and networks.
pub(super) fn networks(key: &str, written: &[String], faults: &mut Faults<'_>) -> Vec<IpNet> {
    let mut list = Vec::new();
    for (position, text) in written.iter().enumerate() {
        let read = text
            .parse::<IpAddr>()
            .map(|address| IpNet::from(address.to_canonical()))
            .or_else(|_| text.parse::<IpNet>().map(|net| net.trunc()));
        match read {
            Ok(network) => list.push(network),
            Err(_) => faults.at(
                &format!("{key}[{position}]"),
                format!("`{text}` is not a network"),
                "write an address or a network, as in `\"192.0.2.0/24\"` or `\"2001:db8::1\"`",
            ),
        }
    }
    list
}

/// Loopback: who calls from there is this machine, or a proxy on it.
pub(super) fn this_machine() -> Vec<IpNet> {
    let v4 = ipnet::Ipv4Net::new(std::net::Ipv4Addr::new(127, 0, 0, 0), 8).map(IpNet::V4);
    v4.into_iter().chain(std::iter::once(IpNet::from(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)))).collect()
}

/// Whether an address is in one of the networks.
pub(super) fn within(networks: &[IpNet], ip: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&ip))
}
