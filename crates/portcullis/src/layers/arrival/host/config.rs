//! The settings of host.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Site;
use crate::policy::Faults;
use crate::verdict::Mode;

/// As written in the policy.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// `enforce` (the default), `observe` or `off`.
    pub mode: Option<Mode>,
    /// The names of the site, as in `["example.com", "*.example.com"]`; a star takes every name below,
    /// however deep, but not the name itself. A port is only compared where one is written. By default
    /// `["localhost", "127.0.0.1", "[::1]"]`.
    pub names: Option<Vec<String>>,
    /// Whether the host that a trusted proxy forwards counts instead of `Host`; `false` by default.
    pub use_forwarded_host: Option<bool>,
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// What becomes of a denial.
    pub mode: Mode,
    /// Whether the host that a trusted proxy forwards counts.
    pub use_forwarded_host: bool,
    names: Vec<Name>,
}

/// One entry of `names`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    /// Whether it takes the names below, and not itself.
    below: bool,
    site: Site,
}

impl Config {
    pub(crate) fn check(raw: &Raw, faults: &mut Faults<'_>) -> Self {
        let default = || ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).to_vec();
        let written = raw.names.clone().unwrap_or_else(default);
        let mut names = Vec::new();
        for (position, text) in written.iter().enumerate() {
            match name(text) {
                Ok(name) => names.push(name),
                Err((message, help)) => faults.at(&format!("names[{position}]"), message, help),
            }
        }
        if written.is_empty() {
            faults.at(
                "names",
                "without a name every request is refused",
                "write the public names of the site",
            );
        }
        Self {
            mode: raw.mode.unwrap_or_default(),
            use_forwarded_host: raw.use_forwarded_host.unwrap_or(false),
            names,
        }
    }

    /// Whether the site is ours, its port included where one is written.
    #[must_use]
    pub fn is_ours(&self, site: &Site) -> bool {
        self.names
            .iter()
            .any(|ours| ours.takes(&site.name) && ours.site.port.is_none_or(|port| site.port == Some(port)))
    }

    /// Whether the name is ours at some port.
    #[must_use]
    pub fn is_our_name(&self, name: &str) -> bool {
        self.names.iter().any(|ours| ours.takes(name))
    }
}

impl Name {
    fn takes(&self, name: &str) -> bool {
        if !self.below {
            return self.site.name == name;
        }
        name.strip_suffix(&self.site.name)
            .and_then(|above| above.strip_suffix('.'))
            .is_some_and(|above| !above.is_empty())
    }
}

fn name(text: &str) -> Result<Name, (String, &'static str)> {
    let help = "write a name, as in `\"example.com\"`, `\"*.example.com\"` or `\"[::1]:8443\"`, without scheme and path";
    let (below, rest) = match text.strip_prefix("*.") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if rest == "*" || (below && rest.contains('*')) || rest.starts_with('*') {
        return Err((
            format!("`{text}` would take names that are not yours"),
            "a star stands first and for whole names below one, as in `\"*.example.com\"`; to let every name pass, switch the layer off",
        ));
    }
    let (rest_name, port) = match rest.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (rest, None),
    };
    let ascii = if rest_name.starts_with('[') {
        rest_name.to_owned()
    } else {
        idna::domain_to_ascii(rest_name).map_err(|_| (format!("`{text}` is not a name"), help))?
    };
    let whole = match port {
        Some(port) => format!("{ascii}:{port}"),
        None => ascii,
    };
    let site = Site::parse(whole.as_bytes()).ok_or_else(|| (format!("`{text}` is not a name"), help))?;
    if below && site.is_address() {
        return Err((format!("`{text}`: there is nothing below an address"), help));
    }
    Ok(Name { below, site })
}
