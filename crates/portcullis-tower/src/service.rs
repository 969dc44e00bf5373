//! The tower service: one request through the engine, the app and back.

use std::convert::Infallible;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body as HttpBody;
use portcullis::layers::arrival::client::Client;
use portcullis::layers::arrival::framing::Wire;
use portcullis::layers::arrival::host::Site;
use portcullis::layers::arrival::transport::Scheme;
use portcullis::layers::caller::session::{Found, Visitor};
use portcullis::layers::caller::{Lent, access};
use portcullis::layers::content::csrf::FormTokens;
use portcullis::verdict::Grounds;
use portcullis::{Engine, ExchangeId, Peer, Refusal};
use tower::Service;

use crate::body::{Body, BodyError};
use crate::drain;
use crate::engines::Engines;
use crate::inbound::{BodyFault, Broken, Inbound, Read, read_ahead};
use crate::lend::Lender;
use crate::meters::{Clock, Meters, Stage, count_refusal};
use crate::moment::moment;
use crate::outbound::depart;
use crate::own;
use crate::people::Identity;
use crate::sink::{EventSink, record_all};
use crate::trace::{Refused, Trace};

/// What the gate found out, for the app: a request extension.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The exchange's id, to be written into the app's own log.
    pub id: ExchangeId,
    /// Who is calling.
    pub client: Client,
    /// The name and port that were asked for.
    pub site: Site,
    /// HTTPS, or plain HTTP where the operator allowed it.
    pub scheme: Scheme,
    /// Who is calling, as a person.
    pub visitor: Visitor,
    /// Tokens for forms that the app writes itself, into a hidden field named
    /// [`portcullis::layers::content::csrf::FIELD`]. Forms without one get it while the page streams.
    pub form_tokens: FormTokens,
}

/// The gate around a service. Made by [`crate::GateLayer`].
#[derive(Clone)]
pub struct Gate<S> {
    inner: S,
    parts: Parts,
}

/// What every request needs besides the app.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) engines: Arc<Engines>,
    pub(crate) sink: Arc<dyn EventSink>,
    pub(crate) lender: Arc<Lender>,
    pub(crate) meters: Arc<Meters>,
    pub(crate) identity: Option<Arc<dyn Identity>>,
}

impl<S> Gate<S> {
    pub(crate) fn new(inner: S, parts: Parts) -> Self {
        Self { inner, parts }
    }
}

impl<S, B, R> Service<Request<B>> for Gate<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BodyError>,
    B: HttpBody + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<BodyError>,
    R: HttpBody + Send + Unpin + 'static,
    R::Data: Send,
    R::Error: Into<BodyError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // The inner service is asked for readiness where it is called: only after admission.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.clone().pass(request)
    }
}

/// An answer that comes.
pub type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl<S> Gate<S> {
    /// What [`Service::call`] does, for whoever has a gate to give away: nothing of it is cloned.
    pub fn pass<B, R>(self, request: Request<B>) -> Answering
    where
        S: Service<Request<Body>, Response = Response<R>> + Send + 'static,
        S::Future: Send,
        S::Error: Into<BodyError>,
        B: HttpBody + Send + Unpin + 'static,
        B::Data: Send,
        B::Error: Into<BodyError>,
        R: HttpBody + Send + Unpin + 'static,
        R::Data: Send,
        R::Error: Into<BodyError>,
    {
        let Self { inner, parts } = self;
        let engine = parts.engines.load();
        let trace = Trace::begin(&*parts.sink, &engine, &request);
        let sink = trace.is_some().then(|| parts.sink.clone());
        let mut clock = Clock::new(parts.meters.clone(), trace);
        Box::pin(async move {
            let response = through(inner, engine, parts, request, &mut clock).await;
            if let (Some(trace), Some(sink)) = (clock.trace, sink) {
                sink.trace(trace.finish(&response));
            }
            Ok(response)
        })
    }
}

async fn through<S, B, R>(
    inner: S,
    engine: Arc<Engine>,
    parts: Parts,
    request: Request<B>,
    clock: &mut Clock,
) -> Response<Body>
where
    S: Service<Request<Body>, Response = Response<R>>,
    S::Error: Into<BodyError>,
    B: HttpBody + Send + Unpin + 'static,
    B::Error: Into<BodyError>,
    R: HttpBody + Send + Unpin + 'static,
    R::Error: Into<BodyError>,
{
    let Parts { sink, lender, meters, identity, .. } = parts;
    let identity = identity.as_deref();
    let (mut head, mut body) = request.into_parts();
    let wire = head.extensions.remove::<Wire>();
    let fault = head.extensions.remove::<BodyFault>();
    let (Some(peer), Some(moment)) = (head.extensions.remove::<Peer>(), moment()) else {
        // Without knowing who connected, or without randomness, nothing can be judged: stay shut.
        return plain(StatusCode::INTERNAL_SERVER_ERROR, "the gate was not told who is calling\n");
    };

    let now = moment.since_epoch;
    let refuse = |refusal: Box<Refusal>| {
        meters.refused.increment(1);
        refuse(*refusal, &*sink, &lender)
    };
    let comes_unasked = drain::comes_unasked(&head.headers);
    let received = match engine.receive(head, wire.as_ref(), &peer, moment) {
        ControlFlow::Break(refusal) => {
            if comes_unasked {
                drain::drain(&mut body).await;
            }
            return refuse(refusal);
        }
        ControlFlow::Continue(received) => received,
    };
    let needs = received.needs();
    let rate = lender.lend(&needs.rate, now).await;
    let found = match &needs.session {
        // Who is banned costs nothing more.
        Some(asking) if rate.ban.as_ref().is_none_or(|ban| ban.observed) => Some(match identity {
            Some(identity) => identity.find(&asking.presented, &asking.context, now).await,
            None => Found::away(),
        }),
        _ => None,
    };
    let counted = needs.rate.counts_failures().then(|| needs.rate.clone());
    let received = match engine.identify(received, Lent { rate, found }) {
        ControlFlow::Break(refusal) => {
            if comes_unasked {
                drain::drain(&mut body).await;
            }
            return refuse(refusal);
        }
        ControlFlow::Continue(identified) => identified,
    };
    clock.ends(Stage::Head);
    let mut inspector = received.inspector();
    let mut trailers = None;
    match read_ahead(&mut body, &mut inspector, fault.as_ref(), &mut trailers).await {
        Read::Enough => {}
        Read::Broke(Some(reason)) => return refuse(received.refuse_body(reason)),
        Read::Broke(None) => return plain(StatusCode::BAD_REQUEST, "the request broke off\n"),
    }
    let mut admitted = match engine.admit(received, &mut inspector) {
        ControlFlow::Break(refusal) => {
            if comes_unasked {
                drain::drain(&mut body).await;
            }
            return refuse(refusal);
        }
        ControlFlow::Continue(admitted) => admitted,
    };
    record_all(&*sink, admitted.take_events());
    clock.ends(Stage::Body);

    if let Some(own) = admitted.own() {
        let broken = Broken::default();
        let inbound = Inbound::new(body, inspector, trailers, fault, broken.clone());
        let (outstanding, answer) = own::answer(own, admitted, inbound, &*sink, identity, now).await;
        if let Some(reason) = broken.take() {
            return refuse(outstanding.refuse(reason));
        }
        let (head, body) = answer.into_parts();
        let body = http_body_util::Full::new(body);
        return depart(engine.release(outstanding, head), body, broken, sink).await;
    }

    let facts = Facts {
        id: *admitted.id(),
        client: admitted.client().clone(),
        site: admitted.site().clone(),
        scheme: admitted.scheme(),
        visitor: admitted.visitor().clone(),
        form_tokens: engine.form_tokens(&mut admitted),
    };
    let (token, handed) = match (identity, admitted.visitor().person()) {
        (Some(identity), Some(person)) => {
            let token = identity.vouch(person, &admitted.site().origin(admitted.scheme()), now);
            (token, identity.hand(person, now).await)
        }
        _ => (None, None),
    };
    let (mut head, outstanding) = admitted.depart();
    if let Some(token) = token {
        head.headers.insert(access::TOKEN, token);
    }
    if let Some(trace) = &mut clock.trace {
        trace.tell(&mut head.headers, facts.id);
    }
    if let Some(handed) = handed {
        head.headers.insert(access::ACCESS_TOKEN, handed);
    }
    head.extensions.insert(facts);
    let broken = Broken::default();
    let inbound = Inbound::new(body, inspector, trailers, fault, broken.clone());
    let request = Request::from_parts(head, Body::new(inbound));

    let answer = match ready(inner).await {
        Some(mut inner) => inner.call(request).await.ok(),
        None => None,
    };
    clock.ends(Stage::App);
    if let Some(reason) = broken.take() {
        return refuse(outstanding.refuse(reason));
    }
    meters.passed.increment(1);
    let (head, body) = match answer {
        Some(response) => {
            let (head, body) = response.into_parts();
            if let Some(counted) = counted {
                lender.give_back(counted.owed(head.status));
            }
            (head, Either::Left(body))
        }
        None => {
            let (head, body) = plain_parts(StatusCode::BAD_GATEWAY, "the app did not answer\n");
            (head, Either::Right(http_body_util::Full::new(body)))
        }
    };
    let release = engine.release(outstanding, head);
    let response = match body {
        Either::Left(body) => depart(release, body, broken, sink).await,
        Either::Right(body) => depart(release, body, broken, sink).await,
    };
    clock.ends(Stage::Answer);
    response
}

enum Either<L, R> {
    Left(L),
    Right(R),
}

/// The service once it takes requests; `None` when it never will.
async fn ready<S: Service<Q>, Q>(mut inner: S) -> Option<S> {
    std::future::poll_fn(|context| inner.poll_ready(context)).await.ok()?;
    Some(inner)
}

/// Answers, records, and counts it against the caller.
pub(crate) fn refuse(refusal: Refusal, sink: &dyn EventSink, lender: &Lender) -> Response<Body> {
    count_refusal(&refusal.reason);
    record_all(sink, refusal.events);
    if let Some(offence) = refusal.offence {
        record_all(sink, lender.offend(&offence));
    }
    let mut response = refusal.response.map(Body::full);
    let (layer, code) = (refusal.reason.layer().name(), refusal.reason.code());
    response.extensions_mut().insert(Refused { id: refusal.id, layer, code });
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let (head, body) = plain_parts(status, text);
    Response::from_parts(head, Body::full(body))
}

fn plain_parts(status: StatusCode, text: &'static str) -> (http::response::Parts, Bytes) {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    let plain = http::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, plain);
    response.into_parts()
}
