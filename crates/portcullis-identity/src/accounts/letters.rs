//! Letters that accounts have sent.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use portcullis_store::User;

use super::token::Secret;
use super::{Accounts, Email, Visit};
use crate::mail::{Letter, Subject};

/// An answer that comes.
pub type Written<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Sends letters, some time; never waits for the mail server.
pub trait Writer: Send + Sync {
    /// Takes a letter to be sent. Once this is answered the letter is kept, or it was told in the log that it is not.
    fn send(&self, letter: Letter, now: Duration) -> Written<'_>;
}

impl Accounts {
    /// Has a letter sent.
    pub(super) async fn write(&self, to: &Email, subject: Subject, visit: &Visit) {
        let letter = Letter {
            to: to.clone(),
            language: visit.language,
            origin: visit.origin.clone(),
            app: self.settings.app.clone(),
            subject,
        };
        self.send(letter, visit.now).await;
    }

    /// Has this letter sent.
    pub(super) async fn send(&self, letter: Letter, now: Duration) {
        if let Some(writer) = &self.writer {
            writer.send(letter, now).await;
        }
    }

    /// Has a letter sent to a user, who is told of what was done in any case.
    pub(crate) async fn tell(&self, user: &User, subject: Subject, visit: &Visit) {
        if let Some(email) = Email::parse(&user.email) {
            self.write(&email, subject, visit).await;
        }
    }
}

/// A link to one of our pages.
pub(super) fn link(origin: &str, page: &str, secret: &Secret) -> String {
    format!("{origin}/.portcullis/{page}?token={}", secret.as_str())
}
