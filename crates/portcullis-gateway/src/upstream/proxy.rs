//! The service that the gate guards: passes an admitted request to the app and its answer back.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version, request};
use http_body::Body as _;
use hyper::upgrade::OnUpgrade;
use portcullis::page::{GatewayError, Taste, gateway_error};
use portcullis_tower::{Body, Facts};
use tokio::time::Instant;
use tower::Service;

use super::balance::{Balance, Tried};
use super::fleet::{Fleet, Upstreams};
use super::head::{self, Stop, Switch};
use super::pool::{Answer, Failure, Pool};
use super::sending::{Progress, Sending, Slot};
use super::server::{Circuit, Ending, InFlight, Place, Target};
use super::waiting::{Patience, Waiting};
use super::{Protocol, tunnel};
use crate::listen::{Drain, Switched};
use crate::record::{EventLog, Notice};
use crate::tls::Proven;

/// Passes requests to the app. One for each thread: connections stay where they were opened.
#[derive(Clone)]
pub struct Proxy(Arc<Inner>);

struct Inner {
    upstreams: Upstreams,
    threads: usize,
    current: Mutex<Current>,
    drain: Drain,
    log: EventLog,
}

/// The servers as this thread knows them, with its connections to each, in the same order.
#[derive(Clone)]
struct Current {
    fleet: Arc<Fleet>,
    pools: Arc<[Pool]>,
}

impl Proxy {
    /// A proxy to `upstreams`, for one thread among `threads`.
    pub(crate) fn new(upstreams: Upstreams, threads: usize, drain: Drain, log: EventLog) -> Self {
        let fleet = upstreams.load();
        let pools = fleet.balancer.servers().map(|server| Pool::new(&fleet, server, threads)).collect();
        let current = Mutex::new(Current { fleet, pools });
        Self(Arc::new(Inner { upstreams, threads, current, drain, log }))
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
    /// The body of the request broke off.
    ByClient(hyper::Error),
    /// No server takes requests; the first may be tried again after this long.
    Nowhere(Duration),
}

/// An answer, with the server that it came from.
struct Answered {
    response: Response<Answer>,
    in_flight: InFlight,
    switch: Option<Switch>,
    patience: Patience,
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
        let asks = head::asks_to_switch(&head.method, head.version, &head.headers);
        let from_client = asks.as_ref().and_then(|_| head.extensions.remove::<OnUpgrade>());
        let switch = asks.filter(|_| from_client.is_some());
        let switched = head.extensions.remove::<Switched>();

        let current = self.current();
        match self.find_answer(&current, head, body, switch, &asked).await {
            Ok(answered) => self.answer(answered, from_client, switched, &asked),
            Err((broken, server)) => self.failed(broken, server.as_ref(), &current.fleet, &asked),
        }
    }

    /// The servers in force; where they changed, connections to those that stay are kept.
    fn current(&self) -> Current {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.upstreams.is(&current.fleet) {
            let fleet = self.upstreams.load();
            let same_settings = fleet.settings.wires_like(&current.fleet.settings);
            let known =
                |server| current.fleet.balancer.servers().position(|before| Arc::ptr_eq(before, server));
            let pool = |server| match known(server).and_then(|index| current.pools.get(index)) {
                Some(pool) if same_settings => pool.clone(),
                _ => Pool::new(&fleet, server, self.threads),
            };
            let pools = fleet.balancer.servers().map(pool).collect();
            *current = Current { fleet, pools };
        }
        current.clone()
    }

    /// Asks one server after the other until one has the request. What was sent is never sent to another:
    /// only a request of which nothing had gone out moves on.
    async fn find_answer(
        &self,
        current: &Current,
        head: request::Parts,
        body: Body,
        asks: Option<Switch>,
        asked: &Asked,
    ) -> Result<Answered, (Broken, Option<Target>)> {
        let Current { fleet, pools } = current;
        let settings = &fleet.settings;
        let key = match fleet.balancer.balance() {
            Balance::LeastConnections => 0,
            Balance::Hash(key) => key.of(&head, asked.facts.client.ip),
        };
        let until = settings.total_timeout.and_then(|total| Instant::now().checked_add(total));
        let again = body.is_end_stream() && is_idempotent(&head.method);
        let (mut head, mut body) = (head, body);
        let mut tried = Tried::new();
        let mut broken = None;
        loop {
            let Some((index, mut in_flight)) = fleet.balancer.choose(key, &tried) else {
                let opens_in = || fleet.balancer.servers().map(|server| server.opens_in()).min();
                return Err(broken.unwrap_or_else(|| (Broken::Nowhere(opens_in().unwrap_or_default()), None)));
            };
            let Some(pool) = pools.get(index) else {
                return Err((Broken::Nowhere(Duration::ZERO), None));
            };
            let target = in_flight.server().target.clone();
            let last = tried.len().saturating_add(1) >= fleet.balancer.len();
            let switch = asks.clone().filter(|_| target.protocol != Protocol::H2c);
            let sent = if last { std::mem::replace(&mut head, nothing()) } else { head.clone() };
            let outgoing = outgoing(sent, &target, &asked.facts, switch.as_ref());
            let once_more = again.then(|| outgoing.clone());
            let empty = body.is_end_stream();
            let slot = (!last && !empty).then(Slot::default);
            let patience = Attempt { pool, settings, until, switching: switch.is_some() };
            let mut answer = patience.send(outgoing, body, slot.clone()).await;
            if let (Err(Broken::Failed(Failure::Exchange { error, quietly: true })), Some(outgoing)) =
                (&answer, once_more)
            {
                tracing::debug!(%error, "the app had closed a pooled connection: once more");
                answer = patience.send(outgoing, Body::empty(), None).await;
            }
            let failure = match answer {
                Ok(response) => {
                    self.tell_circuit(in_flight.tell(Ending::Answered, &settings.breaker), &target);
                    let patience = Patience { silence: settings.body_timeout, until };
                    return Ok(Answered { response, in_flight, switch, patience });
                }
                Err(failure) => failure,
            };
            let ending = match &failure {
                Broken::TooSlow => Some(Ending::TimedOut),
                Broken::Failed(Failure::Connect(_)) => Some(Ending::NotConnected),
                Broken::Failed(Failure::Exchange { .. }) => Some(Ending::Broken),
                Broken::ByClient(_) => Some(Ending::ClientBroke),
                Broken::Failed(Failure::Full) | Broken::Nowhere(_) => None,
            };
            if let Some(ending) = ending {
                self.tell_circuit(in_flight.tell(ending, &settings.breaker), &target);
            }
            let unsent = match &failure {
                Broken::Failed(Failure::Connect(_) | Failure::Full) if !last => match slot {
                    Some(slot) => slot.lock().unwrap_or_else(PoisonError::into_inner).take(),
                    None => Some(Body::empty()),
                },
                _ => None,
            };
            let Some(unsent) = unsent else { return Err((failure, Some(target))) };
            tracing::warn!(id = %asked.facts.id, server = %target, "no connection: the next server is tried");
            body = unsent;
            tried.push(index);
            broken = Some((failure, Some(target)));
        }
    }

    fn answer(
        &self,
        answered: Answered,
        from_client: Option<OnUpgrade>,
        switched: Option<Switched>,
        asked: &Asked,
    ) -> Response<Body> {
        let Answered { mut response, in_flight, switch, patience } = answered;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            head::homeward(response.headers_mut(), false);
            let (mut head, body) = response.into_parts();
            head.extensions = http::Extensions::new();
            // The version is that of the app's connection; the client's has its own.
            head.version = Version::HTTP_11;
            return Response::from_parts(head, Body::new(Waiting::new(body, patience, in_flight)));
        }
        let (Some(switch), Some(from_client)) = (switch, from_client) else {
            return self.refuse_answer("the app switched protocols unasked", asked);
        };
        let agreed = response.headers().get(http::header::UPGRADE);
        if !agreed.is_some_and(|agreed| offers(&switch, agreed)) {
            return self.refuse_answer("the app switched to a protocol that was not asked for", asked);
        }
        if let Some(switched) = &switched {
            switched.now();
        }
        let kept = (in_flight, switched);
        tunnel::open(from_client, hyper::upgrade::on(&mut response), self.drain.clone(), kept);
        head::homeward(response.headers_mut(), true);
        let (mut head, _) = response.into_parts();
        head.extensions = http::Extensions::new();
        Response::from_parts(head, Body::empty())
    }

    fn refuse_answer(&self, why: &str, asked: &Asked) -> Response<Body> {
        self.tell("portcullis.gateway.bad_answer", why, asked);
        asked.page(GatewayError::Unreadable)
    }

    fn failed(
        &self,
        broken: Broken,
        target: Option<&Target>,
        fleet: &Fleet,
        asked: &Asked,
    ) -> Response<Body> {
        let server = target.map_or_else(|| fleet.settings.to_string(), Target::to_string);
        match broken {
            Broken::TooSlow => {
                let patience = seconds(fleet.settings.response_timeout);
                let why = format!("the app did not begin to answer within `{patience}`");
                self.tell("portcullis.gateway.upstream_timeout", &why, asked);
                asked.page(GatewayError::TooSlow)
            }
            Broken::Nowhere(again) => {
                let why = format!("no server of the app takes requests: `{server}`");
                self.tell("portcullis.gateway.upstream_unavailable", &why, asked);
                unavailable(asked, again)
            }
            Broken::Failed(Failure::Full) => {
                let most = fleet.settings.max_connections;
                let why = format!("all `{most}` connections to the app at `{server}` are in use");
                self.tell("portcullis.gateway.upstream_full", &why, asked);
                unavailable(asked, Duration::ZERO)
            }
            Broken::Failed(Failure::Connect(error)) => {
                let why = format!("no connection to the app at `{server}`: {}", root_cause(&*error));
                self.tell("portcullis.gateway.upstream_unreachable", &why, asked);
                asked.page(GatewayError::Unreachable)
            }
            Broken::ByClient(error) => {
                tracing::debug!(id = %asked.facts.id, %error, "the request broke off");
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

    fn tell_circuit(&self, circuit: Circuit, target: &Target) {
        match circuit {
            Circuit::Unchanged => {}
            Circuit::Opened => {
                let told = format!("`{target}` keeps failing and is left alone for a while");
                tracing::warn!("{told}");
                self.log.notice(Notice::warn("portcullis.gateway.upstream_circuit_opened", &told));
            }
            Circuit::Closed => {
                let told = format!("`{target}` answers again");
                tracing::info!("{told}");
                self.log.notice(Notice::info("portcullis.gateway.upstream_circuit_closed", &told));
            }
        }
    }

    fn tell(&self, name: &'static str, why: &str, asked: &Asked) {
        tracing::warn!(id = %asked.facts.id, "{why}");
        self.log.notice(Notice::warn(name, why).of(&asked.facts.id));
    }
}

/// One try at one server.
struct Attempt<'a> {
    pool: &'a Pool,
    settings: &'a super::Upstream,
    until: Option<Instant>,
    switching: bool,
}

impl Attempt<'_> {
    async fn send(
        &self,
        head: request::Parts,
        body: Body,
        slot: Option<Slot>,
    ) -> Result<Response<Answer>, Broken> {
        let progress = Progress::begin();
        let request = Request::from_parts(head, Sending::new(body, progress.clone(), slot));
        let over = async {
            match self.until {
                Some(until) => tokio::time::sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            answer = self.pool.send(request, self.switching) => answer.map_err(|failure| match failure {
                Failure::Exchange { error, .. } if progress.client_broke() => Broken::ByClient(error),
                failure => Broken::Failed(failure),
            }),
            () = progress.stalls(self.settings.response_timeout) => Err(Broken::TooSlow),
            () = over => Err(Broken::TooSlow),
        }
    }
}

/// A head of which nothing is left.
fn nothing() -> request::Parts {
    Request::new(()).into_parts().0
}

fn outgoing(head: request::Parts, target: &Target, facts: &Facts, switch: Option<&Switch>) -> request::Parts {
    let request::Parts { method, uri, version, mut headers, extensions, .. } = head;
    head::outward(&mut headers, version, facts, switch);
    if let Some(proven) = extensions.get::<Arc<Proven>>() {
        head::vouch(&mut headers, proven);
    }
    if target.protocol == Protocol::Http || switch.is_some() {
        head::name_options(&mut headers);
    }
    let mut outgoing = nothing();
    outgoing.method = method;
    outgoing.uri = aimed(target, &uri, facts);
    outgoing.version = Version::HTTP_11;
    outgoing.headers = headers;
    outgoing
}

/// HTTP/2 carries the authority in the target, so there it is the one that was judged; HTTP/1.1 has
/// `Host` for it, and one pool serves all names.
fn aimed(target: &Target, asked: &Uri, facts: &Facts) -> Uri {
    let path = asked.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    let scheme = match target.protocol {
        Protocol::Http => return path.into(),
        Protocol::H2c => Scheme::HTTP,
        Protocol::Https => Scheme::HTTPS,
    };
    let own = || match &target.place {
        Place::Host(authority) => Some(authority.clone()),
        Place::Unix(_) => None,
    };
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(scheme);
    parts.authority = facts.site.authority().parse::<Authority>().ok().or_else(own);
    parts.path_and_query = Some(path.clone());
    Uri::from_parts(parts).unwrap_or_else(|_| path.into())
}

/// No server now, but perhaps in a moment (RFC 9110 section 15.6.4).
fn unavailable(asked: &Asked, again: Duration) -> Response<Body> {
    let mut page = asked.page(GatewayError::Unavailable);
    let seconds = again.as_secs().saturating_add(1);
    page.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    page
}

fn seconds(span: Duration) -> String {
    if span.subsec_millis() == 0 {
        format!("{} s", span.as_secs())
    } else {
        format!("{} ms", span.as_millis())
    }
}

pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
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
