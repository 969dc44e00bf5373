//! The settings of transport.

use std::time::Duration;

use http::HeaderValue;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Faults;
use crate::policy::units::Span;
use crate::verdict::Mode;

/// A year, which browsers' preload lists ask for.
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// As written in the policy.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// `enforce` (the default), `observe` or `off`.
    pub mode: Option<Mode>,
    /// Whether browsers are told to use HTTPS only from now on (HSTS); `true` by default.
    pub hsts: Option<bool>,
    /// How long browsers remember it; `"365 d"` by default. `"0 s"` makes them forget.
    pub hsts_max_age: Option<Span>,
    /// Whether it holds for every name below too; `false` by default. Turn it on once all of them are
    /// served over HTTPS.
    pub hsts_include_subdomains: Option<bool>,
    /// Whether only clients that have shown a certificate of `tls.client_ca` may pass (mTLS); `false` by
    /// default.
    pub require_client_certificate: Option<bool>,
    /// Whether browsers may build the name in; `false` by default. It takes months to undo. Asks for
    /// `hsts_include_subdomains` and at least a year, and is asked for at hstspreload.org.
    pub hsts_preload: Option<bool>,
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// What becomes of a denial.
    pub mode: Mode,
    pub(super) hsts: Option<HeaderValue>,
    pub(super) require_client_certificate: bool,
}

impl Config {
    pub(crate) fn check(raw: &Raw, faults: &mut Faults<'_>) -> Self {
        let age = raw.hsts_max_age.map_or(YEAR, |span| span.0);
        let subdomains = raw.hsts_include_subdomains.unwrap_or(false);
        let preload = raw.hsts_preload.unwrap_or(false);
        let on = raw.hsts.unwrap_or(true);
        if !age.is_zero() && age.as_secs() == 0 {
            faults.at(
                "hsts_max_age",
                "HSTS counts in seconds",
                "write at least `\"1 s\"`; `\"365 d\"` is usual",
            );
        }
        if preload {
            if !on {
                faults.at("hsts_preload", "there is no preload without HSTS", "leave `hsts` at `true`");
            }
            if !subdomains {
                faults.at(
                    "hsts_preload",
                    "browsers' preload lists take a name only with all names below it",
                    "set `hsts_include_subdomains = true` once every name below is served over HTTPS",
                );
            }
            if age < YEAR {
                let days = age.as_secs() / 86_400;
                faults.at(
                    "hsts_preload",
                    format!(
                        "browsers' preload lists ask for at least a year, and `hsts_max_age` is `{days} d`"
                    ),
                    "set `hsts_max_age = \"365 d\"` or more",
                );
            }
        }
        let mut value = format!("max-age={}", age.as_secs());
        if subdomains {
            value.push_str("; includeSubDomains");
        }
        if preload {
            value.push_str("; preload");
        }
        let hsts = if on { HeaderValue::from_str(&value).ok() } else { None };
        Self {
            mode: raw.mode.unwrap_or_default(),
            hsts,
            require_client_certificate: raw.require_client_certificate.unwrap_or(false),
        }
    }
}
