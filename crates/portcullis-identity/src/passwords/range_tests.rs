//! A service of ranges on this machine, over real sockets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Password, Ranges};
use crate::oidc::FetchFailure;
use crate::testing::fetches;

/// The SHA-1 of `correct horse battery staple` is ABF7A AD6438836DBE526AA231ABDE2D0EEF74D42.
const LISTED: &str = "correct horse battery staple";
const SUFFIX: &str = "AD6438836DBE526AA231ABDE2D0EEF74D42";

type Heard = Arc<Mutex<Vec<String>>>;

/// Answers each request with this, and keeps what it heard.
async fn service(answer: String) -> (Ranges, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/range", listener.local_addr().unwrap());
    let heard = Heard::default();
    let hear = heard.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            let mut chunk = [0; 1024];
            while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
                match socket.read(&mut chunk).await {
                    Ok(0) | Err(_) => break,
                    Ok(length) => bytes.extend_from_slice(&chunk[..length]),
                }
            }
            hear.lock().unwrap().push(String::from_utf8(bytes).unwrap());
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    (ranges_of(&url), heard)
}

fn ranges_of(url: &str) -> Ranges {
    Ranges::new(url, Arc::new(fetches(true)))
}

fn answer(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

#[tokio::test]
async fn a_password_is_looked_up_by_five_digits_and_nothing_else_leaves() {
    let body = format!("{}:3\r\n{SUFFIX}:1384\r\n{}:0\r\n", "0".repeat(35), "F".repeat(35));
    let (ranges, heard) = service(answer(&body)).await;
    assert_eq!(ranges.list(&password(LISTED)).await, Ok(true));
    assert_eq!(ranges.list(&password("another one that nobody has")).await, Ok(false));
    let heard = heard.lock().unwrap().clone();
    assert_eq!(heard.len(), 2);
    let lines = heard[0].lines().filter(|line| !line.is_empty()).collect::<Vec<_>>();
    assert_eq!(lines[0], "GET /range/ABF7A HTTP/1.1");
    for line in &lines[1..] {
        let name = line.split(':').next().unwrap().to_ascii_lowercase();
        assert!(["host", "add-padding", "accept", "user-agent"].contains(&name.as_str()), "{line}");
    }
    assert!(lines.contains(&"add-padding: true"));
    assert!(!heard[0].to_ascii_uppercase().contains("AD643883"));
}

#[tokio::test]
async fn what_was_added_to_pad_the_answer_counts_for_nothing() {
    let (ranges, _) = service(answer(&format!("{SUFFIX}:0\r\n"))).await;
    assert_eq!(ranges.list(&password(LISTED)).await, Ok(false));
    let (ranges, _) = service(answer(&format!("{}:2", SUFFIX.to_ascii_lowercase()))).await;
    assert_eq!(ranges.list(&password(LISTED)).await, Ok(true), "in either case of letters");
}

#[tokio::test]
async fn a_password_that_another_keyboard_types_otherwise_is_looked_up_in_both_forms() {
    let (ranges, heard) = service(answer("")).await;
    assert_eq!(ranges.list(&password("caf\u{65}\u{301} au lait by the sea")).await, Ok(false));
    assert_eq!(heard.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_service_that_is_away_or_says_something_else_is_told_as_such() {
    let unusable =
        |answered: &Result<bool, FetchFailure>| matches!(answered, Err(FetchFailure::Unusable { .. }));
    for wrong in [
        "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n".to_owned(),
        answer("<html>sign in to this network</html>"),
        answer("0123:1"),
        answer(&format!("{SUFFIX}:many")),
    ] {
        let (ranges, _) = service(wrong.clone()).await;
        let answered = ranges.list(&password(LISTED)).await;
        assert!(unusable(&answered), "{wrong}: {answered:?}");
    }
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", format!("{SUFFIX}:0\n").repeat(10_000));
    let (ranges, _) = service(endless).await;
    assert!(matches!(ranges.list(&password(LISTED)).await, Err(FetchFailure::Away { .. })), "bounded");
    let gone = ranges_of("http://127.0.0.1:1/range/");
    assert!(matches!(gone.list(&password(LISTED)).await, Err(FetchFailure::Away { .. })));
    // One that takes the request and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = ranges_at(&listener).with_patience(Duration::from_millis(50));
    let Err(FetchFailure::Away { url, why }) = silent.list(&password(LISTED)).await else {
        panic!("answered")
    };
    assert!(why.contains("50 ms") && !url.contains("ABF7A"), "{url}: {why}");
}

fn ranges_at(listener: &TcpListener) -> Ranges {
    ranges_of(&format!("http://{}/", listener.local_addr().unwrap()))
}
