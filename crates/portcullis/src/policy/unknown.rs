//! Keys that the policy does not know, each with the nearest one that it does.

use serde_json::Value;

use super::PolicyFault;
use super::faults::Part;

/// The document without its unknown keys, and each of these as a fault; found by walking it beside the schema.
pub(super) fn taken_out(mut document: toml::Table) -> (toml::Table, Vec<PolicyFault>) {
    let schema = super::Policy::schema();
    let mut found = Vec::new();
    table(&mut document, &schema, &schema, "", &mut found);
    (document, found)
}

fn table(table: &mut toml::Table, schema: &Value, root: &Value, path: &str, found: &mut Vec<PolicyFault>) {
    let Some(properties) = properties(schema, root) else { return };
    table.retain(|key, value| {
        let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        let known = properties.get(key);
        match known {
            Some(inner) => descend(value, inner, root, &path, found),
            None => found.push(PolicyFault {
                message: format!("unknown key `{key}`"),
                help: suggestion(key, properties.keys().map(String::as_str)),
                key: path,
                part: Part::Key,
                span: None,
            }),
        }
        known.is_some()
    });
}

fn descend(value: &mut toml::Value, schema: &Value, root: &Value, path: &str, found: &mut Vec<PolicyFault>) {
    match value {
        toml::Value::Table(inner) => table(inner, schema, root, path, found),
        toml::Value::Array(items) => {
            let Some(of) = shape(schema, root, "items").and_then(|shape| shape.get("items")) else { return };
            for (index, item) in items.iter_mut().enumerate() {
                descend(item, of, root, &format!("{path}[{index}]"), found);
            }
        }
        _ => {}
    }
}

/// The properties of a schema for objects; `None` where any key is allowed.
fn properties<'a>(schema: &'a Value, root: &'a Value) -> Option<&'a serde_json::Map<String, Value>> {
    shape(schema, root, "properties")?.get("properties")?.as_object()
}

/// The part of a schema that has `member`, through references and alternatives.
fn shape<'a>(schema: &'a Value, root: &'a Value, member: &str) -> Option<&'a Value> {
    if schema.get(member).is_some() {
        return Some(schema);
    }
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return shape(root.pointer(name.strip_prefix('#')?)?, root, member);
    }
    ["anyOf", "oneOf", "allOf"]
        .iter()
        .filter_map(|list| schema.get(*list).and_then(Value::as_array))
        .flatten()
        .find_map(|choice| shape(choice, root, member))
}

/// What may have been meant, in words.
fn suggestion<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> String {
    let mut known: Vec<(usize, &str)> = known.map(|name| (distance(written, name), name)).collect();
    known.sort_unstable();
    match known.first() {
        Some((far, name)) if *far <= 2.max(written.len() / 3) => format!("did you mean `{name}`?"),
        Some(_) => {
            let mut names: Vec<&str> = known.iter().map(|(_, name)| *name).collect();
            names.sort_unstable();
            format!("known here: {}", names.join(", "))
        }
        None => String::new(),
    }
}

/// Edits between two short names (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.chars().enumerate() {
        let mut next = vec![line.saturating_add(1)];
        for (column, to) in right.iter().enumerate() {
            let above = row.get(column.saturating_add(1)).copied().unwrap_or(usize::MAX);
            let diagonal = row.get(column).copied().unwrap_or(usize::MAX);
            let before = next.last().copied().unwrap_or(usize::MAX);
            let changed = diagonal.saturating_add(usize::from(from != *to));
            next.push(changed.min(above.saturating_add(1)).min(before.saturating_add(1)));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
