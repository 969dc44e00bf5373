//! Invitations.

use std::sync::Arc;
use std::time::Duration;

use portcullis::policy::identity::{Language, SignUp};
use portcullis_store::{NewUser, People, Standing, Taken, User, UserId};

use super::letters::link;
use super::sign_up::tidy;
use super::token::Secret;
use super::{Accounts, Email, Fault, Happened, Purpose, Told, Visit, notice, promise};
use crate::mail::{Letter, Subject};
use crate::passwords::{Password, Weakness};
use crate::random::random;

/// Somebody is invited.
pub struct Invitation {
    /// Whose account waits.
    pub user: UserId,
    /// The address.
    pub email: Email,
    /// Accepts it: the link that it is part of works once, for a week.
    pub secret: Secret,
}

impl Invitation {
    /// The letter that brings the link.
    #[must_use]
    pub fn letter(&self, origin: &str, app: &str, language: Language) -> Letter {
        Letter {
            to: self.email.clone(),
            language,
            origin: origin.to_owned(),
            app: app.to_owned(),
            subject: Subject::Invitation { link: self.link(origin) },
        }
    }

    /// The link.
    #[must_use]
    pub fn link(&self, origin: &str) -> String {
        link(origin, "sign-up", &self.secret)
    }
}

/// Makes an account that waits for whoever is invited, with these roles. Who was invited before and has not come, or
/// signed up and never confirmed the address, is invited anew: the link before is dead. `Err` where somebody has an
/// account with this address.
///
/// # Errors
/// When the store is away.
pub async fn invite(
    people: &dyn People,
    email: Email,
    roles: Vec<String>,
    now: Duration,
) -> Result<Result<Invitation, Taken>, Fault> {
    let new = NewUser {
        id: UserId(random()?),
        email: email.as_str().to_owned(),
        name: String::new(),
        password: None,
        standing: Standing::Unconfirmed,
        roles: roles.clone(),
        lapses: None,
    };
    let mut user = new.id;
    if people.add(new, now).await? == Err(Taken) {
        let found = people.user_by_email(email.as_str().to_owned()).await?;
        let Some(waiting) = found.filter(|user| user.standing == Standing::Unconfirmed) else {
            return Ok(Err(Taken));
        };
        user = waiting.id;
        // What an operator asked for does not end by itself.
        people.set_lapse(user, None).await?;
        for role in roles {
            people.set_role(user, role, true).await?;
        }
    }
    let secret = promise(people, user, Purpose::Invitation, String::new(), now).await?;
    Ok(Ok(Invitation { user, email, secret }))
}

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
        let Ok(invitation) = invite(self.people.as_ref(), email, roles, visit.now).await? else {
            return Ok(Invited::Taken.into());
        };
        let id = invitation.user;
        let letter = invitation.letter(&visit.origin, &self.settings.app, visit.language);
        self.send(letter, visit.now).await;
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
        let Told { outcome: judged, mut notices } = self.judge(&password, &[&user.email, &name], visit).await;
        if let Err(weakness) = judged {
            return Ok(Told { outcome: Accepted::Weak(weakness), notices });
        }
        let hash = self.hashing.hash(visit.place(), password).await??;
        if self.keep(key, Purpose::Invitation, visit.now).await?.is_none() {
            return Ok(Accepted::Dead.into());
        }
        self.people.set_name(user.id, name).await?;
        self.people.set_password(user.id, Some(hash), visit.now).await?;
        self.people.set_standing(user.id, Standing::Active).await?;
        self.happened(user.id, Happened::SignedUp, visit);
        notices.push(notice("account.invitation_accepted", Some(user.id), "an invitation was accepted"));
        let outcome = match self.people.user(user.id).await? {
            Some(user) => Accepted::SignedIn(Box::new(user)),
            None => Accepted::Dead,
        };
        Ok(Told { outcome, notices })
    }
}
