//! One exchange as a span of a distributed trace (W3C Trace Context, OpenTelemetry's conventions for HTTP servers).
//!
//! A trace that a client names is gone on with only where a trusted proxy says so: to a stranger it would be a way to
//! have everything recorded, or to write into the traces of others. The app is told of the span (`traceparent`), so
//! that its own spans hang below.

use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};
use portcullis::{Engine, ExchangeId, Peer};

use crate::meters::Stage;
use crate::moment::moment;
use crate::sink::EventSink;

const PARENT: HeaderName = HeaderName::from_static("traceparent");
const STATE: HeaderName = HeaderName::from_static("tracestate");

/// What a trace tells of one exchange.
#[derive(Debug, Clone)]
pub struct Span {
    /// Names the trace.
    pub trace: [u8; 16],
    /// Names this span.
    pub id: [u8; 8],
    /// The span of the proxy in front.
    pub parent: Option<[u8; 8]>,
    /// Since the epoch.
    pub began: Duration,
    /// Until the head of the answer was there.
    pub took: Duration,
    /// The stages that were gone through, in their order.
    pub stages: Vec<Part>,
    /// `GET`
    pub method: Method,
    /// Without the query, which may hold secrets.
    pub path: String,
    /// Of HTTP.
    pub version: Version,
    /// Of the answer.
    pub status: StatusCode,
    /// The exchange's id, as on a page of refusal and in the log.
    pub exchange: Option<ExchangeId>,
    /// Layer and code of a refusal.
    pub refused: Option<(&'static str, &'static str)>,
}

/// One stage of an exchange.
#[derive(Debug, Clone)]
pub struct Part {
    /// `head`, `body`, `app` or `answer`.
    pub name: &'static str,
    /// Names its span.
    pub id: [u8; 8],
    /// After the exchange began.
    pub from: Duration,
    /// After the exchange began.
    pub to: Duration,
}

/// Why an answer is a refusal: an extension of the answer.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) id: ExchangeId,
    pub(crate) layer: &'static str,
    pub(crate) code: &'static str,
}

/// A span that is not over.
pub(crate) struct Trace {
    span: Span,
    start: Instant,
    seed: u64,
}

impl Trace {
    /// Of a request whose span is wanted.
    pub(crate) fn begin<B>(sink: &dyn EventSink, engine: &Engine, request: &Request<B>) -> Option<Self> {
        let share = sink.trace_share();
        if share <= 0.0 {
            return None;
        }
        let peer = request.extensions().get::<Peer>()?;
        let trusted = engine.policy().site().client.is_proxy(peer.address.ip());
        let told = trusted.then(|| request.headers().get(PARENT)).flatten().and_then(Parent::read);
        let moment = moment()?;
        let (trace, rest) = moment.entropy.split_first_chunk::<16>()?;
        let (id, rest) = rest.split_first_chunk::<8>()?;
        let seed = u64::from_be_bytes(*rest.first_chunk::<8>()?);
        let wanted = match &told {
            Some(parent) => parent.sampled,
            // The last bits of a draw, as a number from 0 to 1.
            None => f64::from(u32::try_from(seed & 0xffff_ffff).unwrap_or(0)) / f64::from(u32::MAX) < share,
        };
        wanted.then(|| Self {
            span: Span {
                trace: told.as_ref().map_or(*trace, |parent| parent.trace),
                id: *id,
                parent: told.map(|parent| parent.span),
                began: moment.since_epoch,
                took: Duration::ZERO,
                stages: Vec::with_capacity(4),
                method: request.method().clone(),
                path: request.uri().path().to_owned(),
                version: request.version(),
                status: StatusCode::OK,
                exchange: None,
                refused: None,
            },
            start: Instant::now(),
            seed,
        })
    }

    /// A stage was gone through.
    pub(crate) fn ends(&mut self, stage: Stage, from: Instant, to: Instant) {
        let id = self.id_of(stage);
        self.span.stages.push(Part {
            name: stage.name(),
            id,
            from: from.saturating_duration_since(self.start),
            to: to.saturating_duration_since(self.start),
        });
    }

    /// Tells the app, whose spans hang below the time that it takes.
    pub(crate) fn tell(&mut self, headers: &mut HeaderMap, exchange: ExchangeId) {
        self.span.exchange = Some(exchange);
        let text = format!("00-{}-{}-01", hex(&self.span.trace), hex(&self.id_of(Stage::App)));
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(PARENT, value);
        }
        if self.span.parent.is_none() {
            // It belongs to the trace that was not gone on with.
            headers.remove(STATE);
        }
    }

    /// The answer is there.
    pub(crate) fn finish<B>(mut self, response: &Response<B>) -> Span {
        self.span.took = self.start.elapsed();
        self.span.status = response.status();
        if let Some(refused) = response.extensions().get::<Refused>() {
            self.span.exchange = Some(refused.id);
            self.span.refused = Some((refused.layer, refused.code));
        }
        self.span
    }

    fn id_of(&self, stage: Stage) -> [u8; 8] {
        // Never all zero, which names nothing.
        (self.seed ^ u64::from(stage.number())).max(1).to_be_bytes()
    }
}

/// `traceparent` of version 00 (W3C Trace Context section 3.2).
struct Parent {
    trace: [u8; 16],
    span: [u8; 8],
    sampled: bool,
}

impl Parent {
    fn read(value: &HeaderValue) -> Option<Self> {
        let mut parts = value.to_str().ok()?.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // Later versions may have more; this one has not.
        if version == "ff" || (version == "00" && parts.next().is_some()) {
            return None;
        }
        let [_] = bytes::<1>(version)?;
        let [flags] = bytes::<1>(flags)?;
        let (trace, span) = (bytes::<16>(trace)?, bytes::<8>(span)?);
        (trace != [0; 16] && span != [0; 8]).then_some(Self { trace, span, sampled: flags & 1 == 1 })
    }
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let lower = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    if text.len() != N.saturating_mul(2) || !text.bytes().all(lower) {
        return None;
    }
    let mut out = [0; N];
    for (place, pair) in out.iter_mut().zip(text.as_bytes().chunks(2)) {
        *place = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(out)
}

/// An id as traces write it: lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, String, bool)> {
        let parent = Parent::read(&HeaderValue::from_str(text).unwrap())?;
        Some((hex(&parent.trace), hex(&parent.span), parent.sampled))
    }

    #[test]
    fn a_parent_is_read_as_the_recommendation_has_it() {
        let (trace, span) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        let told = |sampled| Some((trace.to_owned(), span.to_owned(), sampled));
        assert_eq!(read(&format!("00-{trace}-{span}-01")), told(true));
        assert_eq!(read(&format!("00-{trace}-{span}-00")), told(false));
        assert_eq!(read(&format!("cc-{trace}-{span}-01-what-comes-later")), told(true));
        for wrong in [
            format!("00-{trace}-{span}-01-more"),
            format!("ff-{trace}-{span}-01"),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{trace}-{span}"),
            format!("00-{trace}-{span}-1"),
            "00".to_owned(),
            String::new(),
        ] {
            assert_eq!(read(&wrong), None, "{wrong}");
        }
    }
}
