//! The log's files: the one that is written, those that were, and where the log ends.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::chain::{Link, Links, split};

/// No line is longer.
const LONGEST_LINE: u64 = 256 * 1024;

/// When a file is put aside, and how many are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// The largest file in bytes.
    pub size: u64,
    /// The oldest; `None` for any age.
    pub age: Option<Duration>,
    /// How many are kept besides the one that is written.
    pub keep: usize,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { size: 64 << 20, age: None, keep: 16 }
    }
}

/// The file that is written.
pub(super) struct Current {
    pub(super) path: PathBuf,
    file: File,
    /// Whole lines, in bytes.
    pub(super) length: u64,
    begun: SystemTime,
    head: File,
}

/// Where the log ended when it was opened.
pub(super) struct Ending {
    pub(super) sequence: u64,
    pub(super) link: Link,
    /// Bytes of a line that was being written when the gate was killed.
    pub(super) torn: u64,
    /// The log ends before the place where it is known to have ended.
    pub(super) cut: Option<u64>,
}

impl Current {
    /// Opens or makes the log, and mends its tail.
    pub(super) fn open(path: &Path, links: &[Links]) -> io::Result<(Self, Ending)> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        let head_path = path.with_extension("head");
        let mut head = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(head_path)?;
        let mut text = String::new();
        let _ = head.read_to_string(&mut text);
        let known = links.iter().find_map(|links| links.open_head(&text));

        let (last, whole, length) = last_line(&mut file)?;
        let torn = length.saturating_sub(whole);
        if torn > 0 {
            file.set_len(whole)?;
        }
        let (mut sequence, mut link) = match &last {
            Some(line) => {
                let link = split(line).map_or([0; 32], |(_, link)| link);
                (number(line).unwrap_or(0), link)
            }
            None => (0, [0; 32]),
        };
        let mut cut = None;
        // An empty file beside a head is one that was just begun, if the head was written for its file before.
        if let Some((known, known_link)) = known
            && known > sequence
        {
            if last.is_some() || !has_older(path) {
                cut = Some(known.saturating_sub(sequence));
            }
            (sequence, link) = (known, known_link);
        }
        let begun = file.metadata()?.created().unwrap_or_else(|_| SystemTime::now());
        let current = Self { path: path.to_owned(), file, length: whole, begun, head };
        Ok((current, Ending { sequence, link, torn, cut }))
    }

    /// Writes whole lines, or nothing.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        match self.file.write_all(lines) {
            Ok(()) => {
                self.length = self.length.saturating_add(u64::try_from(lines.len()).unwrap_or(0));
                Ok(())
            }
            Err(error) => {
                // A disk that filled up in mid-line: half a line would spoil the next one.
                let _ = self.file.set_len(self.length);
                Err(error)
            }
        }
    }

    /// Notes where the log ends. In place and in one piece: a process that is killed leaves it whole.
    pub(super) fn write_head(&self, sealed: &str) -> io::Result<()> {
        self.head.write_all_at(sealed.as_bytes(), 0)
    }

    pub(super) fn is_due(&self, rotation: &Rotation) -> bool {
        let old = rotation.age.is_some_and(|age| self.begun.elapsed().is_ok_and(|elapsed| elapsed >= age));
        self.length > 0 && (self.length >= rotation.size || old)
    }

    /// Puts the file aside under a name that tells its last line, and begins another.
    pub(super) fn rotate(&mut self, sequence: u64, rotation: &Rotation) -> io::Result<()> {
        let aside = self.path.with_file_name(format!("{}-{sequence:016}.jsonl", stem(&self.path)));
        fs::rename(&self.path, &aside)?;
        self.file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.path)?;
        self.length = 0;
        self.begun = SystemTime::now();
        let mut old = rotated(&self.path);
        while old.len() > rotation.keep {
            fs::remove_file(old.remove(0))?;
        }
        Ok(())
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

fn has_older(path: &Path) -> bool {
    !rotated(path).is_empty()
}

/// The files that were put aside, the oldest first.
pub(crate) fn rotated(path: &Path) -> Vec<PathBuf> {
    let begin = format!("{}-", stem(path));
    let Some(folder) = path.parent() else { return Vec::new() };
    let mut list: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let number = name.strip_prefix(&begin).and_then(|rest| rest.strip_suffix(".jsonl"));
            number
                .is_some_and(|number| number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_digit()))
        })
        .collect();
    list.sort();
    list
}

/// Every file of the log in a data directory, the oldest first; those of gates that were ending while another
/// had taken over stand by themselves.
pub(crate) fn all(path: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut main = rotated(path);
    main.push(path.to_owned());
    let begin = format!("{}-ending-", stem(path));
    let ending = path.parent().and_then(|folder| fs::read_dir(folder).ok());
    let mut ending: Vec<PathBuf> = ending
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&begin) && name.ends_with(".jsonl")
        })
        .collect();
    ending.sort();
    (main, ending)
}

/// The number of a line.
pub(crate) fn number(line: &str) -> Option<u64> {
    let value: serde_json::Value = serde_json::from_str(line).ok()?;
    value.get("portcullis.sequence")?.as_u64()
}

/// The last whole line with a number, the length of all whole lines, and of the file. Reads from the end: a
/// log may be large.
fn last_line(file: &mut File) -> io::Result<(Option<String>, u64, u64)> {
    let length = file.seek(SeekFrom::End(0))?;
    let start = length.saturating_sub(LONGEST_LINE);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    Read::by_ref(file).take(LONGEST_LINE).read_to_end(&mut tail)?;
    let end = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |position| position.saturating_add(1));
    let whole = start.saturating_add(u64::try_from(end).unwrap_or(0));
    let lines = tail.get(..end).unwrap_or_default().split(|byte| *byte == b'\n').rev();
    let last = lines
        .filter_map(|line| std::str::from_utf8(line).ok())
        .find(|line| number(line).is_some())
        .map(str::to_owned);
    Ok((last, whole, length))
}
