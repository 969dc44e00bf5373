//! One request over HTTP/3 and its answer.

use bytes::Bytes;
use h3::error::{Code, StreamError};
use h3::server::{RequestResolver, RequestStream};
use http::{HeaderMap, Response, header};
use http_body_util::BodyExt;
use portcullis::Peer;
use portcullis_tower::{Body, BodyError, BodyFault};
use tokio::time::Instant;

use super::super::connection::{Held, slot};
use super::super::pace::{Demand, Pace};
use super::super::patience::{Patient, Slow};
use super::super::shed;
use super::Guest;
use super::body::{Malformed, Upload};
use super::transport::Metered;

/// The way back to the client.
type Sending = RequestStream<h3_quinn::SendStream<Bytes>, Bytes>;

/// What cannot be in a message of HTTP/3 (RFC 9114 section 4.2).
const OF_CONNECTIONS: [header::HeaderName; 5] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::HeaderName::from_static("keep-alive"),
    header::HeaderName::from_static("proxy-connection"),
];

/// Reads a request, asks the gate, and sends what it answers.
///
/// # Errors
/// When the client goes away, sends what cannot be read, or is too slow.
pub(super) async fn run(
    resolver: RequestResolver<Metered<h3_quinn::Connection>, Bytes>,
    guest: Guest,
    held: Held,
) -> Result<(), BodyError> {
    let Guest { service, peer, proven, timeouts, crowd } = guest;
    let resolved = tokio::time::timeout(timeouts.header, resolver.resolve_request()).await;
    let (request, stream) = resolved.map_err(|_| "the head came too slowly")??;
    let (mut sending, receiving) = stream.split();
    let malformed = Malformed::default();
    let begun = Upload::begin(receiving, request.headers(), malformed.clone());
    let upload = match tokio::time::timeout(timeouts.body.silence, begun).await {
        Ok(Ok(upload)) => upload,
        Ok(Err(error)) => {
            sending.stop_stream(Code::H3_MESSAGE_ERROR);
            return Err(error);
        }
        Err(_) => {
            sending.stop_stream(Code::H3_REQUEST_INCOMPLETE);
            return Err("the request body came too slowly".into());
        }
    };
    let slow = Slow::default();
    let mut request = request.map(|()| Patient::new(upload, timeouts.body, slow.clone(), held.clone()));
    let extensions = request.extensions_mut();
    extensions.insert::<Peer>(peer);
    extensions.insert(BodyFault(std::sync::Arc::new(move || slow.reason())));
    if let Some(proven) = proven {
        extensions.insert(proven);
    }
    let response = match slot(&crowd, &request) {
        Some(_slot) => service.pass(request).await?,
        None => shed::overloaded(),
    };
    if response.extensions().get::<portcullis::HangUp>().is_some() {
        sending.stop_stream(Code::H3_REQUEST_REJECTED);
        return Err("a rule closes the stream".into());
    }
    if malformed.is_so() {
        sending.stop_stream(Code::H3_MESSAGE_ERROR);
        return Err("the body is not as long as its head said".into());
    }
    let sent = send(&mut sending, response, timeouts.send).await;
    if sent.is_err() {
        // What has come of the answer must not be taken for the whole.
        sending.stop_stream(Code::H3_INTERNAL_ERROR);
    }
    sent
}

/// Sends an answer to a client that must take it.
async fn send(sending: &mut Sending, response: Response<Body>, demand: Demand) -> Result<(), BodyError> {
    let (mut head, mut body) = response.into_parts();
    for name in OF_CONNECTIONS {
        head.headers.remove(name);
    }
    let mut takes = Pace::new(demand);
    taken(&mut takes, 0, sending.send_response(Response::from_parts(head, ()))).await?;
    let mut trailers: Option<HeaderMap> = None;
    while let Some(frame) = body.frame().await {
        match frame?.into_data() {
            Ok(data) if data.is_empty() => {}
            Ok(data) => {
                let length = data.len();
                taken(&mut takes, length, sending.send_data(data)).await?;
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    if let Some(trailers) = trailers {
        taken(&mut takes, 0, sending.send_trailers(trailers)).await?;
    }
    taken(&mut takes, 0, sending.finish()).await
}

/// Waits for a client to make room for `bytes`, as long as is asked of it (slow reading, CWE-400).
async fn taken(
    takes: &mut Pace,
    bytes: usize,
    sends: impl Future<Output = Result<(), StreamError>>,
) -> Result<(), BodyError> {
    let done = match takes.waits(Instant::now()) {
        Some(deadline) => {
            tokio::time::timeout_at(deadline, sends).await.map_err(|_| "nobody took the answer")?
        }
        None => sends.await,
    };
    takes.moved(bytes, Instant::now);
    takes.rests();
    Ok(done?)
}
