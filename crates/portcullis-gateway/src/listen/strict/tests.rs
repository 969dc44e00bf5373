//! The strict stream under a real hyper server.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use portcullis::layers::arrival::framing::ReaderLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::listen::pausing;

type Answer = Response<BoxBody<Bytes, Infallible>>;

fn full(status: StatusCode, text: String) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(text)).boxed());
    *response.status_mut() = status;
    response
}

/// More than a client's receive buffer takes: the end of the answer waits in the server's kernel.
const LONG: usize = 3_000_000;

/// Every head as it came, by the service's account.
type Heads = Arc<Mutex<Vec<Bytes>>>;

/// Tells what it got: the head's length as sent and the body; or the code of what was wrong.
async fn tell(request: Request<Incoming>, wires: WireQueue, heads: Heads) -> Answer {
    let arrival = wires.pop().expect("an arrival for each request");
    if arrival.malformed {
        let mut answer = full(StatusCode::BAD_REQUEST, arrival.wire.fatal().fault.code().to_owned());
        answer.headers_mut().insert("connection", HeaderValue::from_static("close"));
        return answer;
    }
    let sent = String::from_utf8_lossy(&arrival.wire.head).into_owned();
    let line = format!("{} {}", request.method(), request.uri());
    assert!(sent.starts_with(&line), "the evidence of `{line}` is that of another request: {sent}");
    heads.lock().unwrap().push(arrival.wire.head);
    match request.uri().path() {
        // Answers at once, whatever is still being sent.
        "/early" => full(StatusCode::FORBIDDEN, "x".repeat(LONG)),
        // Answers the head and then nothing for a while.
        "/slow" => {
            let in_flight = arrival.in_flight;
            let frames = futures_util::stream::once(async move {
                tokio::time::sleep(Duration::from_millis(400)).await;
                drop(in_flight);
                Ok(Frame::data(Bytes::from_static(b"late")))
            });
            Response::new(StreamBody::new(frames).boxed())
        }
        "/chat" => {
            wires.upgraded();
            tokio::spawn(async move {
                let mut io = TokioIo::new(hyper::upgrade::on(request).await.unwrap());
                let mut bytes = [0; 64];
                while let Ok(read @ 1..) = io.read(&mut bytes).await {
                    io.write_all(&bytes[..read]).await.unwrap();
                }
            });
            let mut answer = full(StatusCode::SWITCHING_PROTOCOLS, String::new());
            answer.headers_mut().insert("connection", HeaderValue::from_static("upgrade"));
            answer.headers_mut().insert("upgrade", HeaderValue::from_static("websocket"));
            answer
        }
        _ => match request.into_body().collect().await {
            Ok(body) => {
                let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
                full(StatusCode::OK, format!("{}:{body};", sent.len()))
            }
            Err(_) => {
                let code = wires.body_fault().map_or("none", |reason| reason.fault.code());
                full(StatusCode::BAD_REQUEST, code.to_owned())
            }
        },
    }
}

fn patience() -> Patience {
    Patience {
        header: Duration::from_millis(150),
        body: Demand { silence: Duration::from_millis(150), rate: 0 },
        send: Demand { silence: Duration::from_millis(150), rate: 0 },
        idle: Duration::from_millis(150),
    }
}

fn serve<IO>(io: IO, heads: Heads, half_close: bool) -> tokio::task::JoinHandle<()>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (stream, wires) = StrictStream::new(io, ReaderLimits::default(), patience());
    let pauses = wires.clone();
    tokio::spawn(async move {
        let service = service_fn(move |request| {
            let (wires, heads) = (wires.clone(), Arc::clone(&heads));
            async move { Ok::<_, Infallible>(tell(request, wires, heads).await) }
        });
        let mut http = hyper::server::conn::http1::Builder::new();
        http.half_close(half_close);
        let _ = pausing::serve(&http, Box::new(stream), &pauses, service, std::future::pending()).await;
    })
}

fn connected() -> (DuplexStream, Heads) {
    let (client, server) = tokio::io::duplex(64 * 1024);
    let heads = Heads::default();
    serve(server, Arc::clone(&heads), true);
    (client, heads)
}

/// All that comes until the server ends the connection.
async fn rest<R: AsyncRead + Unpin>(client: &mut R) -> String {
    let mut answer = Vec::new();
    let read = client.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(10), read).await.expect("the connection did not end").unwrap();
    String::from_utf8(answer).unwrap()
}

async fn exchange(bytes: &str) -> (String, Vec<Bytes>) {
    let (mut client, heads) = connected();
    client.write_all(bytes.as_bytes()).await.unwrap();
    let answer = rest(&mut client).await;
    let heads = heads.lock().unwrap().clone();
    (answer, heads)
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

const CHUNKED: &str = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

#[tokio::test]
async fn each_request_has_its_own_evidence() {
    let requests = [get("/one"), format!("{CHUNKED}3\r\nabc\r\n0\r\n\r\n"), get("/three?x")];
    let (answer, heads) = exchange(&requests.concat()).await;
    assert_eq!(answer.matches("200 OK").count(), 3, "{answer}");
    assert!(answer.contains(&format!("{}:abc;", CHUNKED.len())), "{answer}");
    let sent: Vec<&str> = vec![&requests[0], CHUNKED, &requests[2]];
    assert_eq!(heads, sent);
}

#[tokio::test]
async fn many_requests_at_once_are_answered_in_their_order() {
    let all: String = (0..200).map(|number| get(&format!("/{number:04}"))).collect();
    let (answer, heads) = exchange(&all).await;
    assert_eq!(answer.matches("200 OK").count(), 200);
    let wanted: Vec<String> = (0..200).map(|number| get(&format!("/{number:04}"))).collect();
    assert_eq!(heads, wanted);
}

#[tokio::test]
async fn bytes_that_drip_make_the_same_requests() {
    let (mut client, heads) = connected();
    let all = format!("{}{CHUNKED}3\r\nabc\r\n0\r\nX: y\r\n\r\n{}", get("/one"), get("/three"));
    for byte in all.as_bytes() {
        client.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let answer = rest(&mut client).await;
    assert_eq!(answer.matches("200 OK").count(), 3, "{answer}");
    assert_eq!(heads.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_malformed_head_is_answered_in_its_turn_and_ends_the_connection() {
    let all = format!("{}GET / HTTP/1.1\r\nHost : a\r\n\r\n{}", get("/good"), get("/never"));
    let (answer, heads) = exchange(&all).await;
    let (first, second) = answer.split_once("HTTP/1.1 400").unwrap();
    assert!(first.contains("200 OK") && second.ends_with("framing.space_before_colon"), "{answer}");
    assert_eq!(heads, [get("/good")]);
}

#[tokio::test]
async fn a_body_that_goes_wrong_breaks_off_with_its_reason() {
    let all = format!("{CHUNKED}3\r\nabcX\r\n0\r\n\r\n{}", get("/never"));
    let (answer, heads) = exchange(&all).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.ends_with("framing.chunk_end"), "{answer}");
    assert_eq!(heads, [CHUNKED]);
}

#[tokio::test]
async fn a_head_that_drips_is_refused_in_words() {
    let (answer, _) = exchange("GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ").await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.ends_with("framing.head_slow"), "{answer}");
}

#[tokio::test]
async fn a_byte_now_and_then_does_not_stretch_the_time_for_a_head() {
    let (mut client, _) = connected();
    let began = Instant::now();
    let dripping = async {
        loop {
            if client.write_all(b"X").await.is_err() {
                return;
            }
            let mut answer = [0; 12];
            if tokio::time::timeout(Duration::from_millis(20), client.read_exact(&mut answer)).await.is_ok() {
                assert_eq!(&answer, b"HTTP/1.1 400");
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), dripping).await.unwrap();
    assert!(began.elapsed() >= patience().header, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_silent_body_is_refused_in_words() {
    let (answer, _) = exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nonly").await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.ends_with("framing.body_slow"), "{answer}");
}

#[tokio::test]
async fn an_idle_connection_is_ended_without_a_word() {
    let began = Instant::now();
    let (answer, _) = exchange("").await;
    assert_eq!(answer, "");
    assert!(began.elapsed() >= patience().idle);
}

#[tokio::test]
async fn a_connection_with_an_answer_under_way_is_not_idle() {
    // Whether hyper listens while it answers or not.
    for half_close in [true, false] {
        let (mut client, server) = tokio::io::duplex(1024);
        serve(server, Heads::default(), half_close);
        client.write_all(get("/slow").as_bytes()).await.unwrap();
        let answer = rest(&mut client).await;
        assert!(answer.contains("late"), "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_goes_away_in_a_head_is_not_answered() {
    let (mut client, heads) = connected();
    client.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, "");
    assert!(heads.lock().unwrap().is_empty());
}

const UPGRADE: &str = " HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

#[tokio::test]
async fn after_an_upgrade_bytes_pass_unread() {
    let (mut client, _) = connected();
    // The first bytes of the new protocol come with the request, and are no HTTP.
    client.write_all(format!("GET /chat{UPGRADE}\u{1}\u{2}\r\n").as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    let mut echo = [0; 4];
    client.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"\x01\x02\r\n");
    // It has no time-outs of ours.
    tokio::time::sleep(patience().idle * 2).await;
    client.write_all(b"GET \x00").await.unwrap();
    let mut echo = [0; 5];
    client.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"GET \x00");
}

#[tokio::test]
async fn after_an_upgrade_that_was_declined_the_next_request_is_judged() {
    let declined = format!("GET /plain{UPGRADE}");
    let (answer, heads) = exchange(&format!("{declined}{}", get("/next"))).await;
    assert_eq!(answer.matches("200 OK").count(), 2, "{answer}");
    assert_eq!(heads, [declined.clone(), get("/next")]);
    let (answer, _) = exchange(&format!("{declined}GET /next HTTP/1.1\r\nHost: a\nX: y\r\n\r\n")).await;
    assert!(answer.ends_with("framing.bare_lf"), "{answer}");
}

#[tokio::test]
async fn an_early_answer_reaches_a_client_that_is_still_sending() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(stream, Heads::default(), true).await.unwrap();
    });
    let (mut reading, mut writing) = TcpStream::connect(address).await.unwrap().into_split();
    let sending = tokio::spawn(async move {
        let head = "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n";
        writing.write_all(head.as_bytes()).await.unwrap();
        let piece = [b'x'; 4000];
        for _ in 0..1000 {
            if writing.write_all(&piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    });
    // Reads late, when a reset would have thrown away what waits.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let answer = rest(&mut reading).await;
    assert!(answer.starts_with("HTTP/1.1 403"));
    assert!(answer.len() > LONG, "only {} bytes", answer.len());
    sending.await.unwrap();
}

#[tokio::test]
async fn a_connection_that_paused_goes_on_with_the_next_request() {
    let (mut client, heads) = connected();
    for path in ["/1", "/2", "/3"] {
        client.write_all(get(path).as_bytes()).await.unwrap();
        let mut answer = vec![0; 1024];
        let read = client.read(&mut answer).await.unwrap();
        assert!(String::from_utf8_lossy(&answer[..read]).starts_with("HTTP/1.1 200"), "{path}");
        // Longer than the pause, shorter than the connection may be idle.
        tokio::time::sleep(patience().idle / 2).await;
    }
    assert_eq!(heads.lock().unwrap().len(), 3);
    assert_eq!(rest(&mut client).await, "");
}

#[tokio::test]
async fn what_a_client_has_not_taken_yet_is_not_lost_by_a_pause() {
    let (mut client, _) = connected();
    client.write_all(get("/early").as_bytes()).await.unwrap();
    tokio::time::sleep(patience().idle / 2).await;
    let answer = rest(&mut client).await;
    assert!(answer.len() > LONG, "only {} bytes", answer.len());
}

#[tokio::test]
async fn waiting_connections_keep_no_buffer() {
    let (mut client, server) = tokio::io::duplex(1024);
    let (mut stream, _) = StrictStream::new(server, ReaderLimits::default(), patience());
    client.write_all(get("/").as_bytes()).await.unwrap();
    let mut bytes = vec![0; 1024];
    let read = stream.read(&mut bytes).await.unwrap();
    assert_eq!(&bytes[..read], get("/").as_bytes());
    let more = tokio::time::timeout(Duration::from_millis(20), stream.read(&mut bytes)).await;
    assert!(more.is_err());
    assert_eq!(stream.raw.capacity(), 0);
}
