//! Settings: `[redirect]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::origin::OriginPattern;
use crate::policy::Faults;
use crate::verdict::Mode;

/// As written in the policy.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// `enforce` (the default), `observe` or `off`.
    pub mode: Option<Mode>,
    /// Origins that a redirect may always lead to, as in `["https://accounts.google.com",
    /// "https://*.example.com"]`; for native apps also `"myapp://callback"`. A wildcard means every name below.
    pub partners: Vec<String>,
    /// Allow `http://` in `partners`: what is sent there can be read and changed on the way.
    pub dangerous_http_partners: Option<bool>,
    /// What is refused of redirects to other hosts that are no partners: `from_request` (the default) those whose
    /// host the request itself told, as `?next=https://evil.example` does; `never` lets none but partners be
    /// redirected to; `dangerous_anywhere` lets all pass that run no script.
    pub foreign: Option<Foreign>,
}

/// Which redirects to foreign hosts are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Foreign {
    /// Those whose host the request itself told; the default.
    #[default]
    FromRequest,
    /// All: only partners are left.
    Never,
    /// None but those that run script: the app lets anybody send its visitors anywhere.
    DangerousAnywhere,
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// What becomes of a denial.
    pub mode: Mode,
    pub(super) partners: Vec<OriginPattern>,
    pub(super) foreign: Foreign,
}

impl Config {
    pub(crate) fn check(raw: &Raw, faults: &mut Faults<'_>) -> Self {
        let mut partners = Vec::new();
        for (index, written) in raw.partners.iter().enumerate() {
            match OriginPattern::parse(written, raw.dangerous_http_partners == Some(true)) {
                Ok(pattern) => partners.push(pattern),
                Err(fault) => {
                    let help = fault.help().replace("dangerous_http_origins", "dangerous_http_partners");
                    faults.at(&format!("partners[{index}]"), format!("`{written}` {fault}"), help);
                }
            }
        }
        Self { mode: raw.mode.unwrap_or_default(), partners, foreign: raw.foreign.unwrap_or_default() }
    }
}
