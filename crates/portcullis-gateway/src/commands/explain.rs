//! `portcullis explain ID`

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use portcullis::explain::{explain, to_text};

use super::{Failure, print};
use crate::Settings;
use crate::record::log::all_files;

/// No line of the log is longer; what is, was not written by the gate.
const LONGEST_LINE: u64 = 1024 * 1024;

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
        let (main, ending) = all_files(&path);
        let mut text = String::new();
        for file in main.into_iter().chain(ending) {
            let open = File::open(&file)
                .map_err(|error| Failure::Wrong(format!("the event log `{}`: {error}", file.display())))?;
            text += &search(BufReader::new(open), &id).map_err(|error| Failure::Broken(error.to_string()))?;
        }
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
        let event = std::str::from_utf8(&line).ok().and_then(explain).filter(|event| event.id == id);
        if let Some(event) = event {
            text.push_str(&to_text(&event));
            text.push('\n');
        }
    }
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
        for part in
            ["csrf", "nother site sent it", "CWE-352", "https://localhost:8443/pay", "path = \"/pay\""]
        {
            assert!(told.contains(part), "{part} not in {told}");
        }
        assert_eq!(told.matches("nother site sent it").count(), 1);
        assert!(!told.contains("aaaaaaaaaaaaaaaa") && !told.contains("cccccccccccccccc"), "{told}");
        assert!(!told.contains('\u{1b}'), "a terminal could be led");
    }

    #[test]
    fn an_id_that_is_not_there_gives_nothing() {
        assert_eq!(search(LOG.as_bytes(), "dddddddddddddddd").unwrap(), "");
    }
}
