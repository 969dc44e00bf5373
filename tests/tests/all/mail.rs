//! Letters over a real SMTP server: guarded, with a login, and over the death of the gate.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use portcullis::policy::identity::Language;
use portcullis_identity::accounts::Email;
use portcullis_identity::mail::{Letter, Setting, Smtp, Subject, Unsent, Way};
use portcullis_store::Key;
use portcullis_tests::crs::gateway::program;
use portcullis_tests::live::{self, Folder, Process};
use serde_json::Value;

/// A mail server, and what it was sent.
struct Mail {
    port: u16,
    folder: Folder,
    _process: Process,
}

impl Mail {
    async fn start(name: &str, more: &[&str]) -> Self {
        let folder = Folder::new(name).unwrap();
        let port = live::free_port().unwrap();
        let process = serve(port, &folder, more).await;
        Self { port, folder, _process: process }
    }

    fn letters(&self) -> Vec<Value> {
        letters(&self.folder)
    }
}

async fn serve(port: u16, folder: &Folder, more: &[&str]) -> Process {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let child = Command::new(tests.join(".cache/venv/bin/python"))
        .arg(tests.join("apps/mailbox.py"))
        .arg(port.to_string())
        .arg(folder.path())
        .args(more)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let process = Process(child);
    assert!(live::eventually(|| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()).await);
    process
}

fn letters(folder: &Folder) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.path().join("letters.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Certificates of an authority of ours, for `localhost`.
struct Trust {
    folder: Folder,
    authority: Vec<u8>,
}

impl Trust {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name).unwrap();
        let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority_key = rcgen::KeyPair::generate().unwrap();
        let pem = authority.self_signed(&authority_key).unwrap().pem();
        let issuer = rcgen::Issuer::new(authority, authority_key);
        let key = rcgen::KeyPair::generate().unwrap();
        let leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &issuer).unwrap();
        std::fs::write(folder.path().join("leaf.pem"), leaf.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        Self { folder, authority: pem.into_bytes() }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    async fn server(&self, name: &str, tls: &str, more: &[&str]) -> Mail {
        let (leaf, key) = (self.file("leaf.pem"), self.file("key.pem"));
        let arguments = ["--tls", tls, "--certificate", &leaf, "--key", &key];
        Mail::start(name, &[&arguments, more].concat()).await
    }
}

fn setting(mail: &Mail, way: Way, authority: Option<&[u8]>) -> Setting {
    Setting {
        from: "Notes <no-reply@notes.example>".to_owned(),
        host: "localhost".to_owned(),
        port: mail.port,
        way,
        login: None,
        authorities: authority.map(<[u8]>::to_vec),
    }
}

async fn send(setting: Setting) -> Result<(), Unsent> {
    let letter = Letter {
        to: Email::parse("ada@example.org").unwrap(),
        language: Language::En,
        origin: "https://notes.example".to_owned(),
        app: "Notes".to_owned(),
        subject: Subject::PasswordChanged,
    };
    Smtp::new(setting).unwrap().send(&letter, Key([1; 32])).await
}

#[tokio::test]
async fn letters_go_over_tls_from_the_first_byte_or_by_starttls_and_the_certificate_is_looked_at() {
    let trust = Trust::new("mail-trust");
    for (way, word) in [(Way::StartTls, "starttls"), (Way::Tls, "tls")] {
        let mail = trust.server("mail-tls", word, &[]).await;
        send(setting(&mail, way, Some(&trust.authority))).await.unwrap();
        let taken = mail.letters();
        assert_eq!((taken.len(), &taken[0]["tls"]), (1, &true.into()), "{word}");
        // The machine's authorities do not know this one, and another of that name is not it.
        let other = Trust::new("mail-other");
        for authority in [None, Some(other.authority.as_slice())] {
            let refused = send(setting(&mail, way, authority)).await;
            assert!(matches!(refused, Err(Unsent::Away(_))), "{word}: {refused:?}");
        }
        let elsewhere =
            Setting { host: "127.0.0.1".to_owned(), ..setting(&mail, way, Some(&trust.authority)) };
        assert!(matches!(send(elsewhere).await, Err(Unsent::Away(_))), "{word}: of another name");
        assert_eq!(mail.letters().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_offers_no_starttls_gets_no_letter() {
    let mail = Mail::start("mail-downgrade", &[]).await;
    let trust = Trust::new("mail-downgrade-trust");
    let refused = send(setting(&mail, Way::StartTls, Some(&trust.authority))).await;
    assert!(matches!(refused, Err(Unsent::Away(_))), "{refused:?}");
    let refused = send(setting(&mail, Way::Tls, Some(&trust.authority))).await;
    assert!(matches!(refused, Err(Unsent::Away(_))), "{refused:?}");
    assert!(mail.letters().is_empty());
    send(setting(&mail, Way::DangerousPlain, None)).await.unwrap();
    assert_eq!((mail.letters().len(), &mail.letters()[0]["tls"]), (1, &false.into()));
}

#[tokio::test]
async fn a_login_opens_a_server_that_wants_one() {
    let trust = Trust::new("mail-login-trust");
    for (way, word) in [(Way::StartTls, "starttls"), (Way::Tls, "tls")] {
        let mail = trust.server("mail-login", word, &["--user", "notes", "--password", "pa ss\u{e4}"]).await;
        let with = |password: &str| Setting {
            login: Some(("notes".to_owned(), password.to_owned().into())),
            ..setting(&mail, way, Some(&trust.authority))
        };
        send(with("pa ss\u{e4}")).await.unwrap();
        assert_eq!(mail.letters()[0]["user"], "notes", "{word}");
        assert!(send(with("wrong")).await.is_err(), "{word}");
        assert!(send(setting(&mail, way, Some(&trust.authority))).await.is_err(), "{word}: without a login");
        assert_eq!(mail.letters().len(), 1);
    }
}

/// The program, as its own process.
struct Gate {
    folder: Folder,
    mail: u16,
    port: u16,
}

impl Gate {
    fn new(name: &str, more: &str) -> Self {
        let gate = Self {
            folder: Folder::new(name).unwrap(),
            mail: live::free_port().unwrap(),
            port: live::free_port().unwrap(),
        };
        let policy = format!(
            "upstream = \"http://127.0.0.1:1\"\n[listen]\ndangerous_plain = \"127.0.0.1:{}\"\n\
             [identity]\nname = \"Notes\"\n{more}\n[identity.password]\nmemory = 7168\npasses = 5\n\
             [identity.mail]\nfrom = \"no-reply@notes.example\"\nsmtp = \"localhost:{}\"\n\
             tls = \"dangerous_plain\"\n",
            gate.port, gate.mail
        );
        std::fs::write(gate.policy(), policy).unwrap();
        gate
    }

    fn policy(&self) -> PathBuf {
        self.folder.path().join("portcullis.toml")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    async fn start(&self) -> Process {
        let child = Command::new(program())
            .arg("run")
            .args([
                "--policy".as_ref(),
                self.policy().as_os_str(),
                "--data-dir".as_ref(),
                self.data().as_os_str(),
            ])
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let process = Process(child);
        let port = self.port;
        assert!(live::eventually(|| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()).await);
        process
    }

    async fn post(&self, page: &str, form: &str) -> live::Answer {
        let request = format!(
            "POST /.portcullis/{page} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{form}",
            form.len()
        );
        live::raw(([127, 0, 0, 1], self.port).into(), &request).await.unwrap()
    }

    fn command(&self, arguments: &[&str]) -> std::process::Output {
        Command::new(program())
            .args(arguments)
            .args([
                "--policy".as_ref(),
                self.policy().as_os_str(),
                "--data-dir".as_ref(),
                self.data().as_os_str(),
            ])
            .output()
            .unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.data().join("events.jsonl")).unwrap_or_default()
    }
}

fn link(letter: &Value) -> &str {
    letter["text"].as_str().unwrap().split_whitespace().find(|word| word.contains("token=")).unwrap()
}

const FORM: &str = "email=ada%40example.org&name=Ada&password=seven+lamps+under+the+pier";

#[tokio::test]
async fn a_letter_that_waits_outlives_the_gate_that_is_killed_and_comes_once() {
    let gate = Gate::new("mail-killed", "sign_up = \"open\"");
    let mut running = gate.start().await;
    assert_eq!(gate.post("sign-up", FORM).await.status, 200);
    assert!(live::eventually(|| gate.log().contains("mail.away")).await, "{}", gate.log());
    running.0.kill().unwrap();
    running.0.wait().unwrap();
    // What rests there is of no use to whoever reads it.
    for file in ["people.db", "people.db-wal"] {
        let bytes = std::fs::read(gate.data().join(file)).unwrap_or_default();
        assert!(!bytes.windows(6).any(|six| six == b"token="), "{file}");
    }
    let taken = Folder::new("mail-killed-letters").unwrap();
    let _mail = serve(gate.mail, &taken, &[]).await;
    let _again = gate.start().await;
    assert!(live::eventually(|| !letters(&taken).is_empty()).await, "{}", gate.log());
    let token = link(&letters(&taken)[0]).split("token=").nth(1).unwrap().to_owned();
    let done = gate.post("confirm", &format!("token={token}&password=seven+lamps+under+the+pier")).await;
    assert_eq!((done.status, done.header("location")), (303, Some("/")), "{}", done.body);
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    assert_eq!(letters(&taken).len(), 1, "once");
}

#[tokio::test]
async fn whoever_is_invited_gets_a_letter_whose_link_leads_to_an_account_and_works_once() {
    let gate = Gate::new("mail-invited", "sign_up = \"invited\"");
    let origin = format!("http://localhost:{}", gate.port);
    let invite = ["user", "invite", "ada@example.org", "--role", "editor", "--origin", &origin, "--json"];
    let _running = gate.start().await;
    assert!(gate.post("sign-up", FORM).await.body.contains("invitation"), "nobody comes uninvited");

    // While the mail server is away the letter waits, and the gate that stands sends it.
    let waits = gate.command(&invite);
    assert!(waits.status.success(), "{}", String::from_utf8_lossy(&waits.stderr));
    let said: Value = serde_json::from_slice(&waits.stdout).unwrap();
    assert_eq!((&said["letter"], &said["link"]), (&"waits".into(), &Value::Null), "{said}");
    let taken = Folder::new("mail-invited-letters").unwrap();
    let _mail = serve(gate.mail, &taken, &[]).await;
    assert!(live::eventually(|| letters(&taken).len() == 1).await, "{}", gate.log());

    let sent: Value = serde_json::from_slice(&gate.command(&invite).stdout).unwrap();
    assert_eq!(sent["letter"], "sent");
    assert!(live::eventually(|| letters(&taken).len() == 2).await);
    let all = letters(&taken);
    assert_eq!(all[1]["to"], serde_json::json!(["ada@example.org"]));
    let tokens = all.iter().map(|letter| {
        assert!(link(letter).starts_with(&format!("{origin}/.portcullis/sign-up?token=")), "{letter}");
        link(letter).split("token=").nth(1).unwrap().to_owned()
    });
    let [old, new] = tokens.collect::<Vec<_>>().try_into().unwrap();
    let accept = async |token: &str| {
        gate.post("sign-up", &format!("token={token}&name=Ada&password=seven+lamps+under+the+pier")).await
    };
    assert_eq!(accept(&old).await.status, 410, "the newer one took its place");
    let done = accept(&new).await;
    assert_eq!((done.status, done.header("location")), (303, Some("/")), "{}", done.body);
    let cookie = done.head.lines().find_map(|line| {
        let (_, value) = line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))?;
        value.starts_with("portcullis-session=").then(|| value.split(';').next().unwrap().to_owned())
    });
    let headers = format!("Cookie: {}\r\n", cookie.unwrap());
    let account =
        live::ask(([127, 0, 0, 1], gate.port).into(), "GET", "/.portcullis/account", &headers).await.unwrap();
    assert!(account.status == 200 && account.body.contains("ada@example.org"), "{}", account.head);
    assert_eq!(accept(&new).await.status, 410, "it worked once");
    let user: Value =
        serde_json::from_slice(&gate.command(&["user", "list", "ada@example.org", "--json"]).stdout).unwrap();
    assert_eq!((&user["standing"], &user["roles"]), (&"active".into(), &serde_json::json!(["editor"])));
    assert!(gate.log().contains("account.invitation_accepted"));
}
