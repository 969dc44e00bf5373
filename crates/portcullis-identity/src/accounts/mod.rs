//! Accounts: signing up and in, and what their owners change.
//!
//! - No answer tells whether an account exists: not by its text, its status, its headers or its time. Where there is
//!   no account a hash is spent all the same; letters go out and activity is written down after the answer, off the
//!   request's path; what is thrown at an address that is nobody's is counted as if it were somebody's (OWASP ASVS
//!   5.0 requirement 6.3.8).
//! - What is sent by mail is a secret of 256 bits, of which only the SHA-256 is kept; it works once, for a short
//!   time, and is dead when its purpose is: a new password or address kills all that was promised before (ASVS
//!   6.4.1, 6.5.1 and 6.6.3).
//! - An address is confirmed by somebody who has both its mailbox and the password that was chosen at sign-up: a
//!   stranger who signs up with a foreign address gains nothing when its owner follows the link (pre-hijacking).
//! - Hashing waits in a queue of its own ([`hashing`]), tries are counted ([`throttle`]).
//!
//! What happens is written into the account's activity, and what belongs into the log comes back as [`Notice`]s.
//! Everything here is polled within a runtime of tokio.

mod activity;
mod changes;
mod email;
pub mod hashing;
mod invitation;
mod letters;
mod magic;
mod recovery;
mod second;
mod sign_in;
mod sign_up;
#[cfg(test)]
mod tests;
pub mod throttle;
pub mod token;
#[cfg(test)]
mod waiting_tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use portcullis::layers::caller::session::{Context, Notice};
use portcullis::policy::identity::{Language, SignUp};
use portcullis_store::{CredentialKind, Key, People, StoreError, Token, User, UserId};

pub use self::activity::Happened;
pub use self::changes::Changed;
pub use self::email::Email;
use self::hashing::{Busy, Hashing};
pub use self::invitation::{Accepted, Invitation, Invited, invite};
pub use self::letters::{Writer, Written};
pub use self::magic::Followed;
pub use self::recovery::Reset;
pub use self::second::{Code, TriedCode};
pub use self::sign_in::SignIn;
pub use self::sign_up::{Confirmed, SignedUp};
use self::throttle::devices::Devices;
use self::throttle::{Counting, Place};
use self::token::{NoRandomness, Secret};
use crate::passwords::{BreachedFilter, HashFailure, Password, Ranges, Strength, Weakness};

/// How accounts are kept.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who may make one.
    pub sign_up: SignUp,
    /// How long one waits for its address to be confirmed; `None` for ever.
    pub unconfirmed: Option<Duration>,
    /// Whether people sign in with passwords.
    pub passwords: bool,
    /// Whether a link sent by mail signs in.
    pub magic_links: bool,
    /// What a new password must be.
    pub strength: Strength,
    /// The app's name: it is no password.
    pub app: String,
}

/// How long what is sent by mail works (ASVS 6.4.1, 6.6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The confirmation of a new account.
    Confirm,
    /// An invitation.
    Invitation,
    /// A new password for a forgotten one.
    Reset,
    /// A link that signs in.
    Magic,
    /// The confirmation of a new address.
    Email,
    /// A sign-in whose second step has not come yet.
    Step,
}

impl Purpose {
    /// As it is stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Invitation => "invitation",
            Self::Reset => "reset",
            Self::Magic => "magic",
            Self::Email => "email",
            Self::Step => "step",
        }
    }

    /// How long it works.
    #[must_use]
    pub const fn lasts(self) -> Duration {
        const MINUTE: u64 = 60;
        Duration::from_secs(match self {
            Self::Step => 5 * MINUTE,
            // ASVS 6.5.5.
            Self::Magic => 10 * MINUTE,
            Self::Reset => 30 * MINUTE,
            Self::Email => 2 * 60 * MINUTE,
            Self::Confirm => 24 * 60 * MINUTE,
            Self::Invitation => 7 * 24 * 60 * MINUTE,
        })
    }
}

/// Who asks, from where and when.
#[derive(Debug, Clone)]
pub struct Visit {
    /// From where and with what.
    pub context: Context,
    /// The cookie of a known device, as sent.
    pub device: Option<String>,
    /// The language of what is written.
    pub language: Language,
    /// The site's origin, which links begin with.
    pub origin: String,
    /// Since the Unix epoch.
    pub now: Duration,
}

impl Visit {
    pub(crate) fn place(&self) -> Place {
        Place::of(self.context.network)
    }
}

/// Why there is no answer now. Nothing was changed, and nobody is signed in by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too many wait for a hash.
    #[error("too many wait for a hash")]
    Busy,
    /// The system.
    #[error("the system gives no randomness")]
    NoRandomness,
}

impl From<Busy> for Fault {
    fn from(Busy: Busy) -> Self {
        Self::Busy
    }
}

impl From<NoRandomness> for Fault {
    fn from(NoRandomness: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

impl From<HashFailure> for Fault {
    fn from(_: HashFailure) -> Self {
        Self::NoRandomness
    }
}

/// An outcome, and what belongs into the log.
#[derive(Debug)]
#[must_use]
pub struct Told<T> {
    /// What came of it.
    pub outcome: T,
    /// For the log.
    pub notices: Vec<Notice>,
}

impl<T> From<T> for Told<T> {
    fn from(outcome: T) -> Self {
        Self { outcome, notices: Vec::new() }
    }
}

/// The accounts. A clone is the same accounts.
#[derive(Clone)]
pub struct Accounts {
    pub(crate) people: Arc<dyn People>,
    hashing: Arc<Hashing>,
    counting: Counting,
    devices: Arc<Devices>,
    breached: Option<Arc<BreachedFilter>>,
    ranges: Option<Ranges>,
    writer: Option<Arc<dyn Writer>>,
    pub(crate) settings: Arc<Settings>,
}

/// What accounts are made of.
pub struct Parts {
    /// Where people are kept.
    pub people: Arc<dyn People>,
    /// Where hashes are made.
    pub hashing: Hashing,
    /// The counts of tries.
    pub counting: Counting,
    /// The devices that are known.
    pub devices: Devices,
    /// Stolen passwords.
    pub breached: Option<BreachedFilter>,
    /// A service that is asked for more of them.
    pub ranges: Option<Ranges>,
    /// Who sends letters; without one, what needs mail is not there.
    pub writer: Option<Arc<dyn Writer>>,
    /// How accounts are kept.
    pub settings: Settings,
}

impl Accounts {
    /// Accounts of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            people: parts.people,
            hashing: Arc::new(parts.hashing),
            counting: parts.counting,
            devices: Arc::new(parts.devices),
            breached: parts.breached.map(Arc::new),
            ranges: parts.ranges,
            writer: parts.writer,
            settings: Arc::new(parts.settings),
        }
    }

    /// Whether letters can be sent, so that what needs them can be offered.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.writer.is_some()
    }

    /// The user with this id.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, Fault> {
        Ok(self.people.user(id).await?)
    }

    /// The next value of the cookie of known devices, now that this account is signed in on it.
    #[must_use]
    pub fn know_device(&self, user: &User, visit: &Visit) -> Option<String> {
        let email = Email::parse(&user.email)?;
        self.devices.know(visit.device.as_deref(), &email, visit.now).ok()
    }

    /// Whether the device has signed in to this account before.
    #[must_use]
    pub fn is_known_device(&self, user: &User, visit: &Visit) -> bool {
        Email::parse(&user.email)
            .is_some_and(|email| self.devices.known(visit.device.as_deref(), &email, visit.now).is_some())
    }

    /// Judges a new password against the rules and what a stranger may know, and then asks the service that knows
    /// breached ones, if there is one. While that is away, the password is judged by the rest alone: nobody could sign
    /// up otherwise, and the filter and the lists that are here still hold. The log is told.
    pub async fn judge(
        &self,
        password: &Password,
        about: &[&str],
        visit: &Visit,
    ) -> Told<Result<(), Weakness>> {
        let site = visit.origin.split("://").nth(1).unwrap_or_default();
        let known = about.iter().copied().chain([self.settings.app.as_str(), site]).collect::<Vec<_>>();
        let judged = self.settings.strength.judge(password, &known, self.breached.as_deref());
        let (Some(ranges), Ok(())) = (&self.ranges, &judged) else { return judged.into() };
        match ranges.list(password).await {
            Ok(true) => Err(Weakness::Breached).into(),
            Ok(false) => Ok(()).into(),
            Err(failure) => {
                let detail =
                    format!("a new password was judged without the list of breached ones: {failure}");
                Told { outcome: Ok(()), notices: vec![notice("account.breached_list_away", None, detail)] }
            }
        }
    }

    /// Whether a second step must follow a password or a link.
    pub(crate) async fn needs_factor(&self, user: UserId) -> Result<bool, Fault> {
        for kind in [CredentialKind::Totp, CredentialKind::Passkey] {
            if !self.people.credentials(user, kind).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Promises something that works once.
    async fn promise(
        &self,
        user: UserId,
        purpose: Purpose,
        content: String,
        now: Duration,
    ) -> Result<Secret, Fault> {
        promise(self.people.as_ref(), user, purpose, content, now).await
    }

    /// What was promised under this secret, if it is good; it stays good.
    pub(crate) async fn promised(
        &self,
        secret: &str,
        purpose: Purpose,
        now: Duration,
    ) -> Result<Option<(Key, Token)>, Fault> {
        let Some(key) = token::key_of(secret) else { return Ok(None) };
        let token = self.people.promised(key, purpose.name().to_owned(), now).await?;
        Ok(token.map(|token| (key, token)))
    }

    /// Uses it: it is gone.
    async fn keep(&self, key: Key, purpose: Purpose, now: Duration) -> Result<Option<Token>, Fault> {
        Ok(self.people.keep(key, purpose.name().to_owned(), now).await?)
    }

    /// Begins the time in which the second step of a sign-in must come: a secret for the cookie `Flow`. `content` is
    /// what the caller wants to know then.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn begin_step(&self, user: UserId, content: String, now: Duration) -> Result<Secret, Fault> {
        self.promise(user, Purpose::Step, content, now).await
    }

    /// The sign-in whose second step may come now; it may be tried until [`Accounts::end_step`].
    ///
    /// # Errors
    /// When the store is away.
    pub async fn step(&self, secret: &str, now: Duration) -> Result<Option<Token>, Fault> {
        Ok(self.promised(secret, Purpose::Step, now).await?.map(|(_, token)| token))
    }

    /// The second step has come; `None` when another request was sooner.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn end_step(&self, secret: &str, now: Duration) -> Result<Option<Token>, Fault> {
        let Some(key) = token::key_of(secret) else { return Ok(None) };
        self.keep(key, Purpose::Step, now).await
    }

    /// Does something after the answer, so that its time tells nothing.
    fn later<F>(&self, work: impl FnOnce(Self) -> F)
    where
        F: Future<Output = Result<(), Fault>> + Send + 'static,
    {
        let work = work(self.clone());
        tokio::spawn(async move {
            // Nobody waits for it; what the store could not do now is asked for again by its user.
            let _ = work.await;
        });
    }
}

/// Promises something that works once.
async fn promise(
    people: &dyn People,
    user: UserId,
    purpose: Purpose,
    content: String,
    now: Duration,
) -> Result<Secret, Fault> {
    let secret = Secret::draw()?;
    let end = now.saturating_add(purpose.lasts());
    let token = Token { key: secret.key(), user, purpose: purpose.name().to_owned(), content, end };
    people.promise(token).await?;
    Ok(secret)
}

/// Answers that must not tell by their time what was found go out on a beat, counted from when they were asked for:
/// the few microseconds by which a look into the store differs vanish in it. The hash, which takes longer than many
/// beats, is spent in any case.
async fn on_the_beat(begun: tokio::time::Instant) {
    const BEAT: u128 = 5_000;
    let beats = begun.elapsed().as_micros() / BEAT + 1;
    let due = u64::try_from(beats.saturating_mul(BEAT)).unwrap_or_default();
    tokio::time::sleep_until(begun + Duration::from_micros(due)).await;
}

fn notice(code: &'static str, user: Option<UserId>, detail: impl Into<String>) -> Notice {
    Notice { code, user: user.map(|id| id.to_string()), detail: detail.into() }
}
