//! Making an account, and confirming its address.

use std::sync::Arc;
use std::time::Duration;

use portcullis::policy::identity::SignUp;
use portcullis_store::{NewUser, Standing, User, UserId};

use super::letters::link;
use super::sign_in::Tried;
use super::{Accounts, Email, Fault, Happened, Purpose, Told, Visit, notice, on_the_beat};
use crate::mail::Subject;
use crate::passwords::{Password, Weakness};
use crate::random::random;

/// What came of a sign-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedUp {
    /// A letter is on its way, whether there was an account or not.
    Written(Email),
    /// Nobody signs up here, or only by invitation.
    Closed,
    /// That is no address.
    NoAddress,
    /// The password is not good enough.
    Weak(Weakness),
    /// Too many sign up from this place.
    Wait(Duration),
}

/// What came of a confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {
    /// The address is confirmed, and by the same proof somebody is signed in.
    SignedIn(Box<User>),
    /// The link does not work, or no longer.
    Dead,
    /// Not the password that was chosen at sign-up.
    Refused,
    /// Tried too often.
    Wait(Duration),
}

/// The longest name, in characters.
pub(super) const LONGEST_NAME: usize = 80;

impl Accounts {
    /// Makes an account that waits for its address to be confirmed; says the same where there is one already.
    ///
    /// # Errors
    /// When the store is away or too many wait for a hash.
    pub async fn sign_up(
        &self,
        typed: &str,
        name: &str,
        password: Arc<Password>,
        visit: &Visit,
    ) -> Result<Told<SignedUp>, Fault> {
        let begun = tokio::time::Instant::now();
        if self.settings.sign_up != SignUp::Open || !self.writes() {
            return Ok(SignedUp::Closed.into());
        }
        let Some(email) = Email::parse(typed) else { return Ok(SignedUp::NoAddress.into()) };
        let name = tidy(name);
        let Told { outcome: judged, mut notices } =
            self.judge(&password, &[email.as_str(), &name], visit).await;
        if let Err(weakness) = judged {
            return Ok(Told { outcome: SignedUp::Weak(weakness), notices });
        }
        if let Some(wait) = self.counting.has_written_too_much(visit.place(), visit.now).await {
            return Ok(SignedUp::Wait(wait).into());
        }
        let hash = self.hashing.hash(visit.place(), password).await??;
        let found = self.people.user_by_email(email.as_str().to_owned()).await?;
        // In both cases one thing is written now, and the rest after the answer.
        let (user, is_new) = match found {
            Some(user) => {
                self.happened_now(user.id, Happened::SignedUpAgain, visit).await?;
                (user.id, user.standing == Standing::Unconfirmed)
            }
            None => {
                let user = NewUser {
                    id: UserId(random()?),
                    email: email.as_str().to_owned(),
                    name: name.clone(),
                    password: None,
                    standing: Standing::Unconfirmed,
                    roles: Vec::new(),
                    lapses: self.settings.unconfirmed.map(|span| visit.now.saturating_add(span)),
                };
                let id = user.id;
                // Where it is taken by now, another request was sooner, and wrote its letter.
                if self.people.add(user, visit.now).await?.is_ok() {
                    notices.push(notice("account.signed_up", Some(id), "an account waits for its address"));
                }
                (id, true)
            }
        };
        let (to, visit) = (email.clone(), visit.clone());
        self.later(|accounts| async move {
            if !accounts.counting.may_write(&to, visit.place(), visit.now).await {
                return Ok(());
            }
            if is_new {
                // The password belongs to this letter: whoever confirms must know the one that was chosen with it.
                let content = format!("{hash}\n{name}");
                let secret = accounts.promise(user, Purpose::Confirm, content, visit.now).await?;
                accounts
                    .write(&to, Subject::Confirm { link: link(&visit.origin, "confirm", &secret) }, &visit)
                    .await;
            } else {
                accounts.write(&to, Subject::AlreadyHere, &visit).await;
            }
            Ok(())
        });
        on_the_beat(begun).await;
        Ok(Told { outcome: SignedUp::Written(email), notices })
    }

    /// The address that a link confirms, if it works.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn confirms(&self, secret: &str, now: Duration) -> Result<Option<String>, Fault> {
        let Some((_, token)) = self.promised(secret, Purpose::Confirm, now).await? else { return Ok(None) };
        Ok(self.people.user(token.user).await?.map(|user| user.email))
    }

    /// Confirms an address, by the link and the password that was chosen at sign-up.
    ///
    /// # Errors
    /// When the store is away or too many wait for a hash.
    pub async fn confirm(
        &self,
        secret: &str,
        password: Arc<Password>,
        visit: &Visit,
    ) -> Result<Told<Confirmed>, Fault> {
        let Some((key, token)) = self.promised(secret, Purpose::Confirm, visit.now).await? else {
            return Ok(Confirmed::Dead.into());
        };
        let (hash, name) = token.content.split_once('\n').unwrap_or((&token.content, ""));
        let user = self.people.user(token.user).await?.filter(|user| user.standing == Standing::Unconfirmed);
        let email = user.as_ref().and_then(|user| Email::parse(&user.email));
        let (Some(user), Some(email)) = (user, email) else { return Ok(Confirmed::Dead.into()) };
        let Told { outcome, mut notices } =
            self.try_password(&email, password, Some(hash.to_owned()), Some(&user), visit).await?;
        let outcome = match outcome {
            Tried::Wait(wait) => Confirmed::Wait(wait),
            Tried::Wrong => Confirmed::Refused,
            Tried::Right => {
                // One step: a gate that is killed has confirmed the account, or the link still works.
                let purpose = Purpose::Confirm.name().to_owned();
                let (name, hash) = (name.to_owned(), hash.to_owned());
                if !self.people.activate(key, purpose, name, hash, visit.now).await? {
                    return Ok(Told { outcome: Confirmed::Dead, notices });
                }
                self.happened(user.id, Happened::SignedUp, visit);
                notices.push(notice("account.confirmed", Some(user.id), "the address is confirmed"));
                match self.people.user(user.id).await? {
                    Some(user) => Confirmed::SignedIn(Box::new(user)),
                    None => Confirmed::Dead,
                }
            }
        };
        Ok(Told { outcome, notices })
    }
}

/// A name as it is kept: one line, no control characters, of bounded length.
pub(super) fn tidy(name: &str) -> String {
    let spaced = name.split_whitespace().collect::<Vec<_>>().join(" ");
    // Marks that turn the direction of writing could make one name look like another (CVE-2021-42574).
    let turns = |sign: char| matches!(sign, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    spaced.chars().filter(|sign| !sign.is_control() && !turns(*sign)).take(LONGEST_NAME).collect()
}
