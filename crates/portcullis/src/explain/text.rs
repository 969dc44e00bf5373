//! An explanation for a terminal.

use std::fmt::Write as _;

use super::Explanation;

/// How wide lines are; what was sent, and TOML, is never broken.
const WIDTH: usize = 88;

/// The whole explanation, in paragraphs.
#[must_use]
pub fn to_text(event: &Explanation) -> String {
    let mut out = String::new();
    let verdict = match event.outcome.as_str() {
        "refused" => "REFUSED",
        "would_refuse" => "WOULD BE REFUSED (the layer only observes)",
        "noted" => "NOTED (nothing was refused)",
        "passed" => "PASSED",
        _ => "CHANGED",
    };
    let status = event.status.map_or(String::new(), |status| format!(", answered with {status}"));
    let by = if event.layer.is_empty() { String::new() } else { format!(" by the layer `{}`", event.layer) };
    let _ = writeln!(out, "{verdict}{by}: {}{status}", event.code);
    let who = if event.client.is_empty() { String::new() } else { format!("  from {}", event.client) };
    let _ = writeln!(out, "{}{who}  id {}", event.time, event.id);
    if !event.request.is_empty() {
        let _ = writeln!(out, "{}", event.request);
    }
    if !event.sentence.is_empty() {
        section(&mut out, "What was seen", &sentence(&event.sentence));
    }
    if let Some((place, bytes)) = &event.evidence {
        let _ = writeln!(out, "\nThe bytes, in the {place}\n  {bytes}");
    }
    rules(&mut out, event);
    if !event.why.is_empty() {
        section(&mut out, "Why it matters", &sentence(&event.why));
    }
    if matches!(event.outcome.as_str(), "refused" | "would_refuse") {
        match &event.exception {
            Some(toml) => {
                section(
                    &mut out,
                    "What would let it pass",
                    "Put this into portcullis.toml, above every wider route, if you know that it is right:",
                );
                out.push('\n');
                for line in toml.lines() {
                    let _ = writeln!(out, "  {line}");
                }
            }
            None => section(
                &mut out,
                "What would let it pass",
                "Nothing in the policy: only the sender can mend it.",
            ),
        }
    }
    out
}

/// The rules, each with the way from what was sent to what was judged.
fn rules(out: &mut String, event: &Explanation) {
    if event.rules.is_empty() {
        return;
    }
    let score = event.score.map_or(String::new(), |score| format!(", which make up a score of {score}"));
    let _ = writeln!(out, "\nThe rules{score}");
    for rule in &event.rules {
        let _ = writeln!(out, "  {}  {}\n    {}", rule.id, rule.title, rule.place);
        let width = rule.steps.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in &rule.steps {
            let _ = writeln!(out, "      {name:width$}  {value}");
        }
    }
}

/// The log's sentences have neither a capital nor a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => String::new(),
    }
}

fn section(out: &mut String, title: &str, text: &str) {
    let _ = writeln!(out, "\n{title}");
    let mut line = String::from(" ");
    for word in text.split(' ') {
        if line.chars().count().saturating_add(word.chars().count()) >= WIDTH && line.len() > 1 {
            let _ = writeln!(out, "{line}");
            line = String::from(" ");
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(out, "{line}");
}
