//! Flags that stand for keys of the policy, written into it before it is read, so that they are checked as those
//! are.

use std::path::PathBuf;

use portcullis::Layer;
use portcullis::policy::raw;
use toml::{Table, Value};

use super::Failure;

/// The flags.
#[derive(Debug, Default)]
pub(super) struct Overlay<'a> {
    /// More names of the site.
    pub(super) host: &'a [String],
    /// The rules instead of the policy's.
    pub(super) rules: &'a [String],
    /// Where they log.
    pub(super) rule_log: Option<&'a PathBuf>,
    /// Whether every other layer only observes.
    pub(super) only_rules: bool,
}

/// The names that hold when a policy has none.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

impl Overlay<'_> {
    /// The policy with the flags in it; `None` where there are none.
    pub(super) fn write(&self, text: &str, written: &raw::File) -> Result<Option<String>, Failure> {
        if self.host.is_empty() && self.rules.is_empty() && self.rule_log.is_none() && !self.only_rules {
            return Ok(None);
        }
        let broken = |error: String| Failure::Broken(format!("a flag does not fit into the policy: {error}"));
        let mut document: Table = text.parse().map_err(|error: toml::de::Error| broken(error.to_string()))?;
        if !self.host.is_empty() {
            let mut names =
                written.host.names.clone().unwrap_or_else(|| LOCAL_NAMES.map(str::to_owned).to_vec());
            names.extend(self.host.iter().filter(|name| !names.contains(name)).cloned().collect::<Vec<_>>());
            set(&mut document, "host", "names", names.into());
        }
        if !self.rules.is_empty() {
            let rules = self.rules.iter().map(|rule| match rule.as_str() {
                "builtin" => Ok(rule.clone()),
                // Paths of the command line start where it was typed, those of the policy at its folder.
                path => here(path).map_err(&broken),
            });
            let rules = rules.collect::<Result<Vec<_>, _>>()?;
            set(&mut document, "gate", "rules", rules.into());
        }
        if let Some(path) = self.rule_log {
            let path = here(&path.to_string_lossy()).map_err(&broken)?;
            set(&mut document, "gate", "rule_log", path.into());
        }
        if self.only_rules {
            only_rules(&mut document);
        }
        toml::to_string(&document).map(Some).map_err(|error| broken(error.to_string()))
    }
}

fn here(path: &str) -> Result<String, String> {
    std::path::absolute(path)
        .map(|path| path.to_string_lossy().into_owned())
        .map_err(|error| error.to_string())
}

/// What is not the rules observes, on every route.
fn only_rules(document: &mut Table) {
    let others = || Layer::ALL.into_iter().filter(|layer| !matches!(layer, Layer::Gate | Layer::Event));
    for layer in others() {
        set(document, layer.name(), "mode", "observe".into());
    }
    for route in document.get_mut("route").and_then(Value::as_array_mut).into_iter().flatten() {
        for layer in others() {
            let table = route.get_mut(layer.name()).and_then(Value::as_table_mut);
            table.map(|table| table.remove("mode"));
        }
    }
}

fn set(document: &mut Table, table: &str, key: &str, value: Value) {
    let table = document.entry(table).or_insert_with(|| Value::Table(Table::new()));
    if let Some(table) = table.as_table_mut() {
        table.insert(key.to_owned(), value);
    }
}
