//! HTTP/2: streams whose client opens no window (zero-window stall, CVE-2019-9517, slow reading).
//!
//! hyper asks for more of an answer only when there is room in the stream's window, so that nothing tells
//! the answer that nobody takes it. Each stream is a task of the executor that the gate gives; here such a
//! task ends, and with it the connection to the app, when its answer was not taken on for too long. What
//! was given to the library already stays there until the connection ends, so that ends, too: its other
//! streams go on, and new requests are told to come by another.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use hyper::rt::Executor;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep};

use super::frames::overdue;
use super::pace::{Demand, Pace};

thread_local! {
    /// The stream whose task is running.
    static RUNNING: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// What the answer of a stream tells its task.
#[derive(Debug, Clone)]
pub(crate) struct Watch(Arc<Mutex<Pace>>);

impl Watch {
    /// Of the stream whose task is running.
    pub(crate) fn running() -> Option<Self> {
        RUNNING.with_borrow(Clone::clone)
    }

    /// The answer gave the client so many bytes to take.
    pub(crate) fn gave(&self, bytes: usize) {
        let mut pace = self.pace();
        pace.moved(bytes, Instant::now);
        pace.waits(Instant::now());
    }

    /// The answer itself has nothing to give, or has ended.
    pub(crate) fn rests(&self) {
        self.pace().rests();
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the streams of one connection.
#[derive(Debug, Clone)]
pub(crate) struct Streams {
    pub(crate) takes: Demand,
    /// To be told when a stream was ended.
    pub(crate) stuck: Arc<Notify>,
}

impl<F> Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        let watch = Watch(Arc::new(Mutex::new(Pace::new(self.takes))));
        tokio::spawn(Task { stream, watch, timer: None, stuck: self.stuck.clone() });
    }
}

pin_project_lite::pin_project! {
    struct Task<F> {
        #[pin]
        stream: F,
        watch: Watch,
        stuck: Arc<Notify>,
        timer: Option<Pin<Box<Sleep>>>,
    }
}

impl<F: Future> Future for Task<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let before = RUNNING.replace(Some(this.watch.clone()));
        let polled = this.stream.poll(context);
        RUNNING.set(before);
        if polled.is_ready() {
            return Poll::Ready(());
        }
        let mut pace = this.watch.pace();
        if !pace.is_waiting() {
            return Poll::Pending;
        }
        std::task::ready!(overdue(&mut pace, this.timer, context));
        this.stuck.notify_one();
        tracing::debug!("a stream was ended, whose answer nobody took");
        Poll::Ready(())
    }
}
