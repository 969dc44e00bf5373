//! Users, what they prove themselves with, and what was promised to them by mail.

use crate::{Instant, Key, Letters, Pending, UserId};

/// How an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The address is not confirmed yet.
    Unconfirmed,
    /// May sign in.
    Active,
    /// May not sign in, until somebody says otherwise.
    Disabled,
}

/// A user to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// The id, drawn by the caller.
    pub id: UserId,
    /// The address, in the form in which addresses are compared.
    pub email: String,
    /// The name to be shown.
    pub name: String,
    /// The password's hash, if there is one.
    pub password: Option<String>,
    /// How the account stands.
    pub standing: Standing,
    /// Roles, in the words of the policy.
    pub roles: Vec<String>,
    /// When the account ends by itself if its address is not confirmed by then; `None` for never.
    pub lapses: Option<Instant>,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Names the user for ever.
    pub id: UserId,
    /// The address, in the form in which addresses are compared.
    pub email: String,
    /// The name to be shown.
    pub name: String,
    /// The password's hash, if there is one.
    pub password: Option<String>,
    /// How the account stands.
    pub standing: Standing,
    /// Roles, sorted.
    pub roles: Vec<String>,
    /// When the account was made.
    pub made: Instant,
    /// When the password was last changed by its owner; an upgrade of its hash does not count.
    pub password_changed: Option<Instant>,
}

/// The address belongs to somebody already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken;

/// What a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// A secret for time-based codes (RFC 6238).
    Totp,
    /// A passkey (W3C WebAuthn).
    Passkey,
    /// The hash of one recovery code.
    RecoveryCode,
    /// An identity at a provider: issuer and subject.
    External,
    /// The hash of an API key.
    ApiKey,
}

/// Something a user proves themselves with, besides the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Names it among all of its kind: the credential id of a passkey, the SHA-256 of a recovery code or key.
    pub key: Key,
    /// Whose.
    pub user: UserId,
    /// What it is.
    pub kind: CredentialKind,
    /// What its owner calls it.
    pub label: String,
    /// What is needed to verify it, in the caller's own form.
    pub content: Vec<u8>,
    /// When it was added.
    pub made: Instant,
    /// When it was last used.
    pub used: Option<Instant>,
}

/// Something promised by mail that works once: a confirmation, a reset, a magic link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The SHA-256 of what was sent.
    pub key: Key,
    /// Whose.
    pub user: UserId,
    /// What for, in the caller's words.
    pub purpose: String,
    /// What else belongs to it, as the new address of a change.
    pub content: String,
    /// Until when.
    pub end: Instant,
}

/// Something that happened to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// When.
    pub at: Instant,
    /// What, in the caller's words.
    pub what: String,
    /// From where.
    pub network: String,
    /// With which browser and system.
    pub agent: String,
}

/// Users and what belongs to them.
///
/// # Errors
/// Every call may find the store away ([`crate::StoreError`]).
pub trait People: Letters {
    /// Makes a user, whole or not at all.
    fn add(&self, user: NewUser, now: Instant) -> Pending<'_, Result<(), Taken>>;

    /// Makes all of them or none. `Err` has the place of the first whose address belongs to somebody already, also
    /// to one before it in the list.
    fn add_all(&self, users: Vec<NewUser>, now: Instant) -> Pending<'_, Result<(), usize>>;

    /// The user with this id.
    fn user(&self, id: UserId) -> Pending<'_, Option<User>>;

    /// The user with this address.
    fn user_by_email(&self, email: String) -> Pending<'_, Option<User>>;

    /// Users in the order of their addresses, from the one after `after`; `most` at the most.
    fn users(&self, after: Option<String>, most: u32) -> Pending<'_, Vec<User>>;

    /// Puts another hash in the place of `old`; `false`, and nothing changes, when the stored one is not `old`: an
    /// upgrade must not undo a change that came between.
    fn upgrade_password(&self, id: UserId, old: String, new: String) -> Pending<'_, bool>;

    /// The owner set a new password, or none. Tokens that were promised for the old one are dead.
    fn set_password(&self, id: UserId, hash: Option<String>, now: Instant) -> Pending<'_, bool>;

    /// Changes the address.
    fn set_email(&self, id: UserId, email: String) -> Pending<'_, Result<bool, Taken>>;

    /// Changes the name to be shown.
    fn set_name(&self, id: UserId, name: String) -> Pending<'_, bool>;

    /// Changes how the account stands. One that is not unconfirmed does not end by itself any more.
    fn set_standing(&self, id: UserId, standing: Standing) -> Pending<'_, bool>;

    /// Changes when the account ends by itself if its address is not confirmed by then.
    fn set_lapse(&self, id: UserId, lapses: Option<Instant>) -> Pending<'_, bool>;

    /// Gives or takes a role.
    fn set_role(&self, id: UserId, role: String, has: bool) -> Pending<'_, bool>;

    /// Removes a user and all that belongs to them.
    fn remove(&self, id: UserId) -> Pending<'_, bool>;

    /// Adds a credential; `Err` when another of its kind has this key.
    fn add_credential(&self, credential: Credential) -> Pending<'_, Result<(), Taken>>;

    /// The credential of this kind with this key.
    fn credential(&self, kind: CredentialKind, key: Key) -> Pending<'_, Option<Credential>>;

    /// A user's credentials of this kind, oldest first.
    fn credentials(&self, user: UserId, kind: CredentialKind) -> Pending<'_, Vec<Credential>>;

    /// It was used: its content as it is now, and when.
    fn use_credential(
        &self,
        kind: CredentialKind,
        key: Key,
        content: Vec<u8>,
        now: Instant,
    ) -> Pending<'_, bool>;

    /// Removes a credential of this user; `false` when there was none: what works once, worked already.
    fn remove_credential(&self, user: UserId, kind: CredentialKind, key: Key) -> Pending<'_, bool>;

    /// Keeps a token. Earlier ones of this user for this purpose are dead.
    fn promise(&self, token: Token) -> Pending<'_, ()>;

    /// The token, not used yet and not over at `now`.
    fn promised(&self, key: Key, purpose: String, now: Instant) -> Pending<'_, Option<Token>>;

    /// Uses a token: it is gone. `None` when it was never promised, is over, or was used.
    fn keep(&self, key: Key, purpose: String, now: Instant) -> Pending<'_, Option<Token>>;

    /// Uses a token of an account that is unconfirmed: the account is active from now on, with this name and password,
    /// does not end by itself any more, and has no other token. All of it at once; `false` where nothing was changed,
    /// because the token was never promised, is over, or was used.
    fn activate(
        &self,
        key: Key,
        purpose: String,
        name: String,
        password: String,
        now: Instant,
    ) -> Pending<'_, bool>;

    /// Writes down what happened to an account; the oldest beyond a hundred are dropped.
    fn note(&self, user: UserId, activity: Activity) -> Pending<'_, ()>;

    /// What happened to an account, newest first.
    fn activity(&self, user: UserId, most: u32) -> Pending<'_, Vec<Activity>>;

    /// Removes what is over, at most `most` of each kind, and gives how much: promises after their end, letters an hour
    /// after theirs (whoever sends letters takes them before), and accounts that lapse ([`NewUser::lapses`]). An account that has a password, a credential or a promise that is
    /// still good is not removed: somebody uses it, or may confirm it yet.
    fn sweep_people(&self, now: Instant, most: u32) -> Pending<'_, u64>;
}
