//! `portcullis check`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use portcullis::advice::{Advice, Level, advise};

use crate::policies;
use crate::upstream::around;

use super::{Failure, LogFormat, files, policy_file, print, run};

/// Check a policy: faults with their place, advice with a number.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The policy [default: portcullis.toml, if it is there]
    #[arg(value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The same, as `run` takes it
    #[arg(long = "policy", value_name = "FILE", conflicts_with = "policy")]
    named: Option<PathBuf>,
    /// From which level on an advice makes this command fail
    #[arg(long, value_enum, default_value_t)]
    level: Fails,
    /// Read nothing but the policy: the files that it names are not here
    #[arg(long)]
    policy_only: bool,
    /// How the advice is printed
    #[arg(long, value_enum, default_value_t)]
    log: LogFormat,
}

/// What makes `check` fail, besides faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Fails {
    /// Every advice.
    Info,
    /// What is weaker than it should be, and holes.
    Warn,
    /// Holes only.
    #[default]
    Danger,
    /// Nothing: advice is only told.
    Never,
}

impl Fails {
    fn on(self, level: Level) -> bool {
        match self {
            Self::Info => level >= Level::Info,
            Self::Warn => level >= Level::Warn,
            Self::Danger => level >= Level::Danger,
            Self::Never => false,
        }
    }
}

impl Check {
    /// Exits with 2 for faults, 1 for advice of the chosen level, else 0.
    pub(super) fn start(self) -> Result<ExitCode, Failure> {
        let file = policy_file(self.named.as_ref().or(self.policy.as_ref()));
        let (name, text) = match &file {
            Some(path) => (path.display().to_string(), run::read(path)?),
            None => ("the default policy".to_owned(), String::new()),
        };
        let (mut policy, written) = run::parse(&name, &text)?;
        let mut advice = advise(&policy, &written, &text);
        if !self.policy_only {
            let folder = file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
            policies::load(&mut policy, folder).map_err(|error| Failure::Wrong(error.to_string()))?;
            advice.extend(files::look(&written, folder));
            advice.extend(around::look(&policy, &written));
            advice.sort_by(|left, right| {
                right.level.cmp(&left.level).then_with(|| left.number.cmp(right.number))
            });
        }
        print(&match self.log {
            LogFormat::Text => words(&name, &advice),
            LogFormat::Json => lines(&advice),
        })?;
        let fails = advice.iter().any(|advice| self.level.on(advice.level));
        Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn words(name: &str, advice: &[Advice]) -> String {
    let mut text = format!("{name} holds");
    if advice.is_empty() {
        text.push_str(", and there is nothing to advise\n");
        return text;
    }
    let of = |level: Level| match advice.iter().filter(|advice| advice.level == level).count() {
        0 => None,
        count => Some(format!("{count} {level}")),
    };
    let counts: Vec<String> = [Level::Danger, Level::Warn, Level::Info].into_iter().filter_map(of).collect();
    let _ = writeln!(text, "; advice: {}", counts.join(", "));
    for advice in advice {
        let _ = writeln!(text, "\n{} {}  {}: {}", advice.number, advice.level, advice.key, advice.sentence);
        for line in advice.fix.lines() {
            let _ = writeln!(text, "     {line}");
        }
    }
    text
}

/// One JSON object a line.
fn lines(advice: &[Advice]) -> String {
    advice.iter().filter_map(|advice| serde_json::to_string(advice).ok()).fold(
        String::new(),
        |mut text, line| {
            text.push_str(&line);
            text.push('\n');
            text
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_has_its_number_its_key_and_the_fix() {
        let advice = [Advice {
            number: "P012",
            level: Level::Info,
            key: "transport.hsts_include_subdomains".to_owned(),
            sentence: "names below are not covered".to_owned(),
            fix: "set it\nonce all are served over HTTPS".to_owned(),
        }];
        let text = words("portcullis.toml", &advice);
        assert!(text.starts_with("portcullis.toml holds; advice: 1 info\n"), "{text}");
        assert!(text.contains("P012 info  transport.hsts_include_subdomains: names below"), "{text}");
        assert!(text.contains("     set it\n     once all"), "{text}");
        assert_eq!(lines(&advice).lines().count(), 1);
    }

    #[test]
    fn the_chosen_level_decides_what_fails() {
        assert!(Fails::Info.on(Level::Info) && Fails::Info.on(Level::Danger));
        assert!(!Fails::Warn.on(Level::Info) && Fails::Warn.on(Level::Warn));
        assert!(!Fails::Danger.on(Level::Warn) && Fails::Danger.on(Level::Danger));
        assert!(!Fails::Never.on(Level::Danger));
    }
}
