//! HTTP/2 as attackers speak it, frame by frame. In each attack an ordinary client gets its answers.

use std::net::SocketAddr;
use std::time::Duration;

use portcullis_gateway::Running;
use portcullis_tests::live::{self, Folder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const BOUND: Duration = Duration::from_secs(60);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header field, literal, not kept in the table (RFC 7541 section 6.2.2).
fn field(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).unwrap();
    [&[0, length(name)], name.as_bytes(), &[length(value)], value.as_bytes()].concat()
}

fn get(path: &str) -> Vec<u8> {
    [
        field(":method", "GET"),
        field(":scheme", "http"),
        field(":authority", "localhost"),
        field(":path", path),
    ]
    .concat()
}

struct World {
    gate: Running,
    folder: Folder,
    address: SocketAddr,
}

async fn world(name: &str, policy: &str) -> World {
    let (app, folder) = (live::app().await.unwrap(), Folder::new(name).unwrap());
    let gate = live::gate(app, policy, &folder);
    let address = *gate.dangerous_plain.first().unwrap();
    World { gate, folder, address }
}

impl World {
    async fn connect(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await.unwrap();
        stream
    }

    async fn ordinary(&self) {
        for _ in 0..5 {
            assert_eq!(live::ask(self.address, "GET", "/ordinary", "").await.unwrap().status, 200);
        }
    }

    /// Sends what `round` makes of the number of the round, until the gate closes the connection.
    async fn flood(&self, round: impl Fn(u32) -> Vec<u8>) {
        let (mut reading, mut writing) = self.connect().await.into_split();
        let drain = tokio::spawn(async move {
            let mut waste = vec![0; 64 * 1024];
            while reading.read(&mut waste).await.is_ok_and(|read| read > 0) {}
        });
        let ended = async {
            for number in 0..200_000 {
                if writing.write_all(&round(number)).await.is_err() || drain.is_finished() {
                    return true;
                }
                if number % 1000 == 999 {
                    self.ordinary().await;
                }
            }
            false
        };
        assert!(tokio::time::timeout(BOUND, ended).await.unwrap(), "the gate put up with the flood");
        self.ordinary().await;
    }

    fn tells(&self) -> bool {
        live::log(&self.gate, &self.folder).contains("portcullis.gateway.http2_flood")
    }
}

#[tokio::test]
async fn streams_opened_and_reset_without_end_cost_the_connection() {
    let world = world("rapid-reset", "").await;
    world
        .flood(|number| {
            let stream = number * 2 + 1;
            [
                frame(HEADERS, END_STREAM | END_HEADERS, stream, &get("/reset")),
                frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()),
            ]
            .concat()
        })
        .await;
}

#[tokio::test]
async fn pings_and_settings_without_end_cost_the_connection() {
    let world = world("ping", "").await;
    world.flood(|_| frame(PING, 0, 0, &[0; 8])).await;
    assert!(world.tells());
    world.flood(|_| frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255])).await;
}

#[tokio::test]
async fn windows_opened_a_byte_at_a_time_cost_the_connection() {
    let world = world("window", "").await;
    world.flood(|_| frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes())).await;
    assert!(world.tells());
}

#[tokio::test]
async fn a_head_that_goes_on_without_end_costs_the_connection() {
    let world = world("continuation", "").await;
    world
        .flood(|number| match number {
            0 => frame(HEADERS, END_STREAM, 1, &get("/")),
            _ => frame(CONTINUATION, 0, 1, &field("x-more", "and more")),
        })
        .await;
    world
        .flood(|number| match number {
            0 => frame(HEADERS, END_STREAM, 1, &get("/")),
            _ => frame(CONTINUATION, 0, 1, &[]),
        })
        .await;
}

#[tokio::test]
async fn data_that_is_empty_without_end_costs_the_connection() {
    let world = world("empty-data", "").await;
    let post = [
        field(":method", "POST"),
        field(":scheme", "http"),
        field(":authority", "localhost"),
        field(":path", "/"),
    ];
    world
        .flood(|number| match number {
            0 => frame(HEADERS, END_HEADERS, 1, &post.concat()),
            _ => frame(DATA, 0, 1, &[]),
        })
        .await;
}

#[tokio::test]
async fn a_small_head_that_unpacks_to_a_large_one_is_not_kept() {
    let world = world("hpack-bomb", "").await;
    let mut stream = world.connect().await;
    // A large value into the table (RFC 7541 section 6.2.1), then named again by one byte each.
    let value = "a".repeat(3900);
    let length = [
        127,
        u8::try_from((value.len() - 127) & 127).unwrap() | 128,
        u8::try_from((value.len() - 127) >> 7).unwrap(),
    ];
    let bomb = [&get("/")[..], &[0x40, 3], b"x-a", &length, value.as_bytes(), &[0xbe; 8000]].concat();
    let _ = stream.write_all(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &bomb)).await;
    let refused = async {
        loop {
            let mut header = [0; 9];
            if stream.read_exact(&mut header).await.is_err() {
                return true;
            }
            let length = usize::from(header[1]) << 8 | usize::from(header[2]);
            let mut payload = vec![0; length];
            stream.read_exact(&mut payload).await.unwrap();
            match header[3] {
                // GOAWAY or RST_STREAM; or HEADERS, which then say 431 (static table has none: literal digits).
                RST_STREAM | GOAWAY => return true,
                HEADERS => {
                    return payload.windows(3).any(|three| three == b"431")
                        || payload.windows(2).any(|two| two == [0x83, 0x68])
                        || !payload.starts_with(&[0x88]);
                }
                _ => {}
            }
        }
    };
    assert!(tokio::time::timeout(BOUND, refused).await.unwrap());
    world.ordinary().await;
}

/// An app with an answer that is long and one that is late.
async fn long_and_late() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                let read = stream.read(&mut head).await.unwrap_or(0);
                let long = head.get(..read).unwrap_or_default().starts_with(b"GET /long ");
                if !long {
                    tokio::time::sleep(Duration::from_millis(1500)).await;
                }
                let length = if long { 8 << 20 } else { 2 };
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {length}\r\n\
                     Connection: close\r\n\r\n"
                );
                let _ = stream.write_all(&[head.as_bytes(), &vec![b'x'; length]].concat()).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn an_answer_whose_window_stays_shut_is_given_up_and_the_others_go_on() {
    let (app, folder) = (long_and_late().await, Folder::new("zero-window").unwrap());
    let gate = live::gate(app, "[timeouts]\nsend = \"500 ms\"\n", &folder);
    let mut stream = TcpStream::connect(gate.dangerous_plain[0]).await.unwrap();
    // SETTINGS_INITIAL_WINDOW_SIZE of a thousand bytes.
    let settings = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 3, 0xe8]);
    let long = frame(HEADERS, END_STREAM | END_HEADERS, 1, &get("/long"));
    let late = frame(HEADERS, END_STREAM | END_HEADERS, 3, &get("/late"));
    stream.write_all(&[PREFACE, &settings, &long, &late].concat()).await.unwrap();
    let (mut leaves, mut late, mut taken) = (false, false, 0);
    let watched = async {
        loop {
            let mut header = [0; 9];
            if stream.read_exact(&mut header).await.is_err() {
                return;
            }
            let length = usize::from(header[1]) << 8 | usize::from(header[2]);
            let mut payload = vec![0; length];
            stream.read_exact(&mut payload).await.unwrap();
            match (header[3], u32::from_be_bytes([header[5], header[6], header[7], header[8]])) {
                (GOAWAY, _) => leaves = true,
                (DATA, 1) => taken += length,
                (DATA, 3) => late |= payload == b"xx",
                _ => {}
            }
        }
    };
    tokio::time::timeout(BOUND, watched).await.unwrap();
    assert!(leaves && late, "leaves: {leaves}, the late answer came: {late}");
    assert_eq!(taken, 1000);
}
