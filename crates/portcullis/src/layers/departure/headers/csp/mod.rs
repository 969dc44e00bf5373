//! Content security policies as types (CSP level 3): a policy that was checked cannot be misspelt, and a
//! value cannot end a directive early and begin another.

mod directive;
mod source;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Deserialize;

pub use directive::{Directive, Values};
pub use source::{Source, SourceError};

use crate::policy::Faults;

/// A random value for one response: scripts and styles that carry it run. A tower app finds it in the
/// request's extensions and writes it into its templates; `'nonce'` in the policy stands for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    pub(crate) fn of(random: [u8; 18]) -> Self {
        Self(STANDARD.encode(random))
    }

    /// The text for the attribute `nonce`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Directives as written: `default-src = ["'self'"]`, `upgrade-insecure-requests = true`.
pub type RawCsp = BTreeMap<String, RawSources>;

/// The sources of one directive, as written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawSources {
    /// `["'self'", "https://cdn.example"]`
    Many(Vec<String>),
    /// `"'self'"`
    One(String),
    /// `true`, for directives without sources.
    Flag(bool),
}

/// A checked policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Csp {
    directives: Vec<(Directive, Vec<Source>)>,
}

impl Csp {
    /// Checks a policy as written; faults are told at `key.directive[index]`.
    pub(crate) fn check(raw: &RawCsp, key: &str, faults: &mut Faults<'_>) -> Self {
        let mut csp = Self::default();
        for (name, written) in raw {
            let at = format!("{key}.{name}");
            let Some(directive) = Directive::parse(name) else {
                faults.at(
                    &at,
                    format!("`{name}` is not a directive of a content security policy"),
                    Directive::nearest(name),
                );
                continue;
            };
            let written: &[String] = match (directive.values(), written) {
                (Values::None, RawSources::Flag(true)) => &[],
                (_, RawSources::Flag(false)) => continue,
                (Values::None, _) => {
                    faults.at(&at, format!("`{name}` takes no sources"), format!("write `{name} = true`"));
                    continue;
                }
                (_, RawSources::Flag(true)) => {
                    faults.at(
                        &at,
                        format!("`{name}` needs sources"),
                        format!("as in `{name} = [\"'self'\"]`"),
                    );
                    continue;
                }
                (_, RawSources::Many(many)) => many,
                (_, RawSources::One(one)) => std::slice::from_ref(one),
            };
            let sources = sources(directive, written, &at, faults);
            csp.directives.push((directive, sources));
        }
        csp.directives.sort_by_key(|(directive, _)| *directive);
        csp
    }

    /// Adds a directive, or sources to one that is there.
    #[must_use]
    pub fn with(mut self, directive: Directive, sources: impl IntoIterator<Item = Source>) -> Self {
        match self.directives.iter_mut().find(|(there, _)| *there == directive) {
            Some((_, list)) => list.extend(sources),
            None => self.directives.push((directive, sources.into_iter().collect())),
        }
        self
    }

    /// The sources of a directive, if it stands here.
    #[must_use]
    pub fn sources(&self, directive: Directive) -> Option<&[Source]> {
        self.directives.iter().find(|(there, _)| *there == directive).map(|(_, list)| list.as_slice())
    }

    /// Whether there is no directive.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.directives.is_empty()
    }

    /// The directives with their sources.
    pub fn directives(&self) -> impl Iterator<Item = (Directive, &[Source])> {
        self.directives.iter().map(|(directive, sources)| (*directive, sources.as_slice()))
    }

    /// The value of the header, with this response's nonce.
    #[must_use]
    pub fn header(&self, nonce: &Nonce) -> String {
        let mut text = String::new();
        for (index, (directive, sources)) in self.directives.iter().enumerate() {
            if index > 0 {
                text.push_str("; ");
            }
            text.push_str(directive.name());
            if sources.is_empty() && directive.values() == Values::Sources {
                text.push_str(" 'none'");
            }
            for source in sources {
                text.push(' ');
                match source {
                    Source::Nonce => {
                        let _ = write!(text, "'nonce-{}'", nonce.as_str());
                    }
                    other => {
                        let _ = write!(text, "{other}");
                    }
                }
            }
        }
        text
    }
}

fn sources(directive: Directive, written: &[String], key: &str, faults: &mut Faults<'_>) -> Vec<Source> {
    let mut list = Vec::new();
    for (index, text) in written.iter().enumerate() {
        match Source::parse(text, directive) {
            Ok(source) => list.push(source),
            Err(error) => faults.at(&format!("{key}[{index}]"), error.to_string(), error.help()),
        }
    }
    if list.len() > 1 && list.contains(&Source::NoneAtAll) {
        faults.at(key, "`'none'` beside other sources means nothing", "leave out the one or the others");
    }
    let has_key = list.iter().any(|source| matches!(source, Source::Nonce | Source::Hash(..)));
    if list.contains(&Source::StrictDynamic) && !has_key {
        faults.at(
            key,
            "`'strict-dynamic'` without a nonce or a hash lets no script run at all",
            "add `\"'nonce'\"` or the hash of a script",
        );
    }
    list
}
