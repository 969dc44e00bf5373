//! Attacks on what the gate has of memory, connections and time, over real sockets. In each an ordinary
//! client gets its answers meanwhile.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use portcullis_tests::live::{self, Folder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Far longer than anything here takes.
const BOUND: Duration = Duration::from_secs(60);

async fn ordinary(address: SocketAddr) {
    for _ in 0..5 {
        let answer = live::ask(address, "GET", "/ordinary", "").await.unwrap();
        assert_eq!(answer.status, 200);
    }
}

/// All that still comes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    // A reset ends it, too.
    let _ = tokio::time::timeout(BOUND, stream.read_to_end(&mut all)).await.unwrap();
    String::from_utf8_lossy(&all).into_owned()
}

async fn connect(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// An app that answers when it is told to, and then with `length` bytes.
async fn app_that_waits(length: usize) -> (SocketAddr, watch::Sender<bool>, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (go, told) = watch::channel(false);
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (mut told, counter) = (told.clone(), counter.clone());
            tokio::spawn(async move {
                let mut head = [0; 4096];
                while stream.read(&mut head).await.is_ok_and(|read| read > 0) {
                    counter.fetch_add(1, Ordering::Relaxed);
                    told.wait_for(|go| *go).await.unwrap();
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {length}\r\n\r\n"
                    );
                    let part = vec![b'x'; length.min(64 * 1024)];
                    let mut left = length;
                    let _ = stream.write_all(head.as_bytes()).await;
                    while left > 0 {
                        let now = left.min(part.len());
                        if stream.write_all(part.get(..now).unwrap_or_default()).await.is_err() {
                            return;
                        }
                        left -= now;
                    }
                }
            });
        }
    });
    (address, go, asked)
}

#[tokio::test]
async fn heads_that_come_a_byte_at_a_time_are_given_up_and_starve_nobody() {
    let (app, folder) = (live::app().await.unwrap(), Folder::new("slowloris").unwrap());
    let gate = live::gate(app, "[timeouts]\nheader = \"500 ms\"\n", &folder);
    let address = gate.dangerous_plain[0];
    let slow: Vec<_> = (0..100)
        .map(|_| {
            tokio::spawn(async move {
                let mut stream = connect(address, "GET / HTTP/1.1\r\nHost: localhost\r\n").await;
                for _ in 0..200 {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    if stream.write_all(b"X-A: b\r\n").await.is_err() {
                        break;
                    }
                }
                rest(&mut stream).await
            })
        })
        .collect();
    ordinary(address).await;
    let mut refused = 0;
    for one in slow {
        // The answer may be lost to a reset, when the client sends on.
        let answer = one.await.unwrap();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
        refused += usize::from(!answer.is_empty());
    }
    assert!(refused > 0);
}

#[tokio::test]
async fn a_body_that_drips_is_given_up_though_it_never_falls_silent() {
    let (app, folder) = (live::app().await.unwrap(), Folder::new("slow-post").unwrap());
    let gate = live::gate(app, "[timeouts]\nbody = \"600 ms\"\nbody_rate = \"2 KB\"\n", &folder);
    let address = gate.dangerous_plain[0];
    let head = "POST /form HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\n";
    let mut stream = connect(address, head).await;
    let mut sent = 0;
    while sent < 2000 && stream.write_all(b"a").await.is_ok() {
        sent += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let mut none = [0; 1];
        if stream.try_read(&mut none).is_ok() {
            break;
        }
    }
    assert!(sent < 2000, "it was not given up");
    assert!(rest(&mut stream).await.starts_with("TTP/1.1 408 "));
    ordinary(address).await;
    // Who keeps the rate is waited for as long as it takes.
    let mut stream = connect(
        address,
        &head.replace("100000", "16000").replace("application/x-www-form-urlencoded", "text/plain"),
    )
    .await;
    for _ in 0..16 {
        stream.write_all(&[b'a'; 1000]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_not_kept_for_ever() {
    let ((app, go, _), folder) = (app_that_waits(64 << 20).await, Folder::new("slow-read").unwrap());
    go.send(true).unwrap();
    let gate = live::gate(app, "[timeouts]\nsend = \"500 ms\"\n", &folder);
    let mut stream = connect(gate.dangerous_plain[0], "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(rest(&mut stream).await.len() < 64 << 20);
}

#[tokio::test]
async fn a_client_that_sends_and_never_reads_is_given_up() {
    let (app, folder) = (live::app().await.unwrap(), Folder::new("no-read").unwrap());
    let gate = live::gate(app, "[timeouts]\nsend = \"500 ms\"\n", &folder);
    let address = gate.dangerous_plain[0];
    let mut stream = TcpStream::connect(address).await.unwrap();
    let asked = "GET /again HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(500);
    let flood = async {
        for _ in 0..10_000 {
            if stream.write_all(asked.as_bytes()).await.is_err() {
                return true;
            }
        }
        false
    };
    assert!(tokio::time::timeout(BOUND, flood).await.unwrap(), "the gate read on for a client that does not");
    ordinary(address).await;
}

#[tokio::test]
async fn one_client_has_so_many_connections_and_no_more() {
    let (app, folder) = (live::app().await.unwrap(), Folder::new("per-client").unwrap());
    let gate = live::gate(app, "[listen]\nconnections_per_client = 4\n", &folder);
    let address = gate.dangerous_plain[0];
    let ask = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut stream = connect(address, ask).await;
        stream.read_exact(&mut [0; 12]).await.unwrap();
        held.push(stream);
    }
    let mut more = TcpStream::connect(address).await.unwrap();
    more.write_all(b"GET").await.unwrap();
    let told = rest(&mut more).await;
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 429 ") && told.contains("Retry-After: "), "{told}");
    held.pop();
    let again = async {
        while live::ask(address, "GET", "/", "").await.map(|answer| answer.status).unwrap_or(0) != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(BOUND, again).await.unwrap();
}

#[tokio::test]
async fn a_flood_of_connections_is_shed_and_what_is_idle_makes_room() {
    let (app, folder) = (live::app().await.unwrap(), Folder::new("flood").unwrap());
    let gate = live::gate(app, "[listen]\nconnections = 32\n[timeouts]\nheader = \"1 s\"\n", &folder);
    let address = gate.dangerous_plain[0];
    let mut idle = Vec::new();
    for _ in 0..20 {
        let mut stream = connect(address, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        stream.read_exact(&mut [0; 12]).await.unwrap();
        idle.push(stream);
    }
    // Connections that say nothing, or begin and do not end.
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(connect(address, "GET / HT").await);
    }
    for mut stream in idle {
        rest(&mut stream).await;
    }
    let answered = async {
        while live::ask(address, "GET", "/", "").await.map(|answer| answer.status).unwrap_or(0) != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(BOUND, answered).await.unwrap();
    drop(silent);
    assert!(live::log(&gate, &folder).contains("portcullis.gateway.overload"));
}

#[tokio::test]
async fn more_requests_than_there_is_room_for_are_told_to_come_back_and_then_served() {
    let ((app, go, asked), folder) = (app_that_waits(2).await, Folder::new("overload").unwrap());
    let gate = live::gate(app, "[listen]\nrequests = 2\n", &folder);
    let address = gate.dangerous_plain[0];
    let waiting: Vec<_> =
        (0..2).map(|_| tokio::spawn(async move { live::ask(address, "GET", "/", "").await })).collect();
    assert!(live::eventually(|| asked.load(Ordering::Relaxed) == 2).await);
    let shed = live::ask(address, "GET", "/", "").await.unwrap();
    assert_eq!(shed.status, 503);
    assert!(shed.header("retry-after").is_some());
    let own = live::ask(address, "GET", "/.portcullis/nothing", "").await.unwrap();
    assert_ne!(own.status, 503, "the gate's own pages are always answered");
    go.send(true).unwrap();
    for one in waiting {
        assert_eq!(one.await.unwrap().unwrap().status, 200);
    }
    ordinary(address).await;
}

#[tokio::test]
async fn a_body_that_never_ends_is_broken_off() {
    let (app, folder) = (live::app().await.unwrap(), Folder::new("endless").unwrap());
    let gate = live::gate(app, "[limits]\nbody = \"256 KiB\"\n", &folder);
    let address = gate.dangerous_plain[0];
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json"] {
        let head = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Type: {kind}\r\n\r\n"
        );
        let mut stream = connect(address, &head).await;
        let chunk = format!("1000\r\n{}\r\n", "1".repeat(4096));
        let flood = async {
            for _ in 0..100_000 {
                if stream.write_all(chunk.as_bytes()).await.is_err() {
                    return true;
                }
            }
            false
        };
        assert!(tokio::time::timeout(BOUND, flood).await.unwrap(), "{kind}");
    }
    ordinary(address).await;
}

#[tokio::test]
async fn ten_thousand_headers_are_refused() {
    let (app, folder) = (live::app().await.unwrap(), Folder::new("headers").unwrap());
    let gate = live::gate(app, "", &folder);
    let address = gate.dangerous_plain[0];
    for fields in
        [(0..10_000).map(|n| format!("X-{n}: 1\r\n")).collect::<String>(), "a: b\r\n".repeat(10_000)]
    {
        let mut stream = connect(address, "GET / HTTP/1.1\r\nHost: localhost\r\n").await;
        // The gate may close before all is sent.
        let _ = stream.write_all(fields.as_bytes()).await;
        let answer = rest(&mut stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    ordinary(address).await;
}

#[tokio::test]
async fn names_made_to_collide_are_counted_before_they_are_kept() {
    let (app, folder) = (live::app().await.unwrap(), Folder::new("collide").unwrap());
    let gate = live::gate(app, "", &folder);
    let address = gate.dangerous_plain[0];
    // `Aa` and `BB` have one hash in Java, and `Ez` and `FY` in PHP before it knew better: so have all
    // words made of them (CVE-2011-4858, CVE-2011-4885).
    for [one, other] in [["Aa", "BB"], ["Ez", "FY"]] {
        let names = (0_u32..4096).map(|number| {
            (0..12).map(|bit| if number >> bit & 1 == 0 { one } else { other }).collect::<String>()
        });
        let body = names.map(|name| format!("{name}=1")).collect::<Vec<_>>().join("&");
        let head = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}",
            body.len()
        );
        let mut stream = connect(address, &head).await;
        assert!(rest(&mut stream).await.starts_with("HTTP/1.1 400 "));
    }
    ordinary(address).await;
}

#[tokio::test]
async fn compressed_bodies_are_bombs_neither_on_the_way_in_nor_out() {
    use std::io::Write as _;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b' '; 1 << 20];
    (0..256).for_each(|_| packer.write_all(&zeros).unwrap());
    let bomb = packer.finish().unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let app = listener.local_addr().unwrap();
    let packed = bomb.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let packed = packed.clone();
            tokio::spawn(async move {
                let mut sent = vec![0; 1 << 20];
                let _ = stream.read(&mut sent).await;
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\
                     Content-Length: {}\r\nConnection: close\r\n\r\n",
                    packed.len()
                );
                let _ = stream.write_all(&[head.as_bytes(), &packed].concat()).await;
                let _ = stream.read_to_end(&mut sent).await;
            });
        }
    });
    let before = peak();
    let folder = Folder::new("bomb").unwrap();
    let gate = live::gate(app, "", &folder);
    let address = gate.dangerous_plain[0];
    let head = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        bomb.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(&[head.as_bytes(), &bomb].concat()).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(BOUND, stream.read_to_end(&mut answer)).await.unwrap();
    // Whatever becomes of it, nothing a thousand times its size is sent or kept.
    assert!(!answer.is_empty() && answer.len() < bomb.len() + 8192, "{}", answer.len());
    let grown = peak().saturating_sub(before);
    assert!(grown < 200 << 20, "{grown} bytes more were in use at once");
}

/// The most memory that this process ever had.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}
