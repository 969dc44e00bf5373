//! What rules remember of addresses, sessions, users, resources and of all (`initcol`, `setsid`, `setuid`, `setrsc`).
//!
//! A request reads and writes memory alone and waits for nothing. What changed is written to the data directory every
//! two seconds and when the gate ends, so that a restart forgives nobody; a gate that is killed loses those seconds.
//! Where limits are shared in a Redis (`rate.store`), collections are too: each change goes there behind the request,
//! as a change and not as a value, and what comes of it with those of other gates comes back; so a gate knows what
//! another has counted one request later. While the store is away each gate goes on with what it has. At most
//! [`REMEMBERED`] collections are kept, and as many changes wait as [`crate::store`] says.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use portcullis::layers::content::gate::REMEMBERED;
use portcullis_seclang::{Collections, Entry, MemoryCollections, Record, Stored, VarChange, Variable};
use serde::{Deserialize, Serialize};

use crate::record::data_dir::write_private;
use crate::store::SharedCollections;

/// How often what changed is written.
const PAUSE: Duration = Duration::from_secs(2);

/// The five collections that are kept.
const KEPT: [Variable; 5] =
    [Variable::Ip, Variable::Session, Variable::User, Variable::Global, Variable::Resource];

/// What rules remember, kept on the disk and shared among gates.
pub(crate) struct Remembered {
    memory: Arc<MemoryCollections>,
    path: PathBuf,
    changed: AtomicBool,
    /// Another gate has taken the data directory over.
    aside: AtomicBool,
    /// One writes at a time.
    writing: Mutex<()>,
    shared: ArcSwapOption<SharedCollections>,
}

impl fmt::Debug for Remembered {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Remembered").field("collections", &self.memory.len()).finish_non_exhaustive()
    }
}

impl Remembered {
    /// Goes on with what is in `folder`, and keeps what changes there. A line that cannot be read is left out.
    ///
    /// # Errors
    /// When the file is there and cannot be read, or no thread is to be had.
    pub(crate) fn open(folder: &Path, now: Duration) -> io::Result<Arc<Self>> {
        let path = folder.join("collections.jsonl");
        let memory = Arc::new(MemoryCollections::new(REMEMBERED));
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let records = text.lines().filter_map(read_line);
                records.filter(|record| record.gone_at > now).for_each(|record| memory.put(record));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let remembered = Arc::new(Self {
            memory,
            path,
            changed: AtomicBool::new(false),
            aside: AtomicBool::new(false),
            writing: Mutex::new(()),
            shared: ArcSwapOption::empty(),
        });
        let watched = Arc::downgrade(&remembered);
        std::thread::Builder::new().name("collections".to_owned()).spawn(move || write_behind(&watched))?;
        Ok(remembered)
    }

    /// The collections themselves, for a store to bring up to date.
    pub(crate) fn memory(&self) -> Arc<MemoryCollections> {
        Arc::clone(&self.memory)
    }

    /// From now on they are shared through this store, or through none.
    pub(crate) fn share(&self, shared: Option<SharedCollections>) {
        self.shared.store(shared.map(Arc::new));
    }

    /// Writes what changed, and nothing from now on: the data directory belongs to another gate.
    pub(crate) fn step_aside(&self) -> io::Result<()> {
        let written = self.write();
        self.aside.store(true, Ordering::Release);
        written
    }

    /// Writes again.
    pub(crate) fn step_back(&self) {
        self.aside.store(false, Ordering::Release);
        self.changed.store(true, Ordering::Release);
    }

    /// Writes what changed since the last time.
    pub(crate) fn write(&self) -> io::Result<()> {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.aside.load(Ordering::Acquire) || !self.changed.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let mut text = String::new();
        for record in self.memory.records(crate::admin::now()) {
            text.push_str(&line(&record));
            text.push('\n');
        }
        let written = write_private(&self.path, text.as_bytes());
        if written.is_err() {
            self.changed.store(true, Ordering::Release);
        }
        written
    }
}

fn write_behind(watched: &Weak<Remembered>) {
    let mut told = false;
    loop {
        std::thread::sleep(PAUSE);
        let Some(remembered) = watched.upgrade() else { return };
        match remembered.write() {
            Ok(()) => told = false,
            Err(error) if !told => {
                told = true;
                tracing::warn!(%error, path = %remembered.path.display(), "what rules remember could not be written");
            }
            Err(_) => {}
        }
    }
}

impl Collections for Remembered {
    fn load(&self, collection: Variable, key: &[u8], now: Duration) -> Vec<Stored> {
        if let Some(shared) = &*self.shared.load() {
            shared.refresh(collection, key, now);
        }
        self.memory.load(collection, key, now)
    }

    fn change(
        &self,
        collection: Variable,
        key: &[u8],
        changes: &[VarChange],
        timeout: Duration,
        now: Duration,
    ) {
        self.memory.change(collection, key, changes, timeout, now);
        self.changed.store(true, Ordering::Release);
        if let Some(shared) = &*self.shared.load() {
            shared.change(collection, key, changes, timeout);
        }
    }
}

/// A record as it stands in a line of the file. Bytes are percent-encoded.
#[derive(Serialize, Deserialize)]
struct Line {
    collection: String,
    key: String,
    gone_ms: u64,
    variables: Vec<(String, String, Option<u64>)>,
}

fn line(record: &Record) -> String {
    let encode = |bytes: &[u8]| percent_encode(bytes, NON_ALPHANUMERIC).to_string();
    let variables = record
        .variables
        .iter()
        .map(|entry| (encode(&entry.name), encode(&entry.value), entry.expires.map(millis)));
    let line = Line {
        collection: record.collection.name().to_owned(),
        key: encode(&record.key),
        gone_ms: millis(record.gone_at),
        variables: variables.collect(),
    };
    serde_json::to_string(&line).unwrap_or_default()
}

fn read_line(text: &str) -> Option<Record> {
    let line: Line = serde_json::from_str(text).ok()?;
    let collection = KEPT.into_iter().find(|kept| kept.name() == line.collection)?;
    let decode = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let variables = line.variables.iter().map(|(name, value, expires)| Entry {
        name: decode(name),
        value: decode(value),
        expires: expires.map(Duration::from_millis),
    });
    Some(Record {
        collection,
        key: decode(&line.key),
        gone_at: Duration::from_millis(line.gone_ms),
        variables: variables.collect(),
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn add(name: &str, by: i64) -> VarChange {
        VarChange::Add { name: name.as_bytes().to_vec(), by }
    }

    fn value(remembered: &Remembered, key: &[u8], name: &str) -> Option<String> {
        let stored = remembered.load(Variable::Ip, key, crate::admin::now());
        let found = stored.into_iter().find(|stored| stored.name == name.as_bytes())?;
        Some(String::from_utf8(found.value).unwrap())
    }

    #[test]
    fn what_is_remembered_lives_through_a_restart_and_what_has_expired_does_not() {
        let folder = crate::testing::folder("remembered");
        let now = crate::admin::now();
        let before = Remembered::open(&folder, now).unwrap();
        let key = b"192.0.2.1 \xff\n";
        before.change(Variable::Ip, key, &[add("score", 5), add("brief", 1)], LONG, now);
        let at = now + Duration::from_millis(1);
        before.change(Variable::Ip, key, &[VarChange::Expire { name: b"brief".to_vec(), at }], LONG, now);
        before.change(Variable::Session, b"s", &[add("n", 1)], Duration::from_millis(1), now);
        std::thread::sleep(Duration::from_millis(5));
        before.write().unwrap();
        drop(before);
        let after = Remembered::open(&folder, crate::admin::now()).unwrap();
        assert_eq!(value(&after, key, "score").as_deref(), Some("5"));
        assert_eq!(value(&after, key, "brief"), None);
        assert_eq!(after.memory.len(), 1);
        after.change(Variable::Ip, key, &[add("score", 2)], LONG, crate::admin::now());
        assert_eq!(value(&after, key, "score").as_deref(), Some("7"));
    }

    #[test]
    fn a_gate_that_has_stepped_aside_leaves_the_file_to_the_other() {
        let folder = crate::testing::folder("remembered");
        let now = crate::admin::now();
        let old = Remembered::open(&folder, now).unwrap();
        old.change(Variable::Ip, b"a", &[add("n", 1)], LONG, now);
        old.step_aside().unwrap();
        let new = Remembered::open(&folder, now).unwrap();
        assert_eq!(value(&new, b"a", "n").as_deref(), Some("1"));
        new.change(Variable::Ip, b"a", &[add("n", 1)], LONG, now);
        new.write().unwrap();
        old.change(Variable::Ip, b"b", &[add("n", 9)], LONG, now);
        old.write().unwrap();
        let third = Remembered::open(&folder, now).unwrap();
        assert_eq!((value(&third, b"a", "n").as_deref(), value(&third, b"b", "n")), (Some("2"), None));
    }

    #[test]
    fn a_file_that_is_damaged_costs_the_lines_that_are() {
        let folder = crate::testing::folder("remembered");
        let now = crate::admin::now();
        let before = Remembered::open(&folder, now).unwrap();
        before.change(Variable::Global, b"global", &[add("n", 3)], LONG, now);
        before.write().unwrap();
        let path = folder.join("collections.jsonl");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{{\"collection\":\"IP\n\n{text}{{\"collection\":\"TX\",\"key\":\"a\",\"gone_ms\":9,\"variables\":[]}}")).unwrap();
        let after = Remembered::open(&folder, now).unwrap();
        assert_eq!(after.load(Variable::Global, b"global", now).len(), 1);
        assert_eq!(after.memory.len(), 1);
    }
}
