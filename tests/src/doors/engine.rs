//! The bare engine: the case's bytes through the strict reader, then the calls of a door, by hand.

use std::ops::ControlFlow;

use bytes::Bytes;
use portcullis::body::Progress;
use portcullis::{Departure, Engine, Refusal, Release};

use super::{engine_for, moment, peer_for};
use crate::case::Case;
use crate::outcome::{AppSaw, Outcome};
use crate::wire::{Read, read};

/// Runs a case through the engine alone: its requests one after another, up to the first refusal.
#[must_use]
pub fn run(case: &Case) -> Outcome {
    let engine = engine_for(case);
    let mut first = None;
    for message in read(case) {
        let mut outcome = one(case, &engine, message);
        let app = first.get_or_insert_with(|| outcome.app.clone());
        outcome.app.clone_from(app);
        if outcome.refused.is_some() || !case.bytes_alone {
            return outcome;
        }
    }
    Outcome { app: first.flatten(), status: 200, ..Outcome::default() }
}

fn one(case: &Case, engine: &Engine, message: Read) -> Outcome {
    let peer = peer_for(case);
    let mut outcome = Outcome::default();
    let request = match message {
        Read::Malformed(wire) => {
            answer(&mut outcome, *engine.refuse_malformed(&wire, &peer, moment()));
            return outcome;
        }
        Read::Request(request) => request,
    };
    let received = match engine.receive(request.head, Some(&request.wire), &peer, moment()) {
        ControlFlow::Break(refusal) => {
            answer(&mut outcome, *refusal);
            return outcome;
        }
        ControlFlow::Continue(received) => received,
    };
    let lent = received.needs().fresh(moment().since_epoch);
    let received = match engine.identify(received, lent) {
        ControlFlow::Break(refusal) => {
            answer(&mut outcome, *refusal);
            return outcome;
        }
        ControlFlow::Continue(identified) => identified,
    };
    let mut inspector = received.inspector();
    if let Some(fault) = request.body_fault {
        answer(&mut outcome, *received.refuse_body(fault));
        return outcome;
    }
    let mut rest = Some(Bytes::from(request.body));
    if inspector.wants_body() {
        let whole = rest.take().unwrap_or_default();
        if inspector.push(whole) == Progress::More {
            inspector.end();
        }
    }
    let mut admitted = match engine.admit(received, &mut inspector) {
        ControlFlow::Break(refusal) => {
            answer(&mut outcome, *refusal);
            return outcome;
        }
        ControlFlow::Continue(admitted) => admitted,
    };
    outcome.read_events(&admitted.take_events());
    let (head, outstanding) = admitted.depart();
    let mut body: Vec<u8> = inspector.take_held().concat();
    if let Some(rest) = rest {
        match inspector.pass(rest).and_then(|chunk| inspector.finish().map(|()| chunk)) {
            Ok(chunk) => body.extend_from_slice(&chunk),
            Err(reason) => {
                answer(&mut outcome, *outstanding.refuse(reason));
                return outcome;
            }
        }
    }
    outcome.app = Some(AppSaw {
        method: head.method.to_string(),
        target: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        headers: lines(&head.headers),
        body,
    });
    release(&mut outcome, engine, outstanding, case);
    outcome
}

fn release(outcome: &mut Outcome, engine: &Engine, outstanding: portcullis::Outstanding, case: &Case) {
    let (head, body) = super::app_response(case).into_parts();
    let departure = match engine.release(outstanding, head) {
        Release::Ready(departure) => Stage { departure, rest: body },
        Release::Hold(held) => match held.push(&body) {
            Release::Ready(departure) => Stage { departure, rest: Bytes::new() },
            Release::Hold(held) => Stage { departure: held.end(), rest: Bytes::new() },
        },
    };
    let Stage { departure, rest } = departure;
    let Departure { head, first, tail, events, .. } = *departure;
    outcome.read_events(&events);
    outcome.status = head.status.as_u16();
    outcome.headers = lines(&head.headers);
    let mut sent = first.to_vec();
    if let Some(mut tail) = tail {
        let pushed = if rest.is_empty() { Ok(rest) } else { tail.push(rest) };
        match pushed.and_then(|chunk| tail.end().map(|(last, events)| (chunk, last, events))) {
            Ok((chunk, last, events)) => {
                sent.extend_from_slice(&chunk);
                sent.extend_from_slice(&last);
                outcome.read_events(&events);
            }
            Err(cut) => {
                outcome.read_events(&cut.events);
                outcome.status = 0;
            }
        }
    }
    outcome.body = sent;
}

struct Stage {
    departure: Box<Departure>,
    rest: Bytes,
}

fn answer(outcome: &mut Outcome, refusal: Refusal) {
    outcome.read_events(&refusal.events);
    let (head, body) = refusal.response.into_parts();
    outcome.status = head.status.as_u16();
    outcome.headers = lines(&head.headers);
    outcome.body = body.to_vec();
}

/// Header lines as texts, names in lower case; bytes over 0x7f as the letter of that number.
#[must_use]
pub fn lines(headers: &http::HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), value.as_bytes().iter().map(|byte| char::from(*byte)).collect())
        })
        .collect()
}
