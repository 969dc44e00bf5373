//! Layers that do not stand, and knobs named for their danger.

use serde_json::Value;

use super::{Advice, advice};
use crate::policy::{Policy, raw};
use crate::verdict::{Layer, Mode};

pub(super) fn advise(policy: &Policy, written: &raw::File, list: &mut Vec<Advice>) {
    for layer in Layer::ALL {
        let name = layer.name();
        let key = format!("{name}.mode");
        let site = policy.site().mode(layer);
        match site {
            Mode::Off => list.push(advice(
                "P001",
                &key,
                format!(
                    "the layer `{name}` is off everywhere, so that nothing stops what it is there to stop"
                ),
                format!("take `mode` out of `[{name}]`, or write `mode = \"observe\"` to watch first"),
            )),
            Mode::Observe => list.push(advice(
                "P002",
                &key,
                format!("the layer `{name}` only writes down what it would have refused"),
                "once the log shows nothing that should pass, take `mode` out".to_owned(),
            )),
            Mode::Enforce => {}
        }
        for (index, (route, raw)) in policy.routes().iter().zip(&written.route).enumerate() {
            let mode = route.rules.mode(layer);
            if mode == site {
                continue;
            }
            let key = format!("route[{index}].{name}.mode");
            let path = &raw.path;
            match (layer, mode) {
                (Layer::Csrf, Mode::Off) => list.push(advice(
                    "P041",
                    key,
                    format!("on `{path}` any page can make a visitor's browser send requests in the visitor's name"),
                    "only for what checks its own credentials, such as a webhook with a signature; narrow `path` \
                     and `methods`, or list the origins in `trusted_origins` instead",
                )),
                (_, Mode::Off) => list.push(advice(
                    "P003",
                    key,
                    format!("the layer `{name}` is off on `{path}`"),
                    "narrow the route, or write the one exception that `portcullis explain` names",
                )),
                (_, Mode::Observe) => list.push(advice(
                    "P004",
                    key,
                    format!("the layer `{name}` only observes on `{path}`"),
                    "once the log shows nothing that should pass, take `mode` out",
                )),
                (_, Mode::Enforce) => {}
            }
        }
    }
}

/// Every key and every value of the file that begins with `dangerous_`, with what its schema says of it:
/// a knob that a layer adds later is told without a word here.
pub(super) fn dangers(text: &str, list: &mut Vec<Advice>) {
    let Ok(document) = text.parse::<toml::Table>() else { return };
    let schema = Policy::schema();
    walk(&toml::Value::Table(document), "", &schema, list);
}

fn walk(value: &toml::Value, path: &str, schema: &Value, list: &mut Vec<Advice>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                // Listeners have a number of their own.
                let turned = key.starts_with("dangerous_") && key != "dangerous_plain";
                if turned && value.as_bool() == Some(true) {
                    list.push(knob(&inner, key, key, schema));
                }
                if let Some(word) = value.as_str().filter(|word| word.starts_with("dangerous_")) {
                    list.push(knob(&inner, key, word, schema));
                }
                walk(value, &inner, schema, list);
            }
        }
        toml::Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{path}[{index}]"), schema, list);
            }
        }
        _ => {}
    }
}

fn knob(path: &str, key: &str, word: &str, schema: &Value) -> Advice {
    let said = description(schema, word)
        .or_else(|| description(schema, key))
        .unwrap_or_default()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let said = said.trim_end_matches('.');
    let sentence =
        if said.is_empty() { format!("`{word}` is set") } else { format!("`{word}` is set: {said}") };
    advice("P005", path, sentence, format!("take `{key}` out, or lay it on the one route that needs it"))
}

/// What the schema says of the property or the value of that name.
fn description(schema: &Value, name: &str) -> Option<String> {
    match schema {
        Value::Object(members) => {
            if members.get("const").and_then(Value::as_str) == Some(name) {
                return members.get("description")?.as_str().map(str::to_owned);
            }
            let property = members
                .get("properties")
                .and_then(|all| all.get(name))
                .and_then(|one| one.get("description"));
            match property.and_then(Value::as_str) {
                Some(text) => Some(text.to_owned()),
                None => members.values().find_map(|inner| description(inner, name)),
            }
        }
        Value::Array(items) => items.iter().find_map(|item| description(item, name)),
        _ => None,
    }
}
