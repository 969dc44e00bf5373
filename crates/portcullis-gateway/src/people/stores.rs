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
        Self::open_with(identity, data, PATIENCE)
    }

    /// The same for one who waits longer than a request would.
    ///
    /// # Errors
    /// As [`Stores::open`].
    pub fn open_with(identity: &Identity, data: &Path, patience: Duration) -> Result<Self, StoreFault> {
        let at = Self::at(identity, data);
        let (people, shared) = people(&identity.store, data, patience).map_err(|error| StoreFault {
            key: "identity.store",
            place: identity.store.clone(),
            error,
        })?;
        let sessions = match &identity.sessions {
            None => shared,
            Some(place) if *place == identity.store => shared,
            Some(place) => sessions(place, data, patience).map_err(|error| StoreFault {
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

fn people(place: &Place, data: &Path, patience: Duration) -> Result<Both, StoreError> {
    fn both<S: People + Sessions + 'static>(store: S) -> Both {
        let store = Arc::new(store);
        (store.clone(), store)
    }
    match place {
        Place::DataDirectory => Sqlite::open(&data.join(Stores::FILE)).map(both),
        Place::Sqlite(path) => Sqlite::open(path).map(both),
        Place::Postgres(url) => Postgres::open(url, patience).map(both),
        // The policy is checked before: Redis keeps sessions only.
        Place::Redis(_) => Err(StoreError::Away("Redis keeps sessions only".to_owned())),
    }
}

fn sessions(place: &Place, data: &Path, patience: Duration) -> Result<Arc<dyn Sessions>, StoreError> {
    match place {
        Place::Redis(url) => Ok(Arc::new(Redis::open(url, patience)?)),
        Place::DataDirectory | Place::Sqlite(_) | Place::Postgres(_) => Ok(people(place, data, patience)?.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_store::servers::Server;
    use portcullis_store::{NewUser, Session, Standing, UserId};

    const LONG: Duration = Duration::from_secs(20);

    fn identity(lines: &str) -> Identity {
        let (policy, _) = portcullis::Policy::parse("test", &format!("[identity]\n{lines}")).unwrap();
        Identity::clone(policy.identity().unwrap())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn people_and_sessions_are_kept_where_the_policy_says() {
        let folder = crate::testing::folder("stores");
        let (postgres, redis) = (Server::postgres().unwrap(), Server::redis().unwrap());
        let policies = [
            String::new(),
            format!("store = \"sqlite:{}\"\n", folder.join("elsewhere.db").display()),
            format!("store = \"{}\"\n", postgres.url),
            format!("sessions = \"{}\"\n", redis.url),
            format!("store = \"{}\"\nsessions = \"{}\"\n", postgres.url, redis.database(1).unwrap()),
        ];
        let now = Duration::from_secs(1_700_000_000);
        for (number, policy) in policies.iter().enumerate() {
            let stores = Stores::open_with(&identity(policy), &folder, LONG).unwrap();
            let id = UserId([u8::try_from(number).unwrap(); 16]);
            let user = NewUser {
                id,
                email: format!("{number}@notes.example"),
                name: String::new(),
                password: None,
                standing: Standing::Active,
                roles: Vec::new(),
                lapses: None,
            };
            assert_eq!(stores.people.add(user, now).await.unwrap(), Ok(()), "{policy}");
            let session = Session {
                key: portcullis_store::Key([u8::try_from(number).unwrap(); 32]),
                user: Some(id),
                began: now,
                seen: now,
                idle_end: now + Duration::from_secs(60),
                end: now + Duration::from_secs(600),
                proved: None,
                factors: 0,
                family: None,
                agent: String::new(),
                network: String::new(),
                external: None,
            };
            stores.sessions.begin(session).await.unwrap();
            assert_eq!(stores.sessions.sessions_of(id, now).await.unwrap().len(), 1, "{policy}");
        }
        assert!(folder.join("people.db").is_file() && folder.join("elsewhere.db").is_file());
        // Each in its own: the first and the fourth share the people's file, and not the sessions.
        let first = Stores::open_with(&identity(""), &folder, LONG).unwrap();
        assert_eq!(first.people.users(None, 10).await.unwrap().len(), 2);
        assert!(first.sessions.sessions_of(UserId([3; 16]), now).await.unwrap().is_empty());
    }

    #[test]
    fn a_store_that_does_not_open_is_told_by_the_key_that_names_it() {
        let folder = crate::testing::folder("stores");
        let nobody = identity("sessions = \"redis://127.0.0.1:1/0\"");
        let error = Stores::open(&nobody, &folder).err().unwrap().to_string();
        assert!(error.contains("`identity.sessions`") && error.contains("the store is away"), "{error}");
    }
}
