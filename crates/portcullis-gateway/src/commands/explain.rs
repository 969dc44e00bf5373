//! `portcullis explain ID`

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use portcullis::layers::record::event::clean;
use serde_json::Value;

use super::{Failure, print};
use crate::Settings;

/// No line of the log is longer; what is, was not written by the gate.
const LONGEST_LINE: u64 = 1024 * 1024;
/// The longest field that is shown, in characters.
const LONGEST: usize = 4096;

/// Tell in plain words why a request was refused.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The id on the page
    #[arg(value_name = "ID")]
    id: String,
    /// Where the event log lives
    #[arg(long, value_name = "DIR", default_value = Settings::DATA_DIR)]
    data_dir: PathBuf,
}

impl Explain {
    pub(super) fn start(self) -> Result<ExitCode, Failure> {
        let id = self.id.trim().to_ascii_lowercase();
        if id.len() != 16 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Failure::Wrong(format!(
                "`{}` is not an id: it is the 16 letters and digits on the page",
                self.id.escape_debug()
            )));
        }
        let path = self.data_dir.join("events.jsonl");
        let file = File::open(&path)
            .map_err(|error| Failure::Wrong(format!("the event log `{}`: {error}", path.display())))?;
        let text = search(BufReader::new(file), &id).map_err(|error| Failure::Broken(error.to_string()))?;
        if text.is_empty() {
            return Err(Failure::Broken(format!("there is nothing about `{id}` in `{}`", path.display())));
        }
        print(&text)
    }
}

/// Everything about one exchange, in the order of the log.
fn search(mut log: impl BufRead, id: &str) -> std::io::Result<String> {
    let mut text = String::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if log.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(text);
        }
        // A cheap look before a line is parsed: logs are long.
        if !line.windows(id.len()).any(|window| window == id.as_bytes()) {
            continue;
        }
        if let Ok(event) = serde_json::from_slice::<Value>(&line)
            && event.get("portcullis.id").and_then(Value::as_str) == Some(id)
        {
            tell(&mut text, &event);
        }
    }
}

fn tell(text: &mut String, event: &Value) {
    let field = |name: &str| match event.get(name) {
        Some(Value::String(value)) => Some(clean(value, LONGEST)),
        Some(Value::Number(value)) => Some(value.to_string()),
        _ => None,
    };
    let layer = field("portcullis.layer").map_or(String::new(), |layer| format!(" by the layer `{layer}`"));
    let what = match (field("portcullis.outcome").as_deref(), field("http.response.status_code")) {
        (Some("refused"), Some(status)) => format!("Refused with {status}{layer}"),
        (Some("refused"), None) => format!("Refused{layer}"),
        (Some("would_refuse"), _) => {
            format!("Passed, but would have been refused{layer}, which only observes here")
        }
        (Some("passed"), _) => "Passed".to_owned(),
        (Some("noted"), _) => format!("Noted{layer}"),
        _ => "About this request".to_owned(),
    };
    let _ = writeln!(text, "{what}, {}\n", field("timestamp").unwrap_or_default());
    let rows = [
        ("what", field("portcullis.sentence")),
        ("reason", field("portcullis.reason")),
        (
            "bytes",
            field("portcullis.evidence.bytes").map(|bytes| match field("portcullis.evidence.place") {
                Some(place) => format!("{bytes}   in the {place}"),
                None => bytes,
            }),
        ),
        ("why", field("portcullis.why")),
        ("request", request(&field)),
        (
            "from",
            field("client.address").map(|client| match field("network.peer.address") {
                Some(peer) if peer != client => format!("{client}, through {peer}"),
                _ => client,
            }),
        ),
        ("browser", field("user_agent.original")),
        ("route", field("portcullis.route")),
    ];
    for (name, value) in rows {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let _ = writeln!(text, "  {name:<9}{value}");
        }
    }
    match event.get("portcullis.exception").and_then(Value::as_str) {
        Some(exception) => {
            let _ = writeln!(text, "\n  If it was right to come, this and nothing wider lets it through:\n");
            for line in exception.lines() {
                let _ = writeln!(text, "    {}", clean(line, LONGEST));
            }
        }
        None if field("portcullis.reason").is_some() => {
            let _ = writeln!(
                text,
                "\n  Nothing in the policy lets just this through: only who sent it can mend it."
            );
        }
        None => {}
    }
    text.push('\n');
}

/// `POST https://localhost:8443/transfer?to=eve`
fn request(field: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let method = field("http.request.method_original").or_else(|| field("http.request.method"))?;
    let mut line = format!("{method} ");
    if let (Some(scheme), Some(host)) = (field("url.scheme"), field("server.address")) {
        let _ = write!(line, "{scheme}://{host}");
        if let Some(port) = field("server.port") {
            let _ = write!(line, ":{port}");
        }
    }
    line.push_str(&field("url.path").unwrap_or_default());
    if let Some(query) = field("url.query") {
        let _ = write!(line, "?{query}");
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = concat!(
        r#"{"portcullis.sequence":1,"portcullis.id":"aaaaaaaaaaaaaaaa","portcullis.outcome":"refused"}"#,
        "\nnot json bbbbbbbbbbbbbbbb\n",
        r#"{"portcullis.sequence":2,"timestamp":"2026-11-24T02:00:00.000Z","portcullis.id":"bbbbbbbbbbbbbbbb","#,
        r#""portcullis.outcome":"refused","portcullis.layer":"csrf","portcullis.reason":"csrf.cross_site","#,
        r#""portcullis.sentence":"another site sent it","portcullis.why":"CWE-352","#,
        r#""portcullis.evidence.place":"header `origin`","portcullis.evidence.bytes":"https://evil.example\u001b[2J","#,
        r#""portcullis.exception":"[[route]]\npath = \"/pay\"","http.request.method":"POST","url.scheme":"https","#,
        r#""server.address":"localhost","server.port":8443,"url.path":"/pay","http.response.status_code":403,"#,
        r#""client.address":"127.0.0.1","network.peer.address":"127.0.0.1"}"#,
        "\n",
        r#"{"portcullis.sequence":3,"portcullis.id":"cccccccccccccccc","portcullis.sentence":"bbbbbbbbbbbbbbbb"}"#,
        "\n",
    );

    #[test]
    fn one_refusal_is_told_whole_and_no_other() {
        let told = search(LOG.as_bytes(), "bbbbbbbbbbbbbbbb").unwrap();
        for part in [
            "Refused with 403 by the layer `csrf`",
            "another site sent it",
            "in the header `origin`",
            "CWE-352",
            "POST https://localhost:8443/pay",
            "    [[route]]\n    path = \"/pay\"\n",
        ] {
            assert!(told.contains(part), "{part} not in {told}");
        }
        assert_eq!(told.matches("Refused").count(), 1);
        assert!(!told.contains('\u{1b}'), "a terminal could be led");
    }

    #[test]
    fn an_id_that_is_not_there_gives_nothing() {
        assert_eq!(search(LOG.as_bytes(), "dddddddddddddddd").unwrap(), "");
    }
}
