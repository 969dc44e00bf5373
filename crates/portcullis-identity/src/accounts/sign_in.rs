//! The first step: address and password.

use std::sync::Arc;
use std::time::Duration;

use portcullis_store::{Standing, User};

use super::throttle::Ended;
use super::{Accounts, Email, Fault, Happened, Told, Visit, notice, on_the_beat};
use crate::mail::Subject;
use crate::passwords::{Password, Verification};

/// What came of a first step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// It is enough.
    SignedIn(Box<User>),
    /// It was right; a second factor must follow.
    NeedsFactor(Box<User>),
    /// Wrong address, wrong password, not confirmed, disabled: nobody learns which.
    Refused,
    /// Tried too often: not even looked at.
    Wait(Duration),
}

/// What came of a try with a password.
pub(super) enum Tried {
    Right,
    Wrong,
    Wait(Duration),
}

impl Accounts {
    /// Tries an address and a password.
    ///
    /// # Errors
    /// When the store is away or too many wait for a hash.
    pub async fn sign_in(
        &self,
        typed: &str,
        password: Arc<Password>,
        visit: &Visit,
    ) -> Result<Told<SignIn>, Fault> {
        let begun = tokio::time::Instant::now();
        // What is no address can be nobody's: that is told by the page, whatever accounts there are.
        let Some(email) = Email::parse(typed).filter(|_| self.settings.passwords) else {
            return Ok(SignIn::Refused.into());
        };
        let user = self.people.user_by_email(email.as_str().to_owned()).await?;
        let may = user.as_ref().filter(|user| user.standing == Standing::Active);
        let stored = may.and_then(|user| user.password.clone());
        let Told { outcome, mut notices } = self.try_password(&email, password, stored, may, visit).await?;
        match (outcome, user) {
            (Tried::Wait(wait), _) => Ok(Told { outcome: SignIn::Wait(wait), notices }),
            (Tried::Right, Some(user)) => {
                let outcome = if self.needs_factor(user.id).await? {
                    notices.push(notice(
                        "account.password_right",
                        Some(user.id),
                        "a second factor must follow",
                    ));
                    SignIn::NeedsFactor(Box::new(user))
                } else {
                    SignIn::SignedIn(Box::new(user))
                };
                Ok(Told { outcome, notices })
            }
            (Tried::Wrong, user) => {
                let id = user.as_ref().map(|user| user.id);
                if let Some(id) = id {
                    self.happened(id, Happened::SignInFailed, visit);
                }
                // The same in the log, whoever it is: an address that was typed may be a password.
                notices.push(notice("account.sign_in_failed", id, "the address or the password was wrong"));
                on_the_beat(begun).await;
                Ok(Told { outcome: SignIn::Refused, notices })
            }
            // Nothing was verified: there is nobody whose password it could have been.
            (Tried::Right, None) => Ok(Told { outcome: SignIn::Refused, notices }),
        }
    }

    /// Tries a password, counted; an old hash is replaced by a new one.
    pub(super) async fn try_password(
        &self,
        email: &Email,
        password: Arc<Password>,
        stored: Option<String>,
        user: Option<&User>,
        visit: &Visit,
    ) -> Result<Told<Tried>, Fault> {
        let device = self.devices.known(visit.device.as_deref(), email, visit.now);
        let permit = match self.counting.begin(email, visit.place(), device, visit.now).await {
            Ok(permit) => permit,
            Err(wait) => return Ok(Tried::Wait(wait).into()),
        };
        let old = stored.clone();
        let verified = self.hashing.verify(visit.place(), password, stored).await?;
        let mut unreadable = None;
        let right = match (verified, user, old) {
            (Ok(Verification::Match { upgrade }), Some(user), Some(old)) => {
                if let Some(new) = upgrade {
                    // It fails when the password was changed meanwhile, or the store is away: next time.
                    let _ = self.people.upgrade_password(user.id, old, new).await;
                }
                true
            }
            (Ok(_), _, _) => false,
            (Err(error), user, _) => {
                let id = user.map(|user| user.id);
                unreadable = Some(notice("account.unreadable_hash", id, error.to_string()));
                false
            }
        };
        let mut notices = permit.settle(if right { Ended::Right } else { Ended::Wrong }, visit.now).await;
        notices.extend(unreadable);
        Ok(Told { outcome: if right { Tried::Right } else { Tried::Wrong }, notices })
    }

    /// Somebody is signed in, with all factors: it is written down, and told by mail where the device is new.
    pub fn signed_in(&self, user: &User, how: Happened, visit: &Visit) {
        self.happened(user.id, how, visit);
        if self.is_known_device(user, visit) {
            return;
        }
        let (user, visit) = (user.clone(), visit.clone());
        self.later(|accounts| async move {
            // The first sign-in of an account is from a new device, which is no news.
            let before = accounts.people.activity(user.id, 20).await?;
            let signed_in_before = before.iter().any(|activity| {
                let signed_in = [Happened::SignedIn.name(), Happened::SignedInByLink.name()];
                signed_in.contains(&activity.what.as_str()) && activity.at < visit.now
            });
            if signed_in_before {
                accounts.tell(&user, Subject::new_device(&visit), &visit).await;
            }
            Ok(())
        });
    }
}
