//! What came of an attack.

use super::browser::Page;

/// What came of one attack at one door. An attack may take several shots, such as the spellings of one
/// target: it won only where all hit, and lost only where none did.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    won: String,
    lost: Option<String>,
    hits: usize,
    shots: usize,
    /// Of the shots that missed.
    statuses: Vec<u16>,
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
        self.statuses.extend(status);
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
        let mut statuses: Vec<String> = Vec::new();
        for status in &self.statuses {
            let status = status.to_string();
            if !statuses.contains(&status) {
                statuses.push(status);
            }
        }
        match (self.refusals.is_empty(), statuses.is_empty()) {
            (true, true) => "broke the connection off".to_owned(),
            (true, false) => format!("answered {}, without harm", statuses.join(" and ")),
            (false, _) => format!("refused with {}", statuses.join(" and ")),
        }
    }
}
