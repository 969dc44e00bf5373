//! Real parts for tests of a standing gate: an app, a Redis, folders, and a client that reads plainly.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test's own parts: what is wrong with them fails it"
)]

use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use portcullis::Policy;
use portcullis_gateway::{Gateway, Running, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A folder that goes when it is dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// An empty private folder.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(name: &str) -> std::io::Result<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("portcullis-live-{}-{number}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        portcullis_gateway::record::DataDir::open(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A process that ends with the test.
#[derive(Debug)]
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
///
/// # Errors
/// When there is none.
pub fn free_port() -> std::io::Result<u16> {
    StdListener::bind("127.0.0.1:0")?.local_addr().map(|address| address.port())
}

/// A Redis that keeps nothing.
///
/// # Errors
/// When it cannot be started, or does not answer within ten seconds.
pub fn redis(port: u16, folder: &Folder) -> std::io::Result<Process> {
    let child = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .arg("--dir")
        .arg(folder.path())
        .stdout(Stdio::null())
        .spawn()?;
    let process = Process(child);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(10) {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(process);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(std::io::Error::other("the redis did not begin to listen"))
}

/// An app that answers `/status/NNN` with that status, everything else with 200 and its path.
///
/// # Errors
/// When it finds no port.
pub async fn app() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = Vec::new();
                let mut chunk = [0; 4096];
                loop {
                    while let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
                        buffer.drain(..end + 4);
                        let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
                        let status =
                            path.strip_prefix("/status/").and_then(|status| status.get(..3)).unwrap_or("200");
                        let answer = format!(
                            "HTTP/1.1 {status} Said\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{path}",
                            path.len()
                        );
                        if stream.write_all(answer.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                    match stream.read(&mut chunk).await {
                        Ok(0) | Err(_) => return,
                        Ok(length) => buffer.extend_from_slice(&chunk[..length]),
                    }
                }
            });
        }
    });
    Ok(address)
}

/// A gate over plain HTTP on a free port, in front of `app`.
///
/// # Panics
/// When the policy does not hold or the gate does not stand.
#[must_use]
pub fn gate(app: SocketAddr, policy: &str, folder: &Folder) -> Running {
    let text = format!("upstream = \"http://{app}\"\n{policy}");
    let (policy, written) = Policy::parse("policy of the test", &text).expect("the policy holds");
    let mut settings = Settings::from_policy(policy, &written, folder.path()).expect("the settings hold");
    settings.https.clear();
    settings.dangerous_plain = vec!["127.0.0.1:0".parse().expect("an address")];
    settings.threads = 1;
    folder.path().clone_into(&mut settings.data_dir);
    Gateway::start(settings).expect("the gate stands")
}

/// Sends one request on a connection of its own, and reads the answer to its end.
///
/// # Errors
/// When there is none within ten seconds.
pub async fn ask(address: SocketAddr, method: &str, path: &str, headers: &str) -> std::io::Result<Answer> {
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    raw(address, &request).await
}

/// The same, with the request as it goes over the wire; it must ask for the connection to end.
///
/// # Errors
/// When there is no answer within ten seconds.
pub async fn raw(address: SocketAddr, request: &str) -> std::io::Result<Answer> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        Ok::<_, std::io::Error>(bytes)
    };
    let bytes = tokio::time::timeout(Duration::from_secs(10), exchange)
        .await
        .map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// 0 where no answer came.
    pub status: u16,
    /// The head as text.
    pub head: String,
    /// The body as text.
    pub body: String,
}

impl Answer {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// Waits until `done` says so; `false` after thirty seconds.
pub async fn eventually(mut done: impl FnMut() -> bool) -> bool {
    for _ in 0..300 {
        if done() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

/// The log of a gate so far.
#[must_use]
pub fn log(gate: &Running, folder: &Folder) -> String {
    gate.log.flush();
    std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap_or_default()
}
