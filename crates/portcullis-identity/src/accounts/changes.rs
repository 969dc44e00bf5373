//! What an owner changes.
//!
//! Each change wants a proof: the password again, or, where there is none, one that the caller knows to be recent
//! (ASVS 6.2.3 and 7.5.1). Tries are counted as at sign-in: a session that was left open is no way to guess.

use std::sync::Arc;
use std::time::Duration;

use portcullis_store::{Taken, Token, User};

use super::letters::link;
use super::sign_in::Tried;
use super::sign_up::tidy;
use super::{Accounts, Email, Fault, Happened, Purpose, Told, Visit, notice};
use crate::mail::Subject;
use crate::passwords::{Password, Weakness};

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// It is done. After a change of the password the caller ends the user's other sessions and devices.
    Done,
    /// Not the password.
    Refused,
    /// Tried too often.
    Wait(Duration),
    /// There is no password, and the last proof is too old: sign in again.
    Stale,
    /// The new password is not good enough.
    Weak(Weakness),
    /// That is no address.
    NoAddress,
    /// The link does not work, or no longer.
    Dead,
}

impl Accounts {
    /// Whether it is the owner who asks: `None` where it is. `fresh` says whether the last proof is recent.
    async fn refuses(
        &self,
        user: &User,
        password: Option<Arc<Password>>,
        fresh: bool,
        visit: &Visit,
    ) -> Result<Told<Option<Changed>>, Fault> {
        let Some(stored) = &user.password else {
            return Ok((!fresh).then_some(Changed::Stale).into());
        };
        let (Some(password), Some(email)) = (password, Email::parse(&user.email)) else {
            return Ok(Some(Changed::Refused).into());
        };
        let Told { outcome, mut notices } =
            self.try_password(&email, password, Some(stored.clone()), Some(user), visit).await?;
        let outcome = match outcome {
            Tried::Right => None,
            Tried::Wrong => {
                notices.push(notice(
                    "account.proof_failed",
                    Some(user.id),
                    "a change was tried with a wrong password",
                ));
                Some(Changed::Refused)
            }
            Tried::Wait(wait) => Some(Changed::Wait(wait)),
        };
        Ok(Told { outcome, notices })
    }

    /// Changes the password.
    ///
    /// # Errors
    /// When the store is away or too many wait for a hash.
    pub async fn change_password(
        &self,
        user: &User,
        current: Option<Arc<Password>>,
        fresh: bool,
        new: Arc<Password>,
        visit: &Visit,
    ) -> Result<Told<Changed>, Fault> {
        // Weakness first: a hash is spent only on what could be taken.
        let Told { outcome: judged, mut notices } = self.judge(&new, &[&user.email, &user.name], visit).await;
        if let Err(weakness) = judged {
            return Ok(Told { outcome: Changed::Weak(weakness), notices });
        }
        let Told { outcome: refused, notices: more } = self.refuses(user, current, fresh, visit).await?;
        notices.extend(more);
        if let Some(outcome) = refused {
            return Ok(Told { outcome, notices });
        }
        let hash = self.hashing.hash(visit.place(), new).await??;
        self.people.set_password(user.id, Some(hash), visit.now).await?;
        self.happened(user.id, Happened::PasswordChanged, visit);
        self.tell(user, Subject::PasswordChanged, visit).await;
        notices.push(notice("account.password_changed", Some(user.id), "the password was changed"));
        Ok(Told { outcome: Changed::Done, notices })
    }

    /// Asks for another address: the new one is sent a link, the old one is told. Says the same where the new one is
    /// somebody's.
    ///
    /// # Errors
    /// When the store is away or too many wait for a hash.
    pub async fn ask_email(
        &self,
        user: &User,
        current: Option<Arc<Password>>,
        fresh: bool,
        typed: &str,
        visit: &Visit,
    ) -> Result<Told<Changed>, Fault> {
        let Some(new) = Email::parse(typed).filter(|_| self.writes()) else {
            return Ok(Changed::NoAddress.into());
        };
        let Told { outcome: refused, notices } = self.refuses(user, current, fresh, visit).await?;
        if let Some(outcome) = refused {
            return Ok(Told { outcome, notices });
        }
        let (user, visit) = (user.clone(), visit.clone());
        self.later(|accounts| async move {
            if user.email == new.as_str()
                || !accounts.counting.may_write(&new, visit.place(), visit.now).await
            {
                return Ok(());
            }
            if accounts.people.user_by_email(new.as_str().to_owned()).await?.is_some() {
                accounts.write(&new, Subject::AlreadyHere, &visit).await;
            } else {
                let content = new.as_str().to_owned();
                let secret = accounts.promise(user.id, Purpose::Email, content, visit.now).await?;
                accounts
                    .write(
                        &new,
                        Subject::NewEmail { link: link(&visit.origin, "account/email", &secret) },
                        &visit,
                    )
                    .await;
            }
            accounts.happened(user.id, Happened::EmailAsked, &visit);
            accounts.tell(&user, Subject::EmailAsked { new: new.to_string() }, &visit).await;
            Ok(())
        });
        Ok(Told { outcome: Changed::Done, notices })
    }

    /// The address that a link of this user confirms, if it works. Links of others are dead: who mistypes an address
    /// gives nobody else the account.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn changes_to(
        &self,
        user: &User,
        secret: &str,
        now: Duration,
    ) -> Result<Option<String>, Fault> {
        Ok(self.own_change(user, secret, now).await?.map(|token| token.content))
    }

    async fn own_change(&self, user: &User, secret: &str, now: Duration) -> Result<Option<Token>, Fault> {
        let found = self.promised(secret, Purpose::Email, now).await?;
        Ok(found.map(|(_, token)| token).filter(|token| token.user == user.id))
    }

    /// Changes the address, by the link that was sent to the new one.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn change_email(
        &self,
        user: &User,
        secret: &str,
        visit: &Visit,
    ) -> Result<Told<Changed>, Fault> {
        let Some(token) = self.own_change(user, secret, visit.now).await? else {
            return Ok(Changed::Dead.into());
        };
        if self.keep(token.key, Purpose::Email, visit.now).await?.is_none() {
            return Ok(Changed::Dead.into());
        }
        match self.people.set_email(user.id, token.content.clone()).await? {
            Ok(true) => {}
            // Somebody else was sooner.
            Ok(false) | Err(Taken) => return Ok(Changed::Dead.into()),
        }
        self.happened(user.id, Happened::EmailChanged, visit);
        self.tell(user, Subject::EmailChanged { new: token.content }, visit).await;
        let notices = vec![notice("account.email_changed", Some(user.id), "the address was changed")];
        Ok(Told { outcome: Changed::Done, notices })
    }

    /// Changes the name to be shown.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn change_name(&self, user: &User, name: &str, visit: &Visit) -> Result<(), Fault> {
        self.people.set_name(user.id, tidy(name)).await?;
        self.happened(user.id, Happened::NameChanged, visit);
        Ok(())
    }

    /// Removes the account and all that belongs to it; the caller ends its sessions and devices.
    ///
    /// # Errors
    /// When the store is away or too many wait for a hash.
    pub async fn remove(
        &self,
        user: &User,
        current: Option<Arc<Password>>,
        fresh: bool,
        visit: &Visit,
    ) -> Result<Told<Changed>, Fault> {
        let Told { outcome: refused, mut notices } = self.refuses(user, current, fresh, visit).await?;
        if let Some(outcome) = refused {
            return Ok(Told { outcome, notices });
        }
        self.people.remove(user.id).await?;
        self.tell(user, Subject::Removed, visit).await;
        notices.push(notice("account.removed", Some(user.id), "the account was removed by its owner"));
        Ok(Told { outcome: Changed::Done, notices })
    }
}
