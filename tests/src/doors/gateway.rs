//! The gateway: the case's bytes over a real socket, a real app behind it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use portcullis::Policy;
use portcullis_gateway::upstream::Upstream;
use portcullis_gateway::{Gateway, Running, Settings};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::app_response;
use super::engine::lines;
use crate::case::{Case, Connection};
use crate::outcome::{AppSaw, Outcome};

/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a case could not be run at all.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A gateway with an app behind it, both for one case.
pub struct Standing {
    /// The gateway, with one listener of each kind on a free port.
    pub running: Running,
    app: App,
    data_dir: Folder,
}

impl Standing {
    /// Starts both.
    ///
    /// # Errors
    /// When one of them does not start.
    pub async fn start(case: &Case) -> Result<Self, Failure> {
        Self::start_with(case, |_| {}).await
    }

    /// The same, with settings that are no part of a case.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub async fn start_with(case: &Case, more: impl FnOnce(&mut Settings)) -> Result<Self, Failure> {
        let app = App::start(case).await?;
        let data_dir = Folder::new()?;
        let (policy, _) = Policy::parse("policy of the case", &case.policy)?;
        let mut settings = Settings::new(Upstream::parse(&format!("http://{}", app.address))?);
        settings.policy = policy;
        settings.threads = 1;
        settings.names = vec![case.server_name.clone()];
        settings.data_dir.clone_from(&data_dir.0);
        settings.https = vec!["127.0.0.1:0".parse()?];
        settings.http = vec!["127.0.0.1:0".parse()?];
        settings.dangerous_plain = vec!["127.0.0.1:0".parse()?];
        more(&mut settings);
        let running = Gateway::start(settings)?;
        Ok(Self { running, app, data_dir })
    }

    /// What the app saw first since it was last asked.
    #[must_use]
    pub fn app_saw(&self) -> Option<AppSaw> {
        self.app.saw.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Closes the gateway and reads its log into `outcome`.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn close(self, outcome: &mut Outcome) -> Result<(), Failure> {
        outcome.app = self.app_saw();
        self.running.shutdown().await;
        for line in std::fs::read_to_string(self.data_dir.0.join("events.jsonl"))?.lines() {
            let event: Value = serde_json::from_str(line)?;
            outcome.read_event(&event);
        }
        Ok(())
    }
}

/// Whom a client trusts that knows `authority` alone.
///
/// # Errors
/// When there is no certificate.
pub fn trusting(authority: &Path) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authority)? {
        roots.add(certificate?)?;
    }
    Ok(roots)
}

/// Runs a case through a gateway of its own.
///
/// # Errors
/// When the gateway does not start, or the connection fails in a way that is no answer.
pub async fn run(case: &Case) -> Result<Outcome, Failure> {
    let standing = Standing::start(case).await?;
    let mut outcome = Outcome::default();
    let answer = tokio::time::timeout(PATIENCE, exchange(case, &standing.running)).await??;
    answer.told(&mut outcome, standing.running.https.first().map_or(0, std::net::SocketAddr::port));
    standing.close(&mut outcome).await?;
    Ok(outcome)
}

async fn exchange(case: &Case, running: &Running) -> Result<Answer, Failure> {
    let listener = match case.connection {
        Connection::Https => &running.https,
        Connection::Redirect => &running.http,
        Connection::DangerousPlain => &running.dangerous_plain,
    };
    let stream = TcpStream::connect(listener.as_slice()).await?;
    match (case.connection, &running.development) {
        (Connection::Https, Some(development)) => {
            let roots = trusting(&development.authority)?;
            let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
            let connector = TlsConnector::from(Arc::new(config));
            talk(case, connector.connect(ServerName::try_from(case.server_name.clone())?, stream).await?)
                .await
        }
        _ => talk(case, stream).await,
    }
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(case: &Case, mut stream: S) -> Result<Answer, Failure> {
    // The gate may answer and close before everything is written.
    let _ = stream.write_all(&case.bytes()).await;
    let _ = stream.flush().await;
    if case.bytes_alone {
        // Several requests may stand there: all are answered before the gate closes.
        let _ = stream.shutdown().await;
    }
    let mut answer = Answer { bytes: Vec::new(), bodiless: case.raw.starts_with("HEAD ") };
    let mut buffer = [0; 16 * 1024];
    while case.bytes_alone || !answer.complete() {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(length) => answer.bytes.extend(buffer.iter().take(length)),
        }
    }
    Ok(answer)
}

/// The bytes of an answer, or of several.
struct Answer {
    bytes: Vec<u8>,
    bodiless: bool,
}

struct Parsed<'a> {
    status: u16,
    headers: Vec<(String, String)>,
    /// With what follows it; `None` while it is not whole.
    body: Option<(Vec<u8>, &'a [u8])>,
}

impl Answer {
    fn complete(&self) -> bool {
        parse(&self.bytes, self.bodiless).is_some_and(|parsed| parsed.body.is_some())
    }

    /// The last answer counts: the one before which the connection was closed. Ports differ from run to
    /// run: the one of HTTPS is told as 8443.
    fn told(self, outcome: &mut Outcome, https_port: u16) {
        let mut bytes = self.bytes.as_slice();
        while let Some(parsed) = parse(bytes, self.bodiless) {
            let port = format!(":{https_port}");
            let told = |(name, value): (String, String)| (name, value.replace(&port, ":8443"));
            outcome.headers = parsed.headers.into_iter().map(told).collect();
            // An answer that breaks off is none.
            outcome.status = if parsed.body.is_some() { parsed.status } else { 0 };
            let (body, rest) = parsed.body.unwrap_or_default();
            outcome.body = body;
            bytes = rest;
        }
    }
}

fn parse(bytes: &[u8], bodiless: bool) -> Option<Parsed<'_>> {
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(bytes).ok()? else { return None };
    let headers: Vec<(String, String)> = response
        .headers
        .iter()
        .map(|header| {
            let value = header.value.iter().map(|byte| char::from(*byte)).collect();
            (header.name.to_ascii_lowercase(), value)
        })
        .collect();
    let field = |name: &str| headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str());
    let rest = bytes.get(head..)?;
    let status = response.code?;
    let body = if bodiless || status < 200 || status == 204 || status == 304 {
        Some((Vec::new(), rest))
    } else if let Some(length) = field("content-length") {
        rest.split_at_checked(length.parse().ok()?).map(|(body, rest)| (body.to_vec(), rest))
    } else {
        crate::wire::unchunk_whole(rest)
    };
    Some(Parsed { status, headers, body })
}

/// The app of a case, on a free port.
struct App {
    address: std::net::SocketAddr,
    saw: Arc<Mutex<Option<AppSaw>>>,
    task: JoinHandle<()>,
}

impl App {
    async fn start(case: &Case) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let saw: Arc<Mutex<Option<AppSaw>>> = Arc::default();
        let (seen, case) = (saw.clone(), case.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, case) = (seen.clone(), case.clone());
                let service = service_fn(move |request: http::Request<Incoming>| {
                    let (seen, case) = (seen.clone(), case.clone());
                    async move {
                        let (head, body) = request.into_parts();
                        let body = body.collect().await?.to_bytes().to_vec();
                        let target = head.uri.path_and_query().map_or_else(String::new, ToString::to_string);
                        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                        // Only the first: a second request on the connection is another exchange.
                        seen.get_or_insert_with(|| AppSaw {
                            method: head.method.to_string(),
                            target,
                            headers: lines(&head.headers),
                            body,
                        });
                        Ok::<_, hyper::Error>(app_response(&case).map(Full::new))
                    }
                });
                tokio::spawn(async move {
                    let io = TokioIo::new(stream);
                    let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
                });
            }
        });
        Ok(Self { address, saw, task })
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A folder that goes when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("portcullis-cases-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(Path::new(&self.0));
    }
}
