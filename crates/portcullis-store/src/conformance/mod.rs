//! What every store must do, as tests that run against each.

mod letters;
mod people;
#[cfg(feature = "postgres")]
mod postgres;
mod providers;
mod races;
#[cfg(feature = "redis")]
mod redis;
mod sessions;
mod sources;
mod sqlite;
mod tallies;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::people::{NewUser, People, Standing};
use crate::sessions::{Session, Sessions};
use crate::{Instant, Key, UserId};

/// A moment of these tests: seconds after their beginning.
const fn at(seconds: u64) -> Instant {
    Duration::from_secs(1_700_000_000 + seconds)
}

fn key(number: u32) -> Key {
    let mut key = [7; 32];
    key[..4].copy_from_slice(&number.to_be_bytes());
    Key(key)
}

fn user_id(number: u32) -> UserId {
    UserId((u128::from(number) << 64 | 1).to_be_bytes())
}

fn new_user(number: u32) -> NewUser {
    NewUser {
        id: user_id(number),
        email: format!("user{number:06}@notes.example"),
        name: format!("User {number}"),
        password: Some(format!("hash {number}")),
        standing: Standing::Active,
        roles: vec!["reader".to_owned()],
        lapses: None,
    }
}

fn session(number: u32, user: Option<u32>) -> Session {
    Session {
        key: key(number),
        user: user.map(user_id),
        began: at(0),
        seen: at(0),
        idle_end: at(100),
        end: at(1000),
        proved: user.map(|_| at(0)),
        factors: 1,
        family: None,
        agent: "Firefox on Linux".to_owned(),
        network: "192.0.2.0/24".to_owned(),
        external: None,
    }
}

/// A folder of its own for each test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("portcullis-store-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("portcullis.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Who removes what has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sweeping {
    /// The gate, by a call.
    ByCall,
    /// The store by itself.
    #[cfg(feature = "redis")]
    ByItself,
}

/// Runs every test of a store that keeps people and sessions.
async fn all<S: People + Sessions>(store: &S) {
    all_of_sessions(store, Sweeping::ByCall).await;
    people::all(store).await;
    letters::all(store).await;
}

/// Runs every test of a store that keeps sessions.
async fn all_of_sessions(store: &impl Sessions, sweeping: Sweeping) {
    providers::all(store).await;
    tallies::all(store).await;
    sessions::all(store, sweeping).await;
}

/// Runs every test of two gates that share a store of sessions.
async fn shared_sessions(gates: &[impl Sessions; 2]) {
    races::a_sign_out_everywhere_misses_no_rotation(gates).await;
    races::a_session_that_begins_while_its_device_is_revoked_does_not_survive(gates).await;
    tallies::what_two_gates_count_adds_up(gates).await;
}
