//! What scanners and conformance suites say of the listeners: the tools that operators and attackers use.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use portcullis::Policy;
use portcullis_gateway::tls::certificates::CertificateFiles;
use portcullis_gateway::upstream::Upstream;
use portcullis_gateway::{Gateway, Running, Settings};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, NamedGroup, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const NAME: &str = "notes.example";

/// An authority with its files, and certificates of it.
struct Made {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Drop for Made {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Made {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("portcullis-edge-{}-{test}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Test root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        valid(&mut params);
        std::fs::write(folder.join("root.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { folder, issuer: Issuer::new(params, key) }
    }

    /// A certificate for `name`, for a server or a client.
    fn certificate(&self, name: &str, usage: ExtendedKeyUsagePurpose) -> CertificateFiles {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        valid(&mut params);
        let at = |end: &str| self.folder.join(format!("{name}.{end}"));
        std::fs::write(at("pem"), params.signed_by(&key, &self.issuer).unwrap().pem()).unwrap();
        std::fs::write(at("key"), key.serialize_pem()).unwrap();
        CertificateFiles { chain: at("pem"), key: at("key") }
    }

    fn root(&self) -> PathBuf {
        self.folder.join("root.pem")
    }

    fn gate(&self, app: SocketAddr, policy: &str) -> Running {
        let text = format!("[host]\nnames = [\"{NAME}\", \"localhost\"]\n{policy}");
        let (policy, file) = Policy::parse("portcullis.toml", &text).unwrap();
        let mut settings = Settings::new(Upstream::parse(&format!("http://{app}")).unwrap());
        settings.policy = policy;
        settings.client_ca = file.tls.client_ca.as_ref().map(|path| self.folder.join(path));
        settings.certificates = vec![self.certificate(NAME, ExtendedKeyUsagePurpose::ServerAuth)];
        settings.https = vec!["127.0.0.1:0".parse().unwrap()];
        settings.threads = 2;
        settings.data_dir = self.folder.join("data");
        Gateway::start(settings).unwrap()
    }
}

/// As long as an authority would make it.
fn valid(params: &mut CertificateParams) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + now - std::time::Duration::from_secs(3600);
    params.not_after = epoch + now + std::time::Duration::from_secs(80 * 86_400);
}

/// An app that says hello, and what it was told of the client.
async fn app() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut read = Vec::new();
                let mut part = [0; 4096];
                while let Ok(length) = stream.read(&mut part).await {
                    if length == 0 {
                        return;
                    }
                    read.extend_from_slice(part.get(..length).unwrap());
                    let text = String::from_utf8_lossy(&read).to_ascii_lowercase();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let field = |name: &str| {
                        head.lines()
                            .find_map(|line| line.strip_prefix(name))
                            .map(|value| value.trim().to_owned())
                    };
                    let whole = match field("content-length:") {
                        Some(length) => body.len() >= length.parse().unwrap_or(0),
                        None => !head.contains("transfer-encoding") || last_chunk(body),
                    };
                    if !whole {
                        continue;
                    }
                    let who = field("x-portcullis-client-subject:").unwrap_or_default();
                    let claimed = head.matches("client-cert").count();
                    let said = format!("hello {who} {claimed}");
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{said}",
                        said.len()
                    );
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                    read.clear();
                }
            });
        }
    });
    address
}

/// Whether the last chunk and its trailers are there.
fn last_chunk(body: &str) -> bool {
    body.ends_with("\r\n\r\n") && (body.starts_with("0\r\n") || body.contains("\r\n0\r\n"))
}

async fn run(command: &mut Command) -> Output {
    let mut command = std::mem::replace(command, Command::new("true"));
    tokio::task::spawn_blocking(move || command.stdin(std::process::Stdio::null()).output().unwrap())
        .await
        .unwrap()
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn cached(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache").join(name);
    assert!(path.exists(), "`{name}` is not there: run `make setup`");
    path
}

#[tokio::test]
async fn sslyze_finds_what_mozilla_calls_intermediate() {
    let made = Made::new("sslyze");
    let gate = made.gate(app().await, "");
    let scanned = run(Command::new(cached("sslyze/bin/sslyze"))
        .arg("--mozilla_config=intermediate")
        .arg(format!("--certinfo_ca_file={}", made.root().display()))
        .arg(format!("{NAME}:{}{{127.0.0.1}}", gate.https.first().unwrap().port())))
    .await;
    assert!(scanned.status.success(), "{}", told(&scanned));
    assert!(told(&scanned).contains("OK - Compliant"), "{}", told(&scanned));
}

#[tokio::test]
async fn sslscan_finds_nothing_weaker_than_intended() {
    let made = Made::new("sslscan");
    let gate = made.gate(app().await, "");
    let port = gate.https.first().unwrap().port();
    let scanned = run(Command::new("sslscan").arg("--no-colour").arg(format!("localhost:{port}"))).await;
    let text = told(&scanned);
    for old in ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"] {
        assert!(
            text.lines().any(|line| line.starts_with(old) && line.ends_with("disabled")),
            "{old}: {text}"
        );
    }
    let ciphers: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("Preferred ") || line.starts_with("Accepted "))
        .filter_map(|line| line.split_whitespace().nth(4))
        .collect();
    assert!(ciphers.len() >= 6, "{text}");
    for cipher in ciphers {
        let aead = cipher.contains("GCM") || cipher.contains("CHACHA20");
        assert!(aead && (cipher.starts_with("TLS_") || cipher.starts_with("ECDHE-")), "{cipher}");
    }
    assert!(
        !text.contains("vulnerable to heartbleed") || text.contains("not vulnerable to heartbleed"),
        "{text}"
    );
}

#[tokio::test]
async fn testssl_finds_nothing_weaker_than_intended() {
    /// What it remarks on, and why that is as it is meant to be.
    const MEANT: [(&str, &str); 5] = [
        ("sessionresumption_ticket", "its client does not always get that far; what resumes is tried above"),
        ("engine_problem", "of the scanner's own machine"),
        ("cipher_order", "every cipher is strong, so the client chooses the one that is fast for it"),
        ("cert_revocation", "the test's own certificate authority has no revocation service"),
        ("DNS_CAArecord", "the test's name is in no DNS"),
    ];
    let made = Made::new("testssl");
    let gate = made.gate(app().await, "");
    let report = made.folder.join("report.json");
    let scanned = run(Command::new("testssl")
        .args(["--quiet", "--color", "0", "--warnings", "off", "--severity", "LOW", "--ip", "127.0.0.1"])
        .arg("--add-ca")
        .arg(made.root())
        .arg("--jsonfile")
        .arg(&report)
        .arg(format!("{NAME}:{}", gate.https.first().unwrap().port())))
    .await;
    let text = std::fs::read_to_string(&report).unwrap_or_else(|_| panic!("{}", told(&scanned)));
    let findings: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let unmeant: Vec<_> = findings
        .iter()
        .filter(|finding| !MEANT.iter().any(|(id, _)| finding.get("id").is_some_and(|found| found == id)))
        .collect();
    assert!(unmeant.is_empty(), "{unmeant:#?}");
    assert!(told(&scanned).contains(" Done "), "it did not come to its end: {}", told(&scanned));
}

#[tokio::test]
async fn h2spec_finds_http_2_as_the_rfcs_have_it() {
    let made = Made::new("h2spec");
    let gate = made.gate(app().await, "");
    let port = gate.https.first().unwrap().port().to_string();
    // Some of its cases race: what they reset may have been answered before. One whole run must pass.
    let mut text = String::new();
    for _ in 0..3 {
        let mut h2spec = Command::new(cached("go/h2spec"));
        let tested = run(h2spec.args(["-h", "localhost", "-p", &port, "-t", "-k", "-o", "10"])).await;
        text = told(&tested);
        if tested.status.success() {
            break;
        }
    }
    let (count, rest) = text.lines().find_map(|line| line.split_once(" tests, ")).unwrap();
    assert_eq!(rest, format!("{count} passed, 0 skipped, 0 failed"), "{text}");
    assert!(count.parse::<u32>().unwrap() >= 145, "{count}");
}

async fn connect(gate: &Running, config: &Arc<ClientConfig>) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(gate.https.first().unwrap()).await?;
    TlsConnector::from(config.clone()).connect(ServerName::try_from(NAME).unwrap(), stream).await
}

async fn get(stream: &mut TlsStream<TcpStream>, path: &str, headers: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

fn roots(made: &Made) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(made.root()).unwrap()).unwrap();
    roots
}

#[tokio::test]
async fn a_session_is_resumed_on_whichever_thread_and_by_a_key_that_no_quantum_computer_finds() {
    let made = Made::new("resume");
    let gate = made.gate(app().await, "");
    let config = Arc::new(ClientConfig::builder().with_root_certificates(roots(&made)).with_no_client_auth());
    let mut kinds = Vec::new();
    // Two threads serve, and the kernel spreads connections over them.
    for _ in 0..12 {
        let mut stream = connect(&gate, &config).await.unwrap();
        assert!(get(&mut stream, "/", "").await.contains("hello"));
        let session = stream.get_ref().1;
        assert_eq!(session.negotiated_key_exchange_group().unwrap().name(), NamedGroup::X25519MLKEM768);
        kinds.push(session.handshake_kind().unwrap());
    }
    assert_eq!(kinds.remove(0), HandshakeKind::Full);
    assert!(kinds.iter().all(|kind| *kind == HandshakeKind::Resumed), "{kinds:?}");
    let counts = gate.tls.as_ref().unwrap().counts();
    assert_eq!((counts.full, counts.resumed), (1, 11));
}

#[tokio::test]
async fn a_route_for_known_clients_is_closed_to_others_and_the_app_learns_who_it_is() {
    let made = Made::new("mtls");
    let policy = "[tls]\nclient_ca = \"root.pem\"\n[[route]]\npath = \"/staff/*\"\n\
                  transport.require_client_certificate = true\n";
    let gate = made.gate(app().await, policy);
    let anybody =
        Arc::new(ClientConfig::builder().with_root_certificates(roots(&made)).with_no_client_auth());
    let forged = "Client-Cert: :AAAA:\r\nX-Portcullis-Client-Subject: CN=boss\r\nX-SSL-Client-Cert: x\r\n";
    let answer = get(&mut connect(&gate, &anybody).await.unwrap(), "/", forged).await;
    assert!(answer.ends_with("hello  0"), "what a client claims reaches no app: {answer}");
    let answer = get(&mut connect(&gate, &anybody).await.unwrap(), "/staff/list", forged).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");

    let ann = made.certificate("ann.example", ExtendedKeyUsagePurpose::ClientAuth);
    let known = |files: &CertificateFiles, roots: RootCertStore| {
        let chain = vec![CertificateDer::from_pem_file(&files.chain).unwrap()];
        let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
        Arc::new(
            ClientConfig::builder().with_root_certificates(roots).with_client_auth_cert(chain, key).unwrap(),
        )
    };
    let config = known(&ann, roots(&made));
    for _ in 0..2 {
        // The second time by a ticket, which keeps who it is.
        let answer = get(&mut connect(&gate, &config).await.unwrap(), "/staff/list", forged).await;
        assert!(answer.contains("hello cn=ann.example 1"), "{answer}");
    }

    // One that holds not for us gets an alert, not a page.
    let other = Made::new("other");
    let config = known(&other.certificate("ann.example", ExtendedKeyUsagePurpose::ClientAuth), roots(&made));
    let refused = match connect(&gate, &config).await {
        Err(error) => error.to_string(),
        Ok(mut stream) => {
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.unwrap_err().to_string()
        }
    };
    assert!(refused.contains("UnknownCA") || refused.contains("alert"), "{refused}");
}
