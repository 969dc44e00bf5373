//! The request body on its way to the app, watched, so that a slow upload is not taken for a slow app.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use portcullis_tower::{Body, BodyError};
use tokio::time::Instant;

/// When the app was last given something.
#[derive(Clone)]
pub(crate) struct Progress(Arc<Mutex<State>>);

struct State {
    last: Instant,
    client_broke: bool,
}

impl Progress {
    pub(crate) fn begin() -> Self {
        Self(Arc::new(Mutex::new(State { last: Instant::now(), client_broke: false })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn made(&self) {
        self.state().last = Instant::now();
    }

    fn last(&self) -> Instant {
        self.state().last
    }

    /// Whether the body itself broke off, so that whatever follows is not the app's fault.
    pub(crate) fn client_broke(&self) -> bool {
        self.state().client_broke
    }

    /// Ends when nothing more was given to the app for `patience`.
    pub(crate) async fn stalls(&self, patience: Duration) {
        loop {
            let deadline = self.last().checked_add(patience);
            match deadline {
                Some(deadline) if deadline > Instant::now() => tokio::time::sleep_until(deadline).await,
                Some(_) => return,
                None => std::future::pending().await,
            }
        }
    }
}

/// Where a body goes back to when nothing of it was sent, so that another server can have it.
pub(crate) type Slot = Arc<Mutex<Option<Body>>>;

/// A body that tells its progress.
pub(crate) struct Sending {
    body: Body,
    progress: Progress,
    /// Until the first byte is asked for.
    unsent: Option<Slot>,
}

impl Sending {
    pub(crate) fn new(body: Body, progress: Progress, unsent: Option<Slot>) -> Self {
        Self { body, progress, unsent }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if let Some(slot) = self.unsent.take() {
            let body = std::mem::take(&mut self.body);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        this.unsent = None;
        // Asked for more, it has taken what it was given; and given more, it has that to take.
        this.progress.made();
        let polled = Pin::new(&mut this.body).poll_frame(context);
        if matches!(polled, Poll::Ready(Some(Err(_)))) {
            this.progress.state().client_broke = true;
        }
        this.progress.made();
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
