//! The tower door: the case's request through `GateLayer` around an app that answers as the case says.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use portcullis::{Engine, Event};
use portcullis_tower::{Body, BodyFault, GateLayer};
use tower::{Layer, Service};

use super::engine::lines;
use super::{app_response, engine_for, moment, peer_for};
use crate::case::Case;
use crate::outcome::{AppSaw, Outcome};
use crate::wire::{Faulty, Read, read};

/// Runs a case through the tower layer: its requests one after another, up to the first refusal.
pub async fn run(case: &Case) -> Outcome {
    let engine = Arc::new(engine_for(case));
    let mut first = None;
    for message in read(case) {
        let mut outcome = one(case, engine.clone(), message).await;
        let app = first.get_or_insert_with(|| outcome.app.clone());
        outcome.app.clone_from(app);
        if outcome.refused.is_some() || !case.bytes_alone {
            return outcome;
        }
    }
    Outcome { app: first.flatten(), status: 200, ..Outcome::default() }
}

async fn one(case: &Case, engine: Arc<Engine>, message: Read) -> Outcome {
    let events: Arc<Mutex<Vec<Event>>> = Arc::default();
    let saw: Arc<Mutex<Option<AppSaw>>> = Arc::default();
    let mut outcome = Outcome::default();
    let request = match message {
        // A head that is no message never becomes a request: the reader in front of this door answers.
        Read::Malformed(wire) => {
            let refusal = engine.refuse_malformed(&wire, &peer_for(case), moment());
            outcome.read_events(&refusal.events);
            outcome.status = refusal.response.status().as_u16();
            outcome.headers = lines(refusal.response.headers());
            return outcome;
        }
        Read::Request(request) => request,
    };

    let app = {
        let (saw, case) = (saw.clone(), case.clone());
        tower::service_fn(move |request: Request<Body>| {
            let (saw, case) = (saw.clone(), case.clone());
            async move {
                let (head, body) = request.into_parts();
                let Ok(body) = body.collect().await else {
                    return Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())));
                };
                *saw.lock().unwrap_or_else(PoisonError::into_inner) = Some(AppSaw {
                    method: head.method.to_string(),
                    target: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
                    headers: lines(&head.headers),
                    body: body.to_bytes().to_vec(),
                });
                Ok(app_response(&case).map(Full::new))
            }
        })
    };
    let sink = {
        let events = events.clone();
        Arc::new(move |event: Event| events.lock().unwrap_or_else(PoisonError::into_inner).push(event))
    };
    let mut gate = GateLayer::new(engine, sink).layer(app);

    let fault = request.body_fault.clone();
    let body = Faulty::new(Bytes::from(request.body), fault.is_some());
    let mut call = Request::from_parts(request.head, body);
    call.extensions_mut().insert(peer_for(case));
    call.extensions_mut().insert(request.wire);
    call.extensions_mut().insert(BodyFault(Arc::new(move || fault.clone())));
    let Ok(response) = gate.call(call).await;
    let (head, body) = response.into_parts();
    outcome.status = head.status.as_u16();
    outcome.headers = lines(&head.headers);
    match body.collect().await {
        Ok(body) => outcome.body = body.to_bytes().to_vec(),
        Err(_) => outcome.status = 0,
    }
    outcome.app = saw.lock().unwrap_or_else(PoisonError::into_inner).take();
    outcome.read_events(&events.lock().unwrap_or_else(PoisonError::into_inner));
    outcome
}
