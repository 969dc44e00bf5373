//! STUB

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Faults;
use crate::verdict::Mode;

/// As written in the policy.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// `enforce` (the default), `observe` or `off`.
    pub mode: Option<Mode>,
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// What becomes of a denial.
    pub mode: Mode,
}

impl Config {
    pub(crate) fn check(raw: &Raw, _faults: &mut Faults<'_>) -> Self {
        Self { mode: raw.mode.unwrap_or_default() }
    }
}
