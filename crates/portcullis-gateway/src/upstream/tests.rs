//! The proxy end to end, over real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::Gateway;
use crate::testing::{app, ask, gate, header, plain, read_head, request, settings};

/// Answers every connection with one text and closes it.
async fn answering(answer: &'static str) -> SocketAddr {
    app(move |mut stream, _| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await
}

/// Tells back the head that it got.
async fn mirror() -> SocketAddr {
    app(|mut stream, _| async move {
        let head = read_head(&mut stream).await;
        let length = head.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{head}"
        );
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("")
}

#[tokio::test]
async fn a_page_passes_and_keeps_its_body() {
    let gate = gate(
        answering("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello").await,
    );
    let answer = ask(plain(&gate), &request("GET /", "")).await;
    assert_eq!(status(&answer), "200", "{answer}");
    assert_eq!(body(&answer), "hello");
}

#[tokio::test]
async fn an_answer_with_more_headers_than_most_is_still_an_answer() {
    let fields: String = (0..200).map(|n| format!("X-Part-{n}: {n}\r\n")).collect();
    let answer = format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 0\r\n\r\n");
    let gate = gate(answering(answer.leak()).await);
    let answer = ask(plain(&gate), &request("GET /", "")).await;
    assert_eq!(status(&answer), "200", "{answer}");
    assert_eq!(header(&answer, "x-part-199"), Some("199"));
}

#[tokio::test]
async fn answers_without_a_body_have_none() {
    let gate = gate(answering("HTTP/1.1 204 No Content\r\nX-App: yes\r\n\r\n").await);
    let answer = ask(plain(&gate), &request("GET /", "")).await;
    assert_eq!((status(&answer), body(&answer)), ("204", ""), "{answer}");
    assert_eq!(header(&answer, "x-app"), Some("yes"));
    assert_eq!(header(&answer, "content-length"), None);
    assert_eq!(header(&answer, "transfer-encoding"), None);

    let gate = self::gate(answering("HTTP/1.1 304 Not Modified\r\nETag: \"7\"\r\n\r\n").await);
    let answer = ask(plain(&gate), &request("GET /", "If-None-Match: \"7\"\r\n")).await;
    assert_eq!((status(&answer), body(&answer)), ("304", ""), "{answer}");
    assert_eq!(header(&answer, "etag"), Some("\"7\""));
}

#[tokio::test]
async fn head_keeps_the_length_of_what_get_would_give() {
    let gate =
        gate(answering("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1234\r\n\r\n").await);
    let answer = ask(plain(&gate), &request("HEAD /", "")).await;
    assert_eq!((status(&answer), body(&answer)), ("200", ""), "{answer}");
    assert_eq!(header(&answer, "content-length"), Some("1234"));
}

#[tokio::test]
async fn facts_are_ours_and_never_what_the_client_claims() {
    let gate = gate(mirror().await);
    let claims = "X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n\
                  X-Real-IP: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\n\
                  X-Forwarded-Prefix: /evil\r\nX-Original-URL: /admin\r\nX-Portcullis-Exchange: forged\r\n\
                  Proxy: http://evil.example\r\nX-App: kept\r\n";
    let answer = ask(plain(&gate), &request("GET /a?b=c", claims)).await;
    let seen = body(&answer);
    assert!(seen.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{seen}");
    for lie in ["6.6.6.6", "evil", "forged", "/admin"] {
        assert!(!seen.contains(lie), "{lie} in {seen}");
    }
    assert_eq!(header(seen, "x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(header(seen, "x-forwarded-proto"), Some("http"));
    assert_eq!(header(seen, "x-app"), Some("kept"));
    assert_eq!(header(seen, "via"), Some("1.1 portcullis"));
    assert!(header(seen, "forwarded").unwrap().starts_with("for=127.0.0.1;"), "{seen}");
    assert_eq!(header(seen, "x-portcullis-exchange").map(str::len), Some(16));
}

#[tokio::test]
async fn what_is_about_one_connection_stays_on_it() {
    let gate = gate(mirror().await);
    let hops = "Keep-Alive: timeout=5\r\nTE: trailers, deflate\r\nProxy-Authorization: Basic eA==\r\n\
                X-Hop: 1\r\n";
    let sent = request("GET /", hops).replace("Connection: close", "Connection: close, X-Hop");
    let seen = ask(plain(&gate), &sent).await;
    let seen = body(&seen);
    for gone in ["keep-alive", "proxy-authorization", "x-hop"] {
        assert_eq!(header(seen, gone), None, "{gone} in {seen}");
    }
    assert_eq!(header(seen, "te"), Some("trailers"));
    assert_eq!(header(seen, "connection"), Some("te"));

    let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\
                  Keep-Alive: timeout=5\r\nAlt-Svc: h2=\":5000\"\r\nProxy-Authenticate: Basic\r\n\r\n";
    let gate = self::gate(answering(answer).await);
    let answer = ask(plain(&gate), &request("GET /", "")).await;
    for gone in ["keep-alive", "proxy-authenticate", "x-hop", "alt-svc"] {
        assert_eq!(header(&answer, gone), None, "{gone} in {answer}");
    }
}

#[tokio::test]
async fn a_body_in_chunks_passes_both_ways() {
    let address = app(|mut stream, _| async move {
        let head = read_head(&mut stream).await;
        assert_eq!(header(&head, "transfer-encoding"), Some("chunked"), "{head}");
        let mut sent = String::new();
        while !sent.ends_with("0\r\n\r\n") {
            sent.push(char::from(stream.read_u8().await.unwrap()));
        }
        let body: String = sent.lines().filter(|line| line.len() > 3).collect();
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let gate = gate(address);
    let sent = request("POST /", "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n")
        + "5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n";
    let answer = ask(plain(&gate), &sent).await;
    assert_eq!(status(&answer), "200", "{answer}");
    assert!(answer.contains("firstsecond"), "{answer}");
    assert!(answer.ends_with("0\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn trailers_reach_a_client_that_takes_them() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\
                  3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n";
    let gate = gate(answering(answer).await);
    let answer = ask(plain(&gate), &request("GET /", "TE: trailers\r\n")).await;
    assert!(body(&answer).to_ascii_lowercase().contains("x-sum: 7"), "{answer}");
}

#[tokio::test]
async fn the_first_event_arrives_before_the_stream_ends() {
    let address = app(|mut stream, _| async move {
        read_head(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: first\n\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // The client reads the first event while the app is still silent.
        let _ = stream.read_u8().await;
    })
    .await;
    let gate = gate(address);
    let mut stream = TcpStream::connect(plain(&gate)).await.unwrap();
    stream.write_all(request("GET /", "").as_bytes()).await.unwrap();
    let mut seen = String::new();
    while !seen.contains("data: first\n\n") {
        let byte = tokio::time::timeout(Duration::from_secs(5), stream.read_u8()).await.unwrap().unwrap();
        seen.push(char::from(byte));
    }
}

#[tokio::test]
async fn both_sides_switch_after_the_app_agreed() {
    let address = app(|mut stream, _| async move {
        let head = read_head(&mut stream).await;
        assert_eq!(header(&head, "upgrade"), Some("websocket"), "{head}");
        assert_eq!(header(&head, "connection"), Some("upgrade"), "{head}");
        let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        let mut frame = [0; 4];
        while stream.read_exact(&mut frame).await.is_ok() {
            stream.write_all(&frame).await.unwrap();
        }
    })
    .await;
    let gate = gate(address);
    let mut stream = TcpStream::connect(plain(&gate)).await.unwrap();
    let handshake = "GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(handshake.as_bytes()).await.unwrap();
    let head = read_head(&mut stream).await;
    assert_eq!(status(&head), "101", "{head}");
    assert_eq!(header(&head, "upgrade"), Some("websocket"));
    assert_eq!(header(&head, "sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    for frame in [*b"\x81\x02hi", [0, 0xff, b'\r', b'\n']] {
        stream.write_all(&frame).await.unwrap();
        let mut back = [0; 4];
        tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut back)).await.unwrap().unwrap();
        assert_eq!(back, frame);
    }
}

#[tokio::test]
async fn an_app_that_does_not_agree_answers_as_always() {
    let gate = gate(
        answering("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno")
            .await,
    );
    let handshake =
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n";
    let answer = ask(plain(&gate), handshake).await;
    assert_eq!((status(&answer), body(&answer)), ("400", "no"), "{answer}");
}

#[tokio::test]
async fn an_app_that_is_down_is_told_from_one_that_is_slow() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let gate = gate(nobody);
    let answer = ask(plain(&gate), &request("GET /", "")).await;
    assert_eq!(status(&answer), "502", "{answer}");

    let silent = app(|mut stream, _| async move {
        read_head(&mut stream).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    let mut settings = settings(&format!("http://{silent}"));
    settings.upstream.response_timeout = Duration::from_millis(200);
    let gate = Gateway::start(settings).unwrap();
    let answer = ask(plain(&gate), &request("GET /", "")).await;
    assert_eq!(status(&answer), "504", "{answer}");

    let gate = self::gate(answering("SSH-2.0-OpenSSH_9.6\r\n").await);
    let log = gate.log.clone();
    let answer = ask(plain(&gate), &request("GET /", "Accept: text/html\r\n")).await;
    assert_eq!(status(&answer), "502", "{answer}");
    assert!(answer.contains("makes no sense"), "{answer}");
    log.flush();
}

#[tokio::test]
async fn a_slow_upload_is_not_a_slow_app() {
    let address = app(|mut stream, _| async move {
        read_head(&mut stream).await;
        let mut upload = [0; 6];
        stream.read_exact(&mut upload).await.unwrap();
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let mut settings = settings(&format!("http://{address}"));
    settings.upstream.response_timeout = Duration::from_millis(400);
    let gate = Gateway::start(settings).unwrap();
    let mut stream = TcpStream::connect(plain(&gate)).await.unwrap();
    let head = request("POST /", "Content-Type: application/octet-stream\r\nContent-Length: 6\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        stream.write_all(b"x").await.unwrap();
    }
    let answer = read_head(&mut stream).await;
    assert_eq!(status(&answer), "200", "{answer}");
}

/// Answers once, then closes the connection upon the next request without a word.
async fn closing_quietly() -> SocketAddr {
    app(|mut stream, number| async move {
        let answer =
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\n{number}");
        read_head(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        read_head(&mut stream).await;
    })
    .await
}

#[tokio::test]
async fn a_dead_pooled_connection_is_replaced_for_what_may_be_repeated() {
    let gate = gate(closing_quietly().await);
    assert_eq!(body(&ask(plain(&gate), &request("GET /", "")).await), "0");
    assert_eq!(body(&ask(plain(&gate), &request("GET /", "")).await), "1");
}

#[tokio::test]
async fn what_may_not_be_repeated_is_not() {
    let gate = gate(closing_quietly().await);
    assert_eq!(body(&ask(plain(&gate), &request("GET /", "")).await), "0");
    let post = request("POST /", "Content-Type: text/plain\r\nContent-Length: 1\r\n") + "x";
    assert_eq!(status(&ask(plain(&gate), &post).await), "502");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_taken_for_the_whole() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n";
    let gate = gate(answering(cut).await);
    let answer = ask(plain(&gate), &request("GET /", "")).await;
    assert!(!answer.ends_with("0\r\n\r\n"), "{answer}");

    let short =
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 10\r\n\r\nfirst";
    let gate = self::gate(answering(short).await);
    let answer = ask(plain(&gate), &request("GET /", "")).await;
    assert!(body(&answer).len() < 10, "{answer}");
}

#[tokio::test]
async fn the_client_is_told_to_go_on_and_the_app_never_asked() {
    let address = app(|mut stream, _| async move {
        let head = read_head(&mut stream).await;
        assert_eq!(header(&head, "expect"), None, "{head}");
        let mut sent = [0; 4];
        stream.read_exact(&mut sent).await.unwrap();
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.write_all(&sent).await.unwrap();
    })
    .await;
    let gate = gate(address);
    let mut stream = TcpStream::connect(plain(&gate)).await.unwrap();
    let head = request("POST /", "Content-Type: text/plain\r\nContent-Length: 4\r\nExpect: 100-continue\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(status(&read_head(&mut stream).await), "100");
    stream.write_all(b"body").await.unwrap();
    let answer = read_head(&mut stream).await;
    assert_eq!(status(&answer), "200", "{answer}");
}

#[tokio::test]
async fn connect_and_trace_reach_no_app() {
    let gate = gate(mirror().await);
    let answer = ask(plain(&gate), &request("TRACE /", "")).await;
    assert!(status(&answer).starts_with('4'), "{answer}");
    assert!(!answer.contains("TRACE / HTTP"), "{answer}");
}

/// An app that speaks HTTP/2 in the open and ends its answer as gRPC does.
async fn grpc() -> SocketAddr {
    app(|stream, _| async move {
        let service = service_fn(|request: Request<hyper::body::Incoming>| async move {
            let authority = request.uri().authority().map_or(String::new(), ToString::to_string);
            let te = request.headers().get("te").cloned();
            let sent = request.into_body().collect().await?.to_bytes();
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", HeaderValue::from_static("0"));
            let body = Full::new(sent).with_trailers(async move { Some(Ok(trailers)) });
            let mut response = Response::new(body);
            let headers = response.headers_mut();
            headers.insert("content-type", HeaderValue::from_static("application/grpc"));
            headers.insert("x-authority", HeaderValue::from_str(&authority).unwrap());
            headers.extend(te.map(|te| (http::HeaderName::from_static("x-te"), te)));
            Ok::<_, hyper::Error>(response)
        });
        let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service)
            .await;
    })
    .await
}

#[tokio::test]
async fn a_call_of_grpc_keeps_its_trailers() {
    let gate = Gateway::start(settings(&format!("h2c://{}", grpc().await))).unwrap();
    let stream = TcpStream::connect(plain(&gate)).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::post("http://localhost/notes.Notes/Add")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::new(Bytes::from_static(b"\0\0\0\0\x02ok")))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-authority"], "localhost");
    assert_eq!(response.headers()["x-te"], "trailers");
    let collected = response.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(collected.to_bytes(), "\0\0\0\0\x02ok");
}
