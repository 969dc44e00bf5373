//! An app of the document behind a gate, and what it must say to whom.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use portcullis_gateway::Running;
use portcullis_tests::live::{self, Folder, Process};

use super::Tokens;
use super::tokens::ANN;
use crate::people::{Browser, address, ann};

const POLICY: &str = "[identity]\nname = \"Notes\"\n[access]\nallow = \"public\"\n";

/// A gate that stands before its app does.
pub(super) struct Site {
    gate: Running,
    folder: Folder,
    /// Where the app is to listen.
    pub(super) port: u16,
}

/// An app that ends with the test.
pub(super) enum Program {
    /// A process.
    Process(#[expect(dead_code, reason = "it is ended when it is dropped")] Process),
    /// In this process.
    Task(tokio::task::JoinHandle<()>),
}

impl Drop for Program {
    fn drop(&mut self) {
        match self {
            Self::Process(_) => {}
            Self::Task(task) => task.abort(),
        }
    }
}

impl Site {
    pub(super) fn gate(&self) -> SocketAddr {
        address(&self.gate)
    }

    fn origin(&self) -> String {
        format!("http://{}", self.gate())
    }

    /// A program of the document, with this gate for the one that it names.
    pub(super) fn at_the_gate(&self, program: &str) -> String {
        assert!(program.contains("https://notes.example/.portcullis/jwks.json"), "{program}");
        program.replace("https://notes.example", &self.origin())
    }

    /// `app.py` among these files.
    pub(super) fn python(&self, files: &[(&str, &str)]) -> Program {
        let folder = self.folder.path().join("app");
        for (name, text) in files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        start(&tests().join(".cache/venv/bin/python"), "app.py", &folder)
    }

    /// A module of Node's with the packages of the browser tests beside it.
    pub(super) fn node(&self, program: &str) -> Program {
        let folder = self.folder.path().join("app");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("app.mjs"), program).unwrap();
        std::os::unix::fs::symlink(tests().join("browser/node_modules"), folder.join("node_modules"))
            .unwrap();
        start(Path::new("node"), "app.mjs", &folder)
    }
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).canonicalize().unwrap()
}

fn start(program: &Path, file: &str, folder: &Path) -> Program {
    let mut command = Command::new(program);
    command.arg(file).current_dir(folder).env("PYTHONDONTWRITEBYTECODE", "1");
    Program::Process(Process(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()))
}

/// Starts an app behind a gate and asks it in every way.
pub(super) async fn try_out(name: &str, program: impl FnOnce(&Site) -> Program) {
    let folder = Folder::new(name).unwrap();
    let _people = ann(POLICY, &folder).await;
    let port = live::free_port().unwrap();
    let app = SocketAddr::from(([127, 0, 0, 1], port));
    let site = Site { gate: live::gate(app, POLICY, &folder), folder, port };
    let _program = program(&site);
    assert!(live::eventually(|| std::net::TcpStream::connect(app).is_ok()).await, "the app does not listen");
    let tokens = Tokens::of(&site.folder, &site.origin());

    // Through the gate: who is signed in, and nobody by saying so.
    let mut browser = Browser::new(site.gate());
    let stranger = browser.get("/").await;
    assert_eq!((stranger.status, stranger.body.contains("nobody")), (200, true), "{}", stranger.body);
    for forged in [
        format!("X-Portcullis-Token: {}\r\n", tokens.good),
        format!("X-Portcullis-User: {ANN}\r\nX_Portcullis_Token: {}\r\n", tokens.good),
        format!("X-Portcullis-User: {ANN}\r\nX-Portcullis-Roles: admin\r\n"),
    ] {
        let answer = live::ask(site.gate(), "GET", "/", &forged).await.unwrap();
        assert!(!answer.body.contains(ANN), "{forged}: {}", answer.body);
    }
    assert_eq!(browser.sign_in("%2F").await.status, 303);
    let seen = browser.get("/").await;
    assert!(seen.body.contains(ANN), "{} {}", seen.head, seen.body);

    // Around it, the app believes the key alone.
    let around = async |headers: &str| live::ask(app, "GET", "/", headers).await.unwrap();
    let plain = around(&format!("X-Portcullis-User: {ANN}\r\n")).await;
    assert_eq!((plain.status, plain.body.contains("nobody")), (200, true), "{}", plain.body);
    let good = around(&format!("X-Portcullis-Token: {}\r\n", tokens.good)).await;
    assert_eq!((good.status, good.body.contains(ANN)), (200, true), "{}", good.body);
    for (what, token) in &tokens.bad {
        let answer = around(&format!("X-Portcullis-Token: {token}\r\n")).await;
        assert_eq!(answer.status, 401, "a token that is {what}: {}", answer.body);
    }
}
