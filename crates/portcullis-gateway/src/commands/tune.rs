//! `portcullis tune`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use portcullis::tune::{Cost, Proposal, Tuning, cost, read};
use portcullis_seclang::Disk;

use super::{Failure, policy_file, print, run};
use crate::Settings;

/// Propose the narrowest exceptions from what rules refused, or would have.
#[derive(Debug, Args)]
pub(super) struct Tune {
    /// Where the event log lives
    #[arg(long, value_name = "DIR", default_value = Settings::DATA_DIR)]
    data_dir: PathBuf,
    /// The policy with the rules [default: portcullis.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A folder of labelled attacks, to show which of them each exception would let pass
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// How many proposals to show
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    most: usize,
}

/// The ids of proposals in SecLang, from the range that is left to sites.
const FIRST_ID: u64 = 90_001;

impl Tune {
    pub(super) fn start(self) -> Result<ExitCode, Failure> {
        let log = self.data_dir.join("events.jsonl");
        let text = std::fs::read(&log)
            .map_err(|error| Failure::Wrong(format!("the event log `{}`: {error}", log.display())))?;
        let text = String::from_utf8_lossy(&text);
        let tuning = read(text.lines());

        let attacks = self.corpus.as_deref().map(attacks).transpose()?;
        let file = policy_file(self.policy.as_ref());
        let (name, written) = match &file {
            Some(path) => (path.display().to_string(), run::read(path)?),
            None => ("the default policy".to_owned(), String::new()),
        };
        let (mut policy, _) = run::parse(&name, &written)?;
        let folder = file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        policy.load_rules(folder, &Disk).map_err(|error| Failure::Wrong(error.to_string()))?;
        let set = policy.site().gate.loaded.as_ref().map(|loaded| loaded.set.clone());

        let shown = tuning.proposals.iter().take(self.most);
        let told: Vec<(&Proposal, Option<Result<Cost, String>>)> = shown
            .map(|proposal| {
                let cost = attacks
                    .as_ref()
                    .zip(set.as_ref())
                    .map(|(attacks, set)| cost(set, &proposal.key, attacks));
                (proposal, cost)
            })
            .collect();
        print(&words(&tuning, &told))
    }
}

/// The attacks of a corpus: files of `attack<TAB>class<TAB>value` below it.
fn attacks(folder: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let wrong =
        |path: &Path, error: &dyn std::fmt::Display| Failure::Wrong(format!("`{}`: {error}", path.display()));
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| wrong(&folder, &error))?;
        for entry in entries {
            let path = entry.map_err(|error| wrong(&folder, &error))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "txt") {
                let text = std::fs::read_to_string(&path).map_err(|error| wrong(&path, &error))?;
                for (number, line) in text.lines().enumerate() {
                    if let Some(value) = line.strip_prefix("attack\t").and_then(|rest| rest.split_once('\t'))
                    {
                        let value = unescaped(value.1).ok_or_else(|| {
                            wrong(&path, &format!("line {} has a bad escape", number.saturating_add(1)))
                        })?;
                        found.push(value);
                    }
                }
            }
        }
    }
    if found.is_empty() {
        return Err(Failure::Wrong(format!("`{}` has no attacks in it", folder.display())));
    }
    Ok(found)
}

/// A value of the corpus: `\n`, `\r`, `\t`, `\0`, `\\` and `\xHH`.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        out.push(match letters.next()? {
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            '0' => 0,
            '\\' => b'\\',
            'x' => {
                let digits: String = letters.by_ref().take(2).collect();
                (digits.len() == 2).then(|| u8::from_str_radix(&digits, 16).ok())??
            }
            _ => return None,
        });
    }
    Some(out)
}

fn words(tuning: &Tuning, told: &[(&Proposal, Option<Result<Cost, String>>)]) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} refusals by rules, observed or not; {} exceptions could be made.",
        tuning.refusals,
        tuning.proposals.len()
    );
    if tuning.untouched > 0 {
        let _ = writeln!(out, "{} rest on no place that a rule could be kept from.", tuning.untouched);
    }
    if tuning.unread > 0 {
        let _ = writeln!(out, "{} lines of the log are no events and were passed over.", tuning.unread);
    }
    for (number, (proposal, cost)) in told.iter().enumerate() {
        let key = &proposal.key;
        let _ = writeln!(
            out,
            "\n{}. rule {} in {} on {}\n   {}\n   lifts {} refusals by itself, has a part in {}; sent by {} client{}",
            number.saturating_add(1),
            key.rule,
            key.target,
            key.path,
            proposal.message,
            proposal.alone,
            proposal.part,
            proposal.clients,
            if proposal.clients == 1 { ", which may be an attacker" } else { "s" },
        );
        for example in &proposal.examples {
            let _ = writeln!(out, "   seen: {example}");
        }
        match cost {
            None => {}
            Some(Err(error)) => {
                let _ = writeln!(out, "   the corpus was not run: {error}");
            }
            Some(Ok(Cost { caught, missed })) if missed.is_empty() => {
                let _ = writeln!(
                    out,
                    "   of {caught} attacks that are refused there, other rules still refuse all"
                );
            }
            Some(Ok(Cost { caught, missed })) => {
                let _ = writeln!(
                    out,
                    "   of {caught} attacks that are refused there, {} would pass:",
                    missed.len()
                );
                for attack in missed.iter().take(5) {
                    let _ = writeln!(out, "     {attack}");
                }
                if missed.len() > 5 {
                    let _ = writeln!(out, "     …");
                }
            }
        }
        let id = FIRST_ID.saturating_add(u64::try_from(number).unwrap_or_default());
        for block in [proposal.policy(), proposal.seclang(id)] {
            out.push('\n');
            for line in block.lines() {
                let _ = writeln!(out, "     {line}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_corpus_are_read_as_it_writes_them() {
        assert_eq!(unescaped(r"a\n\x41\\\0").unwrap(), b"a\nA\\\0");
        assert_eq!(unescaped(r"\q"), None);
        assert_eq!(unescaped(r"\x4"), None);
    }

    #[test]
    fn proposals_are_told_with_their_cost() {
        let folder = crate::testing::folder("tune");
        let event = r#"{"portcullis.outcome":"would_refuse","portcullis.layer":"gate","url.path":"/s","client.address":"192.0.2.1","portcullis.rules":[{"id":100102,"message":"Path","variable":"ARGS:page","value":"../../etc/passwd"}]}"#;
        let tuning = read([event, "", "{\"cut", "7"].into_iter());
        let told: Vec<_> = tuning
            .proposals
            .iter()
            .map(|one| (one, Some(Ok(Cost { caught: 2, missed: vec!["../../etc/passwd".to_owned()] }))))
            .collect();
        let text = words(&tuning, &told);
        for part in [
            "rule 100102 in ARGS:page on /s",
            "1 would pass",
            "2 lines of the log are no events",
            "[[route.gate.exclude]]",
            "ctl:ruleRemoveTargetById",
        ] {
            assert!(text.contains(part), "{part} not in {text}");
        }
        std::fs::write(folder.join("one.txt"), "attack\tpath\t../x\nordinary\tname\tAnn\n# no\n").unwrap();
        assert_eq!(attacks(&folder).unwrap(), [b"../x".to_vec()]);
    }
}
