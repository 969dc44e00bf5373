//! Certificates from a real ACME server (Pebble, by the makers of Let's Encrypt), which looks at the proofs by
//! itself: its own DNS answers that every name is this machine.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use portcullis::Policy;
use portcullis_gateway::{Gateway, Running, Settings};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long the server may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Pebble and its DNS, ended with the test.
struct Pebble {
    children: Vec<Child>,
    folder: PathBuf,
    directory: SocketAddr,
    management: SocketAddr,
    http: SocketAddr,
    https: SocketAddr,
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn program(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/go").join(name);
    assert!(path.exists(), "`{name}` is not there: run tests/setup/go.sh");
    path
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Pebble {
    fn start(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("portcullis-acme-{}-{test}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let authority_key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = authority.self_signed(&authority_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let own = own.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();
        std::fs::write(folder.join("root.pem"), root.pem()).unwrap();
        std::fs::write(folder.join("own.pem"), own.pem()).unwrap();
        std::fs::write(folder.join("own.key"), key.serialize_pem()).unwrap();

        let (directory, management, http, https, dns, dns_management) =
            (free(), free(), free(), free(), free(), free());
        let config = serde_json::json!({ "pebble": {
            "listenAddress": directory.to_string(),
            "managementListenAddress": management.to_string(),
            "certificate": folder.join("own.pem"),
            "privateKey": folder.join("own.key"),
            "httpPort": http.port(),
            "tlsPort": https.port(),
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
            "domainBlocklist": ["blocked.example"],
            "retryAfter": { "authz": 1, "order": 1 },
            "profiles": { "default": { "description": "as always", "validityPeriod": 7776000 } },
        }});
        std::fs::write(folder.join("pebble.json"), config.to_string()).unwrap();
        let quiet = |command: &mut Command, name: &str| {
            let log = std::fs::File::create(folder.join(format!("{name}.log"))).unwrap();
            command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
        };
        let names = quiet(
            Command::new(program("pebble-challtestsrv"))
                .args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""])
                .args(["-dnsserver", &dns.to_string(), "-management", &dns_management.to_string()])
                .args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", ""]),
            "dns",
        );
        let server = quiet(
            Command::new(program("pebble"))
                .args(["-strict", "-dnsserver", &dns.to_string()])
                .arg("-config")
                .arg(folder.join("pebble.json"))
                .env("PEBBLE_VA_NOSLEEP", "1"),
            "pebble",
        );
        Self { children: vec![names, server], folder, directory, management, http, https }
    }

    async fn is_ready(&self) {
        for tries in 0.. {
            if TcpStream::connect(self.directory).await.is_ok()
                && TcpStream::connect(self.management).await.is_ok()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            let log = || std::fs::read_to_string(self.folder.join("pebble.log")).unwrap();
            assert!(tries < 600, "{}", log());
        }
    }

    /// Asks Pebble's own management, over its HTTPS.
    async fn manage(&self, request: &str) -> String {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.folder.join("root.pem")).unwrap()).unwrap();
        let mut stream = shake_hands(self.management, roots, "localhost").await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    /// The root that the certificates come from; new with each start.
    async fn root(&self) -> RootCertStore {
        let pem = self.manage("GET /roots/0 HTTP/1.0\r\nHost: localhost\r\nUser-Agent: test\r\n\r\n").await;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
        roots
    }

    fn settings(&self, challenges: &str, names: &str) -> Settings {
        let text = format!(
            "upstream = \"http://127.0.0.1:9\"\n[host]\nnames = {names}\n\
             [listen]\nhttps = \"{}\"\nhttp = \"{}\"\n\
             [tls.acme]\nagree_to_terms = true\ndirectory = \"https://localhost:{}/dir\"\nca = \"root.pem\"\n\
             contact = [\"admin@notes.example\"]\nchallenges = [\"{challenges}\"]\n",
            self.https,
            self.http,
            self.directory.port()
        );
        let (policy, file) = Policy::parse("portcullis.toml", &text).unwrap();
        let mut settings = Settings::from_policy(policy, &file, &self.folder).unwrap();
        settings.threads = 1;
        settings.data_dir = self.folder.join("data");
        settings
    }
}

async fn shake_hands(
    address: SocketAddr,
    roots: RootCertStore,
    name: &str,
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// The certificate that is shown for `name`, where it holds.
async fn shown(pebble: &Pebble, roots: &RootCertStore, name: &str) -> Option<CertificateDer<'static>> {
    let stream = shake_hands(pebble.https, roots.clone(), name).await.ok()?;
    Some(stream.get_ref().1.peer_certificates()?.first()?.clone())
}

async fn obtained(pebble: &Pebble, gate: &Running, name: &str) -> CertificateDer<'static> {
    let roots = pebble.root().await;
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(certificate) = shown(pebble, &roots, name).await {
            return certificate;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        let status = || gate.keeping.as_ref().unwrap().acme_status();
        assert!(tokio::time::Instant::now() < until, "{:?}", status());
    }
}

fn events(pebble: &Pebble, gate: &Running) -> String {
    gate.log.flush();
    std::fs::read_to_string(pebble.folder.join("data/events.jsonl")).unwrap()
}

#[tokio::test]
async fn every_name_gets_a_certificate_by_a_handshake_and_one_that_is_refused_waits() {
    let pebble = Pebble::start("alpn");
    pebble.is_ready().await;
    let names = "[\"blocked.example\", \"notes.example\", \"www.notes.example\"]";
    let gate = Gateway::start(pebble.settings("tls-alpn-01", names)).unwrap();
    let first = obtained(&pebble, &gate, "notes.example").await;
    let second = obtained(&pebble, &gate, "www.notes.example").await;
    assert_ne!(first, second, "each name has its own");

    let status = gate.keeping.as_ref().unwrap().acme_status();
    let of = |name: &str| status.iter().find(|one| one.name == name).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let blocked = of("blocked.example");
    assert_eq!((blocked.failures, blocked.not_after), (1, None), "{status:?}");
    assert!(blocked.due > now + 30, "{status:?}");
    assert!(blocked.error.as_deref().unwrap().contains("policy"), "{status:?}");
    let good = of("notes.example");
    assert!(
        good.failures == 0 && good.due > now + 86_400 && good.due < good.not_after.unwrap(),
        "{status:?}"
    );
    let told = events(&pebble, &gate);
    assert!(told.contains("portcullis.gateway.certificate_refused"), "{told}");
    assert!(told.contains("portcullis.gateway.certificate_obtained"), "{told}");

    // What was refused is not asked for again by starting anew.
    gate.shutdown().await;
    let again = Gateway::start(pebble.settings("tls-alpn-01", names)).unwrap();
    assert_eq!(shown(&pebble, &pebble.root().await, "notes.example").await, Some(first));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let status = again.keeping.as_ref().unwrap().acme_status();
    assert_eq!(status.iter().find(|one| one.name == "blocked.example").unwrap().failures, 1);
    again.shutdown().await;
}

#[tokio::test]
async fn a_file_over_plain_http_proves_a_name_and_the_old_certificate_is_served_until_it_is_renewed() {
    let pebble = Pebble::start("http");
    pebble.is_ready().await;
    let settings = || pebble.settings("http-01", "[\"notes.example\"]");
    let gate = Gateway::start(settings()).unwrap();
    let old = obtained(&pebble, &gate, "notes.example").await;
    // Served first, written down a moment later.
    let kept = || gate.keeping.as_ref().unwrap().acme_status().iter().any(|one| one.not_after.is_some());
    while !kept() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    gate.shutdown().await;

    // The authority asks for it to be renewed now (RFC 9773), as after a compromise.
    let answer = r#"{"suggestedWindow":{"start":"2020-01-01T00:00:00Z","end":"2020-01-02T00:00:00Z"}}"#;
    let pem = std::fs::read_dir(pebble.folder.join("data/acme")).unwrap().next().unwrap().unwrap().path();
    let pem = std::fs::read_to_string(pem.join("notes.example.pem")).unwrap();
    let certificate = pem.get(pem.find("-----BEGIN CERTIFICATE").unwrap()..).unwrap();
    let end = certificate.find("-----END CERTIFICATE-----").unwrap() + "-----END CERTIFICATE-----\n".len();
    let body = serde_json::json!({ "certificate": certificate.get(..end).unwrap(), "ariResponse": answer });
    let body = body.to_string();
    let length = body.len();
    pebble
        .manage(&format!(
            "POST /set-renewal-info/ HTTP/1.0\r\nHost: localhost\r\nUser-Agent: test\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .await;
    // As if six hours had passed since it was asked last.
    for folder in std::fs::read_dir(pebble.folder.join("data/acme")).unwrap() {
        std::fs::remove_file(folder.unwrap().path().join("notes.example.json")).unwrap();
    }

    let gate = Gateway::start(settings()).unwrap();
    let roots = pebble.root().await;
    let until = tokio::time::Instant::now() + PATIENCE;
    let mut now = old.clone();
    while now == old {
        assert!(tokio::time::Instant::now() < until, "{:?}", gate.keeping.as_ref().unwrap().acme_status());
        now = shown(&pebble, &roots, "notes.example").await.expect("there is always a certificate");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    gate.shutdown().await;
}
