//! From one line of the event log to plain words: the pure half of `portcullis explain`.

mod text;

use serde_json::Value;

use crate::layers::record::event::clean;
use crate::verdict::Layer;

pub use text::to_text;

/// What an event says, ready to be shown. Every text is printable, whatever stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Explanation {
    /// The exchange.
    pub id: String,
    /// When, RFC 3339.
    pub time: String,
    /// `refused`, `would_refuse`, `noted`, `passed` or `changed`.
    pub outcome: String,
    /// The layer that spoke.
    pub layer: String,
    /// The stable code of the reason.
    pub code: String,
    /// The status of the answer.
    pub status: Option<u64>,
    /// The request in one line.
    pub request: String,
    /// Who sent it.
    pub client: String,
    /// What was seen.
    pub sentence: String,
    /// Where the bytes were found, and the bytes.
    pub evidence: Option<(String, String)>,
    /// Why it matters.
    pub why: String,
    /// The narrowest change of the policy that would let it pass.
    pub exception: Option<String>,
    /// The score that rules made up.
    pub score: Option<i64>,
    /// The rules that it rests on.
    pub rules: Vec<MatchedRule>,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MatchedRule {
    /// Its id.
    pub id: u64,
    /// What it says, how severe it is, and where it is written.
    pub title: String,
    /// Where it looked and by what.
    pub place: String,
    /// The value as sent, then after each transformation that changed it, then as judged with the match marked:
    /// each with the name of the step.
    pub steps: Vec<(String, String)>,
}

/// Reads an event; `None` when the line is none.
#[must_use]
pub fn explain(line: &str) -> Option<Explanation> {
    let event: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| event.get(name).and_then(Value::as_str).map(|text| clean(text, 4096));
    let outcome = text("portcullis.outcome")?;
    let layer = text("portcullis.layer").unwrap_or_default();
    let why = text("portcullis.why").or_else(|| why(&layer).map(str::to_owned)).unwrap_or_default();
    let evidence = text("portcullis.evidence.place")
        .map(|place| (place, text("portcullis.evidence.bytes").unwrap_or_default()));
    let exception = event.get("portcullis.exception").and_then(Value::as_str);
    Some(Explanation {
        id: text("portcullis.id").unwrap_or_default(),
        time: text("timestamp").unwrap_or_default(),
        outcome,
        layer,
        code: text("portcullis.reason").or_else(|| text("event.name")).unwrap_or_default(),
        status: event.get("http.response.status_code").and_then(Value::as_u64),
        request: request(&event),
        client: text("client.address").unwrap_or_default(),
        sentence: text("portcullis.sentence").unwrap_or_default(),
        evidence,
        why,
        exception: exception
            .map(|toml| toml.lines().map(|line| clean(line, 4096)).collect::<Vec<_>>().join("\n")),
        score: event.get("portcullis.score").and_then(Value::as_i64),
        rules: event
            .get("portcullis.rules")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(rule)
            .collect(),
    })
}

fn rule(rule: &Value) -> MatchedRule {
    let text = |of: &Value, name: &str| clean(of.get(name).and_then(Value::as_str).unwrap_or_default(), 4096);
    let details = [text(rule, "severity"), text(rule, "at")].into_iter().filter(|text| !text.is_empty());
    let details = details.collect::<Vec<_>>().join(", ");
    let mut steps: Vec<(String, String)> = rule
        .get("steps")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|step| match text(step, "transform") {
            none if none.is_empty() => ("as sent".to_owned(), text(step, "value")),
            transform => (format!("t:{transform}"), text(step, "value")),
        })
        .collect();
    let (value, matched) = (text(rule, "value"), text(rule, "matched"));
    let marked =
        if matched.is_empty() { value } else { value.replacen(&matched, &format!("»{matched}«"), 1) };
    steps.push(("judged".to_owned(), marked));
    MatchedRule {
        id: rule.get("id").and_then(Value::as_u64).unwrap_or_default(),
        title: format!("{} ({details})", text(rule, "message").trim_end_matches('.')),
        place: format!("in {} by {}", text(rule, "variable"), text(rule, "operator")),
        steps,
    }
}

fn request(event: &Value) -> String {
    let part = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let method = match part("http.request.method") {
        "_OTHER" => part("http.request.method_original"),
        known => known,
    };
    if method.is_empty() {
        return String::new();
    }
    let port =
        event.get("server.port").and_then(Value::as_u64).map_or(String::new(), |port| format!(":{port}"));
    let site = match part("server.address") {
        "" => String::new(),
        host => format!("{}://{host}{port}", part("url.scheme")),
    };
    let query = match part("url.query") {
        "" => String::new(),
        query => format!("?{query}"),
    };
    // An absolute target names the site already.
    let site = if part("url.path").starts_with('/') { site } else { String::new() };
    clean(&format!("{method} {site}{}{query}", part("url.path")), 4096)
}

/// What a layer is there to stop, for events that give no reason of their own.
#[must_use]
pub fn why(layer: &str) -> Option<&'static str> {
    let layer = Layer::ALL.into_iter().find(|known| known.name() == layer)?;
    Some(match layer {
        Layer::Framing => {
            "where two programs read one message in two ways, a second request hides in the first (request \
             smuggling, CWE-444)"
        }
        Layer::Limits => "what may grow without end is used to exhaust memory and time (CWE-400, CWE-770)",
        Layer::Client => {
            "whoever can choose the address that the app believes in slips past limits and access lists (CWE-348)"
        }
        Layer::Host => {
            "an app that believes any name writes it into links and mails, such as those that reset a password \
             (CWE-644)"
        }
        Layer::Transport => {
            "what travels in the open can be read and changed by anybody on the way (CWE-319)"
        }
        Layer::Gate => {
            "input that an app takes for code, markup or a path becomes the attacker's (CWE-74, CWE-79, CWE-89)"
        }
        Layer::Rate => {
            "a caller without a limit can guess passwords, or keep the app busy for all others (CWE-307, CWE-770)"
        }
        Layer::Session => "whoever holds somebody's session is that person to the app (CWE-384, CWE-613)",
        Layer::Access => "what only hides its address or its menu is open to whoever asks (CWE-425, CWE-862)",
        Layer::Csrf => "a foreign page can make a browser act in the visitor's name (CWE-352)",
        Layer::Cookies => {
            "a cookie that scripts can read, that travels in the open or that others can set gives the session away \
             (CWE-614, CWE-1004)"
        }
        Layer::Headers => {
            "without these headers a browser runs, frames and guesses what the app never meant (CWE-693)"
        }
        Layer::Leak => "traces, errors and secrets in a response show an attacker the way in (CWE-209)",
        Layer::Redirect => {
            "a link of this site that ends elsewhere lends its good name to phishing (CWE-601)"
        }
        Layer::Html => "what is written into a page has to arrive in it whole and unchanged (CWE-79)",
        Layer::Event => "what is not written down cannot be answered for (CWE-778)",
    })
}

#[cfg(test)]
mod tests;
