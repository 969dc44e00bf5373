//! A link that signs in.

use std::time::Duration;

use portcullis_store::{Standing, User};

use super::letters::link;
use super::{Accounts, Email, Fault, Purpose, Told, Visit, notice};
use crate::mail::Subject;

/// What came of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// It is enough.
    SignedIn(Box<User>),
    /// A second factor must follow.
    NeedsFactor(Box<User>),
    /// The link does not work, or no longer.
    Dead,
}

impl Accounts {
    /// Sends a letter with a link that signs in, if this is somebody's address. It says nothing, and takes no time.
    /// `return_to` is where the visitor wants to go then.
    pub fn send_link(&self, typed: &str, return_to: String, visit: &Visit) {
        let Some(email) = Email::parse(typed).filter(|_| self.settings.magic_links) else { return };
        let visit = visit.clone();
        self.later(|accounts| async move {
            if !accounts.counting.may_write(&email, visit.place(), visit.now).await {
                return Ok(());
            }
            let found = accounts.people.user_by_email(email.as_str().to_owned()).await?;
            if let Some(user) = found.filter(|user| user.standing == Standing::Active) {
                let secret = accounts.promise(user.id, Purpose::Magic, return_to, visit.now).await?;
                accounts
                    .write(&email, Subject::Magic { link: link(&visit.origin, "magic", &secret) }, &visit)
                    .await;
            }
            Ok(())
        });
    }

    /// Whom a link signs in, if it works: the page shows it, so that nobody is signed in as somebody else unawares
    /// (login CSRF).
    ///
    /// # Errors
    /// When the store is away.
    pub async fn leads(&self, secret: &str, now: Duration) -> Result<Option<String>, Fault> {
        let Some((_, token)) = self.promised(secret, Purpose::Magic, now).await? else { return Ok(None) };
        Ok(self.people.user(token.user).await?.map(|user| user.email))
    }

    /// Uses a link; gives besides where its visitor wanted to go.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn follow(&self, secret: &str, visit: &Visit) -> Result<Told<(Followed, String)>, Fault> {
        let dead = || Ok((Followed::Dead, String::new()).into());
        if !self.settings.magic_links {
            return dead();
        }
        let Some((key, token)) = self.promised(secret, Purpose::Magic, visit.now).await? else {
            return dead();
        };
        let found = self.people.user(token.user).await?;
        let Some(user) = found.filter(|user| user.standing == Standing::Active) else { return dead() };
        let needs_factor = self.needs_factor(user.id).await?;
        let Some(token) = self.keep(key, Purpose::Magic, visit.now).await? else { return dead() };
        let notices = vec![notice("account.link_followed", Some(user.id), "a link sent by mail was used")];
        let user = Box::new(user);
        let outcome = if needs_factor { Followed::NeedsFactor(user) } else { Followed::SignedIn(user) };
        Ok(Told { outcome: (outcome, token.content), notices })
    }
}
