//! The reader of the event log: whatever stands in the file is read to its end, and a log is found as it was written
//! only where every byte is.

#![expect(dead_code, reason = "of these files only what reads is used here")]

use std::path::PathBuf;
use std::sync::OnceLock;

use portcullis::keys::Keyring;

#[path = "../../crates/portcullis-gateway/src/record/log/chain.rs"]
mod chain;
#[path = "../../crates/portcullis-gateway/src/record/log/files.rs"]
mod files;
#[path = "../../crates/portcullis-gateway/src/record/log/verify.rs"]
mod verify;

const LINES: u64 = 6;

/// A log as the gate writes it, and what is kept beside it of its end.
struct Genuine {
    log: Vec<u8>,
    head: String,
    keys: Keyring,
}

fn genuine() -> &'static Genuine {
    static GENUINE: OnceLock<Genuine> = OnceLock::new();
    GENUINE.get_or_init(|| {
        let keys = Keyring::new([7; 32], vec![[8; 32]]);
        let links = chain::Links::newest(&keys);
        let (mut log, mut link) = (String::new(), [0; 32]);
        for number in 1..=LINES {
            let mut line = if number == LINES {
                let (upto, stands) = (number - 1, chain::write_link(&link));
                let signature = links.sign(upto, &link).unwrap_or_default();
                format!(
                    "{{\"portcullis.sequence\":{number},\"portcullis.log.upto\":{upto},\
                     \"portcullis.log.stands\":\"{stands}\",\"portcullis.log.signature\":\"{signature}\"}}"
                )
            } else {
                // What a reader that is not strict takes for other bytes.
                format!("{{\"portcullis.sequence\":{number},\"url.path\":\"/\u{fffd}/\u{e9}/{number}\"}}")
            };
            link = links.add(&mut line, &link);
            log.push_str(&line);
            log.push('\n');
        }
        Genuine { log: log.into_bytes(), head: links.seal_head(LINES, &link), keys }
    })
}

/// The bytes are a log; or where the first is zero, edits of one: what is done, where (two bytes), and with which byte.
pub fn run(bytes: &[u8]) {
    let Genuine { log, head, keys } = genuine();
    let written = match bytes.split_first() {
        Some((0, edits)) => edited(log, edits),
        _ => bytes.to_vec(),
    };
    let report = read(&written, head, keys);
    let whole = report.faults.is_empty() && !report.torn;
    assert_eq!(whole, written == *log, "{:?}", String::from_utf8_lossy(&written));
}

fn edited(log: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut log = log.to_vec();
    for edit in edits.chunks_exact(4) {
        let place = usize::from(u16::from_be_bytes([edit[1], edit[2]])) % (log.len() + 1);
        match edit[0] % 5 {
            0 if place < log.len() => log[place] = edit[3],
            1 if place < log.len() => drop(log.remove(place)),
            2 => log.insert(place, edit[3]),
            3 => log.truncate(place),
            // A line goes, or comes once more.
            _ => {
                let mut lines: Vec<&[u8]> = log.split_inclusive(|byte| *byte == b'\n').collect();
                if !lines.is_empty() {
                    let from = place % lines.len();
                    let line = lines[from];
                    if edit[3] & 1 == 1 {
                        lines.remove(from);
                    }
                    if edit[3] & 2 == 2 {
                        lines.insert(usize::from(edit[3] >> 2) % (lines.len() + 1), line);
                    }
                    log = lines.concat();
                }
            }
        }
    }
    log
}

fn read(log: &[u8], head: &str, keys: &Keyring) -> verify::Report {
    let thread = std::thread::current().id();
    let path = std::env::temp_dir().join(format!("portcullis-fuzz-log-{}-{thread:?}", std::process::id()));
    std::fs::write(&path, log).expect("a place to write");
    std::fs::write(path.with_extension("head"), head).expect("a place to write");
    let files: [PathBuf; 1] = [path.clone()];
    let report = verify::verify(&files, keys).expect("a file that can be read");
    let _ = std::fs::remove_file(path.with_extension("head"));
    let _ = std::fs::remove_file(path);
    report
}
