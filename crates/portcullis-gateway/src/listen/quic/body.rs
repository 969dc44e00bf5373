//! The body of a request over HTTP/3, held to what its head has said.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h3::server::RequestStream;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::{Frame, SizeHint};
use portcullis_tower::BodyError;

use super::transport::Recv;

/// What a client sends.
pub(super) type Receiving = RequestStream<Recv<h3_quinn::RecvStream>, Bytes>;

/// Whether a body was not as long as its head said: then there is no answer (RFC 9114 section 4.1.2).
#[derive(Debug, Clone, Default)]
pub(super) struct Malformed(Arc<AtomicBool>);

impl Malformed {
    pub(super) fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A body as it comes.
pub(super) struct Upload {
    stream: Receiving,
    /// What was read to see whether there is a body at all.
    first: Option<Bytes>,
    /// Of `Content-Length`, as far as it has not come.
    left: Option<u64>,
    malformed: Malformed,
    ended: bool,
}

impl Upload {
    /// The body that follows a head with `headers`. Returns once it is known whether there is one.
    ///
    /// # Errors
    /// When it breaks off, or `Content-Length` is not what comes (RFC 9114 section 4.1.2).
    pub(super) async fn begin(
        stream: Receiving,
        headers: &HeaderMap,
        malformed: Malformed,
    ) -> Result<Self, BodyError> {
        let told = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let left = told.and_then(|text| text.parse().ok());
        let mut upload = Self { stream, first: None, left, malformed, ended: false };
        if left.is_none_or(|left| left == 0) {
            upload.first = std::future::poll_fn(|context| upload.poll_data(context)).await?;
            upload.ended = upload.first.is_none();
        }
        Ok(upload)
    }

    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        let read = ready!(self.stream.poll_recv_data(context))?;
        let data = read.map(|mut data| data.copy_to_bytes(data.remaining()));
        if let Some(left) = &mut self.left {
            let length = data.as_ref().map(|data| u64::try_from(data.len()).unwrap_or(u64::MAX));
            match (length, *left) {
                (Some(length), rest) if length <= rest => *left = rest.saturating_sub(length),
                (None, 0) => {}
                _ => {
                    self.malformed.0.store(true, Ordering::Relaxed);
                    return Poll::Ready(Err("the body is not as long as its head said".into()));
                }
            }
        }
        Poll::Ready(Ok(data))
    }
}

impl http_body::Body for Upload {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Some(first) = this.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if this.ended {
            return Poll::Ready(None);
        }
        match ready!(this.poll_data(context)) {
            Ok(Some(data)) => Poll::Ready(Some(Ok(Frame::data(data)))),
            Ok(None) => {
                let trailers = ready!(this.stream.poll_recv_trailers(context));
                this.ended = true;
                match trailers {
                    Ok(trailers) => Poll::Ready(trailers.map(|fields| Ok(Frame::trailers(fields)))),
                    Err(error) => Poll::Ready(Some(Err(error.into()))),
                }
            }
            Err(error) => {
                this.ended = true;
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended && self.first.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_end_stream() {
            return SizeHint::with_exact(0);
        }
        match self.left {
            Some(left) => {
                let first = self.first.as_ref().map_or(0, |first| u64::try_from(first.len()).unwrap_or(0));
                SizeHint::with_exact(left.saturating_add(first))
            }
            None => SizeHint::default(),
        }
    }
}
