//! The client over real sockets.

use bytes::Bytes;
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::testing::fetches;

/// A server on this machine that answers each connection with these bytes.
async fn server(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = socket.read(&mut head).await;
            let _ = socket.write_all(&answer).await;
        }
    });
    format!("http://{address}/")
}

fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).unwrap()
}

#[tokio::test]
async fn plain_http_is_spoken_to_this_machine_only_and_only_where_that_is_allowed() {
    let url = server(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec()).await;
    assert_eq!(fetches(true).fetch(get(&url)).await.unwrap().body(), "{}");
    assert_eq!(fetches(false).fetch(get(&url)).await.map(|_| ()), Err(FetchFailure::Forbidden(url)));
    for url in ["http://idp.example/", "ftp://127.0.0.1/", "http://169.254.169.254/latest/"] {
        assert_eq!(
            fetches(true).fetch(get(url)).await.map(|_| ()),
            Err(FetchFailure::Forbidden(url.to_owned()))
        );
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_a_way() {
    let url =
        server(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_vec());
    let answer = fetches(true).fetch(get(&url.await)).await.unwrap();
    assert_eq!(answer.status(), 302);
}

#[tokio::test]
async fn an_answer_without_an_end_is_cut_off() {
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.extend(vec![b' '; 300 * 1024]);
    let answer = fetches(true).fetch(get(&server(endless).await)).await;
    assert!(matches!(answer, Err(FetchFailure::Away { .. })), "{answer:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_away() {
    let answer = fetches(true).fetch(get("https://127.0.0.1:1/")).await;
    assert!(matches!(answer, Err(FetchFailure::Away { .. })), "{answer:?}");
}
