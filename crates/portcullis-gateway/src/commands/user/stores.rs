//! The stores that `[identity]` names.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use portcullis::policy::Identity;
use portcullis::policy::identity::Store;
use portcullis_store::postgres::Postgres;
use portcullis_store::redis::Redis;
use portcullis_store::sqlite::Sqlite;
use portcullis_store::{People, Sessions, StoreError};

#[cfg(test)]
const PATIENCE: Duration = Duration::from_secs(3);

/// People and sessions: in one store or in two.
#[derive(Clone)]
pub(super) struct Stores {
    /// Users, and what they prove themselves with.
    pub(super) people: Arc<dyn People>,
    /// Who is signed in.
    pub(super) sessions: Arc<dyn Sessions>,
}

/// A store does not open.
#[derive(Debug, thiserror::Error)]
#[error("`identity.{key}`: {error}")]
pub(super) struct OpenError {
    /// The key of the policy that names it.
    key: &'static str,
    /// Why not.
    error: StoreError,
}

/// Where the default store lies.
fn file(data_dir: &Path) -> PathBuf {
    data_dir.join("people.db")
}

/// Opens the stores; a call may take as long as `patience`. Relative paths start at `folder`, where the policy lies.
///
/// # Errors
/// When one of them is away, is none of ours, or was written by a newer version.
pub(super) fn open(
    identity: &Identity,
    data_dir: &Path,
    folder: &Path,
    patience: Duration,
) -> Result<Stores, OpenError> {
    let wrong = |key| move |error| OpenError { key, error };
    let sqlite = |path: &Path, key| Sqlite::open(path).map(Arc::new).map_err(wrong(key));
    let postgres = |url: &str, key| Postgres::open(url, patience).map(Arc::new).map_err(wrong(key));
    let elsewhere = identity.sessions.as_ref().filter(|sessions| **sessions != identity.store);
    // A store that keeps both is opened once.
    let (people, beside): (Arc<dyn People>, Arc<dyn Sessions>) = match &identity.store {
        Store::DataDirectory => {
            let store = sqlite(&file(data_dir), "store")?;
            (store.clone(), store)
        }
        Store::Sqlite(path) => {
            let store = sqlite(&folder.join(path), "store")?;
            (store.clone(), store)
        }
        Store::Postgres(url) => {
            let store = postgres(url, "store")?;
            (store.clone(), store)
        }
        Store::Redis(_) => {
            let error = StoreError::Unreadable("people cannot be kept in a Redis".to_owned());
            return Err(OpenError { key: "store", error });
        }
    };
    let sessions: Arc<dyn Sessions> = match elsewhere {
        None => beside,
        Some(Store::DataDirectory) => sqlite(&file(data_dir), "sessions")?,
        Some(Store::Sqlite(path)) => sqlite(&folder.join(path), "sessions")?,
        Some(Store::Postgres(url)) => postgres(url, "sessions")?,
        Some(Store::Redis(url)) => {
            Arc::new(Redis::open(url, patience).map_err(|error| OpenError { key: "sessions", error })?)
        }
    };
    Ok(Stores { people, sessions })
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_store::servers::Server;
    use portcullis_store::{NewUser, Session, Standing, UserId};

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
            "store = \"sqlite:elsewhere.db\"\n".to_owned(),
            format!("store = \"{}\"\n", postgres.url),
            format!("sessions = \"{}\"\n", redis.url),
            format!("store = \"{}\"\nsessions = \"{}\"\n", postgres.url, redis.database(1).unwrap()),
        ];
        let now = Duration::from_secs(1_700_000_000);
        for (number, policy) in policies.iter().enumerate() {
            let stores = open(&identity(policy), &folder, &folder, Duration::from_secs(20)).unwrap();
            let id = UserId([u8::try_from(number).unwrap(); 16]);
            let user = NewUser {
                id,
                email: format!("{number}@notes.example"),
                name: String::new(),
                password: None,
                standing: Standing::Active,
                roles: Vec::new(),
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
            };
            stores.sessions.begin(session).await.unwrap();
            assert_eq!(stores.sessions.sessions_of(id, now).await.unwrap().len(), 1, "{policy}");
        }
        assert!(folder.join("people.db").is_file() && folder.join("elsewhere.db").is_file());
        // Each in its own: the first and the fourth share the people's file, and not the sessions.
        let first = open(&identity(""), &folder, &folder, PATIENCE).unwrap();
        assert_eq!(first.people.users(None, 10).await.unwrap().len(), 2);
        assert!(first.sessions.sessions_of(UserId([3; 16]), now).await.unwrap().is_empty());
    }

    #[test]
    fn a_store_that_does_not_open_is_told_by_the_key_that_names_it() {
        let folder = crate::testing::folder("stores");
        let nobody = identity("sessions = \"redis://127.0.0.1:1/0\"");
        let Err(error) = open(&nobody, &folder, &folder, PATIENCE) else { panic!("opened") };
        assert!(error.to_string().starts_with("`identity.sessions`: the store is away"), "{error}");
        std::fs::write(folder.join("notes.txt"), "no database, but a text. ".repeat(100)).unwrap();
        let foreign = identity("store = \"sqlite:notes.txt\"");
        let Err(error) = open(&foreign, &folder, &folder, PATIENCE) else { panic!("opened") };
        assert!(error.to_string().starts_with("`identity.store`: the store cannot be read"), "{error}");
    }
}
