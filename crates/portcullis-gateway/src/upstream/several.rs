//! Several servers of one app, over real sockets: who gets what, and what happens when one fails.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};

use super::{Balance, HashKey, Health, ServerState, Target, Upstream, Upstreams};
use crate::testing::{app, ask, header, plain, read_head, request, settings};
use crate::{Gateway, Running};

/// An app that answers every request with `name`, and the request's body.
async fn named(name: &'static str) -> SocketAddr {
    app(move |mut stream, _| async move {
        loop {
            let head = read_head(&mut stream).await;
            if head.is_empty() {
                return;
            }
            let length = header(&head, "content-length").map_or(0, |text| text.parse().unwrap());
            let mut sent = vec![0; length];
            stream.read_exact(&mut sent).await.unwrap();
            let body = format!("{name}{}", String::from_utf8(sent).unwrap());
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    })
    .await
}

/// An address at which nobody listens.
async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

fn upstream(servers: &[SocketAddr]) -> Upstream {
    Upstream::at(servers.iter().map(|server| Target::parse(&format!("http://{server}")).unwrap()).collect())
}

fn gate(upstream: Upstream) -> Running {
    let mut settings = settings("http://127.0.0.1:9");
    settings.upstream = upstream;
    Gateway::start(settings).unwrap()
}

async fn get(gate: &Running, headers: &str) -> String {
    let answer = ask(plain(gate), &request("GET /", headers)).await;
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or(answer)
}

#[tokio::test]
async fn servers_take_turns_and_a_dead_one_costs_no_request() {
    let (one, two) = (named("one").await, named("two").await);
    let gate = gate(upstream(&[one, nobody().await, two]));
    let mut answers = Vec::new();
    for number in 0..12 {
        let body = format!("-{number}");
        let post = format!(
            "Content-Type: text/plain\r\nContent-Length: {}\r\nSec-Fetch-Site: same-origin\r\n",
            body.len()
        );
        let answer = ask(plain(&gate), &format!("{}{body}", request("POST /", &post))).await;
        assert!(answer.ends_with(&body), "{answer}");
        answers.push(answer.ends_with(&format!("one{body}")));
    }
    assert!(answers.contains(&true) && answers.contains(&false));
    let status = gate.upstreams.status();
    assert!(status[1].failed_connecting > 0 && status[0].failed_connecting == 0, "{status:?}");
    assert_eq!(status[1].state, ServerState::Open, "{status:?}");
    assert!(status.iter().all(|server| server.in_flight == 0), "{status:?}");
    gate.log.flush();
}

#[tokio::test]
async fn the_same_key_goes_to_the_same_server() {
    let mut upstream = upstream(&[named("one").await, named("two").await, named("three").await]);
    upstream.balance = Balance::Hash(HashKey::Cookie("sid".to_owned()));
    let gate = gate(upstream);
    let mut seen = std::collections::BTreeSet::new();
    for visitor in 0..12 {
        let cookie = format!("Cookie: a=b; sid=visitor{visitor}\r\n");
        let first = get(&gate, &cookie).await;
        assert_eq!(get(&gate, &cookie).await, first);
        seen.insert(first);
    }
    assert!(seen.len() > 1, "{seen:?}");
}

#[tokio::test]
async fn an_open_circuit_fails_fast_and_closes_by_itself() {
    let address = nobody().await;
    let mut upstream = upstream(&[address]);
    upstream.breaker.failures = 2;
    upstream.breaker.open = Duration::from_millis(300);
    let gate = gate(upstream);
    for _ in 0..2 {
        assert!(ask(plain(&gate), &request("GET /", "")).await.starts_with("HTTP/1.1 502"));
    }
    let answer = ask(plain(&gate), &request("GET /", "")).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(header(&answer, "retry-after").is_some_and(|after| after != "0"), "{answer}");
    assert_eq!(gate.upstreams.status()[0].opened, 1);

    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            read_head(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await;
        }
    });
    let mut answer = String::new();
    for _ in 0..100 {
        answer = ask(plain(&gate), &request("GET /", "")).await;
        if answer.starts_with("HTTP/1.1 204") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert_eq!(gate.upstreams.status()[0].state, ServerState::Serving);
}

#[tokio::test]
async fn a_server_that_is_ill_gets_nothing_until_it_is_well_again() {
    let well = Arc::new(AtomicBool::new(false));
    let told = well.clone();
    let ill = app(move |mut stream, _| {
        let told = told.clone();
        async move {
            loop {
                let head = read_head(&mut stream).await;
                if head.is_empty() {
                    return;
                }
                let ok = !head.starts_with("GET /health ") || told.load(Ordering::Relaxed);
                let status = if ok { "200 OK" } else { "503 Service Unavailable" };
                let answer =
                    format!("HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nill");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        }
    })
    .await;
    let mut upstream = upstream(&[ill, named("one").await]);
    upstream.health = Some(Health {
        path: "/health".to_owned(),
        host: None,
        interval: Duration::from_millis(20),
        timeout: Duration::from_secs(5),
        rises: 2,
        falls: 2,
        statuses: vec![(200, 299)],
    });
    let gate = gate(upstream);
    let becomes = async |state: ServerState| {
        for _ in 0..200 {
            if gate.upstreams.status()[0].state == state {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{:?}", gate.upstreams.status());
    };
    becomes(ServerState::Unhealthy).await;
    for _ in 0..6 {
        assert_eq!(get(&gate, "").await, "one");
    }
    well.store(true, Ordering::Relaxed);
    becomes(ServerState::Serving).await;
    let answers = [get(&gate, "").await, get(&gate, "").await, get(&gate, "").await];
    assert!(answers.contains(&"ill".to_owned()), "{answers:?}");
    gate.log.flush();
}

#[tokio::test]
async fn a_server_that_drains_ends_what_it_has_and_gets_nothing_new() {
    let slow = app(|mut stream, _| async move {
        read_head(&mut stream).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nslow";
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await;
    let mut upstream = upstream(&[slow]);
    let gate = gate(upstream.clone());
    let address = plain(&gate);
    let running = tokio::spawn(async move { ask(address, &request("GET /", "")).await });
    while gate.upstreams.status()[0].in_flight == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    upstream.servers.push(Target::parse(&format!("http://{}", named("new").await)).unwrap());
    gate.upstreams.replace(&upstream).unwrap();
    assert!(gate.upstreams.drain(&format!("http://{slow}"), true));
    assert!(!gate.upstreams.drain("http://127.0.0.1:1", true));
    for _ in 0..4 {
        assert_eq!(get(&gate, "").await, "new");
    }
    assert!(running.await.unwrap().ends_with("slow"));

    upstream.servers.remove(0);
    gate.upstreams.replace(&upstream).unwrap();
    let status = gate.upstreams.status();
    assert_eq!((status.len(), status[0].requests), (1, 4), "the one that stays keeps its counts");
    assert_eq!(get(&gate, "").await, "new");
}

#[tokio::test]
async fn an_app_behind_a_unix_socket_is_an_app() {
    let path = crate::testing::folder("app").join("app.sock");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                while !read_head(&mut stream).await.is_empty() {
                    let answer =
                        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nunix";
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    let gate = gate(Upstream::parse(&format!("unix:{}", path.display())).unwrap());
    for _ in 0..3 {
        assert_eq!(get(&gate, "").await, "unix");
    }
    assert_eq!(gate.upstreams.status()[0].connections_opened, 1);
}

#[tokio::test]
async fn no_more_connections_are_opened_than_may_be() {
    let (most, now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counters = (most.clone(), now.clone());
    let address = app(move |mut stream, _| {
        let (most, now) = counters.clone();
        async move {
            while !read_head(&mut stream).await.is_empty() {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(30)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        }
    })
    .await;
    let mut upstream = upstream(&[address]);
    upstream.max_connections = 2;
    let gate = gate(upstream);
    let served = plain(&gate);
    let asked: Vec<_> =
        (0..10).map(|_| tokio::spawn(async move { ask(served, &request("GET /", "")).await })).collect();
    for answer in asked {
        assert!(answer.await.unwrap().ends_with("ok"));
    }
    assert_eq!(most.load(Ordering::SeqCst), 2);
    assert!(gate.upstreams.status()[0].connections_opened <= 2);
}

#[tokio::test]
async fn an_answer_that_falls_silent_is_broken_off() {
    let address = app(|mut stream, _| async move {
        let head = read_head(&mut stream).await;
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n")
            .await;
        // One falls silent, the other never stops talking.
        let parts = if head.starts_with("GET /silent ") { 1 } else { 100 };
        for _ in 0..parts {
            let _ = stream.write_all(b".").await;
            tokio::time::sleep(Duration::from_millis(80)).await;
        }
        let _ = stream.read(&mut [0]).await;
    })
    .await;
    let mut upstream = upstream(&[address]);
    upstream.body_timeout = Duration::from_millis(300);
    upstream.total_timeout = Some(Duration::from_millis(1500));
    let gate = gate(upstream);
    for path in ["/silent", "/chatty"] {
        let mut stream = TcpStream::connect(plain(&gate)).await.unwrap();
        stream.write_all(request(&format!("GET {path}"), "").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
        end.expect("it was not broken off").ok();
        assert!(answer.ends_with(b"."), "{path}: {}", String::from_utf8_lossy(&answer));
        let dots = answer.iter().rev().take_while(|byte| **byte == b'.').count();
        assert!(dots < 100, "{path}: {dots}");
    }
}

#[test]
fn servers_are_read_from_the_policy() {
    let (_, file) = portcullis::Policy::parse(
        "portcullis.toml",
        "[upstream]\nbalance = \"hash\"\nhash = \"path\"\nmax_connections = 7\n\
         [upstream.breaker]\nfailures = 9\n[upstream.health]\npath = \"/up\"\nstatuses = [\"200-204\", \"404\"]\n\
         [[upstream.server]]\naddress = \"http://10.0.0.1:80\"\nweight = 3\n\
         [[upstream.server]]\naddress = \"unix:/run/app.sock\"\ndrain = true\n",
    )
    .unwrap();
    let read = Upstream::from_policy(file.upstream.as_ref().unwrap()).unwrap();
    assert_eq!(read.to_string(), "http://10.0.0.1:80, unix:/run/app.sock");
    assert_eq!((read.servers[0].weight, read.servers[1].drain), (3, true));
    assert_eq!(
        (read.balance.clone(), read.max_connections, read.breaker.failures),
        (Balance::Hash(HashKey::Path), 7, 9)
    );
    assert_eq!(read.health.as_ref().unwrap().statuses, [(200, 204), (404, 404)]);
    assert_eq!(Upstreams::new(&read).unwrap().status()[1].state, ServerState::Draining);
}

#[test]
fn what_cannot_be_meant_is_told_with_its_place() {
    let told = |text: &str| {
        let wrong = portcullis::Policy::parse("portcullis.toml", text).map(|_| ()).unwrap_err();
        format!("{wrong:?}")
    };
    assert!(told("[upstream]\nbalance = \"hash\"\n").contains("upstream.server"));
    let told = told(
        "[upstream]\naddress = \"unix:app.sock\"\nhash = \"uri\"\nmax_connections = 0\ntotal_timeout = \"0 s\"\n\
         [upstream.health]\npath = \"up\"\nfalls = 0\nstatuses = [\"99\"]\n\
         [[upstream.server]]\naddress = \"ftp://x\"\nweight = 0\n",
    );
    for key in [
        "upstream.address",
        "upstream.hash",
        "upstream.max_connections",
        "upstream.total_timeout",
        "upstream.health.path",
        "upstream.health.falls",
        "upstream.health.statuses[0]",
        "upstream.server[0].address",
        "upstream.server[0].weight",
    ] {
        assert!(told.contains(key), "{key} is not in {told}");
    }
}
