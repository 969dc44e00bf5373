//! `portcullis replay FILE`
//!
//! Runs recorded requests through the rules of a policy, and prints which would be refused, by which rule.
//! Nothing is sent anywhere. The layers that judge a caller rather than what was sent (host, transport, rate,
//! csrf, …) are switched off: what they ask for, a recording does not have.

mod judge;
mod read;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use portcullis_seclang::Disk;

use super::{Failure, LogFormat, policy_file, print, run};
use judge::Judge;

/// Print which recorded requests the rules would refuse
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The recording: a HAR file, one JSON object a line, raw requests one after another, or labelled values
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The policy [default: portcullis.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Rules in place of the policy's, in load order: `builtin`, files of SecLang, patterns of files
    #[arg(long, value_name = "PATH")]
    rules: Vec<String>,
    /// How many requests are shown for each rule, and how many that were judged wrongly
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    show: usize,
    /// How the verdicts are printed: for people, or one JSON object a request
    #[arg(long, value_enum, default_value_t)]
    log: LogFormat,
}

impl Replay {
    pub(super) fn start(self) -> Result<ExitCode, Failure> {
        let bytes = std::fs::read(&self.file).map_err(|error| {
            Failure::Wrong(format!("the recording `{}` cannot be read: {error}", self.file.display()))
        })?;
        let recorded = read::read(&bytes)
            .map_err(|error| Failure::Wrong(format!("the recording `{}`: {error}", self.file.display())))?;
        let judge = self.judge()?;
        let verdicts: Vec<_> = recorded.iter().map(|recorded| judge.judge(recorded)).collect();
        print(&match self.log {
            LogFormat::Text => report::words(&recorded, &verdicts, self.show),
            LogFormat::Json => report::lines(&recorded, &verdicts),
        })
    }

    fn judge(&self) -> Result<Judge, Failure> {
        let file = policy_file(self.policy.as_ref());
        let (name, text) = match &file {
            Some(path) => (path.display().to_string(), run::read(path)?),
            None => ("the default policy".to_owned(), String::new()),
        };
        // As written it must hold before any of it is switched off.
        run::parse(&name, &text)?;
        let text = judge::rules_alone(&text, &self.rules).map_err(Failure::Broken)?;
        let (mut policy, _) = run::parse(&name, &text)?;
        let folder = match self.rules.is_empty() {
            true => file.as_deref().and_then(Path::parent).unwrap_or(Path::new("")),
            false => Path::new(""),
        };
        policy.load_rules(folder, &Disk).map_err(|error| Failure::Wrong(error.to_string()))?;
        Ok(Judge::new(policy))
    }
}

#[cfg(test)]
mod tests;
