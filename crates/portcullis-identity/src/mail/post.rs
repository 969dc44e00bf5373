//! The queue before the mail server, and the thread that works it off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use lettre::message::{Mailbox, MultiPart, header};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use portcullis::layers::caller::session::Notice;
use zeroize::Zeroizing;

use super::{Composed, Letter, compose};
use crate::accounts::Writer;

/// How many letters wait at most.
const WAITING: usize = 512;
/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long to wait before the next try; what fails after the last is given up. A link would hardly still work.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(120), Duration::from_secs(600)];

/// How long the last round may take when the gate ends.
const FAREWELL: Duration = Duration::from_secs(5);

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// How the way to the mail server is guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It begins in the open and must change to TLS (RFC 3207).
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// In the open.
    DangerousPlain,
}

/// How letters are sent.
pub struct Setting {
    /// From whom: an address, or a name and an address in angle brackets.
    pub from: String,
    /// The server's name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way is guarded.
    pub way: Way,
    /// The user to log in as, and the password.
    pub login: Option<(String, Zeroizing<String>)>,
    /// Authorities to trust instead of the machine's, in PEM.
    pub authorities: Option<Vec<u8>>,
}

/// Letters that can never be sent.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The sender.
    #[error("`{0}` is no address to send mail from")]
    From(String),
    /// The way to the server.
    #[error("the way to the mail server cannot be guarded: {0}")]
    Tls(#[from] lettre::transport::smtp::Error),
    /// The system.
    #[error("no thread for mail: {0}")]
    Thread(#[from] std::io::Error),
}

/// Sends letters. What waits when it is dropped is tried once more, for a few seconds.
pub struct Post {
    closing: Arc<AtomicBool>,
    queue: Option<SyncSender<Letter>>,
    thread: Option<std::thread::JoinHandle<()>>,
    tell: Arc<dyn Fn(Notice) + Send + Sync>,
}

impl Post {
    /// Starts the thread; `tell` hears of letters that cannot be sent, from that thread or a caller's.
    ///
    /// # Errors
    /// When the settings cannot work.
    pub fn start(setting: Setting, tell: Arc<dyn Fn(Notice) + Send + Sync>) -> Result<Self, PostError> {
        Self::with(setting, tell, WAITING, &PAUSES)
    }

    pub(super) fn with(
        setting: Setting,
        tell: Arc<dyn Fn(Notice) + Send + Sync>,
        waiting: usize,
        pauses: &'static [Duration],
    ) -> Result<Self, PostError> {
        let from: Mailbox = setting.from.parse().map_err(|_| PostError::From(setting.from.clone()))?;
        let transport = transport(setting)?;
        let (queue, letters) = sync_channel(waiting);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (hear, closing) = (tell.clone(), Arc::new(AtomicBool::new(false)));
        let told_to_close = closing.clone();
        let thread = std::thread::Builder::new().name("mail".to_owned()).spawn(move || {
            let round = Round { from, transport, pauses, tell: hear, closing: told_to_close };
            runtime.block_on(round.serve(&letters));
        })?;
        Ok(Self { closing, queue: Some(queue), thread: Some(thread), tell })
    }
}

impl Writer for Post {
    fn send(&self, letter: Letter) {
        let Some(queue) = &self.queue else { return };
        if queue.try_send(letter).is_err() {
            (self.tell)(told("mail.dropped", "the queue of letters is full: a letter was not sent"));
        }
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        self.queue.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn transport(setting: Setting) -> Result<Transport, PostError> {
    let tls = |host: String| -> Result<TlsParameters, PostError> {
        let mut parameters = TlsParameters::builder(host);
        if let Some(pem) = &setting.authorities {
            let certificate = Certificate::from_pem(pem)?;
            parameters =
                parameters.certificate_store(CertificateStore::None).add_root_certificate(certificate);
        }
        Ok(parameters.build()?)
    };
    let guard = match setting.way {
        Way::StartTls => Tls::Required(tls(setting.host.clone())?),
        Way::Tls => Tls::Wrapper(tls(setting.host.clone())?),
        Way::DangerousPlain => Tls::None,
    };
    let mut builder =
        Transport::builder_dangerous(&setting.host).port(setting.port).tls(guard).timeout(Some(PATIENCE));
    if let Some((user, password)) = setting.login {
        builder = builder.credentials(Credentials::new(user, password.to_string()));
    }
    Ok(builder.build())
}

/// A letter that could not be sent, and is tried again.
struct Again {
    letter: Letter,
    tries: usize,
    at: tokio::time::Instant,
}

struct Round {
    from: Mailbox,
    transport: Transport,
    pauses: &'static [Duration],
    tell: Arc<dyn Fn(Notice) + Send + Sync>,
    closing: Arc<AtomicBool>,
}

impl Round {
    /// New letters as they come, old ones when their time is.
    async fn serve(&self, letters: &Receiver<Letter>) {
        const LOOK: Duration = Duration::from_millis(200);
        let mut again: Vec<Again> = Vec::new();
        while !self.closing.load(Ordering::Relaxed) {
            match letters.recv_timeout(LOOK) {
                Ok(letter) => self.attempt(letter, 0, &mut again).await,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
            }
            let now = tokio::time::Instant::now();
            let (due, later): (Vec<_>, Vec<_>) = again.drain(..).partition(|one| one.at <= now);
            again = later;
            for one in due {
                self.attempt(one.letter, one.tries, &mut again).await;
            }
        }
        let end = tokio::time::Instant::now() + FAREWELL;
        let mut left = again.drain(..).map(|one| one.letter).chain(letters.try_iter());
        for letter in left.by_ref() {
            let mut never = Vec::new();
            let last = self.attempt(letter, self.pauses.len(), &mut never);
            if tokio::time::timeout_at(end, last).await.is_err() {
                break;
            }
        }
        let lost = left.count();
        if lost > 0 {
            (self.tell)(told("mail.given_up", format!("`{lost}` letters were given up when the gate ended")));
        }
    }

    async fn attempt(&self, letter: Letter, tries: usize, again: &mut Vec<Again>) {
        let Some(message) = message(&self.from, &letter) else {
            (self.tell)(told("mail.unsendable", "a letter cannot be written to this address"));
            return;
        };
        let sent = tokio::time::timeout(PATIENCE, self.transport.send(message)).await;
        let (reason, for_good) = match sent {
            Ok(Ok(_)) => return,
            Ok(Err(error)) => (chain(&error), error.is_permanent()),
            Err(_) => ("it did not answer in time".to_owned(), false),
        };
        if for_good {
            (self.tell)(told("mail.refused", format!("the mail server refuses a letter: {reason}")));
            return;
        }
        match self.pauses.get(tries).filter(|_| again.len() < WAITING) {
            Some(pause) => {
                if tries == 0 {
                    (self.tell)(told(
                        "mail.away",
                        format!("the mail server is away, and is tried again: {reason}"),
                    ));
                }
                again.push(Again { letter, tries: tries + 1, at: tokio::time::Instant::now() + *pause });
            }
            None => (self.tell)(told("mail.given_up", format!("a letter was given up: {reason}"))),
        }
    }
}

/// The message: every header from a typed part, encoded by its own rules (RFC 5322, RFC 2047).
pub(super) fn message(from: &Mailbox, letter: &Letter) -> Option<Message> {
    let Composed { subject, text, html } = compose(letter);
    // A subject is one line, whatever the app is called.
    let subject = subject.chars().filter(|sign| !sign.is_control()).collect::<String>();
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, letter.to.as_str().parse().ok()?))
        .subject(subject)
        // Nobody's machine answers this (RFC 3834 section 5).
        .header(AutoSubmitted)
        .multipart(
            MultiPart::alternative()
                .singlepart(
                    lettre::message::SinglePart::builder().header(header::ContentType::TEXT_PLAIN).body(text),
                )
                .singlepart(
                    lettre::message::SinglePart::builder().header(header::ContentType::TEXT_HTML).body(html),
                ),
        )
        .ok()
}

#[derive(Clone)]
struct AutoSubmitted;

impl header::Header for AutoSubmitted {
    fn name() -> header::HeaderName {
        header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> header::HeaderValue {
        header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// An error with what is behind it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text.chars().filter(|sign| !sign.is_control()).take(300).collect()
}

fn told(code: &'static str, detail: impl Into<String>) -> Notice {
    Notice { code, user: None, detail: detail.into() }
}
