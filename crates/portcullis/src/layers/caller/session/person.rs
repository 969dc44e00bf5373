//! Who is calling.

use std::ops::{BitOr, BitOrAssign};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

/// Who is calling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Visitor {
    /// Nobody that is known.
    #[default]
    Nobody,
    /// Somebody who has proved it.
    Person(Arc<Person>),
}

impl Visitor {
    /// The person, if it is one.
    #[must_use]
    pub fn person(&self) -> Option<&Arc<Person>> {
        match self {
            Self::Nobody => None,
            Self::Person(person) => Some(person),
        }
    }
}

/// Somebody who has proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Names the person for ever: 32 hexadecimal digits.
    pub id: String,
    /// The address, in the form in which addresses are compared.
    pub email: String,
    /// The name to be shown.
    pub name: String,
    /// Roles, sorted.
    pub roles: Vec<String>,
    /// When it was last proved, since the Unix epoch; `None` for a remembered device that has not proved it since.
    pub proved: Option<Duration>,
    /// How it was proved.
    pub factors: Factors,
    /// By what the request speaks for the person.
    pub by: By,
}

impl Person {
    /// Whether the person has this role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|one| one == role)
    }

    /// Whether the person proved who they are no longer than `within` ago.
    #[must_use]
    pub fn is_fresh(&self, within: Duration, now: Duration) -> bool {
        self.proved.is_some_and(|proved| now.saturating_sub(proved) <= within)
    }
}

/// By what a request speaks for a person.
#[derive(Clone, PartialEq, Eq)]
pub enum By {
    /// A session.
    Session {
        /// The SHA-256 of its id, under which it is stored.
        key: [u8; 32],
    },
    /// An API key.
    ApiKey {
        /// What its owner calls it.
        name: String,
        /// What it may be used for; empty where it may be used for all that its owner may.
        scopes: Vec<String>,
    },
}

impl std::fmt::Debug for By {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Session { .. } => out.write_str("Session"),
            Self::ApiKey { name, scopes } => write!(out, "ApiKey({name:?}, {scopes:?})"),
        }
    }
}

/// How somebody proved who they are: a set, as bits that are stored with the session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Factors(pub u32);

impl Factors {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// A password.
    pub const PASSWORD: Self = Self(1);
    /// A time-based code (RFC 6238).
    pub const TOTP: Self = Self(1 << 1);
    /// A recovery code.
    pub const RECOVERY: Self = Self(1 << 2);
    /// A passkey (W3C WebAuthn).
    pub const PASSKEY: Self = Self(1 << 3);
    /// Another site vouched (OpenID Connect).
    pub const EXTERNAL: Self = Self(1 << 4);
    /// A link sent by mail.
    pub const MAIL: Self = Self(1 << 5);

    const NAMES: [(Self, &'static str); 6] = [
        (Self::PASSWORD, "password"),
        (Self::TOTP, "totp"),
        (Self::RECOVERY, "recovery"),
        (Self::PASSKEY, "passkey"),
        (Self::EXTERNAL, "external"),
        (Self::MAIL, "mail"),
    ];

    /// Whether every factor of `other` is among these.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether one factor of `other` is among these.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The factor of that name: `password`, `totp`, `recovery`, `passkey`, `external` or `mail`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(factor, _)| *factor)
    }

    /// The names of these.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().filter(move |(factor, _)| self.contains(*factor)).map(|(_, name)| *name)
    }
}

impl BitOr for Factors {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Factors {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// What the door found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Who it is.
    pub visitor: Visitor,
    /// `Set-Cookie` for the answer, whatever the answer is.
    pub cookies: Vec<HeaderValue>,
    /// For the log.
    pub notices: Vec<Notice>,
    /// A store that should know did not answer: who it is, is not known.
    pub away: bool,
}

impl Found {
    /// A store that should know did not answer.
    #[must_use]
    pub fn away() -> Self {
        Self { away: true, ..Self::default() }
    }
}

/// Something about a person that belongs into the event log: a sign-in, a failure, a token that came twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// A stable name, `session.what` or `account.what`.
    pub code: &'static str,
    /// Whom it is about: the id of a person.
    pub user: Option<String>,
    /// What happened, one plain sentence without a full stop, values in backticks. Nothing secret.
    pub detail: String,
}
