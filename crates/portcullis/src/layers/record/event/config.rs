//! Settings: `[event]`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Redactor;
use crate::policy::Faults;
use crate::verdict::Mode;

/// As written in the policy.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// `enforce` (the default) or `off`: nothing at all is recorded, and no refusal can be explained.
    pub mode: Option<Mode>,
    /// The share of passed requests that get an event too, from `0.0` (the default) to `1.0`.
    pub sample_passes: Option<f64>,
    /// More names of parameters, headers and cookies whose values never reach the log, as in `["ssn"]`.
    /// Passwords, tokens, keys, session ids and card numbers are known already.
    pub redact: Vec<String>,
    /// Keep secrets in events: whoever reads the log can then act for your visitors.
    pub dangerous_keep_secrets: Option<bool>,
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Whether anything is recorded.
    pub mode: Mode,
    /// The share of passes that are recorded, from 0 to 1.
    pub(super) sample_passes: f64,
    pub(crate) redactor: Arc<Redactor>,
}

impl Config {
    pub(crate) fn check(raw: &Raw, faults: &mut Faults<'_>) -> Self {
        if raw.mode == Some(Mode::Observe) {
            faults.at(
                "mode",
                "an event log that only observes would do what it does anyway",
                "leave it out, or write `\"off\"` for no log",
            );
        }
        let sample_passes = raw.sample_passes.unwrap_or(0.0);
        if !(0.0..=1.0).contains(&sample_passes) {
            faults.at(
                "sample_passes",
                format!("`{sample_passes}` is not a share"),
                "write a number from `0.0` (none) to `1.0` (every one)",
            );
        }
        for (index, name) in raw.redact.iter().enumerate() {
            if !name.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
                faults.at(
                    &format!("redact[{index}]"),
                    format!("`{name}` is not a name"),
                    "write the name of a parameter, header or cookie, as in `[\"ssn\"]`",
                );
            }
        }
        let redactor = if raw.dangerous_keep_secrets == Some(true) {
            Redactor::keeping_secrets()
        } else {
            Redactor::new(&raw.redact)
        };
        Self { mode: raw.mode.unwrap_or_default(), sample_passes, redactor: Arc::new(redactor) }
    }

    /// Whether the value of a field of this name is kept from view.
    pub(crate) fn hides(&self, name: &str) -> bool {
        self.redactor.is_secret(name.as_bytes())
    }
}
