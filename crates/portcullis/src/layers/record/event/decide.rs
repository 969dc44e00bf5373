//! Events, made.

use std::time::Duration;

use portcullis_seclang::AuditRecord;
use rand::Rng;
use serde::Serialize;

use super::{RequestFacts, clean, printable, rfc3339};
use crate::exchange::Exchange;
use crate::layers::content::gate::Finding;
use crate::reason::Reason;
use crate::verdict::{Grounds, Layer};

/// The longest text of each field, in characters.
const LONGEST: usize = 2048;

/// What a layer's denial came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was refused.
    Refused,
    /// It would have been, had the layer enforced.
    WouldRefuse,
    /// Nothing was refused; something was mended, or is worth knowing.
    Noted,
    /// It passed, and was drawn as a sample.
    Passed,
    /// No request: the gate itself changed.
    Changed,
}

/// One line of the log. Its fields are the names on the line; none holds a secret or a control character.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    timestamp: String,
    #[serde(rename = "event.name")]
    name: &'static str,
    #[serde(rename = "severity_text")]
    severity: &'static str,
    #[serde(rename = "portcullis.id", skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Who was calling, or whom it is about.
    #[serde(rename = "user.id", skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(rename = "portcullis.outcome")]
    outcome: Outcome,
    #[serde(rename = "portcullis.layer", skip_serializing_if = "Option::is_none")]
    layer: Option<Layer>,
    #[serde(rename = "portcullis.reason", skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(rename = "portcullis.sentence", skip_serializing_if = "String::is_empty")]
    sentence: String,
    #[serde(rename = "portcullis.why", skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    #[serde(rename = "portcullis.evidence.place", skip_serializing_if = "Option::is_none")]
    evidence_place: Option<String>,
    #[serde(rename = "portcullis.evidence.bytes", skip_serializing_if = "Option::is_none")]
    evidence_bytes: Option<String>,
    #[serde(rename = "portcullis.exception", skip_serializing_if = "Option::is_none")]
    exception: Option<String>,
    #[serde(rename = "portcullis.route", skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    #[serde(flatten)]
    request: Option<Box<RequestFields>>,
    #[serde(rename = "http.response.status_code", skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(rename = "portcullis.score", skip_serializing_if = "Option::is_none")]
    score: Option<i64>,
    #[serde(rename = "portcullis.rules", skip_serializing_if = "Vec::is_empty")]
    rules: Vec<Finding>,
    #[serde(skip)]
    rule_log: Option<Box<RuleLog>>,
    /// Only the log of the rules is wanted.
    #[serde(skip)]
    unwritten: bool,
}

/// What rules log of an exchange, in the form that other tools read. The door writes it, before the answer has
/// gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleLog {
    /// Lines in ModSecurity's form, without their ends.
    pub lines: Vec<String>,
    /// The audit record that the rule set asks for.
    pub audit: Option<AuditRecord>,
}

/// What the event tells of the request, ready to be written.
#[derive(Debug, Clone, Serialize)]
struct RequestFields {
    #[serde(rename = "http.request.method")]
    method: &'static str,
    /// The conventions want one word for every method outside a short list, so that nobody can make up
    /// values without end.
    #[serde(rename = "http.request.method_original", skip_serializing_if = "Option::is_none")]
    method_original: Option<String>,
    #[serde(rename = "url.scheme")]
    scheme: &'static str,
    #[serde(rename = "url.path")]
    path: String,
    #[serde(rename = "url.query", skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    #[serde(rename = "server.address", skip_serializing_if = "Option::is_none")]
    server_address: Option<String>,
    #[serde(rename = "server.port", skip_serializing_if = "Option::is_none")]
    server_port: Option<u16>,
    #[serde(rename = "client.address")]
    client_address: String,
    #[serde(rename = "network.peer.address")]
    peer_address: String,
    #[serde(rename = "network.peer.port")]
    peer_port: u16,
    #[serde(rename = "network.protocol.name")]
    protocol: &'static str,
    #[serde(rename = "network.protocol.version", skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    #[serde(rename = "tls.protocol.version", skip_serializing_if = "Option::is_none")]
    tls_version: Option<&'static str>,
    #[serde(rename = "user_agent.original", skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
}

impl Event {
    /// A layer's denial.
    pub(crate) fn verdict(exchange: &Exchange, layer: Layer, reason: &Reason, outcome: Outcome) -> Self {
        let redactor = &exchange.rules.event.redactor;
        let evidence = reason.evidence();
        let bytes = evidence
            .as_ref()
            .map(|evidence| printable(&redactor.evidence(&evidence.place, &evidence.bytes), LONGEST));
        Self {
            outcome,
            layer: Some(layer),
            reason: Some(reason.code()),
            why: Some(reason.why()),
            evidence_place: evidence.map(|evidence| clean(&evidence.place, LONGEST)),
            evidence_bytes: bytes,
            exception: reason.exception(&exchange.place()).map(|toml| multiline(&toml)),
            status: Some(reason.status().as_u16()),
            score: reason.score(),
            rules: reason.findings().to_vec(),
            ..Self::of(exchange, outcome, &reason.sentence())
        }
    }

    /// Something that is no verdict but worth a line: a cookie that was dropped, a page that could not be
    /// rewritten.
    pub(crate) fn note(exchange: &Exchange, layer: Layer, code: &'static str, sentence: String) -> Self {
        Self { layer: Some(layer), reason: Some(code), ..Self::of(exchange, Outcome::Noted, &sentence) }
    }

    /// What rules matched, whatever came of it.
    pub(crate) fn rules(exchange: &Exchange, findings: Vec<Finding>, log: RuleLog) -> Self {
        let ids: Vec<String> = findings.iter().map(|finding| finding.id.to_string()).collect();
        let sentence = match ids.as_slice() {
            [] => "the rule set asked for a record".to_owned(),
            [one] => format!("rule `{one}` matched"),
            several => format!("rules matched: `{}`", several.join("`, `")),
        };
        Self {
            rules: findings,
            rule_log: Some(Box::new(log)),
            ..Self::note(exchange, Layer::Gate, "gate.matched", sentence)
        }
    }

    /// What is left where the policy keeps no log: the lines of the rules, which are the operator's own.
    pub(crate) fn into_rule_log_alone(self) -> Option<Self> {
        self.rule_log.is_some().then_some(Self { unwritten: true, ..self })
    }

    /// What rules logged.
    #[must_use]
    pub fn rule_log(&self) -> Option<&RuleLog> {
        self.rule_log.as_deref()
    }

    /// Whether it is to stand in the event log.
    #[must_use]
    pub fn is_written(&self) -> bool {
        !self.unwritten
    }

    /// A request that passed.
    pub(crate) fn pass(exchange: &Exchange, status: http::StatusCode) -> Self {
        Self { status: Some(status.as_u16()), ..Self::of(exchange, Outcome::Passed, "") }
    }

    /// A change of the gate itself, told by a door: a policy taken into force, a certificate exchanged.
    /// `name` is `portcullis.` and a few words, stable, as in `portcullis.policy_loaded`.
    #[must_use]
    pub fn change(since_epoch: Duration, name: &'static str, sentence: &str) -> Self {
        Self {
            timestamp: rfc3339(since_epoch),
            name,
            severity: "INFO",
            id: None,
            user: None,
            outcome: Outcome::Changed,
            layer: None,
            reason: None,
            sentence: clean(sentence, LONGEST),
            why: None,
            evidence_place: None,
            evidence_bytes: None,
            exception: None,
            route: None,
            request: None,
            status: None,
            score: None,
            rules: Vec::new(),
            rule_log: None,
            unwritten: false,
        }
    }

    /// The same, about a person.
    #[must_use]
    pub fn of_person(mut self, id: &str) -> Self {
        self.user = Some(clean(id, 64));
        self
    }

    /// The same, about one exchange.
    #[must_use]
    pub fn about(mut self, id: &str) -> Self {
        self.id = Some(clean(id, 64));
        self
    }

    fn of(exchange: &Exchange, outcome: Outcome, sentence: &str) -> Self {
        let redactor = &exchange.rules.event.redactor;
        let (name, severity) = match outcome {
            Outcome::Refused => ("portcullis.refused", "WARN"),
            Outcome::WouldRefuse => ("portcullis.would_refuse", "WARN"),
            Outcome::Noted => ("portcullis.noted", "INFO"),
            Outcome::Passed => ("portcullis.passed", "INFO"),
            Outcome::Changed => ("portcullis.changed", "INFO"),
        };
        let quoted = String::from_utf8_lossy(&redactor.text(sentence.as_bytes())).into_owned();
        Self {
            id: Some(exchange.id.to_string()),
            user: exchange.visitor.person().map(|person| person.id.clone()),
            name,
            severity,
            outcome,
            sentence: clean(&quoted, LONGEST),
            route: exchange.rules.route.as_ref().map(ToString::to_string),
            request: Some(Box::new(RequestFields::of(exchange))),
            ..Self::change(exchange.moment.since_epoch, name, "")
        }
    }

    /// The line, without its end: a JSON object that begins with its number in the log, so that a missing
    /// line shows.
    #[must_use]
    pub fn line(&self, sequence: u64) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            #[serde(rename = "portcullis.sequence")]
            sequence: u64,
            #[serde(flatten)]
            event: &'a Event,
        }
        // Nothing in an event can fail to be written: text, numbers and string keys.
        serde_json::to_string(&Line { sequence, event: self }).unwrap_or_default()
    }

    /// The exchange it is about; `None` for changes of the gate.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The layer that spoke.
    #[must_use]
    pub fn layer(&self) -> Option<Layer> {
        self.layer
    }

    /// The stable code of the reason, as in `csrf.cross_site`.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        self.reason
    }

    /// What came of it.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// What was seen, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> &str {
        &self.sentence
    }
}

/// An event for a request that passed, if the policy's share of samples falls on it.
pub(crate) fn sample_pass(exchange: &mut Exchange, status: http::StatusCode) -> Option<Event> {
    let share = exchange.rules.event.sample_passes;
    if share <= 0.0 {
        return None;
    }
    let drawn = f64::from(exchange.random.next_u32()) / f64::from(u32::MAX);
    (drawn <= share).then(|| Event::pass(exchange, status))
}

impl RequestFields {
    fn of(exchange: &Exchange) -> Self {
        let RequestFacts { method, target, version, host, user_agent, .. } = &exchange.request;
        let redactor = &exchange.rules.event.redactor;
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target.as_str(), None),
        };
        let known = known_method(method);
        let site = &exchange.site;
        let asked = host.as_ref().map(|host| printable(&redactor.text(host), 256));
        Self {
            method: known.unwrap_or("_OTHER"),
            method_original: known.is_none().then(|| printable(method.as_bytes(), 64)),
            scheme: exchange.scheme.as_str(),
            path: printable(&redactor.text(path.as_bytes()), LONGEST),
            query: query.map(|query| printable(&redactor.query(query.as_bytes()), LONGEST)),
            server_address: if site.name.is_empty() { asked } else { Some(clean(&site.name, 256)) },
            server_port: site.port,
            client_address: exchange.client.ip.to_string(),
            peer_address: exchange.peer.address.ip().to_string(),
            peer_port: exchange.peer.address.port(),
            protocol: "http",
            version: *version,
            tls_version: exchange.peer.tls.as_ref().map(|tls| tls.version.trim_start_matches("TLSv")),
            user_agent: user_agent.as_ref().map(|agent| printable(&redactor.text(agent), 512)),
        }
    }
}

fn known_method(method: &str) -> Option<&'static str> {
    const KNOWN: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    KNOWN.into_iter().find(|known| *known == method)
}

/// TOML of several lines; all else in it that does not show is escaped.
fn multiline(text: &str) -> String {
    text.lines().map(|line| clean(line, LONGEST)).collect::<Vec<_>>().join("\n")
}
