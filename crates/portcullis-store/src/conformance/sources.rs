//! No query is built from strings (CWE-89).

use std::path::Path;

/// Every source of the stores.
fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Whether a call that takes a query is given anything but a literal, a constant, or a name that is one.
fn suspicious(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for call in [
        "prepare_cached(",
        "prepare(",
        "execute_batch(",
        ".query_row(\"",
        "sqlx::query(",
        "sqlx::query_as(",
        "sqlx::query_scalar(",
        "sqlx::raw_sql(",
        "Script::new(",
        "AssertSqlSafe",
        "QueryBuilder",
    ] {
        for (at, _) in source.match_indices(call) {
            let argument = source.get(at + call.len()..).unwrap_or_default();
            let argument = argument.trim_start().trim_start_matches('*');
            let literal = ["\"", "r\"", "include_str!(\""].iter().any(|begin| argument.starts_with(begin))
                || call.ends_with('"');
            let name: String =
                argument.chars().take_while(|sign| sign.is_alphanumeric() || *sign == '_').collect();
            let constant = !name.is_empty() && name.chars().all(|sign| sign.is_uppercase() || sign == '_');
            let known = ["query", "migration", "begin"].contains(&name.as_str());
            if !(literal || constant || known) {
                found.push(argument.chars().take(60).collect());
            }
        }
    }
    // Where such a name comes from, no string may be put together.
    for builder in
        ["format!(\"SELECT", "format!(\"INSERT", "format!(\"UPDATE", "format!(\"DELETE", "concat!(\"SELECT"]
    {
        found.extend(source.match_indices(builder).map(|(_, text)| text.to_owned()));
    }
    found
}

#[test]
fn no_query_is_built_from_strings() {
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let stores = all.iter().filter(|(name, _)| !name.contains("conformance")).collect::<Vec<_>>();
    assert!(stores.len() >= 15, "the sources are where they were looked for");
    for (name, source) in stores {
        assert_eq!(suspicious(source), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_search_finds_what_it_is_for() {
    assert_eq!(suspicious("connection.prepare_cached(&format!(\"SELECT {x}\"))").len(), 2);
    assert_eq!(suspicious("connection.execute_batch(&text)").len(), 1);
    assert_eq!(suspicious("sqlx::query(text)").len(), 1);
    assert_eq!(suspicious("sqlx::raw_sql(sqlx::AssertSqlSafe(text))").len(), 2);
    assert_eq!(suspicious("Script::new(&code)").len(), 1);
    assert!(suspicious("connection.prepare_cached(SELECT)?").is_empty());
    assert!(suspicious("connection.prepare_cached(\n \"SELECT 1\")?").is_empty());
}
