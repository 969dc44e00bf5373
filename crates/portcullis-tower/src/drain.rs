//! What a refused client is still sending.
//!
//! Dropping an unread body resets the stream (HTTP/2) or the connection (HTTP/1 on TCP), and a reset that
//! overtakes the answer makes clients show an error of their own in place of the refusal (RFC 9113 section
//! 8.1, RFC 9112 section 9.6). So a little of it is read and thrown away first.

use std::time::Duration;

use bytes::Buf;
use http::HeaderMap;
use http::header::EXPECT;
use http_body::Body as HttpBody;
use http_body_util::BodyExt;

/// The most that is read of a body that nobody wants.
const MOST: usize = 64 * 1024;

/// How long it is waited for.
const LONGEST: Duration = Duration::from_millis(500);

/// Whether the client sends its body without being asked to.
pub(crate) fn comes_unasked(headers: &HeaderMap) -> bool {
    !headers.contains_key(EXPECT)
}

/// Reads the rest of `body` and forgets it, within a bound of bytes and time.
pub(crate) async fn drain<B: HttpBody + Unpin>(body: &mut B) {
    let read = async {
        let mut left = MOST;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Buf::remaining);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    // A client too slow for this loses its answer at worst.
    let _ = tokio::time::timeout(LONGEST, read).await;
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;
    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;

    fn body(chunks: usize, polled: &Arc<AtomicUsize>) -> impl HttpBody<Data = Bytes> + Unpin + use<> {
        let polled = Arc::clone(polled);
        StreamBody::new(stream::iter((0..chunks).map(move |_| {
            polled.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[0; 16 * 1024])))
        })))
    }

    #[tokio::test]
    async fn a_small_body_is_read_to_its_end_and_a_large_one_is_not() {
        let polled = Arc::new(AtomicUsize::new(0));
        drain(&mut body(3, &polled)).await;
        assert_eq!(polled.swap(0, Ordering::Relaxed), 3);
        drain(&mut body(1000, &polled)).await;
        assert_eq!(polled.load(Ordering::Relaxed), 5);
    }

    #[tokio::test]
    async fn a_body_that_never_comes_is_not_waited_for() {
        let mut never = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
        let waited = tokio::time::timeout(Duration::from_secs(20), drain(&mut never)).await;
        assert!(waited.is_ok());
    }
}
