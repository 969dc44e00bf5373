//! Letters: composed here, sent off the request's path.
//!
//! - A letter is kept in the store and never waited for ([`Post`]): a mail server that is away costs no request
//!   anything, and a gate that is killed loses none. What cannot be sent is tried again, with growing pauses, for as long
//!   as its link works, or a day; each failure is told in the log. At rest letters are sealed.
//! - Nobody can write into a letter but the texts here: headers are built from typed parts, an address cannot hold
//!   what ends one ([`crate::accounts::Email`]; CWE-93), and neither names that people give themselves nor what
//!   their browsers call themselves is repeated, so that letters carry no stranger's message.
//! - Each has a plain text and a simple page with the same words; links stand in both.

mod compose;
mod kept;
mod post;
mod smtp;
mod texts;

use std::time::Duration;

use portcullis::policy::identity::Language;
use serde::{Deserialize, Serialize};

pub use self::compose::{Composed, compose};
pub use self::post::{Clock, Outbox, Post};
pub use self::smtp::{PostError, Setting, Smtp, Unsent, Way};
use crate::accounts::{Email, Visit};
use crate::sessions::describe;

/// A letter to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// To whom.
    pub to: Email,
    /// In which language.
    pub language: Language,
    /// The site's origin, for links to pages.
    pub origin: String,
    /// The app's name.
    pub app: String,
    /// What about.
    pub subject: Subject,
}

/// What a letter is about.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// Confirm this address: somebody signed up with it.
    Confirm {
        /// Where.
        link: String,
    },
    /// Somebody signed up with it, or wants to change to it, but there is an account already.
    AlreadyHere,
    /// Choose a new password.
    Reset {
        /// Where.
        link: String,
    },
    /// Sign in by this link.
    Magic {
        /// Where.
        link: String,
    },
    /// You are invited.
    Invitation {
        /// Where.
        link: String,
    },
    /// Confirm this address: an account changes to it.
    NewEmail {
        /// Where.
        link: String,
    },
    /// Somebody asked to change your account to another address.
    EmailAsked {
        /// Which.
        new: String,
    },
    /// Your account has another address.
    EmailChanged {
        /// Which.
        new: String,
    },
    /// Your password was changed.
    PasswordChanged,
    /// Somebody signed in from a device that has not been seen before.
    NewDevice {
        /// The browser and system, in our words.
        device: String,
        /// From which address.
        network: String,
        /// When, in UTC.
        at: String,
    },
    /// Something was added to or taken from what you sign in with.
    FactorsChanged,
    /// Your account was removed.
    Removed,
}

impl std::fmt::Debug for Subject {
    /// Without links: whoever reads the log must not be able to follow them.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Confirm { .. } => "Confirm",
            Self::AlreadyHere => "AlreadyHere",
            Self::Reset { .. } => "Reset",
            Self::Magic { .. } => "Magic",
            Self::Invitation { .. } => "Invitation",
            Self::NewEmail { .. } => "NewEmail",
            Self::EmailAsked { .. } => "EmailAsked",
            Self::EmailChanged { .. } => "EmailChanged",
            Self::PasswordChanged => "PasswordChanged",
            Self::NewDevice { .. } => "NewDevice",
            Self::FactorsChanged => "FactorsChanged",
            Self::Removed => "Removed",
        })
    }
}

impl Subject {
    /// Somebody signed in by this visit.
    #[must_use]
    pub fn new_device(visit: &Visit) -> Self {
        // In our words: what its sender calls itself is written into no letter.
        let device = describe(&visit.context.agent);
        Self::NewDevice { device, network: visit.context.network.to_string(), at: utc(visit.now) }
    }
}

/// A time as people read it, to the minute, in UTC.
pub(crate) fn utc(since: Duration) -> String {
    // Days to a date by Howard Hinnant's algorithm: the era of 400 years has 146,097 days.
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{of_month:02} {:02}:{:02} UTC", second / 3600, second % 3600 / 60)
}

#[cfg(test)]
mod tests;
