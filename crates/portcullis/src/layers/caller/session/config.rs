//! Settings: `[session]`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Faults;
use crate::policy::units::Span;
use crate::verdict::Mode;

/// As written in the policy. All but `mode` hold for the whole site.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// `enforce` (the default), `observe` or `off`: nobody is recognised.
    pub mode: Option<Mode>,
    /// How long a session holds that is not used; `"1 h"` by default (NIST SP 800-63B-4 section 2.2.3). Site-wide.
    pub idle: Option<Span>,
    /// How long a session holds at most; `"24 h"` by default. Site-wide.
    pub absolute: Option<Span>,
    /// How long a device stays signed in whose owner asks for it; `"30 d"` by default, `"0 s"` for never. Site-wide.
    pub remember: Option<Span>,
    /// How long ago a person may have proved who they are before the account's own pages ask again, and where a
    /// route says `fresh` without a time; `"15 min"` by default. Site-wide.
    pub fresh: Option<Span>,
    /// How long a gate may answer from its own memory what it last read from the store; `"2 s"` by default. What
    /// this gate changes it knows at once: only a change by another gate, or by a command, is seen that late.
    /// Site-wide.
    pub memory: Option<Span>,
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// What becomes of a denial.
    pub mode: Mode,
    /// How long a session holds that is not used.
    pub idle: Duration,
    /// How long a session holds at most.
    pub absolute: Duration,
    /// How long a device stays signed in; `None` for never.
    pub remember: Option<Duration>,
    /// How long ago a proof may be for what is delicate.
    pub fresh: Duration,
    /// How long what was read from the store may be answered again.
    pub memory: Duration,
}

const DAY: Duration = Duration::from_secs(86_400);

impl Raw {
    /// The keys written here that only the site can have.
    pub(crate) fn site_wide_keys(&self) -> impl Iterator<Item = &'static str> {
        [
            ("idle", self.idle.is_some()),
            ("absolute", self.absolute.is_some()),
            ("remember", self.remember.is_some()),
            ("fresh", self.fresh.is_some()),
            ("memory", self.memory.is_some()),
        ]
        .into_iter()
        .filter_map(|(key, is_written)| is_written.then_some(key))
    }
}

impl Config {
    pub(crate) fn check(raw: &Raw, faults: &mut Faults<'_>) -> Self {
        let span = |written: Option<Span>, default: Duration| written.map_or(default, |span| span.0);
        let config = Self {
            mode: raw.mode.unwrap_or_default(),
            idle: span(raw.idle, DAY / 24),
            absolute: span(raw.absolute, DAY),
            remember: Some(span(raw.remember, DAY * 30)).filter(|span| !span.is_zero()),
            fresh: span(raw.fresh, Duration::from_secs(900)),
            memory: span(raw.memory, Duration::from_secs(2)),
        };
        let minute = Duration::from_secs(60);
        if config.idle < minute {
            faults.at(
                "idle",
                "a session that ends within a minute ends while a page is read",
                "as in `\"1 h\"`",
            );
        }
        if config.absolute < config.idle {
            faults.at(
                "absolute",
                "a session would end before it is idle",
                "write at least as much as `idle`",
            );
        }
        if config.absolute > DAY * 90 {
            faults.at(
                "absolute",
                "a session that holds for more than 90 days is a key that nobody takes back",
                "to keep devices signed in, write `remember`: its tokens change at each use",
            );
        }
        if config.remember.is_some_and(|remember| remember < config.absolute || remember > DAY * 400) {
            faults.at(
                "remember",
                "a device is remembered for longer than a session holds, and browsers keep no cookie beyond 400 days",
                "as in `\"30 d\"`, or `\"0 s\"` for never",
            );
        }
        if config.fresh < minute {
            faults.at(
                "fresh",
                "a proof that is old within a minute is old before a form is sent",
                "as in `\"15 min\"`",
            );
        }
        if config.memory > Duration::from_secs(30) {
            faults.at(
                "memory",
                "a session that another gate has ended would be believed for more than half a minute",
                "as in `\"2 s\"`",
            );
        }
        config
    }
}
