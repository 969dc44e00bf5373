//! Callers that keep being refused.

use std::time::Duration;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;

use super::config::{networks, this_machine};
use super::gcra::micros;
use super::{Bucket, Quota, RateKey};
use crate::policy::Faults;
use crate::policy::units::Span;
use crate::verdict::Mode;

/// As written in the policy.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawBan {
    /// `enforce` (the default), `observe` (bans are only recorded) or `off`.
    pub mode: Option<Mode>,
    /// How many refusals of any kind within `within` ban a guest: the session, or where there is none the
    /// address together with what the browser says of itself; 60 by default.
    pub refusals: Option<u64>,
    /// How many attacks and malformed messages within `within` ban a whole address (of IPv6 the /64), with
    /// everybody behind it; 300 by default.
    pub attacks: Option<u64>,
    /// The window of both; `"1 min"` by default.
    pub within: Option<Span>,
    /// How long the first ban lasts; `"1 min"` by default. Each further one is twice as long.
    pub first: Option<Span>,
    /// The longest; `"1 d"` by default.
    pub longest: Option<Span>,
    /// Addresses and networks that are never banned; `["127.0.0.0/8", "::1"]` by default.
    pub exempt: Option<Vec<String>>,
}

/// Checked.
#[derive(Debug, Clone)]
pub struct BanRules {
    /// What becomes of a ban.
    pub mode: Mode,
    /// Longest ban.
    pub longest: Duration,
    /// First ban.
    pub first: Duration,
    guest: Quota,
    address: Quota,
    pub(super) exempt: Vec<IpNet>,
}

/// Who would be banned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// One session, or one kind of browser at one address.
    Guest,
    /// Everybody at one address.
    Address,
}

/// A refusal that counts against its caller; the door brings it to where it keeps count.
#[derive(Debug, Clone)]
pub struct Offence {
    /// Whose counters, each with what people call it.
    pub against: Vec<(Subject, RateKey, String)>,
    /// The rules where it happened.
    pub rules: BanRules,
    /// The reason's code.
    pub code: &'static str,
    /// The exchange.
    pub id: String,
    /// When, since the epoch.
    pub now: Duration,
}

/// What is known of one caller's refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offender {
    refusals: Bucket,
    /// How often banned so far.
    pub times: u32,
    /// When the last ban ends, in microseconds since the epoch.
    pub until: u64,
}

/// A ban that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// How long it still holds.
    pub left: Duration,
    /// The exchange that led to it: what the page names, and `portcullis explain` finds.
    pub id: String,
    /// Whether it only would hold.
    pub observed: bool,
}

/// A caller who kept quiet for so long after a ban begins anew.
const FORGIVEN: u64 = 24 * 3600 * 1_000_000;

impl BanRules {
    pub(super) fn check(raw: &RawBan, faults: &mut Faults<'_>) -> Self {
        let within = raw.within.map_or(Duration::from_secs(60), |span| span.0);
        let first = raw.first.map_or(Duration::from_secs(60), |span| span.0);
        let longest = raw.longest.map_or(Duration::from_secs(24 * 3600), |span| span.0);
        for (key, span) in [("within", within), ("first", first)] {
            if span.is_zero() {
                faults.at(key, format!("`{key}` is a span of zero"), "leave it out for `\"1 min\"`");
            }
        }
        if longest < first {
            faults.at("longest", "the longest ban is shorter than the first", "raise it, or lower `first`");
        }
        if longest > Duration::from_secs(30 * 24 * 3600) {
            faults.at(
                "longest",
                "addresses change hands: a ban of more than `30 d` meets strangers",
                "write less",
            );
        }
        let mut count = |key: &str, written: Option<u64>, default: u64| {
            if written == Some(0) {
                faults.at(key, "a ban before the first refusal", format!("leave it out for `{default}`"));
            }
            written.unwrap_or(default).max(1)
        };
        let refusals = count("refusals", raw.refusals, 60);
        let attacks = count("attacks", raw.attacks, 300);
        Self {
            mode: raw.mode.unwrap_or_default(),
            longest,
            first,
            guest: Quota::new(refusals, within, refusals),
            address: Quota::new(attacks, within, attacks),
            exempt: match &raw.exempt {
                Some(written) => networks("exempt", written, faults),
                None => this_machine(),
            },
        }
    }

    fn quota(&self, subject: Subject) -> &Quota {
        match subject {
            Subject::Guest => &self.guest,
            Subject::Address => &self.address,
        }
    }
}

impl Offender {
    /// Counts one refusal; `Some` with its length when it was one too many.
    pub fn offend(&mut self, subject: Subject, rules: &BanRules, now: Duration) -> Option<Duration> {
        let now = micros(now);
        if self.until > now {
            return None;
        }
        if self.refusals.draw(rules.quota(subject), 1, now).granted {
            return None;
        }
        if now.saturating_sub(self.until) > FORGIVEN {
            self.times = 0;
        }
        let doubled = rules.first.saturating_mul(1_u32.checked_shl(self.times.min(30)).unwrap_or(u32::MAX));
        let length = doubled.min(rules.longest);
        self.times = self.times.saturating_add(1);
        self.until = now.saturating_add(micros(length));
        self.refusals = Bucket::default();
        Some(length)
    }

    /// Up to when forgetting this would lose something, in microseconds since the epoch.
    #[must_use]
    pub fn matters_until(&self) -> u64 {
        let banned = if self.times == 0 { 0 } else { self.until.saturating_add(FORGIVEN) };
        banned.max(self.refusals.due)
    }
}
