//! The event log: one thread writes lines, so that requests never wait for the disk for long.
//!
//! Lines are chained ([`chain`]), files put aside by size and age ([`files`]); `verify` finds what was
//! changed. Whatever becomes of the disk, serving goes on: what cannot be written is counted, shows in the
//! metrics at once and in the log as soon as it can be written again, and goes on to the [`outs`].

mod chain;
mod files;
pub mod outs;
#[cfg(test)]
mod tests;
pub mod verify;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portcullis::Event;
use portcullis::keys::Keyring;
use portcullis_tower::EventSink;
use serde::Serialize;

use super::notice::Notice;
use super::rules::RuleFiles;
use chain::{Link, Links};
pub use files::Rotation;
pub(crate) use files::all as all_files;
use files::{Current, Ending};
use outs::Outs;

/// How many events may wait for the disk.
const WAITING: usize = 4096;
/// How long a request waits at most when that many do.
const PATIENCE: Duration = Duration::from_millis(5);
/// As much is written at once.
const BATCH: usize = 64 * 1024;
/// A checkpoint comes at least after so many lines, and so long after a line.
const CHECKPOINT_LINES: u64 = 1000;
const CHECKPOINT_AFTER: Duration = Duration::from_secs(60);
/// A disk that failed is tried again after this.
const RETRY: Duration = Duration::from_secs(1);

enum Entry {
    Exchange(Box<Event>),
    Gateway(Notice),
    Flush(SyncSender<()>),
    Move(PathBuf, SyncSender<io::Result<()>>),
    Keep(Rotation),
    Send(Outs),
}

/// The log. Clones write to the same file; the thread ends when the last clone is gone.
#[derive(Clone)]
pub struct EventLog {
    inner: Arc<Inner>,
    rules: Option<Arc<RuleFiles>>,
}

struct Inner {
    sender: Mutex<Option<SyncSender<Entry>>>,
    counts: Arc<Counts>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What became of lines since the gate began.
#[derive(Debug, Default)]
struct Counts {
    written: AtomicU64,
    /// Lost, and not yet told of in the log.
    untold: AtomicU64,
    lost: AtomicU64,
    failing: AtomicBool,
}

/// What became of lines, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogState {
    /// Lines in the file.
    pub written: u64,
    /// Events that are in no file.
    pub lost: u64,
    /// Whether the disk refuses now.
    pub failing: bool,
}

/// One line: a number in sequence, so that a missing line shows, then the event's own fields.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "portcullis.sequence")]
    sequence: u64,
    #[serde(flatten)]
    notice: &'a Notice,
}

impl EventLog {
    /// Opens or makes the log, mends its tail and goes on where it ended.
    ///
    /// # Errors
    /// When the file cannot be read and written.
    pub fn open(path: &Path, keys: &Keyring) -> io::Result<Self> {
        let all = Links::all(keys);
        let (current, ending) = Current::open(path, &all)?;
        let (sender, receiver) = sync_channel(WAITING);
        let counts = Arc::new(Counts::default());
        let Ending { sequence, link, .. } = ending;
        let mut writer = Writer {
            current,
            links: Links::newest(keys),
            all,
            sequence,
            link,
            batch: String::new(),
            batch_from: (sequence, link),
            batch_lines: 0,
            since_checkpoint: 0,
            last_line: None,
            rotation: Rotation::default(),
            outs: Outs::default(),
            counts: counts.clone(),
            failed: None,
        };
        writer.tell_ending(&ending);
        let thread =
            std::thread::Builder::new().name("event-log".to_owned()).spawn(move || writer.run(&receiver))?;
        let inner = Inner { sender: Mutex::new(Some(sender)), counts, thread: Mutex::new(Some(thread)) };
        Ok(Self { inner: Arc::new(inner), rules: None })
    }

    /// The same log, which writes what rules log into files of their own.
    #[must_use]
    pub fn with_rules(self, files: Option<RuleFiles>) -> Self {
        Self { rules: files.map(Arc::new), ..self }
    }

    /// Writes something about the gateway itself.
    pub fn notice(&self, notice: Notice) {
        self.send(Entry::Gateway(notice));
    }

    /// From now on files are put aside by `rotation`.
    pub fn keep(&self, rotation: Rotation) {
        self.must(Entry::Keep(rotation));
    }

    /// From now on lines go to `outs` as well.
    pub fn send_to(&self, outs: Outs) {
        self.must(Entry::Send(outs));
    }

    /// Ends this file with a checkpoint and goes on in the one at `path`: another gate takes this one over.
    ///
    /// # Errors
    /// When the other cannot be opened; then nothing has changed.
    pub fn move_to(&self, path: &Path) -> io::Result<()> {
        let (done, wait) = sync_channel(1);
        self.must(Entry::Move(path.to_owned(), done));
        wait.recv_timeout(Duration::from_secs(10)).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Waits until everything recorded so far is in the file.
    pub fn flush(&self) {
        let (done, wait) = sync_channel(1);
        if self.must(Entry::Flush(done)) {
            let _ = wait.recv_timeout(Duration::from_secs(5));
        }
    }

    /// What became of lines so far.
    #[must_use]
    pub fn state(&self) -> LogState {
        let counts = &self.inner.counts;
        LogState {
            written: counts.written.load(Ordering::Relaxed),
            lost: counts.lost.load(Ordering::Relaxed),
            failing: counts.failing.load(Ordering::Relaxed),
        }
    }

    fn sender(&self) -> Option<SyncSender<Entry>> {
        self.inner.sender.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn must(&self, entry: Entry) -> bool {
        self.sender().is_some_and(|sender| sender.send(entry).is_ok())
    }

    /// Waits briefly when the disk does not keep up, then counts the loss; the writer tells of it.
    fn send(&self, entry: Entry) {
        let Some(sender) = self.sender() else { return };
        let counts = &self.inner.counts;
        match sender.try_send(entry) {
            Ok(()) => {}
            Err(TrySendError::Disconnected(_)) => counts.lose(1),
            Err(TrySendError::Full(entry)) => {
                // While the disk refuses, waiting would only slow the requests.
                if !counts.failing.load(Ordering::Relaxed) {
                    std::thread::sleep(PATIENCE);
                }
                if sender.try_send(entry).is_err() {
                    counts.lose(1);
                }
            }
        }
    }
}

impl Counts {
    fn lose(&self, lines: u64) {
        self.untold.fetch_add(lines, Ordering::Relaxed);
        self.lost.fetch_add(lines, Ordering::Relaxed);
    }
}

impl EventSink for EventLog {
    fn record(&self, event: Event) {
        if let (Some(files), Some(log)) = (&self.rules, event.rule_log()) {
            files.write(log);
        }
        if event.is_written() {
            self.send(Entry::Exchange(Box::new(event)));
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

struct Writer {
    current: Current,
    links: Links,
    all: Vec<Links>,
    /// Where the chain stands.
    sequence: u64,
    link: Link,
    /// Lines that are not in the file yet, and where the chain stood before them.
    batch: String,
    batch_from: (u64, Link),
    batch_lines: u64,
    since_checkpoint: u64,
    last_line: Option<Instant>,
    rotation: Rotation,
    outs: Outs,
    counts: Arc<Counts>,
    /// Since when, and when last tried.
    failed: Option<(Instant, Instant)>,
}

impl Writer {
    fn run(mut self, receiver: &Receiver<Entry>) {
        loop {
            // Lines go to the file as soon as nothing more waits.
            let wait = if self.batch.is_empty() { Duration::from_millis(500) } else { Duration::ZERO };
            match receiver.recv_timeout(wait) {
                Ok(entry) => self.take(entry),
                Err(RecvTimeoutError::Timeout) => {
                    self.flush();
                    if self.last_line.is_some_and(|last| last.elapsed() >= CHECKPOINT_AFTER) {
                        self.checkpoint();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.checkpoint();
    }

    fn take(&mut self, entry: Entry) {
        match entry {
            Entry::Exchange(event) => self.line(|sequence| event.line(sequence)),
            Entry::Gateway(notice) => self.notice(&notice),
            Entry::Flush(done) => {
                self.flush();
                let _ = done.try_send(());
            }
            Entry::Keep(rotation) => self.rotation = rotation,
            Entry::Send(outs) => self.outs = outs,
            Entry::Move(path, done) => {
                let _ = done.try_send(self.move_to(&path));
            }
        }
    }

    fn tell_ending(&mut self, ending: &Ending) {
        if ending.torn > 0 {
            let body = format!(
                "the last line, {} bytes of it, was being written when the gate was killed",
                ending.torn
            );
            self.notice(&Notice::warn("portcullis.log.mended", &body));
        }
        if let Some(missing) = ending.cut {
            let body = format!("the last `{missing}` lines of the log are gone: somebody has cut it");
            tracing::error!("{body}");
            self.notice(&Notice::warn("portcullis.log.cut", &body));
        }
    }

    fn notice(&mut self, notice: &Notice) {
        self.line(|sequence| serde_json::to_string(&Line { sequence, notice }).unwrap_or_default());
    }

    fn line(&mut self, write: impl FnOnce(u64) -> String) {
        if let Some((_, tried)) = self.failed
            && tried.elapsed() < RETRY
        {
            self.counts.lose(1);
            // Who takes lines elsewhere still gets this one; it has no place in the chain.
            self.outs.send(&write(0));
            return;
        }
        self.tell_losses();
        self.push(write);
        if self.batch.len() >= BATCH || self.failed.is_some() {
            self.flush();
        }
    }

    /// Adds a line to those that wait.
    fn push(&mut self, write: impl FnOnce(u64) -> String) {
        if self.batch.is_empty() {
            self.batch_from = (self.sequence, self.link);
            self.batch_lines = 0;
        }
        self.sequence = self.sequence.saturating_add(1);
        let mut line = write(self.sequence);
        self.link = self.links.add(&mut line, &self.link);
        self.outs.send(&line);
        self.batch.push_str(&line);
        self.batch.push('\n');
        self.batch_lines = self.batch_lines.saturating_add(1);
        self.since_checkpoint = self.since_checkpoint.saturating_add(1);
        self.last_line = Some(Instant::now());
    }

    fn tell_losses(&mut self) {
        let lost = self.counts.untold.swap(0, Ordering::Relaxed);
        if lost == 0 {
            return;
        }
        let notice = match self.failed {
            Some((since, _)) => {
                let span = since.elapsed().as_secs();
                let body = format!("for {span} s the disk took no lines, and `{lost}` events were lost");
                Notice::warn("portcullis.log.failed", &body)
            }
            None => {
                let body =
                    format!("`{lost}` events were lost because the log could not be written fast enough");
                Notice::warn("portcullis.gateway.events_lost", &body)
            }
        };
        self.push(|sequence| serde_json::to_string(&Line { sequence, notice: &notice }).unwrap_or_default());
    }

    fn flush(&mut self) {
        if self.since_checkpoint >= CHECKPOINT_LINES {
            self.push_checkpoint();
        }
        self.write();
        if self.failed.is_none() && self.current.is_due(&self.rotation) {
            self.rotate();
        }
    }

    fn write(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let written = self.current.write(self.batch.as_bytes());
        match written.and_then(|()| self.current.write_head(&self.links.seal_head(self.sequence, &self.link)))
        {
            Ok(()) => {
                self.counts.written.fetch_add(self.batch_lines, Ordering::Relaxed);
                if self.failed.take().is_some() {
                    self.counts.failing.store(false, Ordering::Relaxed);
                    tracing::info!("the event log can be written again");
                }
            }
            Err(error) => {
                // The chain goes on where the file ends.
                (self.sequence, self.link) = self.batch_from;
                self.counts.lose(self.batch_lines);
                let now = Instant::now();
                match &mut self.failed {
                    Some((_, tried)) => *tried = now,
                    None => {
                        tracing::error!(%error, "the event log cannot be written: events are lost, serving goes on");
                        self.failed = Some((now, now));
                        self.counts.failing.store(true, Ordering::Relaxed);
                    }
                }
            }
        }
        self.batch.clear();
    }

    fn push_checkpoint(&mut self) {
        if self.since_checkpoint == 0 {
            return;
        }
        let (sequence, link) = (self.sequence, self.link);
        let Some(signature) = self.links.sign(sequence, &link) else { return };
        let checkpoint = Checkpoint {
            notice: &Notice::info("portcullis.log.checkpoint", "the chain stands"),
            upto: sequence,
            stands: chain::write_link(&link),
            signature,
        };
        self.push(|sequence| checkpoint.line(sequence));
        self.since_checkpoint = 0;
    }

    fn checkpoint(&mut self) {
        self.push_checkpoint();
        self.write();
        self.last_line = None;
    }

    fn rotate(&mut self) {
        self.checkpoint();
        if let Err(error) = self.current.rotate(self.sequence, &self.rotation) {
            tracing::error!(%error, "the event log could not be put aside, and grows");
            self.rotation.size = self.rotation.size.saturating_mul(2);
            return;
        }
        // The first line of a file tells where the chain stood, so that it can be verified when the files
        // before it are gone.
        let before = chain::write_link(&self.link);
        let notice = Notice::info("portcullis.log.continued", "the log goes on in this file");
        self.push(|sequence| continued(sequence, &notice, &before));
        self.write();
    }

    fn move_to(&mut self, path: &Path) -> io::Result<()> {
        self.checkpoint();
        let (current, ending) = Current::open(path, &self.all)?;
        self.current = current;
        (self.sequence, self.link) = (ending.sequence, ending.link);
        self.tell_ending(&ending);
        Ok(())
    }
}

/// The first line of a file that is not the first.
fn continued(sequence: u64, notice: &Notice, before: &str) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        #[serde(rename = "portcullis.sequence")]
        sequence: u64,
        #[serde(flatten)]
        notice: &'a Notice,
        #[serde(rename = "portcullis.log.before")]
        before: &'a str,
    }
    serde_json::to_string(&Line { sequence, notice, before }).unwrap_or_default()
}

/// A signed place in the chain.
#[derive(Serialize)]
struct Checkpoint<'a> {
    #[serde(flatten)]
    notice: &'a Notice,
    #[serde(rename = "portcullis.log.upto")]
    upto: u64,
    #[serde(rename = "portcullis.log.stands")]
    stands: String,
    #[serde(rename = "portcullis.log.signature")]
    signature: String,
}

impl Checkpoint<'_> {
    fn line(&self, sequence: u64) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            #[serde(rename = "portcullis.sequence")]
            sequence: u64,
            #[serde(flatten)]
            checkpoint: &'a Checkpoint<'a>,
        }
        serde_json::to_string(&Line { sequence, checkpoint: self }).unwrap_or_default()
    }
}
