//! Settings: `[cookies]`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::name::{NamePattern, Prefix, is_name};
use crate::layers::content::csrf::{ANCHOR_COOKIE, PLAIN_ANCHOR_COOKIE};
use crate::policy::Faults;
use crate::verdict::Mode;

/// Cookies that scripts read by convention: tokens that are copied into a header, and what a page looks
/// like. None of them is a secret from the page.
const SCRIPT_READABLE: [&str; 14] = [
    "*csrf*",
    "*xsrf*",
    "wp-settings-*",
    "NEXT_LOCALE",
    "i18next",
    "i18n_redirected",
    "django_language",
    "lang",
    "language",
    "locale",
    "theme",
    "color_scheme",
    "cookie_consent",
    "cookieconsent_status",
];

/// As written in the policy.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// `enforce` (the default), `observe` or `off`.
    pub mode: Option<Mode>,
    /// More cookies that scripts need to read and that so get no `HttpOnly`, as in `["cart", "ui-*"]`. Names of CSRF
    /// cookies, themes and languages are known.
    pub script_readable: Vec<String>,
    /// Cookies that are named `__Host-…` towards the browser, as in `["session"]`, so that no subdomain can set or
    /// shadow them. They get `Path=/` and lose `Domain`; the app sees its own name. Only over HTTPS.
    pub host_prefix: Vec<String>,
    /// Cookies whose value is sealed, as in `["session"]`: the browser can neither read nor change it.
    pub seal: Vec<String>,
    /// Exceptions for single cookies: the first that fits a name holds.
    pub exception: Vec<RawException>,
}

/// An exception for one cookie, as written: `[[cookies.exception]]`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawException {
    /// The name; `*` stands for any part of it.
    pub name: String,
    /// `true`: no `HttpOnly` is added; `false`: it is added even to a name that scripts are known to read.
    pub script_readable: Option<bool>,
    /// Do not add `Secure`: the cookie travels in the open wherever a link says `http://`.
    pub dangerous_without_secure: Option<bool>,
    /// Do not add `SameSite`: old browsers send the cookie with requests that foreign pages cause.
    pub dangerous_without_same_site: Option<bool>,
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// What becomes of a denial.
    pub mode: Mode,
    script_readable: Vec<NamePattern>,
    host_prefix: Vec<Vec<u8>>,
    seal: Vec<Vec<u8>>,
    exceptions: Vec<Exception>,
}

#[derive(Debug, Clone)]
struct Exception {
    name: NamePattern,
    script_readable: Option<bool>,
    without_secure: bool,
    without_same_site: bool,
}

/// What is wanted for one cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) secure: bool,
    pub(super) http_only: bool,
    pub(super) same_site: bool,
}

impl Config {
    pub(crate) fn check(raw: &Raw, faults: &mut Faults<'_>) -> Self {
        let script_readable = SCRIPT_READABLE
            .iter()
            .map(|name| NamePattern::new(name))
            .chain(patterns(&raw.script_readable, faults))
            .collect();
        let host_prefix = names(&raw.host_prefix, "host_prefix", faults);
        let seal = names(&raw.seal, "seal", faults);
        for (index, name) in raw.host_prefix.iter().enumerate() {
            if Prefix::of(name.as_bytes()).is_some() {
                faults.at(
                    &format!("host_prefix[{index}]"),
                    format!("`{name}` has a prefix of its own"),
                    "write the name that the app uses, without the prefix; or leave it out",
                );
            }
        }
        let exceptions: Vec<Exception> = raw
            .exception
            .iter()
            .enumerate()
            .filter_map(|(index, raw)| exception(raw, index, faults))
            .collect();
        let config =
            Self { mode: raw.mode.unwrap_or_default(), script_readable, host_prefix, seal, exceptions };
        for (index, name) in raw.seal.iter().enumerate() {
            if !config.wanted(name.as_bytes()).http_only {
                faults.at(
                    &format!("seal[{index}]"),
                    format!("`{name}` is for scripts to read, and sealed they cannot read it"),
                    "leave it out of `seal`, or write an exception for it with `script_readable = false`",
                );
            }
        }
        config
    }

    pub(super) fn wanted(&self, name: &[u8]) -> Wanted {
        let exception = self.exceptions.iter().find(|exception| exception.name.matches(name));
        let by_name = || self.script_readable.iter().any(|pattern| pattern.matches(name));
        Wanted {
            secure: !exception.is_some_and(|exception| exception.without_secure),
            http_only: !exception.and_then(|exception| exception.script_readable).unwrap_or_else(by_name),
            same_site: !exception.is_some_and(|exception| exception.without_same_site),
        }
    }

    pub(super) fn prefixes(&self, name: &[u8]) -> bool {
        self.host_prefix.iter().any(|listed| listed == name)
    }

    pub(super) fn seals(&self, name: &[u8]) -> bool {
        self.seal.iter().any(|listed| listed == name)
    }
}

fn names(written: &[String], key: &str, faults: &mut Faults<'_>) -> Vec<Vec<u8>> {
    for (index, name) in written.iter().enumerate() {
        if !is_name(name) || name.contains('*') {
            faults.at(
                &format!("{key}[{index}]"),
                format!("`{name}` is not the name of a cookie"),
                "write the whole name, as in `[\"session\"]`",
            );
        } else if name == ANCHOR_COOKIE || name == PLAIN_ANCHOR_COOKIE {
            faults.at(
                &format!("{key}[{index}]"),
                format!("`{name}` is a cookie of the gate's own"),
                "leave it out",
            );
        }
    }
    written.iter().map(|name| name.clone().into_bytes()).collect()
}

fn patterns(written: &[String], faults: &mut Faults<'_>) -> Vec<NamePattern> {
    for (index, name) in written.iter().enumerate() {
        if !is_name(name) || name.bytes().all(|byte| byte == b'*') {
            faults.at(
                &format!("script_readable[{index}]"),
                format!("`{name}` is not the name of a cookie"),
                "write the name, or a part of it with `*` for the rest, as in `[\"ui-*\"]`",
            );
        }
    }
    written.iter().map(|name| NamePattern::new(name)).collect()
}

fn exception(raw: &RawException, index: usize, faults: &mut Faults<'_>) -> Option<Exception> {
    if !is_name(&raw.name) {
        faults.at(
            &format!("exception[{index}].name"),
            format!("`{}` is not the name of a cookie", raw.name),
            "every exception names its cookie, as in `name = \"cart\"`",
        );
        return None;
    }
    let without_secure = raw.dangerous_without_secure == Some(true);
    let without_same_site = raw.dangerous_without_same_site == Some(true);
    if raw.script_readable.is_none() && !without_secure && !without_same_site {
        faults.at(
            &format!("exception[{index}]"),
            format!("the exception for `{}` excepts nothing", raw.name),
            "add `script_readable = true`, or take it out",
        );
    }
    Some(Exception {
        name: NamePattern::new(&raw.name),
        script_readable: raw.script_readable,
        without_secure,
        without_same_site,
    })
}
