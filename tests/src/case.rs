//! One case: an exchange and the verdict it must get, as written in `cases/`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The cases.
    pub case: Vec<Case>,
}

/// One exchange.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What is shown, as a sentence.
    pub name: String,
    /// The policy; the defaults where there is none.
    #[serde(default)]
    pub policy: String,
    /// How the client connects.
    #[serde(default)]
    pub connection: Connection,
    /// The name that the client asks for when it speaks TLS (SNI).
    #[serde(default = "localhost")]
    pub server_name: String,
    /// The request as sent. A character up to U+00FF stands for the byte of that value.
    pub raw: String,
    /// What the app answers.
    #[serde(default)]
    pub app: App,
    /// What must come of it.
    pub expect: Expect,
    /// The status of the refusal: `expect.status` for cases that expect nothing else.
    #[serde(default)]
    pub status: Option<u16>,
    /// Whether it is about a connection's bytes alone, so that other layers are left out.
    #[serde(skip)]
    pub bytes_alone: bool,
}

/// How the client connects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// Over TLS.
    #[default]
    Https,
    /// To a listener that serves plain HTTP, because the operator said so.
    DangerousPlain,
    /// To the listener that only redirects.
    Redirect,
}

/// What the app answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct App {
    /// The status.
    pub status: u16,
    /// Header lines, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Default for App {
    fn default() -> Self {
        let plain = ("content-type".to_owned(), "text/plain; charset=utf-8".to_owned());
        Self { status: 200, headers: vec![plain], body: "ok".to_owned() }
    }
}

/// What must come of a case.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// Refused, for the reason with this code.
    pub refused: Option<String>,
    /// Let through to the app and back.
    pub passed: bool,
    /// The status that the client gets.
    pub status: Option<u16>,
    /// Header lines that the client must get, by name and exact value.
    pub headers: Vec<(String, String)>,
    /// Headers that the client must not get.
    pub no_headers: Vec<String>,
    /// Texts within the body that the client gets.
    pub body_has: Vec<String>,
    /// Texts that must not be there.
    pub body_has_not: Vec<String>,
    /// Headers as the app sees them.
    pub app_sees: Vec<(String, String)>,
    /// Headers that the app must not see.
    pub app_sees_not: Vec<String>,
    /// The target as the app sees it.
    pub app_target: Option<String>,
    /// The request body as the app sees it.
    pub app_body: Option<String>,
    /// Codes of events that must have been recorded, besides the refusal's.
    pub events: Vec<String>,
    /// The id of a rule that must have matched.
    pub rule: Option<u64>,
}

impl Case {
    /// The bytes of the request.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.raw.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
    }
}

fn localhost() -> String {
    "localhost".to_owned()
}

/// Other layers may have their own objections to what is well-formed.
const FRAMING_ALONE: &str = "
limits.mode = 'off'
client.mode = 'off'
host.mode = 'off'
transport.mode = 'off'
csrf.mode = 'off'
gate.mode = 'off'
leak.mode = 'off'
redirect.mode = 'off'
html.mode = 'off'
";

/// Every case of the project with the file it stands in, in the order of file names.
///
/// # Panics
/// When a file cannot be read or is no file of cases: the suite must not pass by not finding its cases.
#[must_use]
#[expect(clippy::panic, reason = "a broken file of cases must fail the suite and name itself")]
pub fn all() -> Vec<(PathBuf, Case)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases");
    let mut files = Vec::new();
    find(&root, &mut files);
    files.sort();
    let mut cases = Vec::new();
    for path in files {
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let bytes_alone = path.parent().is_some_and(|folder| folder.ends_with("framing"));
        cases.extend(file.case.into_iter().map(|mut case| {
            case.expect.status = case.expect.status.or(case.status);
            if bytes_alone {
                case.bytes_alone = true;
                case.policy.push_str(FRAMING_ALONE);
                let refused = case.expect.refused.is_some();
                case.expect.status = case.expect.status.or(refused.then_some(400));
            }
            (path.clone(), case)
        }));
    }
    cases
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
}
