//! The second step: a code, counted like a password.

use std::time::Duration;

use portcullis::layers::caller::session::Factors;
use portcullis_store::User;

use super::throttle::Ended;
use super::{Accounts, Email, Fault, Happened, Told, Visit, notice};
use crate::{Ground, recovery, totp};

/// A code that was typed.
#[derive(Clone, Copy)]
pub enum Code<'a> {
    /// Of an authenticator app.
    App(&'a str),
    /// One of the recovery codes.
    Recovery(&'a str),
}

/// What came of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriedCode {
    /// It was right, the first time.
    Right(Factors),
    /// It was not, or was used before.
    Wrong,
    /// Tried too often: not even looked at.
    Wait(Duration),
}

impl Accounts {
    /// Tries a code of somebody whose first step was right. Failures count as failures at the account: six digits are
    /// soon guessed by whoever may try often (ASVS 6.6.3).
    ///
    /// # Errors
    /// When the store is away or a secret cannot be read.
    pub async fn try_code(
        &self,
        ground: Ground<'_>,
        user: &User,
        code: Code<'_>,
        visit: &Visit,
    ) -> Result<Told<TriedCode>, Fault> {
        let Some(email) = Email::parse(&user.email) else { return Ok(TriedCode::Wrong.into()) };
        let device = self.devices.known(visit.device.as_deref(), &email, visit.now);
        let permit = match self.counting.begin(&email, visit.place(), device, visit.now).await {
            Ok(permit) => permit,
            Err(wait) => return Ok(TriedCode::Wait(wait).into()),
        };
        let mut told = Vec::new();
        let about = |code, detail: &str| notice(code, Some(user.id), detail);
        let right = match code {
            Code::App(typed) => match totp::check(ground, user.id, typed, visit.now).await? {
                totp::Tried::Right => Some(Factors::TOTP),
                totp::Tried::Wrong => None,
                totp::Tried::Replayed => {
                    told.push(about("account.code_reused", "a code of an app came a second time"));
                    None
                }
            },
            Code::Recovery(typed) => {
                let right = recovery::spend(ground.people, user.id, typed).await?;
                if right {
                    let left = recovery::left(ground.people, user.id).await?;
                    let detail = format!("a recovery code was used; `{left}` are left");
                    told.push(about("account.recovery_code_used", &detail));
                    self.happened(user.id, Happened::RecoveryCodeUsed, visit);
                }
                right.then_some(Factors::RECOVERY)
            }
        };
        let mut notices =
            permit.settle(if right.is_some() { Ended::Right } else { Ended::Wrong }, visit.now).await;
        notices.extend(told);
        if right.is_none() {
            self.happened(user.id, Happened::SignInFailed, visit);
            notices.push(about("account.second_step_failed", "the second step of a sign-in was wrong"));
        }
        Ok(Told { outcome: right.map_or(TriedCode::Wrong, TriedCode::Right), notices })
    }
}
