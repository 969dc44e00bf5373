//! Settings: `[leak]`.

use http::StatusCode;
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
    /// On which pages stack traces and database errors are refused: `errors` (the default) for those with
    /// status 500 and above, `all` for every one; then a page that quotes a trace is refused too.
    pub pages: Option<Pages>,
    /// Let stack traces, debuggers and error texts out: they tell an attacker files, versions and queries.
    pub dangerous_show_errors: Option<bool>,
    /// Let private keys and credentials out, as for a route where a visitor fetches a key of their own.
    pub dangerous_show_secrets: Option<bool>,
}

/// On which pages traces are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pages {
    /// Those with status 500 and above.
    #[default]
    Errors,
    /// Every one.
    All,
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// What becomes of a denial.
    pub mode: Mode,
    pages: Pages,
    errors: bool,
    secrets: bool,
}

/// What is looked for in one response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Breadth {
    /// Traces and error texts as any page may quote them.
    pub(super) traces: bool,
    /// Markup that only a debugger or a broken page has.
    pub(super) debuggers: bool,
    pub(super) secrets: bool,
}

impl Config {
    pub(crate) fn check(raw: &Raw, faults: &mut Faults<'_>) -> Self {
        let errors = raw.dangerous_show_errors != Some(true);
        if !errors && raw.pages.is_some() {
            faults.at(
                "pages",
                "`pages` says where errors are refused, but `dangerous_show_errors` lets them all out",
                "remove one of the two",
            );
        }
        Self {
            mode: raw.mode.unwrap_or_default(),
            pages: raw.pages.unwrap_or_default(),
            errors,
            secrets: raw.dangerous_show_secrets != Some(true),
        }
    }

    /// What to look for; `None` where there is nothing. Scripts quote error texts in their own messages.
    pub(crate) fn breadth(&self, status: StatusCode, is_script: bool) -> Option<Breadth> {
        let errors = self.errors && !is_script;
        let breadth = Breadth {
            traces: errors && (self.pages == Pages::All || status.is_server_error()),
            debuggers: errors,
            secrets: self.secrets,
        };
        (self.mode != Mode::Off && (breadth.debuggers || breadth.secrets)).then_some(breadth)
    }
}
