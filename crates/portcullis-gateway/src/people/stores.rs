//! Where people and their sessions are kept, opened as the policy says.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use portcullis::policy::Identity;
use portcullis::policy::identity::Store as Place;
use portcullis_store::postgres::Postgres;
use portcullis_store::redis::Redis;
use portcullis_store::sqlite::Sqlite;
use portcullis_store::{People, Sessions, StoreError};

/// How long a request waits for a store at the other end of a wire.
const PATIENCE: Duration = Duration::from_secs(2);

/// The stores of a site. A clone is the same stores.
#[derive(Clone)]
pub struct Stores {
    /// Who there is.
    pub people: Arc<dyn People>,
    /// Who is signed in.
    pub sessions: Arc<dyn Sessions>,
    /// What was opened: to know whether a new policy means the same.
    at: (Place, Option<Place>, PathBuf),
}

/// A store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the store of `{key}` ({place:?}) cannot be opened: {error}")]
pub struct StoreFault {
    key: &'static str,
    place: Place,
    error: StoreError,
}

impl Stores {
    /// The file in the data directory that people are kept in, unless the policy says otherwise.
    pub const FILE: &str = "people.db";

    /// Opens what `identity` names; `data` is the data directory. SQLite's files are made where they are missing.
    ///
    /// # Errors
    /// When a store cannot be opened, is none of ours, or was written by a newer version.
    pub fn open(identity: &Identity, data: &Path) -> Result<Self, StoreFault> {
        let at = Self::at(identity, data);
        let (people, shared) = people(&identity.store, data).map_err(|error| StoreFault {
            key: "identity.store",
            place: identity.store.clone(),
            error,
        })?;
        let sessions = match &identity.sessions {
            None => shared,
            Some(place) if *place == identity.store => shared,
            Some(place) => sessions(place, data).map_err(|error| StoreFault {
                key: "identity.sessions",
                place: place.clone(),
                error,
            })?,
        };
        Ok(Self { people, sessions, at })
    }

    /// Whether `identity` means these stores.
    #[must_use]
    pub fn are_of(&self, identity: &Identity, data: &Path) -> bool {
        self.at == Self::at(identity, data)
    }

    fn at(identity: &Identity, data: &Path) -> (Place, Option<Place>, PathBuf) {
        (identity.store.clone(), identity.sessions.clone(), data.to_owned())
    }
}

type Both = (Arc<dyn People>, Arc<dyn Sessions>);

fn people(place: &Place, data: &Path) -> Result<Both, StoreError> {
    fn both<S: People + Sessions + 'static>(store: S) -> Both {
        let store = Arc::new(store);
        (store.clone(), store)
    }
    match place {
        Place::DataDirectory => Sqlite::open(&data.join(Stores::FILE)).map(both),
        Place::Sqlite(path) => Sqlite::open(path).map(both),
        Place::Postgres(url) => Postgres::open(url, PATIENCE).map(both),
        // The policy is checked before: Redis keeps sessions only.
        Place::Redis(_) => Err(StoreError::Away("Redis keeps sessions only".to_owned())),
    }
}

fn sessions(place: &Place, data: &Path) -> Result<Arc<dyn Sessions>, StoreError> {
    match place {
        Place::Redis(url) => Ok(Arc::new(Redis::open(url, PATIENCE)?)),
        Place::DataDirectory | Place::Sqlite(_) | Place::Postgres(_) => Ok(people(place, data)?.1),
    }
}
