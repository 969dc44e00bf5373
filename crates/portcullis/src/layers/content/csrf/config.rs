//! Settings: `[csrf]`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::origin::{Origin, OriginPattern};
use crate::policy::Faults;
use crate::policy::units::Span;
use crate::verdict::Mode;

/// As written in the policy.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// `enforce` (the default), `observe` or `off`.
    pub mode: Option<Mode>,
    /// Other origins whose pages may act in the visitor's name, as in `["https://partner.example",
    /// "https://*.example.com"]`. A wildcard means every name below; so trust it only where no name below
    /// can be taken over.
    pub trusted_origins: Vec<String>,
    /// Allow `http://` in `trusted_origins`: anybody on the network between can then act for the visitor.
    pub dangerous_http_origins: Option<bool>,
    /// How long a token holds after it was written into a page; `"12 h"` by default. A visitor who sends
    /// an older form is offered to send it again.
    pub lifetime: Option<Span>,
    /// Offer the cookie `XSRF-TOKEN`, readable by scripts, which Angular, axios and others copy into
    /// `X-XSRF-Token`; `false` by default. It goes with pages that `html.tokens` may edit, unless the app
    /// sets a cookie of that name itself. Current browsers need no token at all.
    pub spa_cookie: Option<bool>,
    /// Leave `Origin` in place for an app that carries Django's `csrftoken` cookie; `false` by default.
    /// Django compares `Origin` with the scheme that it believes in, so that behind a gate that ends TLS
    /// a default Django refuses its own pages. Set it to `true` for a Django that was told of HTTPS by
    /// `SECURE_PROXY_SSL_HEADER` and should check it once more.
    pub keep_origin: Option<bool>,
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// What becomes of a denial.
    pub mode: Mode,
    trusted: Vec<OriginPattern>,
    pub(super) lifetime: Duration,
    pub(super) keep_origin: bool,
    pub(crate) spa_cookie: bool,
}

impl Config {
    pub(crate) fn check(raw: &Raw, faults: &mut Faults<'_>) -> Self {
        let mut trusted = Vec::new();
        for (index, written) in raw.trusted_origins.iter().enumerate() {
            match OriginPattern::parse(written, raw.dangerous_http_origins == Some(true)) {
                Ok(pattern) => trusted.push(pattern),
                Err(fault) => {
                    faults.at(
                        &format!("trusted_origins[{index}]"),
                        format!("`{written}` {fault}"),
                        fault.help(),
                    );
                }
            }
        }
        let lifetime = raw.lifetime.map_or(Duration::from_secs(12 * 3600), |span| span.0);
        if lifetime < Duration::from_secs(60) {
            faults.at(
                "lifetime",
                "a token that holds for less than a minute expires while the form is filled in",
                "as in `lifetime = \"12 h\"`",
            );
        }
        Self {
            mode: raw.mode.unwrap_or_default(),
            trusted,
            lifetime,
            keep_origin: raw.keep_origin.unwrap_or(false),
            spa_cookie: raw.spa_cookie.unwrap_or(false),
        }
    }

    pub(super) fn trusts(&self, origin: &Origin) -> bool {
        self.trusted.iter().any(|pattern| pattern.matches(origin))
    }
}
