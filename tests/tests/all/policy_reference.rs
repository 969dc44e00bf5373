//! `docs/policy.md` is written from the schema: every key, its type and what it does.
//!
//! `UPDATE_DOCS=1 cargo test -p portcullis-tests the_reference` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use portcullis::Policy;
use serde_json::Value;

const HEAD: &str = "# The policy, key by key

`portcullis.toml` needs no key at all; everything has a safe default. This page is written from the schema
that `portcullis schema` prints. Any layer's table may stand below a `[[route]]` as well, and then holds for
the paths of that route; the first route that matches holds.
";

#[test]
fn the_reference_tells_every_key_of_the_policy() {
    let written = render();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/policy.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == written,
        "docs/policy.md is out of date: run `UPDATE_DOCS=1 cargo test -p portcullis-tests`"
    );
}

fn render() -> String {
    let schema = Policy::schema();
    let mut out = HEAD.to_owned();
    table(&mut out, &schema, &schema, "");
    out
}

/// One table of the file: its plain keys first, then the tables below it.
fn table(out: &mut String, schema: &Value, root: &Value, path: &str) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let mut below = Vec::new();
    let mut rows = String::new();
    for (key, value) in properties {
        let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match object(value, root) {
            // A route repeats the tables of the layers: told once is enough.
            Some((inner, listed)) if !(path == "route" && inner.pointer("/properties/mode").is_some()) => {
                let title = if listed { format!("[[{full}]]") } else { format!("[{full}]") };
                below.push((title, full, describe(value, root), inner));
            }
            Some(_) => {}
            None => {
                let _ = writeln!(rows, "| `{key}` | {} | {} |", kind(value, root), describe(value, root));
            }
        }
    }
    if !rows.is_empty() {
        let _ = write!(out, "\n| key | type | what it does |\n| --- | --- | --- |\n{rows}");
    }
    for (title, full, about, inner) in below {
        let _ = write!(out, "\n## `{title}`\n\n{about}\n");
        table(out, inner, root, &full);
    }
}

/// The schema of a table, through references, options and lists.
fn object<'a>(schema: &'a Value, root: &'a Value) -> Option<(&'a Value, bool)> {
    if schema.get("properties").is_some() {
        return Some((schema, false));
    }
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return object(root.pointer(name.strip_prefix('#')?)?, root);
    }
    if let Some(items) = schema.get("items") {
        return object(items, root).map(|(inner, _)| (inner, true));
    }
    for list in ["anyOf", "oneOf"] {
        for choice in schema.get(list).and_then(Value::as_array).into_iter().flatten() {
            if let Some(found) = object(choice, root) {
                return Some(found);
            }
        }
    }
    None
}

fn describe(schema: &Value, root: &Value) -> String {
    let own = schema.get("description").and_then(Value::as_str);
    let referred = || {
        let name = schema.get("$ref").and_then(Value::as_str)?;
        root.pointer(name.strip_prefix('#')?)?.get("description").and_then(Value::as_str)
    };
    own.or_else(referred).unwrap_or_default().replace('\n', " ").replace('|', "\\|")
}

fn kind(schema: &Value, root: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let inner = name.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return inner.map_or_else(String::new, |inner| kind(inner, root));
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let names: Vec<String> =
            values.iter().filter_map(Value::as_str).map(|name| format!("`{name}`")).collect();
        return names.join(", ");
    }
    if let Some(value) = schema.get("const").and_then(Value::as_str) {
        return format!("`{value}`");
    }
    for list in ["anyOf", "oneOf"] {
        if let Some(choices) = schema.get(list).and_then(Value::as_array) {
            let mut kinds: Vec<String> = choices
                .iter()
                .map(|choice| kind(choice, root))
                .filter(|kind| !kind.is_empty() && kind != "null")
                .collect();
            kinds.dedup();
            return kinds.join(" or ");
        }
    }
    let of = || schema.get("items").map_or_else(String::new, |items| format!(" of {}", kind(items, root)));
    match schema.get("type") {
        Some(Value::String(name)) if name == "array" => format!("list{}", of()),
        Some(Value::String(name)) if name == "null" => String::new(),
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => {
            let names: Vec<String> = names
                .iter()
                .filter_map(Value::as_str)
                .filter(|name| *name != "null")
                .map(|name| if name == "array" { format!("list{}", of()) } else { name.to_owned() })
                .collect();
            names.join(" or ")
        }
        _ => String::new(),
    }
}
