//! The body of an answer on its way to the client, with the clocks of its last stages.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use portcullis_tower::BodyError;
use tokio::time::{Instant, Sleep, sleep_until};

use super::pool::Answer;
use super::server::InFlight;

/// How long an answer may take once its head is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// The longest silence.
    pub(crate) silence: Duration,
    /// When the whole exchange must have ended.
    pub(crate) until: Option<Instant>,
}

/// A body that breaks off when the app keeps silent for too long, and that is counted until it ends.
pub(crate) struct Waiting {
    body: Answer,
    patience: Patience,
    /// Set only while the app is waited for: most bodies never need it.
    clock: Option<Pin<Box<Sleep>>>,
    /// When the silence began, so that a clock need not be set anew for each part.
    silent: bool,
    _in_flight: InFlight,
}

impl Waiting {
    pub(crate) fn new(body: Answer, patience: Patience, in_flight: InFlight) -> Self {
        Self { body, patience, clock: None, silent: false, _in_flight: in_flight }
    }

    fn deadline(&self) -> Option<Instant> {
        let silence = Instant::now().checked_add(self.patience.silence);
        match (silence, self.patience.until) {
            (Some(silence), Some(until)) => Some(silence.min(until)),
            (one, other) => one.or(other),
        }
    }
}

impl HttpBody for Waiting {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if this.patience.until.is_some_and(|until| until <= Instant::now()) {
            return Poll::Ready(Some(Err("the answer took too long as a whole".into())));
        }
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            this.silent = false;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if !this.silent
            && let Some(deadline) = this.deadline()
        {
            this.silent = true;
            match &mut this.clock {
                Some(clock) => clock.as_mut().reset(deadline),
                None => this.clock = Some(Box::pin(sleep_until(deadline))),
            }
        }
        match this.clock.as_mut().map(|clock| clock.as_mut().poll(context)) {
            Some(Poll::Ready(())) => {
                tracing::warn!("the app kept silent for too long within an answer, which is broken off");
                Poll::Ready(Some(Err("the app was silent for too long".into())))
            }
            _ => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
