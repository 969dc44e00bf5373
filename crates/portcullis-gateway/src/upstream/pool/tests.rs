//! The pool, seen from the app: which connection a request comes on.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::Gateway;
use crate::testing::{app, ask, gate, plain, read_head, request, settings};

/// Tells the number of the connection, as often as it is asked.
async fn numbered() -> std::net::SocketAddr {
    app(|mut stream, number| async move {
        while !read_head(&mut stream).await.is_empty() {
            let answer =
                format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\n{number}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    })
    .await
}

#[tokio::test]
async fn one_connection_serves_one_request_after_another() {
    let mut settings = settings(&format!("http://{}", numbered().await));
    settings.threads = 1;
    let gate = Gateway::start(settings).unwrap();
    for _ in 0..5 {
        let answer = ask(plain(&gate), &request("GET /", "")).await;
        assert!(answer.ends_with("\r\n\r\n0"), "{answer}");
    }
}

#[tokio::test]
async fn an_unused_connection_is_closed_in_time() {
    let (ended, mut end) = mpsc::unbounded_channel();
    let address = app(move |mut stream, _| {
        let ended = ended.clone();
        async move {
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            let read = stream.read(&mut [0]).await;
            let _ = ended.send(read.unwrap_or(0));
        }
    })
    .await;
    let mut settings = settings(&format!("http://{address}"));
    settings.upstream.idle_timeout = Duration::from_millis(200);
    let gate = Gateway::start(settings).unwrap();
    ask(plain(&gate), &request("GET /", "")).await;
    let closed = tokio::time::timeout(Duration::from_secs(20), end.recv()).await;
    assert_eq!(closed, Ok(Some(0)), "the gate closes it, and sends nothing on it");
}

#[tokio::test]
async fn what_is_left_of_an_answer_is_never_the_next_one() {
    let address = app(|mut stream, number| async move {
        let head = read_head(&mut stream).await;
        if head.starts_with("GET /long ") {
            let begun = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000000\r\n\r\nbegun";
            stream.write_all(begun.as_bytes()).await.unwrap();
            // The gate must close: what would come now belongs to nobody.
            let _ = stream.read(&mut [0]).await;
        } else {
            let answer =
                format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\n{number}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    })
    .await;
    let gate = gate(address);
    let mut stream = TcpStream::connect(plain(&gate)).await.unwrap();
    stream.write_all(request("GET /long", "").as_bytes()).await.unwrap();
    let mut part = [0; 64];
    assert!(stream.read(&mut part).await.unwrap() > 0);
    drop(stream);
    let answer = ask(plain(&gate), &request("GET /", "")).await;
    assert!(answer.ends_with("\r\n\r\n1"), "{answer}");
}
