//! The request body, from the client through the inspector to the app.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt;
use portcullis::Reason;
use portcullis::body::{Inspector, Progress};
use portcullis::layers::arrival::framing;

use crate::body::BodyError;

/// A request extension by which the strict reader tells what was wrong with a body that broke off.
#[derive(Clone)]
pub struct BodyFault(pub Arc<dyn Fn() -> Option<framing::Reason> + Send + Sync>);

/// Why a body was broken off after its request was admitted; shared with the service, which answers.
#[derive(Clone, Default)]
pub(crate) struct Broken(Arc<Mutex<Option<Reason>>>);

impl Broken {
    pub(crate) fn take(&self) -> Option<Reason> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, reason: Reason) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }
}

/// What reading up to admission came to.
pub(crate) enum Read {
    /// The inspector knows enough.
    Enough,
    /// The client went away, or its bytes were no message.
    Broke(Option<framing::Reason>),
}

/// Feeds the inspector until it knows enough. Trailers that come meanwhile are kept in `trailers`.
pub(crate) async fn read_ahead<B>(
    body: &mut B,
    inspector: &mut Inspector,
    fault: Option<&BodyFault>,
    trailers: &mut Option<http::HeaderMap>,
) -> Read
where
    B: HttpBody + Unpin,
{
    while inspector.wants_body() {
        let frame = match body.frame().await {
            None => {
                inspector.end();
                break;
            }
            Some(Ok(frame)) => frame,
            Some(Err(_)) => return Read::Broke(fault.and_then(|fault| fault.0())),
        };
        match frame.into_data() {
            Ok(mut data) => {
                let length = data.remaining();
                if inspector.push(data.copy_to_bytes(length)) == Progress::Enough {
                    break;
                }
            }
            Err(frame) => {
                *trailers = frame.into_trailers().ok();
                if let Some(reason) = trailers.as_ref().and_then(framing::trailers_fault) {
                    return Read::Broke(Some(reason));
                }
            }
        }
    }
    Read::Enough
}

pin_project_lite::pin_project! {
    /// The body as the app gets it: what was held, then the rest, counted on.
    pub(crate) struct Inbound<B> {
        #[pin]
        rest: B,
        held: std::vec::IntoIter<Bytes>,
        trailers: Option<http::HeaderMap>,
        inspector: Inspector,
        fault: Option<BodyFault>,
        broken: Broken,
        ended: bool,
    }
}

impl<B> Inbound<B> {
    pub(crate) fn new(
        rest: B,
        mut inspector: Inspector,
        trailers: Option<http::HeaderMap>,
        fault: Option<BodyFault>,
        broken: Broken,
    ) -> Self {
        let held = inspector.take_held().into_iter();
        Self { rest, held, trailers, inspector, fault, broken, ended: false }
    }
}

impl<B> HttpBody for Inbound<B>
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
        if let Some(chunk) = this.held.next() {
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        if let Some(trailers) = this.trailers.take() {
            *this.ended = true;
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        if *this.ended {
            return Poll::Ready(None);
        }
        let frame = match std::task::ready!(this.rest.as_mut().poll_frame(context)) {
            None => {
                *this.ended = true;
                if let Err(reason) = this.inspector.finish() {
                    this.broken.set(reason);
                    return Poll::Ready(Some(Err("the body must not come to its end".into())));
                }
                return Poll::Ready(None);
            }
            Some(Err(error)) => {
                if let Some(reason) = this.fault.as_ref().and_then(|fault| fault.0()) {
                    this.broken.set(reason.into());
                }
                return Poll::Ready(Some(Err(error.into())));
            }
            Some(Ok(frame)) => frame,
        };
        Poll::Ready(Some(match frame.into_data() {
            Ok(mut data) => {
                let length = data.remaining();
                let passed = this.inspector.pass(data.copy_to_bytes(length));
                // An app that was told the length waits for no end: what ends here is judged before it goes.
                let passed = match this.rest.is_end_stream() {
                    true => passed.and_then(|chunk| this.inspector.finish().map(|()| chunk)),
                    false => passed,
                };
                match passed {
                    Ok(chunk) => Ok(Frame::data(chunk)),
                    Err(reason) => {
                        *this.ended = true;
                        this.broken.set(reason);
                        Err("the body passed a limit and was broken off".into())
                    }
                }
            }
            Err(frame) => match frame.into_trailers() {
                Ok(trailers) => match framing::trailers_fault(&trailers)
                    .map(Reason::from)
                    .or_else(|| this.inspector.finish().err())
                {
                    None => Ok(Frame::trailers(trailers)),
                    Some(reason) => {
                        *this.ended = true;
                        this.broken.set(reason);
                        Err("the trailers must not pass".into())
                    }
                },
                Err(_) => Ok(Frame::data(Bytes::new())),
            },
        }))
    }

    /// Exact only where nothing more comes: an app that is told a length waits for it.
    fn is_end_stream(&self) -> bool {
        self.ended || (self.held.len() == 0 && self.trailers.is_none() && self.rest.is_end_stream())
    }

    fn size_hint(&self) -> http_body::SizeHint {
        let held: u64 = self.held.as_slice().iter().map(|chunk| chunk.len() as u64).sum();
        let rest = self.rest.size_hint();
        let mut hint = http_body::SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(held));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(held));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::net::SocketAddr;

    use futures_util::stream;
    use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
    use http_body_util::StreamBody;
    use portcullis::keys::Keyring;
    use portcullis::{Engine, Layer, Listener, Peer, Policy};
    use tower::{Layer as _, ServiceExt, service_fn};

    use super::*;
    use crate::{Body, GateLayer};

    /// What becomes of a request over HTTP/2 whose body ends in this trailer, and what the app got.
    async fn trailed(name: &'static str) -> (StatusCode, Option<HeaderMap>) {
        let policy: String = Layer::ALL
            .iter()
            .filter(|layer| !matches!(layer, Layer::Framing | Layer::Event))
            .map(|layer| format!("[{}]\nmode = \"off\"\n", layer.name()))
            .collect();
        let engine =
            Engine::new(Policy::parse("only framing", &policy).unwrap().0, Keyring::new([1; 32], vec![]));
        let heard = Arc::new(Mutex::new(None));
        let hearing = Arc::clone(&heard);
        let app = service_fn(move |request: Request<Body>| {
            let heard = Arc::clone(&hearing);
            async move {
                if let Ok(body) = request.into_body().collect().await {
                    *heard.lock().unwrap() = body.trailers().cloned();
                }
                Ok::<_, Infallible>(Response::new(http_body_util::Empty::<Bytes>::new()))
            }
        });
        let trailers = HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static("x"))]);
        let frames =
            [Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"hi"))), Ok(Frame::trailers(trailers))];
        let mut request = Request::post("https://a.example/").version(http::Version::HTTP_2);
        let peer = Peer {
            address: SocketAddr::from(([127, 0, 0, 1], 1)),
            listener: Listener::DangerousPlain,
            tls: None,
        };
        request.extensions_mut().unwrap().insert(peer);
        let request = request.body(StreamBody::new(stream::iter(frames))).unwrap();
        let gate = GateLayer::new(Arc::new(engine), Arc::new(|_| {})).layer(app);
        let status = gate.oneshot(request).await.unwrap().status();
        let heard = heard.lock().unwrap().take();
        (status, heard)
    }

    #[tokio::test]
    async fn trailers_pass_unless_they_decide_something() {
        let (status, heard) = trailed("grpc-status").await;
        assert_eq!(status, StatusCode::OK);
        assert!(heard.is_some_and(|trailers| trailers.contains_key("grpc-status")));
        assert_eq!(trailed("content-length").await, (StatusCode::BAD_REQUEST, None));
        assert_eq!(trailed("x-forwarded-for").await, (StatusCode::BAD_REQUEST, None));
    }
}
