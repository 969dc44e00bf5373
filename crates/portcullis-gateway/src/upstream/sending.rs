//! The request body on its way to the app, watched, so that a slow upload is not taken for a slow app.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use portcullis_tower::{Body, BodyError};
use tokio::time::Instant;

/// When the app was last given something.
#[derive(Clone)]
pub(crate) struct Progress(Arc<Mutex<Instant>>);

impl Progress {
    pub(crate) fn begin() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    fn made(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

pin_project_lite::pin_project! {
    /// A body that tells its progress.
    pub(crate) struct Sending {
        #[pin]
        body: Body,
        progress: Progress,
    }
}

impl Sending {
    pub(crate) fn new(body: Body, progress: Progress) -> Self {
        Self { body, progress }
    }
}

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.project();
        // Asked for more, it has taken what it was given; and given more, it has that to take.
        this.progress.made();
        let polled = this.body.poll_frame(context);
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
