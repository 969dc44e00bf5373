//! The gate while it serves: reloads, hand-overs, orders, numbers, the log; under load of real clients.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use portcullis_tests::live::{self, Folder, Process};

/// The program, built beside this test.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("portcullis")
}

/// The program is another package's: it is there where the workspace was built, as `make test` does.
fn built() -> PathBuf {
    let program = program();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    // All of the workspace, as the tests: with other features it would be another build.
    build.args(["build", "--quiet", "--workspace", "--bin", "portcullis"]);
    build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    assert!(build.status().unwrap().success());
    assert!(program.is_file(), "{}", program.display());
    program
}

/// A gate as a process of its own.
struct Gate {
    process: Option<Process>,
    folder: Folder,
    policy: PathBuf,
    port: u16,
    program: PathBuf,
}

impl Gate {
    async fn start(name: &str, app: std::net::SocketAddr, policy: &str) -> Self {
        let folder = Folder::new(name).unwrap();
        let port = live::free_port().unwrap();
        let file = folder.path().join("portcullis.toml");
        let program = folder.path().join("portcullis");
        std::fs::copy(built(), &program).unwrap();
        let mut gate = Self { process: None, policy: file, port, program, folder };
        gate.write(app, policy);
        let mut command = Command::new(&gate.program);
        command.arg("run").arg("--policy").arg(&gate.policy).arg("--data-dir").arg(gate.folder.path());
        let log = std::fs::File::create(gate.folder.path().join("stderr")).unwrap();
        let child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        gate.process = Some(Process(child));
        assert!(
            live::eventually(|| gate.ask("GET", "/readyz").is_some_and(|(status, _)| status == 200)).await,
            "{}",
            gate.stderr()
        );
        gate
    }

    fn write(&self, app: std::net::SocketAddr, policy: &str) {
        let text = format!(
            "upstream = \"http://{app}\"\n[listen]\ndangerous_plain = \"127.0.0.1:{}\"\nthreads = 2\n{policy}",
            self.port
        );
        std::fs::write(&self.policy, text).unwrap();
    }

    fn address(&self) -> std::net::SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    fn ask(&self, method: &str, target: &str) -> Option<(u16, String)> {
        portcullis_gateway::admin::client::ask(self.folder.path(), method, target).ok()
    }

    fn command(&self, arguments: &[&str]) -> Output {
        Command::new(&self.program)
            .args(arguments)
            .arg("--data-dir")
            .arg(self.folder.path())
            .output()
            .unwrap()
    }

    fn stderr(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }

    /// The process that holds the lock now: the one that serves.
    fn serving(&self) -> u32 {
        let (_, text) = self.ask("GET", "/status").unwrap();
        text.trim().parse().unwrap()
    }

    fn signal(&self, name: &str) {
        let done =
            Command::new("kill").args([&format!("-{name}"), &self.serving().to_string()]).status().unwrap();
        assert!(done.success());
    }

    fn log(&self) -> String {
        let (_, _) = self.ask("GET", "/status").unwrap();
        std::fs::read_to_string(self.folder.path().join("events.jsonl")).unwrap_or_default()
    }

    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.serving())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // After a hand-over it is another process than the one that was started.
        if let Some((200, text)) = self.ask("GET", "/status")
            && let Ok(process) = text.trim().parse::<u32>()
        {
            let _ = Command::new("kill").args(["-KILL", &process.to_string()]).status();
        }
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test]
async fn a_new_policy_is_taken_whole_and_a_bad_one_changes_nothing() {
    let app = live::app().await.unwrap();
    let gate = Gate::start("reload", app, "").await;
    let path = "/page?q=1234567890";
    assert_eq!(live::ask(gate.address(), "GET", path, "").await.unwrap().status, 200);

    gate.write(app, "[limits]\nurl = 10\n");
    let done = gate.command(&["reload"]);
    assert!(done.status.success(), "{}", text(&done));
    assert_eq!(live::ask(gate.address(), "GET", path, "").await.unwrap().status, 414);

    gate.write(app, "[limits]\nurl = 0\n[cors]\n");
    let refused = gate.command(&["reload"]);
    assert_eq!(refused.status.code(), Some(2));
    let told = text(&refused);
    assert!(told.contains("portcullis.toml:6:") && told.contains("unknown key `cors`"), "{told}");
    assert!(told.contains("the old policy stays in force"), "{told}");
    assert_eq!(live::ask(gate.address(), "GET", path, "").await.unwrap().status, 414);
    assert_eq!(live::ask(gate.address(), "GET", "/", "").await.unwrap().status, 200);

    // What holds as a text and cannot be had: a port of somebody else.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let both = format!("[\"127.0.0.1:{}\", \"{}\"]", gate.port, taken.local_addr().unwrap());
    let policy = format!("upstream = \"http://{app}\"\n[listen]\ndangerous_plain = {both}\n");
    std::fs::write(&gate.policy, policy).unwrap();
    let refused = gate.command(&["reload"]);
    assert!(
        !refused.status.success() && text(&refused).contains("cannot be listened on"),
        "{}",
        text(&refused)
    );
    assert_eq!(live::ask(gate.address(), "GET", path, "").await.unwrap().status, 414);

    gate.write(app, "");
    gate.signal("HUP");
    assert!(live::eventually(|| gate.log().matches("portcullis.policy_loaded").count() == 2).await);
    assert_eq!(live::ask(gate.address(), "GET", path, "").await.unwrap().status, 200);
    assert_eq!(gate.log().matches("portcullis.policy_refused").count(), 2);
}

#[tokio::test]
async fn listeners_that_change_are_opened_and_closed_and_connections_stay() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (app, other) = (live::app().await.unwrap(), live::app().await.unwrap());
    let mut gate = Gate::start("doors", app, "").await;
    let mut kept = tokio::net::TcpStream::connect(gate.address()).await.unwrap();
    let old = gate.address();
    gate.port = live::free_port().unwrap();
    gate.write(other, "");
    assert!(gate.command(&["reload"]).status.success(), "{}", gate.stderr());
    assert_eq!(live::ask(gate.address(), "GET", "/", "").await.unwrap().status, 200);
    assert!(live::eventually(|| std::net::TcpStream::connect(old).is_err()).await, "the old door is closed");
    kept.write_all(b"GET /kept HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    kept.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "who was connected stays: {answer}");
}

#[tokio::test]
async fn the_admin_listener_tells_how_the_gate_is_and_takes_no_orders_from_afar() {
    let app = live::app().await.unwrap();
    let port = live::free_port().unwrap();
    let gate = Gate::start("admin", app, &format!("[admin]\nlisten = \"127.0.0.1:{port}\"\n")).await;
    let admin: std::net::SocketAddr = ([127, 0, 0, 1], port).into();
    assert_eq!(live::ask(gate.address(), "GET", "/a/../b", "").await.unwrap().status, 400);
    assert_eq!(live::ask(gate.address(), "GET", "/", "").await.unwrap().status, 200);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(live::ask(admin, "GET", path, "").await.unwrap().status, 200);
    }
    let numbers = live::ask(admin, "GET", "/metrics", "").await.unwrap().body;
    for line in [
        "portcullis_requests_total{outcome=\"passed\"} 1",
        "portcullis_requests_total{outcome=\"refused\"} 1",
        "portcullis_refusals_total{layer=\"framing\",reason=\"framing.path_dot_segment\"} 1",
        "portcullis_stage_seconds_count{stage=\"app\"} 1",
        "portcullis_ready 1",
        "portcullis_log_failing 0",
        "# TYPE portcullis_connections gauge",
    ] {
        assert!(numbers.contains(line), "no `{line}` in\n{numbers}");
    }
    assert_eq!(live::ask(admin, "POST", "/reload", "").await.unwrap().status, 404);
    let rebound =
        live::raw(admin, "GET /metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
            .await
            .unwrap();
    assert_eq!(rebound.status, 421, "a page in a browser here must not read it under a name of its own");
}

#[tokio::test]
async fn an_overloaded_gate_says_so_at_once_answers_for_itself_and_recovers() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let app = listener.local_addr().unwrap();
    // An app that answers nobody until it is told to.
    let (wakes, awake) = tokio::sync::watch::channel(false);
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (mut awake, counted) = (awake.clone(), counted.clone());
            tokio::spawn(async move {
                let mut head = [0; 4096];
                while stream.read(&mut head).await.is_ok_and(|read| read > 0) {
                    counted.fetch_add(1, Ordering::Relaxed);
                    let _ = awake.wait_for(|awake| *awake).await;
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await;
                }
            });
        }
    });
    let port = live::free_port().unwrap();
    let policy = format!("requests = 2\n[admin]\nlisten = \"127.0.0.1:{port}\"\n");
    let gate = Gate::start("overload", app, &policy).await;
    let address = gate.address();
    let waiting = [0, 1].map(|_| tokio::spawn(async move { live::ask(address, "GET", "/", "").await }));
    assert!(live::eventually(|| asked.load(Ordering::Relaxed) == 2).await, "both are under way");
    let shed = live::ask(address, "GET", "/", "").await.unwrap();
    assert_eq!(shed.status, 503);
    assert!(shed.header("retry-after").is_some(), "{}", shed.head);
    let admin: std::net::SocketAddr = ([127, 0, 0, 1], port).into();
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(live::ask(admin, "GET", path, "").await.unwrap().status, 200, "{path}");
    }
    assert!(gate.log().contains("portcullis.gateway.overload"));
    wakes.send(true).unwrap();
    for request in waiting {
        let answer = request.await.unwrap().unwrap();
        assert_eq!(answer.status, 200, "{} {}", answer.head, answer.body);
    }
    assert_eq!(live::ask(address, "GET", "/", "").await.unwrap().status, 200);
}

#[tokio::test]
async fn whom_the_policy_names_is_become_or_nothing_is_served() {
    let app = live::app().await.unwrap();
    let root =
        std::fs::metadata("/proc/self").map(|of| std::os::unix::fs::MetadataExt::uid(&of)).unwrap() == 0;
    if root {
        // Made by the gate for that user: what is root's already stays root's.
        let state = std::env::temp_dir().join(format!("portcullis-user-{}", std::process::id()));
        let port = live::free_port().unwrap();
        let mut command = Command::new(built());
        command.args(["run", "--upstream", &format!("http://{app}"), "--user", "nobody"]);
        command.args(["--https", &format!("127.0.0.1:{port}"), "--data-dir"]).arg(&state);
        let gate = Process(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let ask = |target| portcullis_gateway::admin::client::ask(&state, "GET", target).ok();
        assert!(live::eventually(|| ask("/readyz").is_some_and(|(status, _)| status == 200)).await);
        let status = std::fs::read_to_string(format!("/proc/{}/status", gate.0.id())).unwrap();
        let line = |name: &str| status.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        let ids: Vec<_> = line("Uid:").split_whitespace().skip(1).map(str::to_owned).collect();
        assert!(ids.iter().all(|id| id != "0" && Some(id) == ids.first()), "{ids:?}");
        assert!(line("CapEff:").ends_with("0000000000000000"), "{status}");
        assert!(!line("Groups:").split_whitespace().any(|group| group == "0"), "{status}");
        drop(gate);
        let _ = std::fs::remove_dir_all(&state);

        let used = Folder::new("used-by-root").unwrap();
        std::fs::write(used.path().join("events.jsonl"), "").unwrap();
        let refused = Command::new(built())
            .args(["run", "--upstream", &format!("http://{app}"), "--user", "nobody", "--data-dir"])
            .arg(used.path())
            .output()
            .unwrap();
        assert!(text(&refused).contains("chown -R nobody "), "{}", text(&refused));
    } else {
        let folder = Folder::new("user").unwrap();
        let refused = Command::new(built())
            .args(["run", "--upstream", &format!("http://{app}"), "--user", "nobody", "--data-dir"])
            .arg(folder.path())
            .output()
            .unwrap();
        assert!(!refused.status.success() && text(&refused).contains("nobody"), "{}", text(&refused));
    }
}

#[tokio::test]
async fn a_new_program_takes_over_and_one_that_fails_leaves_the_old_one_in_place() {
    let app = live::app().await.unwrap();
    let gate = Gate::start("upgrade", app, "").await;
    let first = gate.serving();
    let done = gate.command(&["upgrade"]);
    assert!(done.status.success(), "{}{}", text(&done), gate.stderr());
    let second = gate.serving();
    assert_ne!(first, second);
    assert_eq!(live::ask(gate.address(), "GET", "/", "").await.unwrap().status, 200);

    let whole = std::fs::read(&gate.policy).unwrap();
    std::fs::write(&gate.policy, "upstream = 5\n").unwrap();
    let failed = gate.command(&["upgrade"]);
    assert_eq!(failed.status.code(), Some(2), "{}", text(&failed));
    assert!(text(&failed).contains("this one goes on"), "{}", text(&failed));
    assert_eq!(gate.serving(), second);
    assert_eq!(live::ask(gate.address(), "GET", "/", "").await.unwrap().status, 200);

    std::fs::write(&gate.policy, whole).unwrap();
    gate.signal("USR2");
    assert!(
        live::eventually(|| gate
            .ask("GET", "/status")
            .is_some_and(|(_, text)| text.trim() != second.to_string()))
        .await
    );
    assert_eq!(live::ask(gate.address(), "GET", "/", "").await.unwrap().status, 200);
    let verified = gate.command(&["log", "verify"]);
    assert!(verified.status.success(), "{}", text(&verified));
}

#[tokio::test]
async fn a_gate_that_is_killed_loses_at_most_the_line_it_was_writing() {
    let app = live::app().await.unwrap();
    let gate = Gate::start("killed", app, "").await;
    for _ in 0..20 {
        assert_eq!(live::ask(gate.address(), "GET", "/a/../b", "").await.unwrap().status, 400);
    }
    assert!(live::eventually(|| gate.log().matches("path_dot_segment").count() == 20).await);
    gate.signal("KILL");
    let verified = gate.command(&["log", "verify"]);
    assert!(verified.status.success(), "{}", text(&verified));
    let path = gate.folder.path().join("events.jsonl");
    let edited = std::fs::read_to_string(&path).unwrap().replacen("127.0.0.1", "192.0.2.1", 1);
    std::fs::write(&path, edited).unwrap();
    let found = gate.command(&["log", "verify"]);
    assert_eq!(found.status.code(), Some(1));
    assert!(text(&found).contains("was edited"), "{}", text(&found));
}

/// What `wrk` says of lost requests.
fn lost(output: &str) -> Vec<String> {
    let told = |line: &&str| line.starts_with("Socket errors:") || line.starts_with("Non-2xx");
    output.lines().map(str::trim).filter(told).map(str::to_owned).collect()
}

/// Asks again and again over HTTP/2 until it is told to end: by a client that opens another connection after
/// GOAWAY, which h2load does not. Returns how many were answered; a single one that is not fails the test.
async fn over_http2(url: String, ending: Arc<AtomicBool>) -> usize {
    let mut builder = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new());
    let client = builder.http2_only(true).build_http::<http_body_util::Empty<bytes::Bytes>>();
    let mut answered = 0;
    while !ending.load(Ordering::Relaxed) {
        let response = client.get(url.parse().unwrap()).await;
        assert!(response.is_ok(), "request {answered} was lost: {response:?}");
        let response = response.unwrap();
        assert_eq!(response.status(), 200);
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        assert_eq!(&body[..], b"/page");
        answered += 1;
    }
    answered
}

/// `PORTCULLIS_RELOADS` and `PORTCULLIS_UPGRADES` set how many; few by default, for two cores.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_by_reloads_and_hand_overs_under_load() {
    let count =
        |name: &str, default: usize| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (reloads, upgrades) = (count("PORTCULLIS_RELOADS", 20), count("PORTCULLIS_UPGRADES", 1));
    let app = live::app().await.unwrap();
    let gate = Gate::start("load", app, "").await;
    let url = format!("http://localhost:{}/page", gate.port);
    let seconds = (reloads / 10 + upgrades * 3 + 4).to_string();
    let spawn = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).arg(&url).stdout(Stdio::piped()).stderr(Stdio::piped());
        std::thread::spawn({
            let child = command.spawn().unwrap();
            move || child.wait_with_output().unwrap()
        })
    };
    let whole = spawn("h2load", &["-n3000", "-c4", "-m8", "--no-tls-proto=h2c"]);
    let over1 = spawn("wrk", &["-t1", "-c8", &format!("-d{seconds}s")]);
    tokio::time::sleep(Duration::from_secs(1)).await;

    let mut memory = Vec::new();
    for number in 0..reloads {
        // Each a real change.
        gate.write(app, &format!("[limits]\nurl = {}\n", 1000 + number));
        let done = tokio::task::block_in_place(|| gate.command(&["reload"]));
        assert!(done.status.success(), "{}", text(&done));
        memory.push(gate.memory());
    }
    // Reloads close no connection.
    let whole = tokio::task::block_in_place(|| text(&whole.join().unwrap()));
    println!("{whole}");
    assert!(whole.contains("3000 succeeded, 0 failed, 0 errored"), "{whole}");
    let ending = Arc::new(AtomicBool::new(false));
    let over2: Vec<_> = (0..16).map(|_| tokio::spawn(over_http2(url.clone(), ending.clone()))).collect();
    for _ in 0..upgrades {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let done = tokio::task::block_in_place(|| gate.command(&["upgrade"]));
        assert!(done.status.success(), "{}{}", text(&done), gate.stderr());
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    ending.store(true, Ordering::Relaxed);
    let over1 = tokio::task::block_in_place(|| over1.join().unwrap());
    println!("{}", text(&over1));
    assert_eq!(lost(&text(&over1)), Vec::<String>::new(), "{}", text(&over1));
    let mut answered = 0;
    for one in over2 {
        answered += one.await.unwrap();
    }
    println!("HTTP/2: {answered} requests over {upgrades} hand-overs, none lost");
    assert!(answered > 0);
    // Warm after the first quarter; what grows with each reload would show in the rest.
    let (early, late) = (memory[memory.len() / 4], *memory.last().unwrap());
    println!("memory in kB, by reload: {memory:?}");
    assert!(late < early + early / 2, "memory grew from {early} to {late} kB: {memory:?}");
}
