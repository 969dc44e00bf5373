//! What the gateway itself has to tell: no exchange belongs to it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portcullis::ExchangeId;
use portcullis::layers::record::event::{Outcome, clean, rfc3339};
use serde::Serialize;

/// The longest sentence, in characters.
const LONGEST: usize = 2048;

/// One line of the log about the gateway itself.
#[derive(Debug, Clone, Serialize)]
pub struct Notice {
    /// RFC 3339, UTC.
    pub timestamp: String,
    /// OpenTelemetry: what kind of event this is, as in `portcullis.gateway.certificate_kept`.
    #[serde(rename = "event.name")]
    pub name: &'static str,
    /// OpenTelemetry: how grave.
    #[serde(rename = "severity_text")]
    pub severity: &'static str,
    /// Always `changed`: not a verdict.
    #[serde(rename = "portcullis.outcome")]
    pub outcome: Outcome,
    /// One plain sentence.
    #[serde(rename = "portcullis.sentence")]
    pub sentence: String,
    /// The exchange it is about, where there is one.
    #[serde(rename = "portcullis.id", skip_serializing_if = "Option::is_none")]
    pub exchange: Option<String>,
}

impl Notice {
    /// Something that the operator should look at.
    #[must_use]
    pub fn warn(name: &'static str, sentence: &str) -> Self {
        Self::new(name, "WARN", sentence)
    }

    /// Something that the operator may want to know.
    #[must_use]
    pub fn info(name: &'static str, sentence: &str) -> Self {
        Self::new(name, "INFO", sentence)
    }

    /// The sentence may quote what others wrote, such as the name of a file: no byte of it ends the line.
    fn new(name: &'static str, severity: &'static str, sentence: &str) -> Self {
        let sentence = clean(sentence, LONGEST);
        Self { timestamp: now(), name, severity, outcome: Outcome::Changed, sentence, exchange: None }
    }

    /// About one exchange.
    #[must_use]
    pub fn of(mut self, exchange: &ExchangeId) -> Self {
        self.exchange = Some(exchange.to_string());
        self
    }
}

fn now() -> String {
    rfc3339(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO))
}
