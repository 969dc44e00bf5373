//! A gate that runs as a process of its own, in front of an app that answers everything.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");
pub(crate) const PASSWORD: &str = "seven lazy otters juggle";
/// Argon2id by OWASP's list, the setting that takes the least time.
pub(crate) const CHEAP: &str = "[identity.password]\nmemory = 7168\npasses = 5\n";

/// A folder with a policy and what a gate keeps; it goes when it is dropped.
pub(crate) struct Site {
    pub(crate) folder: PathBuf,
    /// What the program finds in its environment.
    pub(crate) environment: Vec<(&'static str, PathBuf)>,
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Site {
    pub(crate) fn new(name: &str, policy: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("portcullis-standing-{}-{number}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let upstream = format!("upstream = \"http://{}\"\n", app());
        std::fs::write(folder.join("portcullis.toml"), upstream + policy).unwrap();
        Self { folder, environment: Vec::new() }
    }

    /// A command about what a gate keeps.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(arguments);
        command.args(["--data-dir", "data"]);
        command
    }

    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(&self.folder);
        command.envs(self.environment.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        command
    }

    /// What a command about accounts prints, when it succeeds.
    pub(crate) fn said(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).arg("--json").output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Makes an account.
    pub(crate) fn add(&self, email: &str) -> Output {
        let mut child = self
            .command(&["user", "add", email, "--password-stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// A gate that stands.
    pub(crate) fn start(&self) -> Gate {
        let mut child = self.run().stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let address = ready.pointer("/dangerous_plain/0").unwrap().as_str().unwrap().parse().unwrap();
        Gate { _process: Ended(child), address }
    }

    /// What it says when it does not start.
    pub(crate) fn refused(&self) -> String {
        let output = self.run().output().unwrap();
        assert!(!output.status.success(), "it started");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn run(&self) -> Command {
        let mut command = self.command(&["run", "--dangerous-plain", "127.0.0.1:0", "--log", "json"]);
        command.stderr(Stdio::piped());
        command
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("data/events.jsonl")).unwrap_or_default()
    }
}

/// A process that ends with the value, at once: by `SIGKILL`.
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Ends with the value, at once.
pub(crate) struct Gate {
    _process: Ended,
    pub(crate) address: SocketAddr,
}

/// What came back; status 0 where nothing did.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
}

impl Answer {
    /// The value of a cookie that it sets.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut cookies = lines.filter(|(header, _)| header.eq_ignore_ascii_case("set-cookie"));
        cookies.find_map(|(_, cookie)| {
            let value = cookie.strip_prefix(name)?.strip_prefix('=')?.split(';').next()?;
            (!value.is_empty()).then(|| value.to_owned())
        })
    }
}

/// A request from `from`, with these cookies, as a browser sends it from a page of the site itself.
pub(crate) fn ask(gate: SocketAddr, from: &str, cookies: &str, path: &str, form: Option<&str>) -> Answer {
    let body = form.map_or_else(String::new, |form| {
        format!(
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        )
    });
    let cookies = if cookies.is_empty() { String::new() } else { format!("Cookie: {cookies}\r\n") };
    let method = if form.is_some() { "POST" } else { "GET" };
    let end = if form.is_some() { "" } else { "\r\n" };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: text/html\r\n\
         Sec-Fetch-Mode: navigate\r\nSec-Fetch-Site: same-origin\r\nX-Forwarded-For: {from}\r\n{cookies}{body}{end}"
    );
    let exchange = || {
        let mut stream = TcpStream::connect(gate)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.write_all(request.as_bytes())?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(bytes)
    };
    let text = exchange().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    // A head that was cut off was not answered.
    let head = text.split_once("\r\n\r\n").map_or("", |(head, _)| head);
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_owned() }
}

/// Signs in; with `more` fields.
pub(crate) fn sign_in(gate: SocketAddr, from: &str, cookies: &str, email: &str, more: &str) -> Answer {
    let form = format!("email={}&password={}{more}", email.replace('@', "%40"), PASSWORD.replace(' ', "+"));
    ask(gate, from, cookies, "/.portcullis/sign-in", Some(&form))
}

/// Whether who presents these cookies is signed in.
pub(crate) fn is_signed_in(gate: SocketAddr, cookies: &str) -> bool {
    match ask(gate, "192.0.2.1", cookies, "/.portcullis/account", None).status {
        200 => true,
        303 => false,
        other => {
            assert_eq!(other, 200, "neither in nor out");
            false
        }
    }
}

/// An app that says yes, for as long as the tests run.
fn app() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

fn serve(mut stream: TcpStream) {
    let (mut seen, mut chunk) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut chunk) {
        seen.extend_from_slice(chunk.get(..length).unwrap());
        if seen.ends_with(b"\r\n\r\n") {
            seen.clear();
            if stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nyes")
                .is_err()
            {
                return;
            }
        }
    }
}

/// A file of the test's own.
pub(crate) fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}
