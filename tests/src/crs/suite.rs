//! The tests as written: go-ftw's YAML.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

/// One test: its stages must all come out as written.
#[derive(Debug, Clone)]
pub struct Test {
    /// `RULE-NUMBER`, as go-ftw prints it.
    pub id: String,
    /// The rule that it is about.
    pub rule: u32,
    /// One exchange after another.
    pub stages: Vec<Stage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    #[serde(rename = "meta")]
    _meta: Option<IgnoredAny>,
    /// One file has it outside of `meta`.
    #[serde(rename = "author")]
    _author: Option<IgnoredAny>,
    rule_id: u32,
    tests: Vec<WrittenTest>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenTest {
    test_id: u32,
    #[serde(rename = "desc")]
    _desc: Option<String>,
    #[serde(rename = "tags")]
    _tags: Vec<String>,
    stages: Vec<Stage>,
}

/// One exchange and what must come of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stage {
    #[serde(rename = "description")]
    _description: Option<String>,
    /// What is sent.
    pub input: Input,
    /// What must come of it.
    pub output: Output,
}

/// What is sent. Where it is sent (`dest_addr`, `port`, `protocol`) is up to the runner, as with go-ftw's
/// overrides.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Input {
    #[serde(rename = "dest_addr")]
    _dest_addr: Option<String>,
    #[serde(rename = "port")]
    _port: Option<u16>,
    #[serde(rename = "protocol")]
    _protocol: Option<String>,
    /// The request target; `/` by default.
    pub uri: Option<String>,
    /// The version as it stands on the request line; `HTTP/1.1` by default.
    pub version: Option<String>,
    /// The method; `GET` by default.
    pub method: Option<String>,
    /// Header fields; go-ftw sends them sorted by name.
    pub headers: BTreeMap<String, String>,
    /// The body, a Go template.
    pub data: Option<String>,
    /// The body in base64.
    pub encoded_data: Option<String>,
    /// Whether missing fields are added; so by default.
    pub autocomplete_headers: Option<bool>,
    /// The whole request in base64.
    pub encoded_request: Option<String>,
}

/// What must come of an exchange.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Output {
    /// The status that the client gets.
    pub status: Option<u16>,
    /// A regular expression that the whole answer matches.
    pub response_contains: Option<String>,
    /// What the gate's log has between the two markers.
    pub log: Log,
    /// Whether the exchange must fail without an answer.
    pub expect_error: Option<bool>,
    /// Whether it is tried once more: with logs that are written late.
    pub retry_once: Option<bool>,
    /// Whether no other rule may match.
    pub isolated: bool,
}

/// What the log has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Rules that must have matched.
    pub expect_ids: Vec<u32>,
    /// Rules that must not have matched.
    pub no_expect_ids: Vec<u32>,
    /// What some line must match.
    pub match_regex: Option<String>,
    /// What no line may match.
    pub no_match_regex: Option<String>,
}

/// Every test below `folder`, in the order of files and of numbers.
///
/// # Panics
/// When a file cannot be read or has a key that is not known here: nothing may be left out in silence.
#[must_use]
#[expect(clippy::panic, reason = "a suite that cannot be read must fail and name the file")]
pub fn load(folder: &Path) -> Vec<Test> {
    let mut files = Vec::new();
    find(folder, &mut files);
    files.sort();
    let mut tests = Vec::new();
    for path in files {
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if text
            .lines()
            .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#') || line == "---")
        {
            // go-ftw finds no tests in such a file either.
            continue;
        }
        let file: File =
            serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(file.rule_id > 0, "{} names no rule", path.display());
        for (index, test) in file.tests.into_iter().enumerate() {
            let number = if test.test_id == 0 { index.saturating_add(1) } else { test.test_id as usize };
            let id = format!("{}-{number}", file.rule_id);
            tests.push(Test { id, rule: file.rule_id, stages: test.stages });
        }
    }
    tests
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            files.push(path);
        }
    }
}
