//! `[identity]`: that people sign in here, and how. Its presence turns sign-in on.
//!
//! The engine decides nothing by these but that there are pages of people below `/.portcullis/`; the crate
//! `portcullis-identity` reads the checked settings.

mod checks;
mod factors;
mod mail;
mod passwords;
mod provider;
mod raw;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

pub use factors::FactorRule;
pub use mail::{Mail, Smtp};
pub use passwords::Passwords;
pub use provider::{Link, Provider, ProviderSignOut};
pub use raw::{Raw, RawFactor, RawMail, RawPassword, RawProvider};

use schemars::JsonSchema;
use serde::Deserialize;

/// How people sign in, checked.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The app's name on our pages and in our mails.
    pub name: String,
    /// A picture for our pages.
    pub logo: Option<PathBuf>,
    /// The languages of our pages, the first where a visitor's is not among them. Never empty.
    pub languages: Vec<Language>,
    /// Who may make an account.
    pub sign_up: SignUp,
    /// How long an account waits for its address to be confirmed; `None` for ever.
    pub unconfirmed: Option<Duration>,
    /// Whether a link sent by mail signs in.
    pub magic_links: bool,
    /// Where people are kept.
    pub store: Store,
    /// Where sessions are kept; with people where it is `None`.
    pub sessions: Option<Store>,
    /// Whom the signed statement to the app is for: `aud` of the JWT.
    pub audience: String,
    /// Whom users reach where the pages say so: an address of mail or of a page.
    pub contact: Option<String>,
    /// How mail is sent; without it nothing is that needs mail.
    pub mail: Option<Mail>,
    /// What a password must be.
    pub passwords: Passwords,
    /// Sites that vouch for people.
    pub providers: Vec<Provider>,
    /// Which factors a role needs; all that fit a person hold.
    pub factors: Vec<FactorRule>,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SignUp {
    /// Nobody: the operator adds people.
    #[default]
    Off,
    /// Whoever was sent an invitation.
    Invited,
    /// Anybody with an address of mail.
    Open,
}

/// A language of our pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// English.
    En,
    /// German.
    De,
    /// Spanish.
    Es,
    /// Chinese, simplified.
    Zh,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::En, Self::De, Self::Es, Self::Zh];

    /// The tag of BCP 47.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Es => "es",
            Self::Zh => "zh",
        }
    }
}

/// Where state is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Store {
    /// A file of SQLite in the data directory.
    DataDirectory,
    /// A file of SQLite elsewhere.
    Sqlite(PathBuf),
    /// PostgreSQL, by its URL. It may hold a password.
    Postgres(String),
    /// Redis, by its URL. It may hold a password. For sessions only.
    Redis(String),
}

impl fmt::Debug for Store {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DataDirectory => out.write_str("DataDirectory"),
            Self::Sqlite(path) => write!(out, "Sqlite({})", path.display()),
            Self::Postgres(_) => out.write_str("Postgres(…)"),
            Self::Redis(_) => out.write_str("Redis(…)"),
        }
    }
}
