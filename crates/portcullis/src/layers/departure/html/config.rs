//! Settings: `[html]`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Faults;
use crate::verdict::Mode;

/// As written in the policy.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// `enforce` (the default): pages are edited; `observe`: pages are searched, so that a policy can be
    /// fitted to them, but not edited; `off`: pages are neither searched nor edited.
    pub mode: Option<Mode>,
    /// Write CSRF tokens into the forms of pages, for browsers that say nothing of where a form comes
    /// from; `true` by default. Nothing is written into a page that is public for shared caches or that
    /// says `no-transform`.
    pub tokens: Option<bool>,
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Whether pages are edited, searched, or left alone.
    pub mode: Mode,
    pub(crate) tokens: bool,
}

impl Config {
    pub(crate) fn check(raw: &Raw, _faults: &mut Faults<'_>) -> Self {
        Self { mode: raw.mode.unwrap_or_default(), tokens: raw.tokens.unwrap_or(true) }
    }
}
