//! All that people need, built from the checked settings: what can fail, fails here, before anything is in force.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use portcullis::keys::Keyring;
use portcullis::layers::caller::session::{Config, Notice};
use portcullis::policy::Identity;
use portcullis::policy::identity::{Mail, Passwords, Smtp};
use portcullis_identity::accounts::hashing::Hashing;
use portcullis_identity::accounts::throttle::devices::Devices;
use portcullis_identity::accounts::throttle::{Counting, Limits, Throttle};
use portcullis_identity::accounts::{Accounts, Parts, Settings, Writer};
use portcullis_identity::door::Door;
use portcullis_identity::mail::{Outbox, Post, PostError, Setting, Way};
use portcullis_identity::oidc::HttpFetch;
use portcullis_identity::pages::{Brand, Means, Pages};
use portcullis_identity::passwords::{Ranges, Strength};
use portcullis_identity::sessions::SessionService;
use portcullis_identity::statement::Vouching;
use zeroize::Zeroizing;

use super::providers::{providers, trust};
use super::{StoreFault, Stores};
use crate::admin::now;
use crate::hashing::{HashingError, breached_filter, hasher};
use crate::record::{self, DataDir, EventLog};

/// How many may wait for a hash: at some 30 ms each on four threads, half a minute.
const WAITING: usize = 4096;

/// People, as they are in force.
pub(crate) struct Built {
    pub(crate) door: Arc<Door>,
    pub(crate) stores: Stores,
    /// Who tried how often: a change of the policy forgets nobody.
    throttle: Arc<Throttle>,
}

/// Why people cannot sign in as the policy says.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// A store.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// A file that the policy names.
    #[error("the file `{}` that `{key}` names cannot be read: {error}", path.display())]
    File {
        /// The key.
        key: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file that the policy names holds something else.
    #[error("the file `{}` that `{key}` names {what}", path.display())]
    Content {
        /// The key.
        key: &'static str,
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Passwords cannot be hashed or judged so.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// Mail cannot be sent so.
    #[error(transparent)]
    Mail(#[from] PostError),
    /// No threads for hashing.
    #[error("no thread for hashing: {0}")]
    Thread(#[from] io::Error),
}

/// Builds what the settings say; `before` is what is in force, whose stores and counts go on where they are still
/// meant.
pub(crate) fn open(
    settings: &crate::Settings,
    before: Option<&Built>,
    data: &DataDir,
    keys: &Keyring,
    log: &EventLog,
) -> Result<Option<Built>, PeopleError> {
    let Some(identity) = settings.identity.as_ref().or(settings.policy.identity().map(Arc::as_ref)) else {
        return Ok(None);
    };
    let stores = match before.filter(|before| before.stores.are_of(identity, data.path())) {
        Some(before) => before.stores.clone(),
        None => Stores::open(identity, data.path())?,
    };
    let throttle = before.map_or_else(|| Throttle::new(Limits::default()), |before| before.throttle.clone());
    let log = log.clone();
    let tell = Arc::new(move |told: Notice| log.notice(record::Notice::warn(told.code, &told.detail)));
    build(identity, &settings.policy.site().session, stores, throttle, keys, tell).map(Some)
}

fn build(
    identity: &Identity,
    session: &Config,
    stores: Stores,
    throttle: Arc<Throttle>,
    keys: &Keyring,
    tell: Arc<dyn Fn(Notice) + Send + Sync>,
) -> Result<Built, PeopleError> {
    let sessions = Arc::new(SessionService::new(stores.sessions.clone(), stores.people.clone(), session));
    let breached = breached_filter(&identity.passwords)?;
    let outbox = Outbox::new(stores.people.clone(), keys.clone());
    let start =
        |mail| Ok::<_, PeopleError>(Post::start(setting(mail)?, outbox, Arc::new(now), tell.clone())?);
    let writer = identity.mail.as_ref().map(start).transpose()?;
    let accounts = Accounts::new(Parts {
        people: stores.people.clone(),
        hashing: hashing(&identity.passwords)?,
        counting: Counting::new(throttle.clone(), Some(stores.sessions.clone())),
        devices: Devices::new(keys.all("known device").collect()),
        breached,
        ranges: ranges(&identity.passwords)?,
        writer: writer.map(|post| Arc::new(post) as Arc<dyn Writer>),
        settings: Settings {
            sign_up: identity.sign_up,
            unconfirmed: identity.unconfirmed,
            passwords: identity.passwords.enabled,
            magic_links: identity.magic_links,
            strength: Strength { least: identity.passwords.min_length, score: identity.passwords.min_score },
            app: identity.name.clone(),
        },
    });
    let brand = Brand {
        app: identity.name.clone(),
        logo: identity.logo.as_deref().map(logo).transpose()?,
        languages: identity.languages.clone(),
        contact: identity.contact.clone(),
    };
    let means = Means {
        people: stores.people.clone(),
        sessions: stores.sessions.clone(),
        keys: keys.clone(),
        providers: providers(identity)?,
        tell: tell.clone(),
    };
    let pages = Pages::new(accounts, sessions.clone(), brand, Some(means));
    let vouching = Vouching::new(keys, &identity.audience);
    let door = Door::new(sessions, pages).with_keys(stores.people.clone()).with_vouching(vouching);
    Ok(Built { door: Arc::new(door), stores, throttle })
}

/// The service that knows breached passwords, if the policy names one. It is not asked yet.
pub(crate) fn ranges(settings: &Passwords) -> Result<Option<Ranges>, PeopleError> {
    let Some(url) = &settings.breached_range_url else { return Ok(None) };
    let fetch = HttpFetch::new(trust("identity.password.breached_range_url", None)?, false);
    Ok(Some(Ranges::new(url.as_str(), Arc::new(fetch))))
}

fn hashing(settings: &Passwords) -> Result<Hashing, PeopleError> {
    let hasher = hasher(settings)?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = settings.at_once.unwrap_or_else(|| Hashing::threads_for(cores).min(4));
    Ok(Hashing::start(Arc::new(hasher), threads, WAITING)?)
}

/// How letters are sent, with the secrets that the policy names.
pub(crate) fn setting(mail: &Mail) -> Result<Setting, PeopleError> {
    let login = match &mail.login {
        Some((user, path)) => {
            let password = Zeroizing::new(read_text("identity.mail.password_file", path)?);
            Some((user.clone(), Zeroizing::new(password.trim_end_matches(['\r', '\n']).to_owned())))
        }
        None => None,
    };
    Ok(Setting {
        from: mail.from.clone(),
        host: mail.host.clone(),
        port: mail.port,
        way: match mail.tls {
            Smtp::Starttls => Way::StartTls,
            Smtp::Tls => Way::Tls,
            Smtp::DangerousPlain => Way::DangerousPlain,
        },
        login,
        authorities: mail.ca.as_deref().map(|path| read("identity.mail.ca", path)).transpose()?,
    })
}

fn logo(path: &Path) -> Result<(&'static str, Bytes), PeopleError> {
    let kind =
        match path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("png") => "image/png",
            Some("jpg" | "jpeg") => "image/jpeg",
            Some("svg") => "image/svg+xml",
            Some("webp") => "image/webp",
            _ => {
                return Err(PeopleError::Content {
                    key: "identity.logo",
                    path: path.to_owned(),
                    what: "is no picture by its name: `.png`, `.jpg`, `.svg` or `.webp`".to_owned(),
                });
            }
        };
    Ok((kind, Bytes::from(read("identity.logo", path)?)))
}

pub(super) fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, PeopleError> {
    std::fs::read(path).map_err(|error| PeopleError::File { key, path: path.to_owned(), error })
}

pub(super) fn read_text(key: &'static str, path: &Path) -> Result<String, PeopleError> {
    std::fs::read_to_string(path).map_err(|error| PeopleError::File { key, path: path.to_owned(), error })
}
