//! What came of a case at one door, and whether it is what the case expects.

use portcullis::Event;
use serde_json::Value;

use crate::case::{Case, Expect};

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The code of the refusal's reason.
    pub refused: Option<String>,
    /// Codes of all other events.
    pub events: Vec<String>,
    /// The ids of rules that events tell of.
    pub rules: Vec<u64>,
    /// The status that the client got; `0` when the connection was broken off.
    pub status: u16,
    /// Header lines that the client got, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body that the client got.
    pub body: Vec<u8>,
    /// The request as the app saw it, if it did.
    pub app: Option<AppSaw>,
}

/// A request as the app saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppSaw {
    /// The method.
    pub method: String,
    /// The target.
    pub target: String,
    /// Header lines, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Outcome {
    /// Takes over what the events tell.
    pub fn read_events(&mut self, events: &[Event]) {
        for event in events {
            let Ok(value) = serde_json::to_value(event) else { continue };
            self.read_event(&value);
        }
    }

    /// Takes over one event, as it is written.
    pub fn read_event(&mut self, event: &Value) {
        let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (outcome, code) = (text("portcullis.outcome"), text("portcullis.reason"));
        let rules = event.get("portcullis.rules").and_then(Value::as_array);
        self.rules.extend(rules.into_iter().flatten().filter_map(|rule| rule.get("id")?.as_u64()));
        if outcome == "refused" && self.refused.is_none() {
            self.refused = Some(code);
        } else {
            self.events.push(code);
        }
    }

    /// Everything in which this differs from what the case expects, a line each.
    #[must_use]
    pub fn differences(&self, case: &Case) -> Vec<String> {
        let Expect {
            refused,
            passed,
            status,
            headers,
            no_headers,
            body_has,
            body_has_not,
            app_sees,
            app_sees_not,
            app_target,
            app_body,
            events,
            rule,
        } = &case.expect;
        let mut found = Vec::new();
        if let Some(code) = refused
            && self.refused.as_ref() != Some(code)
        {
            found.push(format!(
                "expected a refusal for `{code}`, got {:?} with status {}",
                self.refused, self.status
            ));
        }
        if let Some(rule) = rule
            && !self.rules.contains(rule)
        {
            found.push(format!("expected the rule {rule} to match, got {:?}", self.rules));
        }
        if *passed {
            if self.refused.is_some() {
                found.push(format!("expected to pass, was refused for {:?}", self.refused));
            }
            if self.app.is_none() {
                found.push(format!("expected to pass, never reached the app (status {})", self.status));
            }
        }
        if let Some(status) = status
            && self.status != *status
        {
            found.push(format!("expected status {status}, got {}", self.status));
        }
        for wanted in headers {
            if !self.headers.contains(wanted) {
                found.push(format!(
                    "the client did not get `{}: {}` in {:?}",
                    wanted.0, wanted.1, self.headers
                ));
            }
        }
        for name in no_headers {
            if self.headers.iter().any(|(have, _)| have == name) {
                found.push(format!("the client got the header `{name}`"));
            }
        }
        let body = String::from_utf8_lossy(&self.body);
        for text in body_has {
            if !body.contains(text) {
                found.push(format!("the body has no `{text}`: {body}"));
            }
        }
        for text in body_has_not {
            if body.contains(text) {
                found.push(format!("the body has `{text}`"));
            }
        }
        let nothing = AppSaw::default();
        let app = self.app.as_ref().unwrap_or(&nothing);
        for wanted in app_sees {
            if !app.headers.contains(wanted) {
                found.push(format!("the app did not see `{}: {}` in {:?}", wanted.0, wanted.1, app.headers));
            }
        }
        for name in app_sees_not {
            if app.headers.iter().any(|(have, _)| have == name) {
                found.push(format!("the app saw the header `{name}`"));
            }
        }
        if let Some(target) = app_target
            && app.target != *target
        {
            found.push(format!("the app saw the target `{}`, not `{target}`", app.target));
        }
        if let Some(body) = app_body
            && app.body != body.as_bytes()
        {
            found
                .push(format!("the app saw the body `{}`, not `{body}`", String::from_utf8_lossy(&app.body)));
        }
        for code in events {
            if !self.events.contains(code) {
                found.push(format!("no event `{code}` among {:?}", self.events));
            }
        }
        found
    }
}
