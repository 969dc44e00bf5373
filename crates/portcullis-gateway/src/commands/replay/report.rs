//! What came of a recording, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use portcullis::layers::record::event::clean;

use super::judge::Refused;
use super::read::Recorded;

/// How much of a value a line shows.
const WIDTH: usize = 100;

/// One JSON object a request: its place, its label, whether it would be refused, and by which rules.
pub(super) fn lines(recorded: &[Recorded], verdicts: &[Option<Refused>]) -> String {
    let mut text = String::new();
    for (recorded, verdict) in recorded.iter().zip(verdicts) {
        let rules = verdict.iter().flat_map(|refused| &refused.rules);
        let rules: Vec<_> = rules
            .map(
                |rule| serde_json::json!({"id": rule.id, "message": rule.message, "variable": rule.variable}),
            )
            .collect();
        let line = serde_json::json!({
            "place": recorded.place,
            "method": recorded.request.method().as_str(),
            "target": recorded.request.uri().to_string(),
            "label": recorded.label.as_ref().map(|label| if label.attack { "attack" } else { "ordinary" }),
            "class": recorded.label.as_ref().map(|label| label.class.as_str()),
            "refused": verdict.is_some(),
            "code": verdict.as_ref().map(|refused| refused.code),
            "rules": rules,
        });
        let _ = writeln!(text, "{line}");
    }
    text
}

/// What would be refused, by rule; with labels, both rates.
pub(super) fn words(recorded: &[Recorded], verdicts: &[Option<Refused>], show: usize) -> String {
    let refused = verdicts.iter().flatten().count();
    let mut text = format!("{refused} of {} requests would be refused\n", recorded.len());
    by_rule(&mut text, recorded, verdicts, show);
    if recorded.iter().any(|recorded| recorded.label.is_some()) {
        rates(&mut text, recorded, verdicts, show);
    }
    text
}

fn by_rule(text: &mut String, recorded: &[Recorded], verdicts: &[Option<Refused>], show: usize) {
    let mut rules: BTreeMap<(u64, &str), Vec<String>> = BTreeMap::new();
    for (recorded, verdict) in recorded.iter().zip(verdicts) {
        let Some(refused) = verdict else { continue };
        if refused.rules.is_empty() {
            rules.entry((0, refused.code)).or_default().push(format!(
                "{}  {}",
                told(recorded),
                clean(&refused.sentence, WIDTH)
            ));
        }
        for rule in &refused.rules {
            let line =
                format!("{}  {}  {}", told(recorded), clean(&rule.variable, 40), clean(&rule.value, WIDTH));
            rules.entry((rule.id, &rule.message)).or_default().push(line);
        }
    }
    for ((id, message), lines) in rules {
        let name = if id == 0 { "no rule".to_owned() } else { format!("rule {id}") };
        let _ = writeln!(text, "\n{name}: {} ({})", clean(message, WIDTH), lines.len());
        for line in lines.iter().take(show) {
            let _ = writeln!(text, "  {line}");
        }
        if lines.len() > show {
            let _ = writeln!(text, "  and {} more", lines.len() - show);
        }
    }
}

fn told(recorded: &Recorded) -> String {
    let request = &recorded.request;
    format!("{}: {} {}", recorded.place, request.method(), clean(request.uri().path(), WIDTH))
}

#[derive(Default)]
struct Rate {
    all: usize,
    refused: usize,
}

impl Rate {
    #[expect(clippy::cast_precision_loss, reason = "a percentage, of counts far below 2^52")]
    fn percent(&self) -> f64 {
        self.refused as f64 * 100.0 / self.all.max(1) as f64
    }
}

fn rates(text: &mut String, recorded: &[Recorded], verdicts: &[Option<Refused>], show: usize) {
    let mut classes: BTreeMap<(bool, &str), Rate> = BTreeMap::new();
    let (mut attacks, mut ordinary) = (Rate::default(), Rate::default());
    let mut wrong = Vec::new();
    for (recorded, verdict) in recorded.iter().zip(verdicts) {
        let Some(label) = &recorded.label else { continue };
        let total = if label.attack { &mut attacks } else { &mut ordinary };
        for rate in [total, classes.entry((!label.attack, &label.class)).or_default()] {
            rate.all += 1;
            rate.refused += usize::from(verdict.is_some());
        }
        if label.attack == verdict.is_none() {
            let value = recorded.value.clone().unwrap_or_else(|| recorded.request.uri().to_string());
            wrong.push((label.attack, format!("{}  {}", recorded.place, clean(&value, WIDTH))));
        }
    }
    let _ = writeln!(text);
    for ((is_ordinary, class), rate) in &classes {
        if classes.len() > 2 || !class.is_empty() {
            let label = if *is_ordinary { "ordinary" } else { "attack" };
            let _ = writeln!(
                text,
                "{label:9} {class:16} {:7} of {:7} refused  {:8.3} %",
                rate.refused,
                rate.all,
                rate.percent()
            );
        }
    }
    for (name, rate) in [("true positives", &attacks), ("false positives", &ordinary)] {
        if rate.all > 0 {
            let _ = writeln!(
                text,
                "{name:26} {:7} of {:7} refused  {:8.3} %",
                rate.refused,
                rate.all,
                rate.percent()
            );
        }
    }
    for (is_attack, name) in [(true, "attacks that pass"), (false, "ordinary requests that are refused")] {
        let lines: Vec<_> = wrong.iter().filter(|(attack, _)| *attack == is_attack).collect();
        if lines.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{name} ({})", lines.len());
        for (_, line) in lines.iter().take(show) {
            let _ = writeln!(text, "  {line}");
        }
    }
}
