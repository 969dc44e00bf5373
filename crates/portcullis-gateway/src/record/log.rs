//! The event log: one thread writes lines, so that requests never wait for the disk for long.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use portcullis::Event;
use portcullis_tower::EventSink;
use serde::Serialize;

use super::notice::Notice;
use super::rules::RuleFiles;

/// How many events may wait for the disk.
const WAITING: usize = 4096;
/// How long a request waits at most when that many do.
const PATIENCE: Duration = Duration::from_millis(5);

enum Entry {
    Exchange(Box<Event>),
    Gateway(Notice),
    Flush(SyncSender<()>),
}

/// The log. Clones write to the same file; the thread ends when the last clone is gone.
#[derive(Clone)]
pub struct EventLog {
    inner: Arc<Inner>,
    rules: Option<Arc<RuleFiles>>,
}

struct Inner {
    sender: Mutex<Option<SyncSender<Entry>>>,
    lost: Arc<AtomicU64>,
    thread: Mutex<Option<JoinHandle<()>>>,
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
    /// Opens or makes the log and goes on counting where it ended.
    ///
    /// # Errors
    /// When the file cannot be read and written.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        let end = ending(&mut file)?;
        if end.torn {
            // A crash in mid-line: close it, so that the next line is one of its own.
            file.write_all(b"\n")?;
        }
        let (sender, receiver) = sync_channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let writer =
            Writer { file: BufWriter::new(file), sequence: end.sequence, lost: lost.clone(), dirty: false };
        let thread =
            std::thread::Builder::new().name("event-log".to_owned()).spawn(move || writer.run(&receiver))?;
        let inner = Inner { sender: Mutex::new(Some(sender)), lost, thread: Mutex::new(Some(thread)) };
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

    /// Waits until everything recorded so far is in the file.
    pub fn flush(&self) {
        let (done, wait) = sync_channel(1);
        let sender = self.sender();
        if sender.is_some_and(|sender| sender.send(Entry::Flush(done)).is_ok()) {
            let _ = wait.recv_timeout(Duration::from_secs(5));
        }
    }

    fn sender(&self) -> Option<SyncSender<Entry>> {
        self.inner.sender.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits briefly when the disk does not keep up, then counts the loss; the writer tells of it.
    fn send(&self, entry: Entry) {
        let Some(sender) = self.sender() else { return };
        match sender.try_send(entry) {
            Ok(()) => {}
            Err(TrySendError::Disconnected(_)) => {
                self.inner.lost.fetch_add(1, Ordering::Relaxed);
            }
            Err(TrySendError::Full(entry)) => {
                std::thread::sleep(PATIENCE);
                if sender.try_send(entry).is_err() {
                    self.inner.lost.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
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
    file: BufWriter<File>,
    sequence: u64,
    lost: Arc<AtomicU64>,
    dirty: bool,
}

impl Writer {
    fn run(mut self, receiver: &Receiver<Entry>) {
        loop {
            // Lines go to the file as soon as nothing more waits.
            let entry = match receiver.recv_timeout(Duration::from_millis(if self.dirty { 0 } else { 500 })) {
                Ok(entry) => Some(entry),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            self.tell_losses();
            match entry {
                Some(Entry::Exchange(event)) => self.line(|sequence| event.line(sequence)),
                Some(Entry::Gateway(notice)) => self.notice(&notice),
                Some(Entry::Flush(done)) => {
                    self.flush();
                    let _ = done.try_send(());
                }
                None => self.flush(),
            }
        }
        self.tell_losses();
        self.flush();
    }

    fn tell_losses(&mut self) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let body = format!("`{lost}` events were lost because the log could not be written fast enough");
            self.notice(&Notice::warn("portcullis.gateway.events_lost", &body));
        }
    }

    fn notice(&mut self, notice: &Notice) {
        self.line(|sequence| serde_json::to_string(&Line { sequence, notice }).unwrap_or_default());
    }

    fn line(&mut self, write: impl FnOnce(u64) -> String) {
        let sequence = self.sequence.saturating_add(1);
        let mut line = write(sequence);
        line.push('\n');
        let written = self.file.write_all(line.as_bytes());
        match written {
            Ok(()) => {
                self.sequence = sequence;
                self.dirty = true;
            }
            Err(error) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%error, "an event could not be written");
                // A full disk must not become a busy loop.
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }

    fn flush(&mut self) {
        if let Err(error) = self.file.flush() {
            tracing::error!(%error, "the event log could not be written");
            std::thread::sleep(Duration::from_millis(500));
        } else {
            self.dirty = false;
        }
    }
}

struct Ending {
    sequence: u64,
    torn: bool,
}

/// The number of the last whole line. Reads from the end: a log may be large.
fn ending(file: &mut File) -> io::Result<Ending> {
    const LONGEST_LINE: u64 = 256 * 1024;
    let length = file.seek(SeekFrom::End(0))?;
    let start = length.saturating_sub(LONGEST_LINE);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    Read::by_ref(file).take(LONGEST_LINE).read_to_end(&mut tail)?;
    let torn = tail.last().is_some_and(|last| *last != b'\n');
    let sequence = tail.split(|byte| *byte == b'\n').rev().find_map(|line| {
        let value: serde_json::Value = serde_json::from_slice(line).ok()?;
        value.get("portcullis.sequence")?.as_u64()
    });
    Ok(Ending { sequence: sequence.unwrap_or(0), torn })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(path: &Path) -> Vec<u64> {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .map(|line| line["portcullis.sequence"].as_u64().unwrap())
            .collect()
    }

    #[test]
    fn the_sequence_goes_on_after_a_restart() {
        let path = crate::testing::folder("log").join("events.jsonl");
        for _ in 0..2 {
            let log = EventLog::open(&path).unwrap();
            log.notice(Notice::info("portcullis.test", "one"));
            log.notice(Notice::info("portcullis.test", "two"));
            drop(log);
        }
        assert_eq!(numbers(&path), [1, 2, 3, 4]);
    }

    #[test]
    fn a_line_torn_by_a_crash_does_not_swallow_the_next() {
        let path = crate::testing::folder("torn").join("events.jsonl");
        std::fs::write(&path, "{\"portcullis.sequence\":7}\n{\"portcullis.sequence\":8,\"bo").unwrap();
        let log = EventLog::open(&path).unwrap();
        log.notice(Notice::info("portcullis.test", "after"));
        log.flush();
        assert_eq!(numbers(&path), [7, 8]);
    }

    #[test]
    fn losses_are_told() {
        let path = crate::testing::folder("losses").join("events.jsonl");
        let log = EventLog::open(&path).unwrap();
        log.inner.lost.store(3, Ordering::Relaxed);
        log.notice(Notice::info("portcullis.test", "after"));
        drop(log);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("`3` events were lost"), "{text}");
    }
}
