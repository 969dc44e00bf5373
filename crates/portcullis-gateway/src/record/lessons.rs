//! Where the gate's events, lessons and spans go, and: what is learned of the site's content security policy, kept in the data directory.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{fs, io};

use arc_swap::ArcSwapOption;
use portcullis::Event;
use portcullis::layers::departure::headers::learn::{Lessons, Report, Sighting};
use portcullis_tower::EventSink;
use portcullis_tower::trace::Span;

use super::EventLog;
use super::data_dir::write_private;
use super::traces::Traces;

/// How often what was learned goes to the disk.
const INTERVAL: Duration = Duration::from_secs(1);

/// The event log, and beside it what is learned.
pub struct Watcher {
    log: EventLog,
    lessons: Arc<Mutex<Lessons>>,
    path: PathBuf,
    /// Started with the first lesson: most gates never learn.
    keeper: Mutex<Option<Keeper>>,
    traces: ArcSwapOption<Traces>,
}

struct Keeper {
    learned: SyncSender<()>,
    thread: JoinHandle<()>,
}

/// Reads what was learned; nothing, where there is no file yet.
///
/// # Errors
/// When the file cannot be read, or is not what was written.
pub fn read(path: &Path) -> io::Result<Lessons> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Lessons::default()),
        Err(error) => Err(error),
    }
}

impl Watcher {
    /// Goes on with what the file at `path` holds.
    ///
    /// # Errors
    /// When there is a file that cannot be read: it is not written over.
    pub fn new(log: EventLog, path: PathBuf) -> io::Result<Self> {
        let lessons = Arc::new(Mutex::new(read(&path)?));
        Ok(Self { log, lessons, path, keeper: Mutex::new(None), traces: ArcSwapOption::empty() })
    }

    /// Sends the spans of exchanges that begin from now on.
    pub(crate) fn trace_by(&self, traces: Option<Traces>) {
        self.traces.store(traces.map(Arc::new));
    }

    fn learn(&self, lesson: impl FnOnce(&mut Lessons)) {
        lesson(&mut self.lessons.lock().unwrap_or_else(PoisonError::into_inner));
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if keeper.is_none() {
            *keeper = start(self.lessons.clone(), self.path.clone())
                .inspect_err(|error| tracing::warn!(%error, "what is learned cannot be kept"))
                .ok();
        }
        if let Some(keeper) = &*keeper {
            // A full queue means that it will be written anyhow.
            let _ = keeper.learned.try_send(());
        }
    }
}

impl EventSink for Watcher {
    fn record(&self, event: Event) {
        self.log.record(event);
    }

    fn sight(&self, sighting: &Sighting) {
        self.learn(|lessons| lessons.sight(sighting));
    }

    fn hear(&self, report: &Report) {
        self.learn(|lessons| lessons.hear(report));
    }

    fn trace_share(&self) -> f64 {
        self.traces.load().as_ref().map_or(0.0, |traces| traces.share)
    }

    fn trace(&self, span: Span) {
        if let Some(traces) = &*self.traces.load() {
            traces.send(span);
        }
    }
}

impl Drop for Watcher {
    /// What was learned last is written before the end.
    fn drop(&mut self) {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Keeper { learned, thread }) = keeper {
            drop(learned);
            let _ = thread.join();
        }
    }
}

fn start(lessons: Arc<Mutex<Lessons>>, path: PathBuf) -> io::Result<Keeper> {
    let (learned, news) = sync_channel(1);
    let thread = std::thread::Builder::new().name("csp-lessons".to_owned()).spawn(move || {
        keep(&news, || {
            let written = {
                let lessons = lessons.lock().unwrap_or_else(PoisonError::into_inner);
                serde_json::to_vec_pretty(&*lessons)
            };
            let kept = written.map_err(io::Error::other).and_then(|bytes| write_private(&path, &bytes));
            if let Err(error) = kept {
                tracing::warn!(%error, path = %path.display(), "what was learned is not on the disk");
            }
        });
    })?;
    Ok(Keeper { learned, thread })
}

/// Writes after news, at most once in an interval; the last news too, when its senders are gone.
fn keep(news: &Receiver<()>, mut write: impl FnMut()) {
    while news.recv().is_ok() {
        let until = Instant::now() + INTERVAL;
        while news.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok() {}
        write();
    }
}
