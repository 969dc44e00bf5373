//! The engine whole, through a door without sockets: raw bytes of a connection in, what the app would get
//! and what the client would get out.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::ControlFlow;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue, Request, Response, request};
use portcullis::body::Progress;
use portcullis::keys::Keyring;
use portcullis::layers::arrival::framing::{Event, Reader, Wire};
use portcullis::{Departure, Engine, Listener, Moment, Peer, Policy, Release, TlsFacts};

/// Policies of different kinds: as delivered, behind a proxy with sealed cookies, and open where it can be.
const POLICIES: [&str; 3] = [
    "[event]\nsample_passes = 1.0\n",
    "[client]\ntrusted_proxies = [\"127.0.0.0/8\"]\nheader = \"forwarded\"\n\
     [cookies]\nseal = [\"session\"]\nhost_prefix = [\"id\"]\n[csrf]\nspa_cookie = true\n",
    "[framing]\nmode = \"observe\"\n[limits]\nmode = \"observe\"\n[csrf]\nmode = \"observe\"\n\
     [leak]\nmode = \"observe\"\n[client]\ntrusted_proxies = [\"127.0.0.1\"]\n",
];

/// What the app answers with, by the second byte.
const TYPES: [&str; 6] = [
    "text/html; charset=utf-8",
    "text/plain",
    "application/json",
    "application/javascript",
    "image/svg+xml",
    "application/xhtml+xml",
];

/// An engine with one of the policies.
#[must_use]
pub fn engine(which: u8) -> Engine {
    let text = POLICIES.get(usize::from(which) % POLICIES.len()).copied().unwrap_or_default();
    let (policy, _) = Policy::parse("fuzz", text).expect("the policies here hold");
    Engine::new(policy, Keyring::new([7; 32], vec![[8; 32]]))
}

/// Someone on this machine, over HTTPS.
#[must_use]
pub fn peer() -> Peer {
    let tls =
        TlsFacts { version: "TLSv1.3", server_name: Some("localhost".to_owned()), client_certificate: false };
    Peer { address: SocketAddr::from((Ipv4Addr::LOCALHOST, 5000)), listener: Listener::Https, tls: Some(tls) }
}

/// Always the same.
#[must_use]
pub fn moment() -> Moment {
    Moment { since_epoch: Duration::from_secs(1_800_000_000), entropy: [3; 32] }
}

/// Two bytes of choices, then a connection; after `\0\0` comes the body of the answer.
pub fn run(bytes: &[u8]) {
    let Some((&[which, answer], rest)) = bytes.split_first_chunk::<2>() else { return };
    let at = rest.windows(2).position(|pair| pair == b"\0\0");
    let (sent, page) = at.map_or((rest, &b"ok"[..]), |at| {
        (rest.get(..at).unwrap_or_default(), rest.get(at + 2..).unwrap_or_default())
    });
    let engine = engine(which);
    let mut reader = Reader::new(engine.policy().site().framing.reader);
    let mut input = BytesMut::from(sent);
    let mut open: Option<(Wire, Bytes, Vec<Bytes>)> = None;
    while let Some(event) = reader.read(&mut input) {
        match event {
            Event::Head(head) if !head.readable => {
                let refusal = engine.refuse_malformed(&head.wire, &peer(), moment());
                assert!(
                    refusal.response.status().is_client_error()
                        || refusal.response.status().is_server_error()
                );
                lines(&refusal.events);
                return;
            }
            Event::Head(head) => open = Some((head.wire, head.passes, Vec::new())),
            Event::Body(part) => open.iter_mut().for_each(|(_, _, parts)| parts.push(part.clone())),
            Event::Fault(_) => return,
            Event::End => {
                if let Some((wire, passes, parts)) = open.take()
                    && let Some(head) = parse(&passes)
                {
                    message(&engine, head, Some(&wire), parts, answer, page);
                }
            }
        }
    }
}

/// As hyper would.
fn parse(head: &[u8]) -> Option<request::Parts> {
    let mut fields = [httparse::EMPTY_HEADER; 256];
    let mut parsed = httparse::Request::new(&mut fields);
    parsed.parse(head).ok()?;
    let mut request = Request::builder().method(parsed.method?).uri(parsed.path?);
    for field in parsed.headers.iter() {
        request = request.header(field.name, field.value);
    }
    Some(request.body(()).ok()?.into_parts().0)
}

/// One request through the engine and back.
pub fn message(
    engine: &Engine,
    head: request::Parts,
    wire: Option<&Wire>,
    body: Vec<Bytes>,
    answer: u8,
    page: &[u8],
) -> Option<(Response<Vec<u8>>, bool)> {
    let received = match engine.receive(head, wire, &peer(), moment()) {
        ControlFlow::Break(refusal) => {
            lines(&refusal.events);
            return None;
        }
        ControlFlow::Continue(received) => received,
    };
    let lent = received.needs().fresh(moment().since_epoch);
    let ControlFlow::Continue(identified) = engine.identify(received, lent) else { return None };
    let mut inspector = identified.inspector();
    let mut body = body.into_iter();
    while inspector.wants_body() {
        match body.next() {
            Some(part) => {
                if inspector.push(part) == Progress::Enough {
                    break;
                }
            }
            None => {
                inspector.end();
                break;
            }
        }
    }
    let ControlFlow::Continue(mut admitted) = engine.admit(identified, &mut inspector) else { return None };
    lines(&admitted.take_events());
    let (_, outstanding) = admitted.depart();
    let _ = inspector.take_held();
    for part in body {
        if let Err(reason) = inspector.pass(part) {
            lines(&outstanding.refuse(reason).events);
            return None;
        }
    }
    let kind = TYPES.get(usize::from(answer) % TYPES.len()).copied().unwrap_or_default();
    let mut response = Response::builder().status(if answer & 0x80 == 0 { 200 } else { 500 });
    response = response.header("content-type", kind);
    if answer & 0x40 != 0 {
        response = response.header("set-cookie", "session=1").header("set-cookie", "id=a; Path=/x");
        let text = page.get(..page.len().min(200)).unwrap_or_default();
        if let Ok(value) = HeaderValue::from_bytes(text) {
            response = response.header(HeaderName::from_static("set-cookie"), value.clone());
            response = response.header(HeaderName::from_static("location"), value.clone());
            response = response.header(HeaderName::from_static("content-security-policy"), value);
        }
    }
    let (head, ()) = response.body(()).ok()?.into_parts();
    let step = usize::from(answer & 0x38) * 5 + 1;
    Some(release(
        engine.release(outstanding, head),
        page,
        if answer & 0x38 == 0 { page.len().max(1) } else { step },
    ))
}

/// The answer in parts of `step` bytes; the flag tells whether it was cut off.
fn release(mut release: Release, page: &[u8], step: usize) -> (Response<Vec<u8>>, bool) {
    let mut parts = page.chunks(step);
    let departure = loop {
        match release {
            Release::Ready(departure) => break departure,
            Release::Hold(held) => match parts.next() {
                Some(part) => release = held.push(part),
                None => break held.end(),
            },
        }
    };
    let Departure { head, first, tail, events, .. } = *departure;
    lines(&events);
    let mut sent = first.to_vec();
    let mut cut = false;
    if let Some(mut tail) = tail {
        for part in parts {
            match tail.push(Bytes::copy_from_slice(part)) {
                Ok(chunk) => sent.extend_from_slice(&chunk),
                Err(end) => {
                    lines(&end.events);
                    cut = true;
                    break;
                }
            }
        }
        if !cut {
            match tail.end() {
                Ok((last, events)) => {
                    sent.extend_from_slice(&last);
                    lines(&events);
                }
                Err(end) => {
                    lines(&end.events);
                    cut = true;
                }
            }
        }
        lines(&tail.close(None));
    }
    (Response::from_parts(head, sent), cut)
}

/// An event is one line, whatever a client has put into it (CWE-117).
fn lines(events: &[portcullis::Event]) {
    for event in events {
        let line = event.line(1);
        assert!(!line.is_empty() && line.chars().all(|c| !c.is_control()), "{line}");
    }
}
