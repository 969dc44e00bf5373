//! `portcullis explain ID`

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::{Failure, print};
use crate::Settings;

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
        let mut text = String::new();
        for line in BufReader::new(file).split(b'\n') {
            let line = line.map_err(|error| Failure::Broken(error.to_string()))?;
            if !memchr_contains(&line, id.as_bytes()) {
                continue;
            }
            if let Ok(event) = serde_json::from_slice::<Value>(&line) {
                if names(&event, &id) {
                    tell(&mut text, &event);
                }
            }
        }
        if text.is_empty() {
            return Err(Failure::Broken(format!("there is nothing about `{id}` in `{}`", path.display())));
        }
        print(&text)
    }
}

/// A cheap look before a line is parsed.
fn memchr_contains(line: &[u8], id: &[u8]) -> bool {
    line.windows(id.len()).any(|window| window == id)
}

fn names(event: &Value, id: &str) -> bool {
    event.as_object().is_some_and(|fields| fields.values().any(|value| value.as_str() == Some(id)))
}

fn tell(text: &mut String, event: &Value) {
    let _ = writeln!(text, "{}", serde_json::to_string_pretty(event).unwrap_or_default());
}
