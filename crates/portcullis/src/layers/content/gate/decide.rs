//! What the rules say, phase by phase.

use std::sync::Arc;

use http::{HeaderMap, StatusCode, Version, request, response};
use portcullis_seclang::{Action, Disruption, Intervention, LimitAction, Match};

use super::finding::{Finding, MOST, full_name};
use super::late::Late;
use super::reason::{Kind, Matched};
use super::{Beyond, Inspection, Reason};
use crate::body::Inspector;
use crate::exchange::Exchange;
use crate::gate;
use crate::layers::arrival::framing::Wire;
use crate::policy::Rules;
use crate::verdict::{Layer, Verdict};

/// Phase 1.
pub(crate) fn judge_head(
    head: &request::Parts,
    wire: Option<&Wire>,
    exchange: &mut Exchange,
) -> Verdict<(), Reason> {
    let Some(mut inspection) = Inspection::begin(exchange) else { return Verdict::Deny(Reason::LackRules) };
    let transaction = &mut inspection.transaction;
    let client = std::net::SocketAddr::new(exchange.client.ip, exchange.peer.address.port());
    let port = exchange.site.port.unwrap_or(if exchange.scheme.as_str() == "https" { 443 } else { 80 });
    transaction.connection(client, std::net::SocketAddr::from(([127, 0, 0, 1], port)));
    let line = RequestLine::of(head, wire);
    transaction.request_line(line.method, &line.target, line.protocol);
    for (name, value) in fields(head, wire) {
        transaction.request_header(name, value);
    }
    let stopped = transaction.request_head_done();
    exchange.inspection = Some(Box::new(inspection));
    judged(exchange, stopped)
}

/// Whether the rules want to see the body before the app does.
pub(crate) fn reads_body(exchange: &Exchange) -> bool {
    exchange.inspection.as_ref().is_some_and(|inspection| inspection.transaction.reads_request_body())
}

/// Phase 2.
pub(crate) fn judge_body(inspector: &mut Inspector, exchange: &mut Exchange) -> Verdict<(), Reason> {
    let Some(inspection) = &mut exchange.inspection else { return Verdict::Pass(()) };
    let transaction = &mut inspection.transaction;
    let reads = transaction.reads_request_body();
    let cut = reads && !inspector.is_complete();
    if cut {
        let as_set = match transaction.rules().settings().request_body_limit_action {
            LimitAction::Reject => Beyond::Refuse,
            LimitAction::ProcessPartial => Beyond::Pass,
        };
        let beyond = exchange.rules.gate.beyond.unwrap_or(if inspector.is_multipart() {
            Beyond::Pass
        } else {
            as_set
        });
        if beyond == Beyond::Refuse {
            let limit = u64::try_from(exchange.rules.gate.body).unwrap_or(u64::MAX);
            return Verdict::Deny(Reason::ExceedBody { limit });
        }
    }
    // Files may be long; the fields behind them are judged when they come.
    if cut && inspector.is_multipart() {
        let observed = exchange.observed_late.clone();
        let late = Late { transaction: transaction.clone(), rules: Arc::clone(&exchange.rules), observed };
        inspector.judge_later(Box::new(late));
    }
    let mut stopped = None;
    if reads {
        for piece in inspector.held_for_app() {
            stopped = stopped.or_else(|| transaction.request_body_chunk(piece));
        }
        if cut {
            transaction.request_body_cut();
        }
    }
    let stopped = stopped.or_else(|| transaction.request_body_done());
    judged(exchange, stopped)
}

/// Phase 3.
pub(crate) fn judge_response_head(head: &response::Parts, exchange: &mut Exchange) -> Verdict<(), Reason> {
    let Some(inspection) = &mut exchange.inspection else { return Verdict::Pass(()) };
    let transaction = &mut inspection.transaction;
    let reason = head.status.canonical_reason().unwrap_or_default();
    transaction.response_line(b"HTTP/1.1", head.status.as_u16(), reason.as_bytes());
    for (name, value) in &head.headers {
        transaction.response_header(name.as_str().as_bytes(), value.as_bytes());
    }
    let stopped = transaction.response_head_done();
    judged(exchange, stopped)
}

/// Whether the rules want to see the body of the answer.
pub(crate) fn reads_response_body(exchange: &Exchange) -> bool {
    exchange
        .inspection
        .as_ref()
        .is_some_and(|inspection| !inspection.answered && inspection.transaction.wants_response_body())
}

/// How many bytes of it they look at.
pub(crate) fn response_limit(exchange: &Exchange) -> usize {
    let limit = exchange
        .inspection
        .as_ref()
        .map_or(0, |inspection| inspection.transaction.rules().settings().response_body_limit);
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// Phase 4, with as much of the body, decoded, as there was to see.
pub(crate) fn judge_response_body(body: &[u8], exchange: &mut Exchange) -> Verdict<(), Reason> {
    let Some(inspection) = &mut exchange.inspection else { return Verdict::Pass(()) };
    if std::mem::replace(&mut inspection.answered, true) {
        return Verdict::Pass(());
    }
    let transaction = &mut inspection.transaction;
    let stopped = transaction.response_body_chunk(body).or_else(|| transaction.response_body_done());
    judged(exchange, stopped)
}

/// What a phase came to. What rules would have stopped, were they not told to watch only, is an observation
/// in every mode of the layer.
fn judged(exchange: &mut Exchange, stopped: Option<Intervention>) -> Verdict<(), Reason> {
    let Some(inspection) = &mut exchange.inspection else { return Verdict::Pass(()) };
    let matches = inspection.transaction.matches();
    let fresh = inspection.judged;
    let would = matches.iter().skip(fresh).rposition(|one| one.disruptive == Disruption::WouldStop);
    let would = would.map(|at| at.saturating_add(fresh));
    inspection.judged = matches.len();
    if let Some(intervention) = stopped {
        let matches = inspection.transaction.matches();
        let reason = reason_of(&exchange.rules, matches, &intervention);
        return Verdict::Deny(reason);
    }
    if let Some(reason) = would.and_then(|at| observed(exchange, at)) {
        gate::observe(exchange, Layer::Gate, &reason.into());
    }
    Verdict::Pass(())
}

fn observed(exchange: &Exchange, at: usize) -> Option<Reason> {
    let matches = exchange.inspection.as_ref()?.transaction.matches();
    Some(matched(&exchange.rules, matches, at, StatusCode::FORBIDDEN, None))
}

/// Why the rules stop the exchange.
pub(super) fn reason_of(rules: &Rules, matches: &[Match], intervention: &Intervention) -> Reason {
    let outbound = intervention.phase.number() >= 3;
    if intervention.rule_id == 0 {
        return match outbound {
            true => Reason::ExceedResponse { message: intervention.message.clone() },
            false => Reason::ExceedBody { limit: u64::try_from(rules.gate.body).unwrap_or(u64::MAX) },
        };
    }
    let status = StatusCode::from_u16(intervention.status).unwrap_or(StatusCode::FORBIDDEN);
    let location = match &intervention.action {
        Action::Redirect(location) => Some(location.clone()),
        Action::Deny | Action::Drop => None,
    };
    let drops = intervention.action == Action::Drop;
    match matches.iter().rposition(|one| one.id == intervention.rule_id) {
        Some(at) => match matched(rules, matches, at, status, location) {
            Reason::Match(found) => Reason::Match(Box::new(Matched { drops, ..*found })),
            other => other,
        },
        // A rule that neither logs nor audits leaves no match behind.
        None => Reason::Match(Box::new(Matched {
            rule: intervention.rule_id,
            kind: Kind::of(std::iter::empty(), outbound),
            message: intervention.message.clone(),
            score: None,
            status,
            location,
            drops,
            evidence: Matched::evidence_of(None, b""),
            findings: Vec::new(),
            outbound,
        })),
    }
}

/// What the match at `at` rests on: itself, or, where it judged a score, those before it.
pub(super) fn matched(
    rules: &Rules,
    matches: &[Match],
    at: usize,
    status: StatusCode,
    location: Option<Vec<u8>>,
) -> Reason {
    let redactor = &rules.event.redactor;
    let Some(last) = matches.get(at) else { return Reason::LackRules };
    let judged = last.values.last();
    let score = judged
        .filter(|value| full_name(value).starts_with("TX:"))
        .and_then(|value| std::str::from_utf8(&value.value).ok()?.trim().parse::<i64>().ok());
    let outbound = last.phase.number() >= 3;
    let scored: Vec<&Match> = matches
        .get(..at)
        .unwrap_or_default()
        .iter()
        // Rules about the answer score for themselves.
        .filter(|one| one.log && one.severity.is_some() && (one.phase.number() >= 3) == outbound)
        .collect();
    let mut told: Vec<&Match> = if score.is_some() && !scored.is_empty() { scored } else { vec![last] };
    // The gravest first: it gives the refusal its name.
    told.sort_by_key(|one| one.severity.unwrap_or(u8::MAX));
    let kind = Kind::of(
        told.iter().flat_map(|one| &one.tags).filter_map(|tag| std::str::from_utf8(tag).ok()),
        outbound,
    );
    let findings: Vec<Finding> = told.iter().take(MOST).map(|one| Finding::of(one, redactor)).collect();
    let bytes = told.first().and_then(|one| one.values.last()).map(|value| value.value.as_slice());
    Reason::Match(Box::new(Matched {
        rule: last.id,
        kind,
        message: String::from_utf8_lossy(&last.msg).into_owned(),
        score,
        status,
        location,
        drops: false,
        evidence: Matched::evidence_of(findings.first(), bytes.unwrap_or_default()),
        findings,
        outbound,
    }))
}

/// The request line as sent, or as a door without raw bytes can tell it.
struct RequestLine<'a> {
    method: &'a [u8],
    target: std::borrow::Cow<'a, [u8]>,
    protocol: &'a [u8],
}

impl<'a> RequestLine<'a> {
    fn of(head: &'a request::Parts, wire: Option<&'a Wire>) -> Self {
        let line = wire.and_then(|wire| wire.head.split(|byte| *byte == b'\n').find(|line| line.len() > 1));
        if let Some(line) = line {
            let mut words = line.strip_suffix(b"\r").unwrap_or(line).split(|byte| *byte == b' ');
            if let (Some(method), Some(target), Some(protocol)) = (words.next(), words.next(), words.next()) {
                return Self { method, target: target.into(), protocol };
            }
        }
        let target = match head.uri.path_and_query() {
            Some(target) => target.as_str().as_bytes().into(),
            None => head.uri.to_string().into_bytes().into(),
        };
        let protocol: &[u8] = match head.version {
            Version::HTTP_09 => b"HTTP/0.9",
            Version::HTTP_10 => b"HTTP/1.0",
            Version::HTTP_2 => b"HTTP/2.0",
            Version::HTTP_3 => b"HTTP/3.0",
            _ => b"HTTP/1.1",
        };
        Self { method: head.method.as_str().as_bytes(), target, protocol }
    }
}

/// Fields of which rules see what the app will.
const OURS: [http::HeaderName; 2] = [http::header::COOKIE, http::header::CONTENT_TYPE];

/// One type: of several lines the combined value (RFC 9110 sections 5.2 and 8.3), for rules and the app alike, so
/// that neither takes the first and the other the last.
pub(crate) fn combine_types(headers: &mut HeaderMap) {
    if headers.get_all(http::header::CONTENT_TYPE).iter().nth(1).is_none() {
        return;
    }
    let values: Vec<&[u8]> =
        headers.get_all(http::header::CONTENT_TYPE).iter().map(http::HeaderValue::as_bytes).collect();
    if let Ok(combined) = http::HeaderValue::from_bytes(&values.join(&b", "[..])) {
        headers.insert(http::header::CONTENT_TYPE, combined);
    }
}

/// The fields as sent, less what the gate has taken out of them: our own cookies, a length beside a coding.
fn fields<'a>(head: &'a request::Parts, wire: Option<&'a Wire>) -> Vec<(&'a [u8], &'a [u8])> {
    let mut fields = Vec::new();
    match wire {
        Some(wire) => {
            let lines =
                wire.head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
            let lines = lines.skip_while(|line| line.is_empty()).skip(1).take_while(|line| !line.is_empty());
            let mut told: Vec<&http::HeaderName> = Vec::new();
            for line in lines {
                let Some(colon) = memchr::memchr(b':', line) else { continue };
                let (name, value) = line.split_at(colon);
                let value = value.get(1..).unwrap_or_default().trim_ascii();
                let ours = OURS.iter().find(|one| one.as_str().as_bytes().eq_ignore_ascii_case(name));
                if let Some(ours) = ours {
                    if !told.contains(&ours) {
                        told.push(ours);
                        fields
                            .extend(head.headers.get_all(ours).iter().map(|value| (name, value.as_bytes())));
                    }
                } else if http::HeaderName::from_bytes(name).is_ok_and(|name| head.headers.contains_key(name))
                {
                    fields.push((name, value));
                }
            }
        }
        None => {
            if !head.headers.contains_key(http::header::HOST)
                && let Some(authority) = head.uri.authority()
            {
                fields.push((b"host".as_slice(), authority.as_str().as_bytes()));
            }
            fields.extend(
                head.headers.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes())),
            );
        }
    }
    fields
}
