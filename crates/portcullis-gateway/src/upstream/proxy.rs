//! The service that the gate guards: passes an admitted request to the app and its answer back.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Response, StatusCode, Uri, Version, request};
use http_body::Body as _;
use hyper::upgrade::OnUpgrade;
use portcullis::page::{GatewayError, Taste, gateway_error};
use portcullis_tower::{Body, Facts};
use tower::Service;

use super::head::{self, Stop, Switch};
use super::pool::{Answer, Failure, Pool};
use super::sending::{Progress, Sending};
use super::{Protocol, Upstream, UpstreamError, tunnel};
use crate::listen::{Drain, Switched};
use crate::record::{EventLog, Notice};

/// Passes requests to the app. One for each thread: connections stay where they were opened.
#[derive(Clone)]
pub struct Proxy(Arc<Inner>);

struct Inner {
    pool: Pool,
    upstream: Upstream,
    drain: Drain,
    log: EventLog,
}

impl Proxy {
    /// A proxy for `upstream`.
    ///
    /// # Errors
    /// When TLS towards it cannot be set up.
    pub(crate) fn new(upstream: &Upstream, drain: Drain, log: EventLog) -> Result<Self, UpstreamError> {
        Ok(Self(Arc::new(Inner { pool: Pool::new(upstream)?, upstream: upstream.clone(), drain, log })))
    }
}

impl Service<Request<Body>> for Proxy {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let inner = self.0.clone();
        Box::pin(async move { Ok(inner.pass(request).await) })
    }
}

/// Whom a page of ours is for.
struct Asked {
    taste: Taste,
    facts: Facts,
}

impl Asked {
    fn page(&self, error: GatewayError) -> Response<Body> {
        gateway_error(error, self.taste, self.facts.id.as_str()).map(Body::full)
    }
}

/// How an attempt ended without an answer.
enum Broken {
    TooSlow,
    Failed(Failure),
}

impl Inner {
    async fn pass(&self, request: Request<Body>) -> Response<Body> {
        let (mut head, body) = request.into_parts();
        let Some(facts) = head.extensions.remove::<Facts>() else {
            // Only the gate adds them: without the gate nothing passes.
            return gateway_error(GatewayError::Unreachable, Taste::Text, "").map(Body::full);
        };
        let asked = Asked { taste: Taste::of(&head.headers), facts };
        match head::stop(&head.method, &head.headers) {
            Some(Stop::Method) => return asked.page(GatewayError::Method),
            Some(Stop::Loop) => {
                self.tell(
                    "portcullis.gateway.loop",
                    "a request came back to the gate as its own app",
                    &asked,
                );
                return asked.page(GatewayError::Loop);
            }
            None => {}
        }
        let wanted = match self.upstream.protocol {
            Protocol::H2c => None,
            Protocol::Http | Protocol::Https => {
                head::asks_to_switch(&head.method, head.version, &head.headers)
            }
        };
        let from_client = wanted.as_ref().and_then(|_| head.extensions.remove::<OnUpgrade>());
        let switch = wanted.filter(|_| from_client.is_some());
        let switched = head.extensions.remove::<Switched>();

        let again = body.is_end_stream() && is_idempotent(&head.method);
        let outgoing = self.outgoing(head, &asked.facts, switch.as_ref());
        let once_more = again.then(|| outgoing.clone());
        let answer = match (self.attempt(outgoing, body, switch.is_some()).await, once_more) {
            (Err(Broken::Failed(Failure::Exchange { error, quietly: true })), Some(outgoing)) => {
                tracing::debug!(%error, "the app had closed a pooled connection: once more");
                self.attempt(outgoing, Body::empty(), switch.is_some()).await
            }
            (answer, _) => answer,
        };
        match answer {
            Ok(response) => self.answer(response, switch, from_client, switched, &asked),
            Err(broken) => self.failed(broken, &asked),
        }
    }

    fn outgoing(&self, head: request::Parts, facts: &Facts, switch: Option<&Switch>) -> request::Parts {
        let request::Parts { method, uri, version, mut headers, .. } = head;
        head::outward(&mut headers, version, facts, switch);
        if self.upstream.protocol == Protocol::Http || switch.is_some() {
            head::name_options(&mut headers);
        }
        let (mut outgoing, ()) = Request::new(()).into_parts();
        outgoing.method = method;
        outgoing.uri = self.target(&uri, facts);
        outgoing.version = Version::HTTP_11;
        outgoing.headers = headers;
        outgoing
    }

    /// HTTP/2 carries the authority in the target, so there it is the one that was judged; HTTP/1.1 has
    /// `Host` for it, and one pool serves all names.
    fn target(&self, asked: &Uri, facts: &Facts) -> Uri {
        let path = asked.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let scheme = match self.upstream.protocol {
            Protocol::Http => return path.into(),
            Protocol::H2c => Scheme::HTTP,
            Protocol::Https => Scheme::HTTPS,
        };
        let mut parts = http::uri::Parts::default();
        let judged = facts.site.authority().parse::<Authority>().ok();
        parts.scheme = Some(scheme);
        parts.authority = Some(judged.unwrap_or_else(|| self.upstream.authority.clone()));
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).unwrap_or_else(|_| self.upstream.uri())
    }

    /// One try.
    async fn attempt(
        &self,
        head: request::Parts,
        body: Body,
        switching: bool,
    ) -> Result<Response<Answer>, Broken> {
        let progress = Progress::begin();
        let request = Request::from_parts(head, Sending::new(body, progress.clone()));
        tokio::select! {
            answer = self.pool.send(request, switching) => answer.map_err(Broken::Failed),
            () = progress.stalls(self.upstream.response_timeout) => Err(Broken::TooSlow),
        }
    }

    fn answer(
        &self,
        mut response: Response<Answer>,
        switch: Option<Switch>,
        from_client: Option<OnUpgrade>,
        switched: Option<Switched>,
        asked: &Asked,
    ) -> Response<Body> {
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            head::homeward(response.headers_mut(), false);
            let (mut head, body) = response.into_parts();
            head.extensions = http::Extensions::new();
            // The version is that of the app's connection; the client's has its own.
            head.version = Version::HTTP_11;
            return Response::from_parts(head, Body::new(body));
        }
        let (Some(switch), Some(from_client)) = (switch, from_client) else {
            return self.refuse_answer("the app switched protocols unasked", asked);
        };
        let agreed = response.headers().get(http::header::UPGRADE);
        if !agreed.is_some_and(|agreed| offers(&switch, agreed)) {
            return self.refuse_answer("the app switched to a protocol that was not asked for", asked);
        }
        if let Some(switched) = switched {
            switched.now();
        }
        tunnel::open(from_client, hyper::upgrade::on(&mut response), self.drain.clone());
        head::homeward(response.headers_mut(), true);
        let (mut head, _) = response.into_parts();
        head.extensions = http::Extensions::new();
        Response::from_parts(head, Body::empty())
    }

    fn refuse_answer(&self, why: &str, asked: &Asked) -> Response<Body> {
        self.tell("portcullis.gateway.bad_answer", why, asked);
        asked.page(GatewayError::Unreadable)
    }

    fn failed(&self, broken: Broken, asked: &Asked) -> Response<Body> {
        match broken {
            Broken::TooSlow => {
                let patience = seconds(self.upstream.response_timeout);
                let why = format!("the app did not begin to answer within `{patience}`");
                self.tell("portcullis.gateway.upstream_timeout", &why, asked);
                asked.page(GatewayError::TooSlow)
            }
            Broken::Failed(Failure::Connect(error)) => {
                let why = format!("no connection to the app at `{}`: {}", self.upstream, root_cause(&*error));
                self.tell("portcullis.gateway.upstream_unreachable", &why, asked);
                asked.page(GatewayError::Unreachable)
            }
            Broken::Failed(Failure::Exchange { error, .. }) if is_unreadable(&error) => {
                let why = format!("the app's answer is no HTTP message: {}", root_cause(&error));
                self.tell("portcullis.gateway.bad_answer", &why, asked);
                asked.page(GatewayError::Unreadable)
            }
            Broken::Failed(Failure::Exchange { error, .. }) => {
                let why = format!("the app broke off before it answered: {}", root_cause(&error));
                self.tell("portcullis.gateway.upstream_unreachable", &why, asked);
                asked.page(GatewayError::Unreachable)
            }
        }
    }

    fn tell(&self, name: &'static str, why: &str, asked: &Asked) {
        tracing::warn!(id = %asked.facts.id, "{why}");
        self.log.notice(Notice::warn(name, why).of(&asked.facts.id));
    }
}

fn seconds(span: Duration) -> String {
    if span.subsec_millis() == 0 {
        format!("{} s", span.as_secs())
    } else {
        format!("{} ms", span.as_millis())
    }
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// Whether something came, but no answer.
fn is_unreadable(error: &hyper::Error) -> bool {
    error.is_parse() || error.is_parse_too_large()
}

/// RFC 9110 section 9.2.2.
fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
}

/// Whether what the app chose was among what the client offered (RFC 9110 section 7.8).
fn offers(switch: &Switch, agreed: &http::HeaderValue) -> bool {
    let (Ok(offered), Ok(agreed)) = (switch.0.to_str(), agreed.to_str()) else { return false };
    offered.split(',').any(|protocol| protocol.trim().eq_ignore_ascii_case(agreed.trim()))
}
