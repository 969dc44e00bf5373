//! `[identity.mail]`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::RawMail;
use crate::policy::Faults;

/// How mail is sent, checked.
#[derive(Debug, Clone)]
pub struct Mail {
    /// From whom: an address, or a name and an address in angle brackets.
    pub from: String,
    /// The server's name.
    pub host: String,
    /// Its port; by `tls` where none was written: 587, or 465 with TLS from the first byte.
    pub port: u16,
    /// How the way to it is guarded.
    pub tls: Smtp,
    /// The user to log in as, and the file with the password.
    pub login: Option<(String, PathBuf)>,
    /// A PEM file of authorities to trust, instead of the machine's.
    pub ca: Option<PathBuf>,
}

/// How the way to the mail server is guarded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Smtp {
    /// It begins in the open and must change to TLS before anything is said (RFC 3207).
    #[default]
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// In the open: whoever listens reads the links that reset passwords. For a server on this machine.
    #[serde(rename = "dangerous_plain")]
    DangerousPlain,
}

impl Mail {
    pub(super) fn check(raw: &RawMail, faults: &mut Faults<'_>) -> Option<Self> {
        let tls = raw.tls.unwrap_or_default();
        let address = match raw.from.rsplit_once('<') {
            Some((_, inner)) => inner.strip_suffix('>').unwrap_or_default(),
            None => raw.from.as_str(),
        };
        let parts = address.split_once('@').filter(|(user, host)| !user.is_empty() && !host.is_empty());
        if parts.is_none() || raw.from.chars().any(char::is_control) || address.contains(char::is_whitespace)
        {
            faults.at(
                "from",
                format!("`{}` is no address to send mail from", raw.from),
                "as in `\"Notes <no-reply@notes.example>\"`",
            );
        }
        let help = "as in `\"mail.example\"` or `\"mail.example:587\"`";
        let (host, port) = match raw.smtp.rsplit_once(':') {
            Some((host, port)) => (host, port.parse::<u16>().ok()),
            None => (raw.smtp.as_str(), Some(if tls == Smtp::Tls { 465 } else { 587 })),
        };
        let is_name = |host: &str| {
            !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
        };
        let port = port.filter(|port| *port != 0 && is_name(host));
        if port.is_none() {
            faults.at("smtp", format!("`{}` is no mail server", raw.smtp), help);
        }
        let login = match (&raw.user, &raw.password_file) {
            (Some(user), Some(file)) => Some((user.clone(), file.clone())),
            (None, None) => None,
            (Some(_), None) => {
                faults.at("user", "there is a user, but no password", "add `password_file`");
                None
            }
            (None, Some(_)) => {
                faults.at("password_file", "there is a password, but no user", "add `user`");
                None
            }
        };
        if login.is_some() && tls == Smtp::DangerousPlain {
            faults.at("tls", "a password would go in the open", "write `tls = \"starttls\"`");
        }
        Some(Self {
            from: raw.from.clone(),
            host: host.to_owned(),
            port: port?,
            tls,
            login,
            ca: raw.ca.clone(),
        })
    }
}
