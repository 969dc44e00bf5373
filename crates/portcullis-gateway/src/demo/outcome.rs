//! What came of an attack.

use std::collections::HashMap;

use super::browser::Page;

/// What came of one attack at one door. An attack may take several shots, such as the spellings of one
/// target: it won only where all hit, and lost only where none did.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    won: String,
    lost: Option<String>,
    hits: usize,
    shots: usize,
    /// Of the shots that were refused.
    refused: Vec<String>,
    /// Of those that missed although nobody refused them.
    harmless: Vec<String>,
    /// By which layers' reasons, from the log.
    reasons: Vec<String>,
    /// The ids of the gate's refusals.
    pub(super) refusals: Vec<String>,
}

impl Outcome {
    /// `won` says what the site did where the attack succeeds.
    pub(super) fn new(won: &str) -> Self {
        Self { won: won.to_owned(), ..Self::default() }
    }

    /// What to say where it fails without a refusal.
    pub(super) fn or_else(mut self, lost: &str) -> Self {
        self.lost = Some(lost.to_owned());
        self
    }

    /// One shot and the answer to it.
    pub(super) fn shot(&mut self, hit: bool, answer: &Page) {
        self.count(hit, Some(answer.status.as_u16()), if hit { None } else { answer.refusal_id() });
    }

    pub(super) fn count(&mut self, hit: bool, status: Option<u16>, refusal: Option<&str>) {
        self.shots += 1;
        if hit {
            self.hits += 1;
            return;
        }
        let seen = if refusal.is_some() { &mut self.refused } else { &mut self.harmless };
        if let Some(status) = status.map(|status| status.to_string()).filter(|status| !seen.contains(status))
        {
            seen.push(status);
        }
        if let Some(id) = refusal.filter(|id| !self.refusals.iter().any(|known| known == id)) {
            self.refusals.push(id.to_owned());
        }
    }

    /// Every shot hit.
    pub(super) fn succeeded(&self) -> bool {
        self.shots > 0 && self.hits == self.shots
    }

    /// No shot hit.
    pub(super) fn failed(&self) -> bool {
        self.shots > 0 && self.hits == 0
    }

    /// Looks its refusals up in the log, reason by id; the first id that is not there is an error.
    pub(super) fn explain(&mut self, log: &HashMap<String, String>) -> Result<(), String> {
        for id in &self.refusals {
            let reason = log.get(id).ok_or_else(|| id.clone())?;
            if !self.reasons.contains(reason) {
                self.reasons.push(reason.clone());
            }
        }
        Ok(())
    }

    /// In a few words, what the site did.
    pub(super) fn told(&self) -> String {
        if self.hits > 0 {
            return match (self.hits, self.shots) {
                (1, 1) => self.won.clone(),
                (hits, shots) if hits == shots => format!("{}, {shots} of {shots}", self.won),
                (hits, shots) => format!("{}, only {hits} of {shots}", self.won),
            };
        }
        if let (Some(lost), true) = (&self.lost, self.refusals.is_empty()) {
            return lost.clone();
        }
        if self.refusals.is_empty() {
            return match self.harmless.is_empty() {
                true => "broke the connection off".to_owned(),
                false => format!("answered {}, without harm", self.harmless.join(" and ")),
            };
        }
        let mut told = format!("refused with {}", self.refused.join(" and "));
        match self.reasons.as_slice() {
            [] => {}
            [reason] => told.push_str(&format!(": {reason}")),
            [reason, more @ ..] => told.push_str(&format!(": {reason} and {} more", more.len())),
        }
        if !self.harmless.is_empty() {
            told.push_str("; the rest without harm");
        }
        told
    }
}
