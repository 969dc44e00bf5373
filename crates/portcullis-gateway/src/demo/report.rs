//! What the demo found, and the verdict on it.

use std::collections::HashMap;
use std::io;

use super::attacks::{ATTACKS, Attack, Stage};
use super::door::Door;
use super::outcome::Outcome;
use super::sample::Sample;
use super::uses::{USES, Use};

/// Everything that was played, at both doors.
pub(super) struct Report {
    pub(super) attacks: Vec<Played>,
    pub(super) uses: Vec<Used>,
    /// Refusals whose id is on the page but not in the log.
    pub(super) unrecorded: Vec<String>,
}

/// One attack at both doors.
pub(super) struct Played {
    pub(super) attack: &'static Attack,
    pub(super) bare: Outcome,
    pub(super) gate: Outcome,
}

/// One ordinary use at both doors: what was missing, if anything.
pub(super) struct Used {
    pub(super) usage: &'static Use,
    pub(super) bare: Option<String>,
    pub(super) gate: Option<String>,
}

/// Plays everything, first at the bare app, then at the gate.
pub(super) async fn play(sample: &Sample, bare: &Door, gate: &Door) -> io::Result<Report> {
    let bare = Stage { door: bare, sample };
    let gate = Stage { door: gate, sample };
    let mut report = Report { attacks: Vec::new(), uses: Vec::new(), unrecorded: Vec::new() };
    for attack in ATTACKS {
        let told = |at: &str, error: &io::Error| {
            io::Error::other(format!("the attack `{}` could not be played at {at}: {error}", attack.name))
        };
        report.attacks.push(Played {
            attack,
            bare: (attack.play)(&bare).await.map_err(|error| told("the bare app", &error))?,
            gate: (attack.play)(&gate).await.map_err(|error| told("the gate", &error))?,
        });
    }
    for usage in USES {
        report.uses.push(Used {
            usage,
            bare: (usage.play)(&bare).await.err().map(|error| error.to_string()),
            gate: (usage.play)(&gate).await.err().map(|error| error.to_string()),
        });
    }
    Ok(report)
}

impl Report {
    /// Finds the reason of each refusal in the gate's event log, JSON lines.
    pub(super) fn explain(&mut self, log: &str) {
        let reasons: HashMap<String, String> = log
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter_map(|event| {
                let field = |name| event.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
                Some((field("portcullis.id")?, field("portcullis.reason")?))
            })
            .collect();
        for played in &mut self.attacks {
            self.unrecorded.extend(played.gate.explain(&reasons).err());
        }
    }

    /// Where it is not as it must be, one sentence each.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for Played { attack, bare, gate } in &self.attacks {
            if !bare.succeeded() {
                problems.push(format!("`{}` did not succeed on the bare app: {}", attack.name, bare.told()));
            }
            if !gate.failed() {
                problems.push(format!("`{}` did not fail at the gate: {}", attack.name, gate.told()));
            }
        }
        for Used { usage, bare, gate } in &self.uses {
            for (place, trouble) in [("on the bare app", bare), ("at the gate", gate)] {
                if let Some(trouble) = trouble {
                    problems.push(format!("`{}` does not work {place}: {trouble}", usage.name));
                }
            }
        }
        for id in &self.unrecorded {
            problems.push(format!("the refusal `{id}` is not in the event log"));
        }
        problems
    }
}
