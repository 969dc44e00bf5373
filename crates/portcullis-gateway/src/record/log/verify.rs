//! Whether a log is as it was written: the pure half of `portcullis log verify`.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use portcullis::keys::Keyring;
use serde_json::Value;

use super::chain::{Link, Links, read_link, split};

/// No line is longer; what is, was not written by the gate.
const LONGEST_LINE: u64 = 1024 * 1024;
/// So many faults are told one by one.
const MOST_FAULTS: usize = 1000;

/// One thing that is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// In which file.
    pub file: PathBuf,
    /// At which line of it, from 1.
    pub line: u64,
    /// What is wrong.
    pub what: What,
}

/// What was done to a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The line is not as it was written.
    Edited {
        /// Its number in the log.
        sequence: u64,
    },
    /// Lines are missing before this one.
    Removed {
        /// The first and the last number that are missing.
        first: u64,
        /// The last.
        last: u64,
    },
    /// The line stands at another place than it was written, or was copied there.
    Moved {
        /// Its number in the log.
        sequence: u64,
    },
    /// The line was not written by the gate.
    Foreign,
    /// The last lines are missing.
    Cut {
        /// The number of the last line that is there.
        ends: u64,
        /// The number of the last line that was written.
        wrote: u64,
    },
    /// A checkpoint whose signature is not the gate's.
    BadSignature {
        /// Its number in the log.
        sequence: u64,
    },
    /// The file that tells where the log ends is missing or not the gate's.
    NoHead,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: ", self.file.display(), self.line)?;
        match &self.what {
            What::Edited { sequence } => write!(out, "event {sequence} was edited"),
            What::Removed { first, last } if first == last => {
                write!(out, "event {first} was removed before this line")
            }
            What::Removed { first, last } => {
                write!(out, "events {first} to {last} were removed before this line")
            }
            What::Moved { sequence } => {
                write!(out, "event {sequence} does not belong here: lines were moved or copied")
            }
            What::Foreign => out.write_str("this line was not written by the gate"),
            What::Cut { ends, wrote } => {
                write!(out, "the log was cut: it ends with event {ends}, and {wrote} were written")
            }
            What::BadSignature { sequence } => {
                write!(out, "the signature of checkpoint {sequence} does not hold")
            }
            What::NoHead => out.write_str(
                "nothing of the gate's tells where the log ends, so that a missing end would not show",
            ),
        }
    }
}

/// What was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many lines.
    pub lines: u64,
    /// The numbers of the first and the last.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// How many signed checkpoints hold.
    pub checkpoints: u64,
    /// A line at the end that was being written.
    pub torn: bool,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

/// What checkpoints can be checked with by whoever may not have the secret: Ed25519, in base64url.
#[must_use]
pub fn public_key(keys: &Keyring) -> Option<String> {
    Links::newest(keys).public_key()
}

/// Looks at the files of one chain, the oldest first; the last of them is the one that is being written.
///
/// # Errors
/// When a file cannot be read.
pub fn verify(files: &[PathBuf], keys: &Keyring) -> io::Result<Report> {
    let links = Links::all(keys);
    let mut walk = Walk { links: &links, at: None, report: Report::default() };
    for file in files {
        let mut reader = io::BufReader::new(std::fs::File::open(file)?);
        walk.file(file, &mut reader)?;
    }
    if let Some(last) = files.last() {
        walk.end(last);
    }
    Ok(walk.report)
}

struct Walk<'a> {
    links: &'a [Links],
    /// The number and the link of the line before.
    at: Option<(u64, Link)>,
    report: Report,
}

impl Walk<'_> {
    fn file(&mut self, path: &Path, reader: &mut impl BufRead) -> io::Result<()> {
        let mut bytes = Vec::new();
        let mut number = 0_u64;
        loop {
            bytes.clear();
            if reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes)? == 0 {
                return Ok(());
            }
            number = number.saturating_add(1);
            if bytes.last() != Some(&b'\n') {
                // Nothing follows: it was being written, or is being written now.
                self.report.torn = true;
                return Ok(());
            }
            bytes.pop();
            self.report.lines = self.report.lines.saturating_add(1);
            self.line(path, number, &bytes);
        }
    }

    fn line(&mut self, path: &Path, number: u64, bytes: &[u8]) {
        let line = String::from_utf8_lossy(bytes);
        // Where bytes had to be replaced to be read, they are not those that were written, whatever the rest says.
        let intact = matches!(line, Cow::Borrowed(_));
        let sequence = super::files::number(&line);
        let (Some(sequence), Some((content, link))) = (sequence, split(&line)) else {
            self.fault(path, number, What::Foreign);
            return;
        };
        let Some((before, before_link)) = self.at else {
            self.report.first = sequence;
            if let Some(before) = self.beginning(&content, sequence) {
                if !intact || !self.links.iter().any(|links| links.holds(&content, &link, &before)) {
                    self.fault(path, number, What::Edited { sequence });
                }
            } else {
                self.fault(path, number, What::Removed { first: 1, last: sequence.saturating_sub(1) });
            }
            self.stand(path, number, sequence, link, &content);
            return;
        };
        let holds = intact && self.links.iter().any(|links| links.holds(&content, &link, &before_link));
        let next = before.saturating_add(1);
        if holds && sequence == next {
            self.stand(path, number, sequence, link, &content);
        } else if sequence == next {
            self.fault(path, number, What::Edited { sequence });
            self.stand(path, number, sequence, link, &content);
        } else if sequence > next {
            self.fault(path, number, What::Removed { first: next, last: sequence.saturating_sub(1) });
            self.stand(path, number, sequence, link, &content);
        } else {
            // The chain is not led back by it.
            self.fault(path, number, What::Moved { sequence });
        }
    }

    /// Where the chain stood before the first line that is here: at its very beginning, or as the first line
    /// of a file tells when rotation has taken away those before it.
    fn beginning(&self, content: &str, sequence: u64) -> Option<Link> {
        if sequence == 1 {
            return Some([0; 32]);
        }
        let value: Value = serde_json::from_str(content).ok()?;
        value.get("portcullis.log.before").and_then(Value::as_str).and_then(read_link)
    }

    fn stand(&mut self, path: &Path, number: u64, sequence: u64, link: Link, content: &str) {
        let before = self.at;
        self.at = Some((sequence, link));
        self.report.last = sequence;
        if !content.contains("portcullis.log.signature") {
            return;
        }
        let Ok(value) = serde_json::from_str::<Value>(content) else { return };
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let Some(signature) = text("portcullis.log.signature") else { return };
        let upto = value.get("portcullis.log.upto").and_then(Value::as_u64).unwrap_or(0);
        let stands = text("portcullis.log.stands").and_then(read_link).unwrap_or_default();
        let agrees = before.is_none_or(|before| before == (upto, stands));
        if agrees && self.links.iter().any(|links| links.verifies(upto, &stands, signature)) {
            self.report.checkpoints = self.report.checkpoints.saturating_add(1);
        } else {
            self.fault(path, number, What::BadSignature { sequence });
        }
    }

    fn end(&mut self, path: &Path) {
        let head = std::fs::read_to_string(path.with_extension("head")).unwrap_or_default();
        let Some((wrote, _)) = self.links.iter().find_map(|links| links.open_head(&head)) else {
            if self.at.is_some() {
                self.fault(path, self.report.lines, What::NoHead);
            }
            return;
        };
        if wrote > self.report.last {
            self.fault(path, self.report.lines, What::Cut { ends: self.report.last, wrote });
        }
    }

    fn fault(&mut self, path: &Path, line: u64, what: What) {
        if self.report.faults.len() < MOST_FAULTS {
            self.report.faults.push(Fault { file: path.to_owned(), line, what });
        }
    }
}
