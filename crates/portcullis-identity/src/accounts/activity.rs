//! What happened to an account, for its owner to see.

use portcullis_store::{Activity, User, UserId};

use super::{Accounts, Fault, Visit};
use crate::sessions::describe;

/// What happened, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// The account was made.
    SignedUp,
    /// Somebody signed in.
    SignedIn,
    /// Somebody signed in by a link.
    SignedInByLink,
    /// Somebody failed to.
    SignInFailed,
    /// Somebody signed up with this address again.
    SignedUpAgain,
    /// A new password was asked for.
    ResetAsked,
    /// The password was changed.
    PasswordChanged,
    /// The password was reset by mail.
    PasswordReset,
    /// A new address was asked for.
    EmailAsked,
    /// The address was changed.
    EmailChanged,
    /// The name was changed.
    NameChanged,
    /// Devices were signed out.
    DevicesSignedOut,
    /// A recovery code was used.
    RecoveryCodeUsed,
    /// A factor was added or taken away: an app, a passkey, an identity elsewhere.
    FactorsChanged,
    /// An API key was made.
    KeyMade,
    /// An API key was revoked.
    KeyRevoked,
}

impl Happened {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::SignedUp,
        Self::SignedIn,
        Self::SignedInByLink,
        Self::SignInFailed,
        Self::SignedUpAgain,
        Self::ResetAsked,
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::EmailAsked,
        Self::EmailChanged,
        Self::NameChanged,
        Self::DevicesSignedOut,
        Self::RecoveryCodeUsed,
        Self::FactorsChanged,
        Self::KeyMade,
        Self::KeyRevoked,
    ];

    /// As it is stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignedUp => "signed_up",
            Self::SignedIn => "signed_in",
            Self::SignedInByLink => "signed_in_by_link",
            Self::SignInFailed => "sign_in_failed",
            Self::SignedUpAgain => "signed_up_again",
            Self::ResetAsked => "reset_asked",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::EmailAsked => "email_asked",
            Self::EmailChanged => "email_changed",
            Self::NameChanged => "name_changed",
            Self::DevicesSignedOut => "devices_signed_out",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::FactorsChanged => "factors_changed",
            Self::KeyMade => "key_made",
            Self::KeyRevoked => "key_revoked",
        }
    }
}

impl Accounts {
    /// Writes it down, after the answer.
    pub(crate) fn happened(&self, user: UserId, what: Happened, visit: &Visit) {
        let activity = activity(what, visit);
        self.later(|accounts| async move { Ok(accounts.people.note(user, activity).await?) });
    }

    /// Writes it down before the answer.
    pub(super) async fn happened_now(
        &self,
        user: UserId,
        what: Happened,
        visit: &Visit,
    ) -> Result<(), Fault> {
        Ok(self.people.note(user, activity(what, visit)).await?)
    }

    /// What happened to an account, newest first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn activity(&self, user: &User, most: u32) -> Result<Vec<Activity>, Fault> {
        Ok(self.people.activity(user.id, most).await?)
    }
}

fn activity(what: Happened, visit: &Visit) -> Activity {
    Activity {
        at: visit.now,
        what: what.name().to_owned(),
        network: visit.context.network.to_string(),
        agent: describe(&visit.context.agent),
    }
}
