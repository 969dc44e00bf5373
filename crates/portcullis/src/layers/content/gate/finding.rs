//! A rule that matched, as it is told to people: where, on which bytes, by way of which transformations.

use portcullis_seclang::{Match, MatchedValue};
use serde::Serialize;

use crate::layers::record::event::{Redactor, printable};

/// The longest text of each field, in characters.
const LONGEST: usize = 512;
/// How many of the rules that matched are told.
pub(super) const MOST: usize = 32;

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's id.
    pub id: u64,
    /// What the rule says, expanded.
    pub message: String,
    /// Where it looked, as in `ARGS:q`.
    pub variable: String,
    /// What it judged, after the transformations; printable, secrets taken out.
    pub value: String,
    /// What the operator found in it, where it is a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matched: Option<String>,
    /// The operator and its argument.
    pub operator: String,
    /// The value as sent, then after each transformation that changed it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// `CRITICAL` and the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<&'static str>,
    /// The rule's tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The file and line of the rule.
    pub at: String,
}

/// One step on the way from what was sent to what was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The transformation; empty for the value as sent.
    pub transform: String,
    /// The value after it.
    pub value: String,
}

impl Finding {
    pub(super) fn of(matched: &Match, redactor: &Redactor) -> Self {
        let value = matched.values.last();
        let name = value.map(full_name).unwrap_or_default();
        let shown = |bytes: &[u8]| printable(&redactor.evidence(&place(&name), bytes), LONGEST);
        Self {
            id: matched.id,
            message: printable(&redactor.text(&matched.msg), LONGEST),
            value: value.map(|value| shown(&value.value)).unwrap_or_default(),
            matched: value.and_then(|value| {
                let span = value.span.clone()?;
                let part = value.value.get(span)?;
                (part.len() < value.value.len()).then(|| shown(part))
            }),
            operator: printable(
                format!("{} {}", matched.operator, matched.argument).trim_end().as_bytes(),
                200,
            ),
            steps: value.map(|value| steps(value, &shown)).unwrap_or_default(),
            severity: matched.severity.and_then(severity),
            tags: matched.tags.iter().map(|tag| printable(tag, 128)).collect(),
            at: matched.at.to_string(),
            variable: name,
        }
    }
}

/// The name of a place, as other layers write it, so that secrets are known by their names.
pub(super) fn place(variable: &str) -> String {
    match variable.split_once(':') {
        Some((collection, name)) => format!("`{collection}` `{name}`"),
        None => format!("`{variable}`"),
    }
}

pub(super) fn full_name(value: &MatchedValue) -> String {
    printable(&value.full_name(), 256)
}

fn steps(value: &MatchedValue, shown: &impl Fn(&[u8]) -> String) -> Vec<Step> {
    let mut steps = vec![Step { transform: String::new(), value: shown(&value.raw) }];
    let mut now = value.raw.clone();
    for name in value.transforms.iter() {
        let Some(transform) = portcullis_seclang::transforms::Transform::parse(name) else { continue };
        let after = transform.apply(&now).into_owned();
        if after != now {
            steps.push(Step { transform: (*name).to_owned(), value: shown(&after) });
            now = after;
        }
    }
    if steps.len() == 1 { Vec::new() } else { steps }
}

fn severity(level: u8) -> Option<&'static str> {
    ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"]
        .get(usize::from(level))
        .copied()
}
