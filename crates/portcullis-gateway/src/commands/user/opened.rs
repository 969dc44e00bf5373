//! The stores and the hasher that the policy describes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use portcullis::policy::Identity;
use portcullis_identity::accounts::Email;
use portcullis_identity::passwords::{Password, Strength, Weakness};
use portcullis_store::{StoreError, UserId};

use super::super::{Failure, policy_file, run};
use crate::hashing::{self, HashingError};
use crate::people::{self, Stores};
use crate::record::DataDir;
use crate::settings::located;

/// A command waits for longer than a request would.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the commands work with.
pub(super) struct Opened {
    pub(super) stores: Stores,
    pub(super) identity: Identity,
    /// The names of the site, as the policy writes them.
    pub(super) names: Vec<String>,
    pub(super) data: DataDir,
    pub(super) json: bool,
}

impl Opened {
    pub(super) fn open(policy: Option<&PathBuf>, data_dir: &Path, json: bool) -> Result<Self, Failure> {
        let file = policy_file(policy);
        let (name, text) = match &file {
            Some(path) => (path.display().to_string(), run::read(path)?),
            None => ("the default policy".to_owned(), String::new()),
        };
        let (policy, written) = run::parse(&name, &text)?;
        let identity = policy.identity().cloned().ok_or_else(|| {
            Failure::Wrong(format!("{name} has no `[identity]`: there are no accounts without it"))
        })?;
        let folder = file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        let identity = located(&identity, folder);
        let data = DataDir::open(data_dir).map_err(|error| Failure::Broken(error.to_string()))?;
        same_owner(data.path())?;
        let stores = Stores::open_with(&identity, data.path(), PATIENCE)
            .map_err(|error| Failure::Broken(error.to_string()))?;
        let names = written.host.names.unwrap_or_default();
        Ok(Self { stores, identity, names, data, json })
    }

    /// The hash of a new password that is good enough; `about` is what a stranger may know.
    pub(super) async fn hash(&self, password: &Password, about: &[&str]) -> Result<String, Failure> {
        let wrong = |error: HashingError| Failure::Wrong(error.to_string());
        let passwords = &self.identity.passwords;
        let strength = Strength { least: passwords.min_length, score: passwords.min_score };
        let breached = hashing::breached_filter(passwords).map_err(wrong)?;
        let about = [about, &[self.identity.name.as_str()]].concat();
        strength.judge(password, &about, breached.as_ref()).map_err(weak)?;
        let ranges = people::ranges(passwords).map_err(|error| Failure::Wrong(error.to_string()))?;
        if let Some(ranges) = ranges {
            match ranges.list(password).await {
                Ok(false) => {}
                Ok(true) => return Err(weak(Weakness::Breached)),
                // As at the pages: judged by what is here.
                Err(failure) => eprintln!("judged without the list of breached passwords: {failure}"),
            }
        }
        let hasher = self.hasher()?;
        hasher.hash(password).map_err(|error| Failure::Broken(error.to_string()))
    }

    pub(super) fn hasher(&self) -> Result<portcullis_identity::passwords::Hasher, Failure> {
        hashing::hasher(&self.identity.passwords).map_err(|error| Failure::Wrong(error.to_string()))
    }

    /// The account of this address or id.
    pub(super) async fn find(&self, who: &str) -> Result<portcullis_store::User, Failure> {
        let found = match who.parse::<UserId>() {
            Ok(id) => self.stores.people.user(id).await,
            Err(()) => self.stores.people.user_by_email(address(who)?).await,
        };
        found.map_err(broken)?.ok_or_else(|| Failure::Broken(format!("there is no account `{who}`")))
    }
}

fn weak(weakness: Weakness) -> Failure {
    Failure::Wrong(match weakness {
        Weakness::TooShort { least } => format!("the password has fewer than {least} characters"),
        Weakness::Common => "the password is one of those that are tried first".to_owned(),
        Weakness::Breached => "the password was stolen somewhere and is on lists".to_owned(),
        Weakness::Guessable { warning, advice } => {
            let why = warning.into_iter().chain(advice).collect::<Vec<_>>().join(" ");
            format!("the password is soon guessed. {why}")
        }
    })
}

/// The address in the form in which addresses are compared.
pub(super) fn address(typed: &str) -> Result<String, Failure> {
    let email = Email::parse(typed);
    email
        .map(|email| email.as_str().to_owned())
        .ok_or_else(|| Failure::Wrong(format!("`{typed}` is no address of mail")))
}

/// Roles go to the app in one header, with commas between.
pub(super) fn is_role(role: &str) -> bool {
    let fits = |sign: char| sign.is_ascii_graphic() && !matches!(sign, ',' | ';' | '"' | '\\');
    !role.is_empty() && role.len() <= 64 && role.chars().all(fits)
}

/// A new id.
pub(super) fn new_id() -> Result<UserId, Failure> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|_| Failure::Broken("the system gives no randomness".to_owned()))?;
    Ok(UserId(id))
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where an error is mapped")]
pub(super) fn broken(error: StoreError) -> Failure {
    Failure::Broken(error.to_string())
}

/// Files that another user makes beside a store of SQLite lock its gate out.
fn same_owner(folder: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt;
    let owner = std::fs::metadata(folder).map_err(|error| Failure::Broken(error.to_string()))?.uid();
    let we = nix::unistd::geteuid().as_raw();
    if owner == we {
        return Ok(());
    }
    let name = nix::unistd::User::from_uid(owner.into()).ok().flatten();
    let name = name.map_or_else(|| format!("#{owner}"), |user| user.name);
    Err(Failure::Wrong(format!(
        "`{}` belongs to `{name}`: run this as that user, as in `runuser -u {name} -- portcullis user …`",
        folder.display()
    )))
}
