//! HTTP/2: a request body that may not keep silent for ever (slow body attacks, CWE-400).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use portcullis::layers::arrival::framing::{Fault, Reason};
use portcullis_tower::BodyError;
use tokio::time::{Instant, Sleep, sleep};

/// Whether a body broke off because of its silence, for the refusal to tell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slow(Arc<AtomicBool>);

impl Slow {
    pub(crate) fn reason(&self) -> Option<Reason> {
        self.0.load(Ordering::Relaxed).then(|| Reason::new(Fault::BodySlow, "body", b""))
    }
}

pin_project_lite::pin_project! {
    /// A body that breaks off after too long a silence.
    pub(crate) struct Patient {
        #[pin]
        body: Incoming,
        patience: Duration,
        slow: Slow,
        silence: Option<Pin<Box<Sleep>>>,
        held: super::connection::Held,
    }
}

impl Patient {
    /// `held` keeps the connection from being taken for idle as long as the body is there.
    pub(crate) fn new(body: Incoming, patience: Duration, slow: Slow, held: super::connection::Held) -> Self {
        Self { body, patience, slow, silence: None, held }
    }
}

impl HttpBody for Patient {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.project();
        if let Poll::Ready(frame) = this.body.poll_frame(context) {
            if let Some(silence) = this.silence
                && let Some(deadline) = Instant::now().checked_add(*this.patience)
            {
                silence.as_mut().reset(deadline);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let patience = *this.patience;
        let silence = this.silence.get_or_insert_with(|| Box::pin(sleep(patience)));
        match silence.as_mut().poll(context) {
            Poll::Ready(()) => {
                this.slow.0.store(true, Ordering::Relaxed);
                Poll::Ready(Some(Err("the request body was silent for too long".into())))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
