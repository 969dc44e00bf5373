//! The response body, from the app through the departure layers to the client.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::Response;
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt;
use portcullis::{Departure, Held, Release, Tail};

use crate::body::{Body, BodyError};
use crate::inbound::Broken;
use crate::sink::{EventSink, record_all};

/// How long a held head waits for the next part of a body before it is decided with what has come:
/// a page that is being streamed must not be kept from its reader.
const PATIENCE: Duration = Duration::from_millis(50);

/// What is left of the app's body once the head may go.
enum Rest {
    Ended(Option<http::HeaderMap>),
    Goes,
    Broke(BodyError),
}

/// Brings a response out: feeds the held head until it may go, then streams.
pub(crate) async fn depart<B>(
    release: Release,
    mut body: B,
    broken: Broken,
    sink: Arc<dyn EventSink>,
) -> Response<Body>
where
    B: HttpBody + Send + Unpin + 'static,
    B::Error: Into<BodyError>,
{
    let (departure, rest) = match release {
        Release::Ready(departure) => (departure, Rest::Goes),
        Release::Hold(held) => decide(held, &mut body).await,
    };
    let Departure { head, first, tail, events, sighting } = *departure;
    record_all(&*sink, events);
    if let Some(sighting) = sighting {
        sink.sight(&sighting);
    }
    let Some(mut tail) = tail else {
        return Response::from_parts(head, Body::full(first));
    };
    let mut first = first;
    // An answer that ends with its head has to end so here too: gRPC tells a failure by it, and takes an
    // empty body behind it for a broken stream.
    let over = matches!(rest, Rest::Goes) && body.is_end_stream();
    let state = match rest {
        Rest::Goes if over => match tail.end() {
            Ok((last, events)) => {
                record_all(&*sink, events);
                first = joined(first, last);
                State::Done
            }
            Err(cut) => {
                record_all(&*sink, cut.events);
                State::Breaks { error: Some(broken_off()) }
            }
        },
        Rest::Goes => State::Streams,
        Rest::Ended(trailers) => State::Ends { trailers },
        Rest::Broke(error) => State::Breaks { error: Some(error) },
    };
    let first = Some(first).filter(|first| !first.is_empty());
    let body = Body::new(Outbound { rest: body, first, tail, broken, sink, state });
    Response::from_parts(head, body)
}

async fn decide<B>(mut held: Box<Held>, body: &mut B) -> (Box<Departure>, Rest)
where
    B: HttpBody + Unpin,
    B::Error: Into<BodyError>,
{
    loop {
        let Ok(next) = tokio::time::timeout(PATIENCE, body.frame()).await else {
            return (held.hurry(), Rest::Goes);
        };
        let frame = match next {
            None => return (held.end(), Rest::Ended(None)),
            Some(Err(error)) => return (held.hurry(), Rest::Broke(error.into())),
            Some(Ok(frame)) => frame,
        };
        match frame.into_data() {
            Ok(mut data) => {
                let length = data.remaining();
                match held.push(&data.copy_to_bytes(length)) {
                    Release::Hold(again) => held = again,
                    Release::Ready(departure) => return (departure, Rest::Goes),
                }
            }
            Err(frame) => return (held.end(), Rest::Ended(frame.into_trailers().ok())),
        }
    }
}

enum State {
    Streams,
    Ends { trailers: Option<http::HeaderMap> },
    Breaks { error: Option<BodyError> },
    Done,
}

pin_project_lite::pin_project! {
    struct Outbound<B> {
        #[pin]
        rest: B,
        first: Option<Bytes>,
        tail: Tail,
        broken: Broken,
        sink: Arc<dyn EventSink>,
        state: State,
    }

    impl<B> PinnedDrop for Outbound<B> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            record_all(&**this.sink, this.tail.close(this.broken.take()));
        }
    }
}

impl<B> HttpBody for Outbound<B>
where
    B: HttpBody,
    B::Error: Into<BodyError>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut this = self.project();
        if let Some(first) = this.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        loop {
            match this.state {
                State::Done => return Poll::Ready(None),
                State::Breaks { error } => {
                    let error = error.take();
                    *this.state = State::Done;
                    return Poll::Ready(error.map(Err));
                }
                State::Ends { trailers } => {
                    if !this.tail.ended() {
                        match this.tail.end() {
                            Ok((last, events)) => {
                                record_all(&**this.sink, events);
                                if !last.is_empty() {
                                    return Poll::Ready(Some(Ok(Frame::data(last))));
                                }
                            }
                            Err(cut) => {
                                record_all(&**this.sink, cut.events);
                                *this.state = State::Done;
                                return Poll::Ready(Some(Err(broken_off())));
                            }
                        }
                    }
                    let trailers = trailers.take();
                    *this.state = State::Done;
                    return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
                }
                State::Streams => {
                    let frame = match std::task::ready!(this.rest.as_mut().poll_frame(context)) {
                        None => {
                            *this.state = State::Ends { trailers: None };
                            continue;
                        }
                        Some(Err(error)) => {
                            *this.state = State::Done;
                            return Poll::Ready(Some(Err(error.into())));
                        }
                        Some(Ok(frame)) => frame,
                    };
                    match frame.into_data() {
                        Ok(mut data) => {
                            let length = data.remaining();
                            let mut passed = this.tail.push(data.copy_to_bytes(length));
                            if this.rest.is_end_stream() {
                                // A server that knows the length does not ask again after the last byte,
                                // and the last byte is not sent before the whole has been judged.
                                passed = passed.and_then(|chunk| {
                                    let (last, events) = this.tail.end()?;
                                    record_all(&**this.sink, events);
                                    Ok(joined(chunk, last))
                                });
                                *this.state = State::Done;
                            }
                            match passed {
                                Ok(chunk) if chunk.is_empty() => {}
                                Ok(chunk) => return Poll::Ready(Some(Ok(Frame::data(chunk)))),
                                Err(cut) => {
                                    record_all(&**this.sink, cut.events);
                                    *this.state = State::Done;
                                    return Poll::Ready(Some(Err(broken_off())));
                                }
                            }
                        }
                        Err(frame) => *this.state = State::Ends { trailers: frame.into_trailers().ok() },
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Done) && self.first.is_none()
    }
}

fn joined(chunk: Bytes, last: Bytes) -> Bytes {
    if last.is_empty() {
        return chunk;
    }
    [chunk, last].concat().into()
}

fn broken_off() -> BodyError {
    "the rest of the response may not pass".into()
}
