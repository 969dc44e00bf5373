//! A forgotten password.

use std::sync::Arc;
use std::time::Duration;

use portcullis_store::{Standing, User};

use super::letters::link;
use super::{Accounts, Email, Fault, Happened, Purpose, Told, Visit, notice};
use crate::mail::Subject;
use crate::passwords::{Password, Weakness};

/// What came of a new password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reset {
    /// It is set. The caller ends all sessions and devices of the user; nobody is signed in by it.
    Done(Box<User>),
    /// The link does not work, or no longer.
    Dead,
    /// Not good enough; the link still works.
    Weak(Weakness),
}

impl Accounts {
    /// Sends a letter with a link, if this is somebody's address. It says nothing, and takes no time.
    pub fn forgotten(&self, typed: &str, visit: &Visit) {
        let Some(email) = Email::parse(typed).filter(|_| self.settings.passwords) else { return };
        let visit = visit.clone();
        self.later(|accounts| async move {
            if !accounts.counting.may_write(&email, visit.place(), visit.now).await {
                return Ok(());
            }
            let found = accounts.people.user_by_email(email.as_str().to_owned()).await?;
            if let Some(user) = found.filter(|user| user.standing == Standing::Active) {
                let secret = accounts.promise(user.id, Purpose::Reset, String::new(), visit.now).await?;
                accounts
                    .write(&email, Subject::Reset { link: link(&visit.origin, "reset", &secret) }, &visit)
                    .await;
                accounts.happened(user.id, Happened::ResetAsked, &visit);
            }
            Ok(())
        });
    }

    /// Whose password a link sets, if it works: the address, for the browser's own store of passwords.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn resets(&self, secret: &str, now: Duration) -> Result<Option<String>, Fault> {
        let Some((_, token)) = self.promised(secret, Purpose::Reset, now).await? else { return Ok(None) };
        Ok(self.people.user(token.user).await?.map(|user| user.email))
    }

    /// Sets a new password by a link. Second factors stay what they were (ASVS 6.4.3).
    ///
    /// # Errors
    /// When the store is away or too many wait for a hash.
    pub async fn reset(
        &self,
        secret: &str,
        password: Arc<Password>,
        visit: &Visit,
    ) -> Result<Told<Reset>, Fault> {
        let Some((key, token)) = self.promised(secret, Purpose::Reset, visit.now).await? else {
            return Ok(Reset::Dead.into());
        };
        let found = self.people.user(token.user).await?;
        let Some(user) = found.filter(|user| user.standing == Standing::Active) else {
            return Ok(Reset::Dead.into());
        };
        let Told { outcome: judged, mut notices } =
            self.judge(&password, &[&user.email, &user.name], visit).await;
        if let Err(weakness) = judged {
            return Ok(Told { outcome: Reset::Weak(weakness), notices });
        }
        let hash = self.hashing.hash(visit.place(), password).await??;
        if self.keep(key, Purpose::Reset, visit.now).await?.is_none() {
            return Ok(Reset::Dead.into());
        }
        self.people.set_password(user.id, Some(hash), visit.now).await?;
        self.happened(user.id, Happened::PasswordReset, visit);
        self.tell(&user, Subject::PasswordChanged, visit).await;
        notices.push(notice("account.password_reset", Some(user.id), "a new password was set by mail"));
        Ok(Told { outcome: Reset::Done(Box::new(user)), notices })
    }
}
