//! Letters that accounts have sent.

use portcullis_store::User;

use super::token::Secret;
use super::{Accounts, Email, Visit};
use crate::mail::{Letter, Subject};

/// Sends letters, some time; never waits for the mail server.
pub trait Writer: Send + Sync {
    /// Takes a letter to be sent.
    fn send(&self, letter: Letter);
}

impl Accounts {
    /// Has a letter sent.
    pub(super) fn write(&self, to: &Email, subject: Subject, visit: &Visit) {
        if let Some(writer) = &self.writer {
            writer.send(Letter {
                to: to.clone(),
                language: visit.language,
                origin: visit.origin.clone(),
                app: self.settings.app.clone(),
                subject,
            });
        }
    }

    /// Has a letter sent to a user, who is told of what was done in any case.
    pub(crate) fn tell(&self, user: &User, subject: Subject, visit: &Visit) {
        if let Some(email) = Email::parse(&user.email) {
            self.write(&email, subject, visit);
        }
    }
}

/// A link to one of our pages.
pub(super) fn link(visit: &Visit, page: &str, secret: &Secret) -> String {
    format!("{}/.portcullis/{page}?token={}", visit.origin, secret.as_str())
}
