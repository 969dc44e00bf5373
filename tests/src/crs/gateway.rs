//! go-ftw itself against the gate as a program, over a socket.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde::Deserialize;

use super::Crs;
use super::backend::Backend;

/// Why the suite could not be run at all.
pub type Broken = Box<dyn std::error::Error + Send + Sync>;

/// go-ftw's own account.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Account {
    /// Tests that came out as written.
    #[serde(default)]
    pub success: Vec<String>,
    /// Tests that did not.
    #[serde(default)]
    pub failed: Vec<String>,
}

/// The program under test: `PORTCULLIS`, else the one that stands beside the tests.
#[must_use]
pub fn program() -> PathBuf {
    std::env::var_os("PORTCULLIS").map_or_else(
        || {
            let beside = std::env::current_exe().unwrap_or_default();
            beside.ancestors().nth(2).unwrap_or(Path::new(".")).join("portcullis")
        },
        PathBuf::from,
    )
}

/// The first line of the program.
#[derive(Deserialize)]
struct Ready {
    dangerous_plain: Vec<SocketAddr>,
}

/// A gate with the Core Rule Set, and nothing else that decides.
pub struct Gate {
    child: Child,
    /// Where it serves plain HTTP.
    pub address: SocketAddr,
    folder: PathBuf,
}

impl Gate {
    /// Starts the program with `first` before the set's own set-up and rules.
    ///
    /// # Errors
    /// When it does not stand.
    pub fn start(crs: &Crs, first: &[PathBuf], app: SocketAddr, name: &str) -> Result<Self, Broken> {
        let folder = std::env::temp_dir().join(format!("portcullis-crs-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let mut command = Command::new(program());
        command
            .current_dir(&folder)
            .args(["run", "--dangerous-plain", "127.0.0.1:0", "--only-rules", "--log", "json"])
            .args(["--upstream", &format!("http://{app}")])
            .arg("--data-dir")
            .arg(folder.join("data"))
            .arg("--rule-log")
            .arg(folder.join("rules.log"));
        for path in first.iter().chain([&crs.setup]) {
            command.arg("--rules").arg(path);
        }
        command.arg("--rules").arg(crs.rules.join("*.conf"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", program().display()))?;
        let out = child.stdout.take().ok_or("no output")?;
        let mut ready = String::new();
        BufReader::new(out).read_line(&mut ready)?;
        let address = serde_json::from_str::<Ready>(&ready)
            .ok()
            .and_then(|ready| ready.dangerous_plain.first().copied());
        let Some(address) = address else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("the gate does not stand: {ready}").into());
        };
        Ok(Self { child, address, folder })
    }

    /// The log of the rules.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.join("rules.log")
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Runs the tests whose ids match, and gives go-ftw's account.
///
/// # Errors
/// When anything does not stand, or go-ftw breaks off.
pub async fn run(crs: &Crs, include: &str, name: &str) -> Result<Account, Broken> {
    let backend = Backend::start().await?;
    let gate = Gate::start(crs, std::slice::from_ref(&crs.suite_setup), backend.address, name)?;
    let ftw = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/ftw");
    let mut command = Command::new(&ftw);
    command
        .args(["run", "--include", include, "--port", &gate.address.port().to_string()])
        .arg("--tests")
        .arg(&crs.tests)
        .arg("--log")
        .arg(gate.log());
    let done = tokio::task::spawn_blocking(move || command.output())
        .await?
        .map_err(|error| format!("{}: {error}; `make setup` builds it", ftw.display()))?;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&done.stdout)?)
}
