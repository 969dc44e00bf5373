//! Listeners and connections, over real sockets.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Gateway;
use crate::testing::{app, ask, header, plain, read_head, request, settings};

const HELLO: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";

#[tokio::test]
async fn closing_lets_a_slow_request_end() {
    let address = app(|mut stream, _| async move {
        read_head(&mut stream).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        stream.write_all(HELLO.as_bytes()).await.unwrap();
    })
    .await;
    let gate = Gateway::start(settings(&format!("http://{address}"))).unwrap();
    let served = plain(&gate);
    let mut stream = TcpStream::connect(served).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = std::time::Instant::now();
    gate.shutdown().await;
    assert!(began.elapsed() >= Duration::from_millis(200), "did not wait");
    assert!(began.elapsed() < Duration::from_secs(3), "waited for more than the answer");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("hello"), "{answer}");
    assert!(TcpStream::connect(served).await.is_err(), "still listening");
}

#[tokio::test]
async fn a_request_that_is_on_its_way_when_the_gate_closes_is_answered() {
    let address = app(|mut stream, _| async move {
        while !read_head(&mut stream).await.is_empty() {
            let _ = stream.write_all(HELLO.as_bytes()).await;
        }
    })
    .await;
    let gate = Gateway::start(settings(&format!("http://{address}"))).unwrap();
    let ask = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut kept = TcpStream::connect(plain(&gate)).await.unwrap();
    kept.write_all(ask).await.unwrap();
    assert!(!read_head(&mut kept).await.contains("connection: close"));
    kept.read_exact(&mut [0; 5]).await.unwrap();
    let mut fresh = TcpStream::connect(plain(&gate)).await.unwrap();
    let closing = tokio::spawn(gate.shutdown());
    tokio::time::sleep(Duration::from_millis(100)).await;
    for stream in [&mut kept, &mut fresh] {
        stream.write_all(ask).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("connection: close") && answer.ends_with("hello"), "{answer}");
    }
    tokio::time::timeout(Duration::from_secs(3), closing).await.expect("waited for nobody").unwrap();
}

#[tokio::test]
async fn closing_does_not_wait_for_those_who_say_nothing() {
    let address = app(|mut stream, _| async move {
        read_head(&mut stream).await;
        stream.write_all(HELLO.as_bytes()).await.unwrap();
    })
    .await;
    let gate = Gateway::start(settings(&format!("http://{address}"))).unwrap();
    let mut kept = TcpStream::connect(plain(&gate)).await.unwrap();
    kept.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    read_head(&mut kept).await;
    let _silent = TcpStream::connect(plain(&gate)).await.unwrap();
    tokio::time::timeout(Duration::from_secs(3), gate.shutdown()).await.expect("waited for idle clients");
}

#[tokio::test]
async fn all_threads_share_one_port() {
    let address = app(|mut stream, _| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(HELLO.as_bytes()).await;
    })
    .await;
    let mut settings = settings(&format!("http://{address}"));
    settings.threads = 3;
    let gate = Gateway::start(settings).unwrap();
    for _ in 0..12 {
        assert!(ask(plain(&gate), &request("GET /", "")).await.ends_with("hello"));
    }
}

#[tokio::test]
async fn a_redirecting_listener_serves_nothing_else() {
    let address = app(|mut stream, _| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(HELLO.as_bytes()).await;
    })
    .await;
    let mut settings = settings(&format!("http://{address}"));
    settings.https = vec!["127.0.0.1:0".parse().unwrap()];
    settings.http = vec!["127.0.0.1:0".parse().unwrap()];
    let gate = Gateway::start(settings).unwrap();
    let port = gate.https[0].port();
    let elsewhere = format!("https://localhost:{port}/a?b=c");
    // Nor does HTTPS, to those who forgot the `s`.
    for door in [gate.http[0], gate.https[0]] {
        let answer = ask(door, &request("GET /a?b=c", "")).await;
        assert!(answer.starts_with("HTTP/1.1 308"), "{answer}");
        assert_eq!(header(&answer, "location"), Some(&*elsewhere), "{answer}");
        assert!(!answer.contains("hello"), "{answer}");
    }
}

#[tokio::test]
async fn a_silent_upload_is_ended() {
    let address = app(|mut stream, _| async move {
        let mut sink = Vec::new();
        let _ = stream.read_to_end(&mut sink).await;
    })
    .await;
    let mut settings = settings(&format!("http://{address}"));
    settings.timeouts.body.silence = Duration::from_millis(200);
    let gate = Gateway::start(settings).unwrap();
    let head = request("POST /", "Content-Type: application/octet-stream\r\nContent-Length: 100\r\n");
    let began = std::time::Instant::now();
    let answer = ask(plain(&gate), &(head + "only this")).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
}

#[tokio::test]
async fn what_is_no_message_is_refused_with_an_event_and_the_connection_closed() {
    let address = app(|mut stream, _| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(HELLO.as_bytes()).await;
    })
    .await;
    let settings = settings(&format!("http://{address}"));
    let log = settings.data_dir.join("events.jsonl");
    let gate = Gateway::start(settings).unwrap();
    let smuggling = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
                     0\r\n\r\nGET /admin HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = ask(plain(&gate), smuggling).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(!answer.contains("hello"), "{answer}");
    assert_eq!(header(&answer, "connection"), Some("close"));
    gate.log.flush();
    let text = std::fs::read_to_string(log).unwrap();
    assert!(text.contains("framing."), "{text}");

    // A connection that did nothing wrong is kept for the next request.
    let mut stream = TcpStream::connect(plain(&gate)).await.unwrap();
    for _ in 0..2 {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let head = read_head(&mut stream).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let mut body = [0; 5];
        stream.read_exact(&mut body).await.unwrap();
    }
}

#[tokio::test]
async fn a_head_that_drips_is_ended() {
    let mut settings = settings("http://127.0.0.1:9");
    settings.timeouts.header = Duration::from_millis(200);
    let gate = Gateway::start(settings).unwrap();
    let answer = ask(plain(&gate), "GET / HTTP/1.1\r\nHost: loc").await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn a_silent_upload_over_http_2_is_ended_with_a_reason() {
    use futures_util::{StreamExt, stream};
    use http_body_util::StreamBody;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    let address = app(|mut stream, _| async move {
        let mut sink = Vec::new();
        let _ = stream.read_to_end(&mut sink).await;
    })
    .await;
    let mut settings = settings(&format!("http://{address}"));
    settings.timeouts.body.silence = Duration::from_millis(200);
    let log = settings.data_dir.join("events.jsonl");
    let gate = Gateway::start(settings).unwrap();
    let socket = TcpStream::connect(plain(&gate)).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
    tokio::spawn(connection);
    let part = hyper::body::Frame::data(bytes::Bytes::from_static(b"part"));
    let body =
        StreamBody::new(stream::iter([Ok::<_, std::convert::Infallible>(part)]).chain(stream::pending()));
    let request = http::Request::post("http://localhost/")
        .header("content-type", "application/octet-stream")
        .header("content-length", "100")
        .body(body)
        .unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(5), sender.send_request(request)).await.unwrap();
    assert_eq!(answer.unwrap().status(), 408);
    gate.log.flush();
    let text = std::fs::read_to_string(log).unwrap();
    assert!(text.contains("framing.body_slow"), "{text}");
}

/// An app that tells back the head that it got.
async fn mirror() -> std::net::SocketAddr {
    app(|mut stream, _| async move {
        let head = read_head(&mut stream).await;
        let length = head.len();
        let answer =
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{head}");
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await
}

#[tokio::test]
async fn a_trusted_balancer_says_who_connected_and_nobody_else_can() {
    let mut introduced = settings(&format!("http://{}", mirror().await));
    introduced.introducers.networks = vec!["127.0.0.0/8".parse().unwrap()];
    let gate = Gateway::start(introduced).unwrap();
    let version_1 = "PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\r\n";
    let answer = ask(plain(&gate), &format!("{version_1}{}", request("GET /", ""))).await;
    assert_eq!(header(&answer, "x-real-ip"), Some("203.0.113.7"), "{answer}");
    let version_2 = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x01\x02\x03\x04\x05\x06\x07\x08\0\x09\0\x0a";
    let answer = ask(plain(&gate), &format!("{version_2}{}", request("GET /", ""))).await;
    assert_eq!(header(&answer, "x-real-ip"), Some("1.2.3.4"), "{answer}");
    // A balancer that introduces nobody would become everybody.
    assert_eq!(ask(plain(&gate), &request("GET /", "")).await, "");

    let mut others = settings(&format!("http://{}", mirror().await));
    others.introducers.networks = vec!["10.0.0.0/8".parse().unwrap()];
    let gate = Gateway::start(others).unwrap();
    let answer = ask(plain(&gate), &format!("{version_1}{}", request("GET /", ""))).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let answer = ask(plain(&gate), &request("GET /", "")).await;
    assert_eq!(header(&answer, "x-real-ip"), Some("127.0.0.1"), "{answer}");
}

#[tokio::test]
async fn a_socket_in_the_file_system_serves_and_is_removed_at_the_end() {
    let path = crate::testing::folder("socket").join("gate.sock");
    let mut settings = settings(&format!("http://{}", mirror().await));
    settings.dangerous_plain = vec![crate::listen::Address::Unix(path.clone())];
    settings.threads = 2;
    let gate = Gateway::start(settings).unwrap();
    assert_eq!(gate.unix, std::slice::from_ref(&path));
    for _ in 0..4 {
        let mut stream = tokio::net::UnixStream::connect(&path).await.unwrap();
        stream.write_all(request("GET /", "").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(header(&answer, "x-real-ip"), Some("127.0.0.1"), "{answer}");
    }
    gate.shutdown().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn ipv6_is_served_like_ipv4() {
    let mut settings = settings(&format!("http://{}", mirror().await));
    settings.dangerous_plain = vec!["[::1]:0".parse().unwrap()];
    let gate = Gateway::start(settings).unwrap();
    let answer = ask(plain(&gate), &request("GET /", "")).await;
    assert_eq!(header(&answer, "x-real-ip"), Some("::1"), "{answer}");
}

#[tokio::test]
async fn sockets_bound_before_are_served_and_one_that_nobody_wants_is_told() {
    use crate::listen::{Inherited, Socket};
    let bound = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (wanted, unwanted) = (bound(), bound());
    let address = wanted.local_addr().unwrap();
    let mut inherits = settings(&format!("http://{}", mirror().await));
    inherits.dangerous_plain = vec![address.into()];
    let gate =
        Gateway::start_with(inherits.clone(), Inherited::of(vec![Socket::Tcp(wanted.try_clone().unwrap())]));
    let gate = gate.unwrap();
    assert_eq!(plain(&gate), address);
    assert!(ask(address, &request("GET /", "")).await.starts_with("HTTP/1.1 200"));
    drop(gate);

    inherits.data_dir = crate::testing::folder("gate");
    let both = vec![Socket::Tcp(wanted), Socket::Tcp(unwanted.try_clone().unwrap())];
    let error = Gateway::start_with(inherits, Inherited::of(both)).err().unwrap().to_string();
    assert!(error.contains(&unwanted.local_addr().unwrap().to_string()), "{error}");
}

#[tokio::test]
async fn two_gates_do_not_share_a_data_directory() {
    let first = settings(&format!("http://{}", mirror().await));
    let second = first.clone();
    let gate = Gateway::start(first).unwrap();
    let error = Gateway::start(second.clone()).err().unwrap().to_string();
    assert!(error.contains("another gate"), "{error}");
    gate.shutdown().await;
    Gateway::start(second).unwrap();
}
