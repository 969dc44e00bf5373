//! The door as a Rust app uses it.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use portcullis::keys::Keyring;
use portcullis::{Engine, Event, Listener, Peer, Policy, TlsFacts};
use portcullis_tower::{Body, EventSink, Facts, Gate, GateLayer};
use tower::{Layer, Service, ServiceExt};

type Log = Arc<Mutex<Vec<Event>>>;

fn gate<S>(policy: &str, app: S) -> (Gate<S>, Log) {
    let (policy, _) = Policy::parse("policy", policy).unwrap();
    let log = Log::default();
    let sink: Arc<dyn EventSink> = {
        let log = log.clone();
        Arc::new(move |event: Event| log.lock().unwrap().push(event))
    };
    let engine = Arc::new(Engine::new(policy, Keyring::new([1; 32], Vec::new())));
    (GateLayer::new(engine, sink).layer(app), log)
}

fn peer() -> Peer {
    Peer {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000)),
        listener: Listener::Https,
        tls: Some(TlsFacts { version: "TLSv1.3", ..TlsFacts::default() }),
    }
}

fn request(method: &str, target: &str, body: &str) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(target)
        .header("host", "localhost")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("content-length", body.len())
        .extension(peer())
        .body(Full::new(Bytes::from(body.to_owned())))
        .unwrap()
}

#[tokio::test]
async fn the_app_learns_who_is_calling_and_gets_the_whole_body() {
    let app = tower::service_fn(|request: Request<Body>| async move {
        let facts = request.extensions().get::<Facts>().unwrap().clone();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let told =
            format!("{} {} {} {}", facts.client.ip, facts.site.name, facts.scheme.as_str(), body.len());
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(told))))
    });
    let (gate, log) = gate("", app);
    let response = gate.oneshot(request("POST", "/", "a=1&b=2")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "127.0.0.1 localhost https 7");
    assert!(log.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_request_from_nobody_never_reaches_the_app() {
    let app =
        tower::service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::empty())) });
    let (gate, _) = gate("", app);
    let mut request = request("GET", "/", "");
    request.extensions_mut().remove::<Peer>();
    assert_eq!(gate.oneshot(request).await.unwrap().status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn an_event_stream_is_not_held_back() {
    let app = tower::service_fn(|_: Request<Body>| async {
        let (sender, receiver) = tokio::sync::mpsc::channel::<Bytes>(4);
        tokio::spawn(async move {
            let _ = sender.send(Bytes::from_static(b"data: 1\n\n")).await;
            tokio::time::sleep(Duration::from_secs(60)).await;
            drop(sender);
        });
        let frames = stream::unfold(receiver, |mut receiver| async move {
            let chunk = receiver.recv().await?;
            Some((Ok::<_, Infallible>(Frame::data(chunk)), receiver))
        });
        let body = StreamBody::new(Box::pin(frames));
        let mut response = Response::new(body);
        response.headers_mut().insert("content-type", http::HeaderValue::from_static("text/event-stream"));
        Ok::<_, Infallible>(response)
    });
    let (gate, _) = gate("", app);
    let soon = Duration::from_secs(5);
    let response = tokio::time::timeout(soon, gate.oneshot(request("GET", "/", ""))).await.unwrap().unwrap();
    let first = tokio::time::timeout(soon, response.into_body().frame()).await.unwrap().unwrap().unwrap();
    assert_eq!(first.into_data().unwrap(), "data: 1\n\n");
}

#[tokio::test]
async fn a_page_that_pauses_is_shown_as_far_as_it_has_come() {
    let app = tower::service_fn(|_: Request<Body>| async {
        let first = stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"<p>one</p>")))]);
        let body = StreamBody::new(Box::pin(futures_util::StreamExt::chain(first, stream::pending())));
        let mut response = Response::new(body);
        response
            .headers_mut()
            .insert("content-type", http::HeaderValue::from_static("text/html; charset=utf-8"));
        Ok::<_, Infallible>(response)
    });
    let (gate, _) = gate("", app);
    let soon = Duration::from_secs(5);
    let response = tokio::time::timeout(soon, gate.oneshot(request("GET", "/", ""))).await.unwrap().unwrap();
    let first = tokio::time::timeout(soon, response.into_body().frame()).await.unwrap().unwrap().unwrap();
    assert_eq!(first.into_data().unwrap(), "<p>one</p>");
}

#[tokio::test]
async fn a_body_that_passes_its_limit_in_mid_stream_breaks_off_before_the_app_takes_it_for_whole() {
    let whole = Arc::new(Mutex::new(None));
    let seen = whole.clone();
    let app = tower::service_fn(move |request: Request<Body>| {
        let seen = seen.clone();
        async move {
            *seen.lock().unwrap() = Some(request.into_body().collect().await.is_ok());
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }
    });
    let (gate, log) = gate("[limits]\nbody = 100\n", app);
    let frames =
        stream::iter((0..20).map(|_| Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"0123456789")))));
    let request = Request::builder()
        .method("POST")
        .uri("/")
        .header("host", "localhost")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/octet-stream")
        .extension(peer())
        .body(StreamBody::new(Box::pin(frames)))
        .unwrap();
    let response = gate.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(*whole.lock().unwrap(), Some(false));
    assert_eq!(log.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn trailers_come_through_both_ways() {
    let app = tower::service_fn(|request: Request<Body>| async move {
        let came = request.into_body().collect().await.unwrap();
        let trailer = came.trailers().unwrap().get("x-sum").unwrap().clone();
        let mut trailers = http::HeaderMap::new();
        trailers.insert("grpc-status", trailer);
        let frames =
            [Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"x"))), Ok(Frame::trailers(trailers))];
        let mut response = Response::new(StreamBody::new(stream::iter(frames)));
        response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/grpc"));
        Ok::<_, Infallible>(response)
    });
    let (mut gate, _) = gate("", app);
    let mut trailers = http::HeaderMap::new();
    trailers.insert("x-sum", http::HeaderValue::from_static("7"));
    let frames =
        [Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"abc"))), Ok(Frame::trailers(trailers))];
    let request = Request::builder()
        .method("POST")
        .uri("/svc/call")
        .header("host", "localhost")
        .header("content-type", "application/grpc")
        .extension(peer())
        .body(StreamBody::new(stream::iter(frames)))
        .unwrap();
    let response = gate.call(request).await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(response.trailers().unwrap().get("grpc-status").unwrap(), "7");
}

#[tokio::test]
async fn a_body_that_breaks_a_limit_after_the_answer_has_begun_leaves_an_event() {
    let app = tower::service_fn(|request: Request<Body>| async move {
        let frames = stream::unfold(request.into_body(), |mut body| async move {
            let frame = body.frame().await?.ok()?;
            Some((Ok::<_, Infallible>(Frame::data(frame.into_data().ok()?)), body))
        });
        let mut response = Response::new(StreamBody::new(Box::pin(frames)));
        response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/grpc"));
        Ok::<_, Infallible>(response)
    });
    let (gate, log) = gate("[limits]\nbody = 100\n", app);
    let frames =
        stream::iter((0..20).map(|_| Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"0123456789")))));
    let request = Request::builder()
        .method("POST")
        .uri("/")
        .header("host", "localhost")
        .header("content-type", "application/grpc")
        .extension(peer())
        .body(StreamBody::new(Box::pin(frames)))
        .unwrap();
    let echoed = gate.oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    assert!(echoed.len() <= 100, "{} bytes came back", echoed.len());
    assert_eq!(log.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_secret_in_the_last_bytes_of_a_known_length_is_not_sent() {
    let key = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC".repeat(8)
    );
    let page = format!("{}{key}", "x".repeat(400_000));
    let app = tower::service_fn(move |_: Request<Body>| {
        let page = page.clone();
        async move {
            let mut response = Response::new(Full::new(Bytes::from(page.clone())));
            let headers = response.headers_mut();
            headers.insert("content-type", http::HeaderValue::from_static("text/plain"));
            headers.insert("content-length", http::HeaderValue::from(page.len()));
            Ok::<_, Infallible>(response)
        }
    });
    let (gate, log) = gate("", app);
    let response = gate.oneshot(request("GET", "/", "")).await.unwrap();
    let mut sent = Vec::new();
    let mut body = response.into_body();
    // As a server does that counts down what it announced.
    while let Some(Ok(frame)) = body.frame().await {
        sent.extend_from_slice(&frame.into_data().unwrap());
        if http_body::Body::is_end_stream(&body) {
            break;
        }
    }
    drop(body);
    assert!(!String::from_utf8_lossy(&sent).contains("END PRIVATE KEY"));
    assert_eq!(log.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_that_ends_with_its_head_ends_so_behind_the_gate() {
    let app = tower::service_fn(|_: Request<Body>| async {
        let mut response = Response::new(http_body_util::Empty::<Bytes>::new());
        let headers = response.headers_mut();
        headers.insert("content-type", http::HeaderValue::from_static("application/grpc"));
        headers.insert("grpc-status", http::HeaderValue::from_static("5"));
        Ok::<_, Infallible>(response)
    });
    let (gate, log) = gate("", app);
    let response = gate.oneshot(request("GET", "/", "")).await.unwrap();
    assert_eq!(response.headers()["grpc-status"], "5");
    assert!(http_body::Body::is_end_stream(response.body()));
    assert_eq!(log.lock().unwrap().len(), 0);
}
