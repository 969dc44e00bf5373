//! The engine's word on what hyper is never shown.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::tls::acme::Challenges;
use http::{HeaderValue, Response, StatusCode, header};
use portcullis::layers::arrival::framing::{ReaderLimits, Wire};
use portcullis::{Event, Peer};
use portcullis_tower::meters::count_refusal;
use portcullis_tower::{Body, Engines, EventSink, Lender, moment};

/// Refuses what never became a request.
#[derive(Clone)]
pub(crate) struct Judge {
    /// What an authority may come to see.
    pub(crate) challenges: Arc<Challenges>,
    pub(crate) engines: Arc<Engines>,
    pub(crate) sink: Arc<dyn EventSink>,
    pub(crate) lender: Arc<Lender>,
}

impl Judge {
    /// The bounds of the strict reader: the site's, for no route is known yet.
    pub(crate) fn reader_limits(&self) -> ReaderLimits {
        self.engines.load().policy().site().framing.reader
    }

    /// Whether connections from `address` are those of many clients.
    pub(crate) fn is_proxy(&self, address: IpAddr) -> bool {
        self.engines.load().policy().site().client.is_proxy(address)
    }

    /// A connection was given up for the HTTP/2 frames that it sent.
    pub(crate) fn tell_flood(&self, from: SocketAddr) {
        tracing::warn!(%from, "a flood of HTTP/2 frames");
        if let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) {
            let sentence = format!("a connection from {} was closed for a flood of HTTP/2 frames", from.ip());
            self.sink.record(Event::change(now, "portcullis.gateway.http2_flood", &sentence));
        }
    }

    /// The refusal of a head that could not be read.
    pub(crate) fn refuse_malformed(&self, wire: &Wire, peer: &Peer) -> Response<Body> {
        let Some(moment) = moment() else { return self.unseen() };
        let refusal = self.engines.load().refuse_malformed(wire, peer, moment);
        count_refusal(&refusal.reason);
        let bans = refusal.offence.map(|offence| self.lender.offend(&offence)).unwrap_or_default();
        for event in refusal.events.into_iter().chain(bans) {
            self.sink.record(event);
        }
        closing(refusal.response.map(Body::full))
    }

    /// The answer to a request that the strict reader has not seen: there is no such, so it is shut out.
    pub(crate) fn unseen(&self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        closing(response)
    }
}

/// What follows an unreadable head cannot be told from what an attacker smuggles in.
fn closing(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
