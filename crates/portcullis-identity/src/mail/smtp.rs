//! The way to the mail server, and one letter over it.

use std::time::Duration;

use lettre::message::{Mailbox, MultiPart, header};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use portcullis_store::Key;
use zeroize::Zeroizing;

use super::{Composed, Letter, compose};

/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(20);

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

/// Why a letter was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// It cannot be written: its address is none that mail goes to.
    #[error("a letter cannot be written to this address")]
    Unwritable,
    /// The server will not have it.
    #[error("the mail server refuses a letter: {0}")]
    Refused(String),
    /// The server cannot be reached, or not in the way that the policy wants.
    #[error("the mail server is away: {0}")]
    Away(String),
}

/// Sends letters over SMTP, each over a connection of its own.
///
/// With [`Way::StartTls`] nothing is said before TLS, and a server that does not offer it is as good as away: whoever
/// sits between could take the offer out (RFC 8314 section 4.1, CVE-2011-0411). Passwords go over TLS only.
pub struct Smtp {
    from: Mailbox,
    transport: Transport,
}

impl Smtp {
    /// The way to a server; nobody is asked yet.
    ///
    /// # Errors
    /// When the settings cannot work.
    pub fn new(setting: Setting) -> Result<Self, PostError> {
        let from = setting.from.parse().map_err(|_| PostError::From(setting.from.clone()))?;
        Ok(Self { from, transport: transport(setting)? })
    }

    /// Sends one letter; the server took it when this is `Ok`. The same `id` makes the same `Message-ID`, by which a
    /// letter that was sent twice is known as one (RFC 5322 section 3.6.4).
    ///
    /// # Errors
    /// When the server did not say that it took the letter. It may have, where the connection broke.
    pub async fn send(&self, letter: &Letter, id: Key) -> Result<(), Unsent> {
        let message = message(&self.from, letter, id).ok_or(Unsent::Unwritable)?;
        match tokio::time::timeout(PATIENCE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_permanent() => Err(Unsent::Refused(chain(&error))),
            Ok(Err(error)) => Err(Unsent::Away(chain(&error))),
            Err(_) => Err(Unsent::Away("it did not answer in time".to_owned())),
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

/// The message: every header from a typed part, encoded by its own rules (RFC 5322, RFC 2047).
pub(super) fn message(from: &Mailbox, letter: &Letter, id: Key) -> Option<Message> {
    let Composed { subject, text, html } = compose(letter);
    // A subject is one line, whatever the app is called.
    let subject = subject.chars().filter(|sign| !sign.is_control()).collect::<String>();
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, letter.to.as_str().parse().ok()?))
        .subject(subject)
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
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
