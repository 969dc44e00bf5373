//! Invitations.

use std::sync::Arc;
use std::time::Duration;

use portcullis::policy::identity::SignUp;
use portcullis_store::{NewUser, Standing, Taken, User, UserId};

use super::letters::link;
use super::sign_up::tidy;
use super::{Accounts, Email, Fault, Happened, Purpose, Told, Visit, notice};
use crate::mail::Subject;
use crate::passwords::{Password, Weakness};
use crate::random::random;

/// What came of inviting somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invited {
    /// A letter is on its way.
    Written(UserId),
    /// That is no address.
    NoAddress,
    /// There is an account with it.
    Taken,
    /// Nobody can be invited: sign-up is off, or no mail is sent.
    Closed,
}

/// What came of an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// The account is there, and somebody is signed in.
    SignedIn(Box<User>),
    /// The link does not work, or no longer.
    Dead,
    /// The password is not good enough; the link still works.
    Weak(Weakness),
}

impl Accounts {
    /// Invites somebody, with these roles. For an operator: the answer tells whether there is an account.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn invite(
        &self,
        typed: &str,
        roles: Vec<String>,
        visit: &Visit,
    ) -> Result<Told<Invited>, Fault> {
        if self.settings.sign_up == SignUp::Off || !self.writes() {
            return Ok(Invited::Closed.into());
        }
        let Some(email) = Email::parse(typed) else { return Ok(Invited::NoAddress.into()) };
        let user = NewUser {
            id: UserId(random()?),
            email: email.as_str().to_owned(),
            name: String::new(),
            password: None,
            standing: Standing::Unconfirmed,
            roles,
            lapses: None,
        };
        let id = user.id;
        if let Err(Taken) = self.people.add(user, visit.now).await? {
            return Ok(Invited::Taken.into());
        }
        let secret = self.promise(id, Purpose::Invitation, String::new(), visit.now).await?;
        self.write(&email, Subject::Invitation { link: link(visit, "sign-up", &secret) }, visit);
        let notices = vec![notice("account.invited", Some(id), "an account waits for its owner")];
        Ok(Told { outcome: Invited::Written(id), notices })
    }

    /// Whom an invitation is for, if it works.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn invites(&self, secret: &str, now: Duration) -> Result<Option<String>, Fault> {
        if self.settings.sign_up == SignUp::Off {
            return Ok(None);
        }
        let Some((_, token)) = self.promised(secret, Purpose::Invitation, now).await? else {
            return Ok(None);
        };
        Ok(self.people.user(token.user).await?.map(|user| user.email))
    }

    /// Accepts an invitation: the letter proves the address.
    ///
    /// # Errors
    /// When the store is away or too many wait for a hash.
    pub async fn accept(
        &self,
        secret: &str,
        name: &str,
        password: Arc<Password>,
        visit: &Visit,
    ) -> Result<Told<Accepted>, Fault> {
        if self.settings.sign_up == SignUp::Off {
            return Ok(Accepted::Dead.into());
        }
        let Some((key, token)) = self.promised(secret, Purpose::Invitation, visit.now).await? else {
            return Ok(Accepted::Dead.into());
        };
        let found = self.people.user(token.user).await?;
        let Some(user) = found.filter(|user| user.standing == Standing::Unconfirmed) else {
            return Ok(Accepted::Dead.into());
        };
        let name = tidy(name);
        if let Err(weakness) = self.judge(&password, &[&user.email, &name], visit) {
            return Ok(Accepted::Weak(weakness).into());
        }
        let hash = self.hashing.hash(visit.place(), password).await??;
        if self.keep(key, Purpose::Invitation, visit.now).await?.is_none() {
            return Ok(Accepted::Dead.into());
        }
        self.people.set_name(user.id, name).await?;
        self.people.set_password(user.id, Some(hash), visit.now).await?;
        self.people.set_standing(user.id, Standing::Active).await?;
        self.happened(user.id, Happened::SignedUp, visit);
        let notices =
            vec![notice("account.invitation_accepted", Some(user.id), "an invitation was accepted")];
        let outcome = match self.people.user(user.id).await? {
            Some(user) => Accepted::SignedIn(Box::new(user)),
            None => Accepted::Dead,
        };
        Ok(Told { outcome, notices })
    }
}
