//! HTTP/2 and 3: a request body that may neither keep silent nor drip for ever (slow body attacks, CWE-400).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use portcullis::layers::arrival::framing::{Fault, Reason};
use portcullis_tower::BodyError;
use tokio::time::{Instant, Sleep};

use super::frames::overdue;
use super::pace::{Demand, Pace};

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
    pub(crate) struct Patient<B> {
        #[pin]
        body: B,
        pace: Pace,
        slow: Slow,
        timer: Option<Pin<Box<Sleep>>>,
        held: super::connection::Held,
    }
}

impl<B> Patient<B> {
    /// `held` keeps the connection from being taken for idle as long as the body is there.
    pub(crate) fn new(body: B, demand: Demand, slow: Slow, held: super::connection::Held) -> Self {
        Self { body, pace: Pace::new(demand), slow, timer: None, held }
    }
}

impl<B> HttpBody for Patient<B>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BodyError>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.project();
        if let Poll::Ready(frame) = this.body.poll_frame(context) {
            let bytes = match &frame {
                Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
                Some(Err(_)) | None => 0,
            };
            this.pace.moved(bytes, Instant::now);
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        match overdue(this.pace, this.timer, context) {
            Poll::Ready(()) => {
                this.slow.0.store(true, Ordering::Relaxed);
                Poll::Ready(Some(Err("the request body came too slowly".into())))
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
