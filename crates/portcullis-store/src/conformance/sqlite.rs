//! SQLite: all that every store must do, and what is its own.

use std::sync::Arc;

use super::{Folder, at, key, new_user, session, user_id};
use crate::sqlite::Sqlite;
use crate::{People, Sessions, StoreError};

#[tokio::test]
async fn sqlite_conforms() {
    let folder = Folder::new();
    super::all(&Sqlite::open(&folder.file()).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_gates_on_a_file_act_as_one() {
    let folder = Folder::new();
    let gates = [(); 2].map(|()| Sqlite::open(&folder.file()).unwrap());
    super::shared_sessions(&gates).await;
    super::letters::a_letter_goes_to_one_gate(&gates).await;
}

#[tokio::test]
async fn a_file_of_the_first_version_is_brought_to_todays() {
    let folder = Folder::new();
    let old = rusqlite::Connection::open(folder.file()).unwrap();
    old.execute_batch(include_str!("../sqlite/0001_people_and_sessions.sql")).unwrap();
    old.execute_batch(
        "PRAGMA application_id = 0x50434c53; PRAGMA user_version = 1;
         INSERT INTO session VALUES (zeroblob(32), NULL, 1, 1, 9, 9, NULL, 0, NULL, 'a', 'n');
         INSERT INTO user VALUES (zeroblob(16), 'old@notes.example', '', NULL, 0, 1, NULL);",
    )
    .unwrap();
    drop(old);
    let store = Sqlite::open(&folder.file()).unwrap();
    let kept =
        store.session(crate::Key([0; 32]), std::time::Duration::from_micros(2)).await.unwrap().unwrap();
    assert_eq!((kept.agent.as_str(), kept.external), ("a", None));
    assert_eq!(store.sweep_people(at(1_000_000), 10).await.unwrap(), 0, "an account from before stays");
    assert!(store.begin(session(1, Some(1))).await.unwrap());
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let folder = Folder::new();
    let store = Sqlite::open(&folder.file()).unwrap();
    store.add(new_user(1), at(0)).await.unwrap().unwrap();
    store.begin(session(1, Some(1))).await.unwrap();
    drop(store);
    let store = Sqlite::open(&folder.file()).unwrap();
    assert!(store.user(user_id(1)).await.unwrap().is_some());
    assert!(store.session(key(1), at(1)).await.unwrap().is_some());
}

#[test]
fn only_its_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let _store = Sqlite::open(&folder.file()).unwrap();
    for file in std::fs::read_dir(&folder.0).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
    }
}

#[test]
fn a_file_of_something_else_is_left_alone() {
    let folder = Folder::new();
    let foreign = rusqlite::Connection::open(folder.file()).unwrap();
    foreign.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(foreign);
    assert!(matches!(Sqlite::open(&folder.file()), Err(StoreError::Unreadable(_))));
    std::fs::write(folder.0.join("text"), "no database, but long enough to be looked at as one. ".repeat(40))
        .unwrap();
    assert!(matches!(Sqlite::open(&folder.0.join("text")), Err(StoreError::Unreadable(_))));
}

#[test]
fn a_newer_version_is_not_touched() {
    let folder = Folder::new();
    drop(Sqlite::open(&folder.file()).unwrap());
    let newer = rusqlite::Connection::open(folder.file()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let Err(StoreError::Unreadable(why)) = Sqlite::open(&folder.file()) else { panic!("opened") };
    assert!(why.contains("99"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_gates_share_a_file_and_each_name_is_taken_once() {
    let folder = Folder::new();
    let path = folder.file();
    let opened = [path.clone(), path].map(|path| std::thread::spawn(move || Sqlite::open(&path).unwrap()));
    let stores = opened.map(|thread| Arc::new(thread.join().unwrap()));
    let mut tasks = Vec::new();
    for number in 0..100 {
        for store in &stores {
            let store = store.clone();
            // Both add the same address, under ids of their own.
            let id = user_id(number * 2 + u32::from(Arc::ptr_eq(&store, &stores[0])));
            let user = crate::NewUser { id, ..new_user(number) };
            tasks.push(tokio::spawn(async move { store.add(user, at(0)).await.unwrap().is_ok() }));
        }
    }
    let mut added = 0;
    for task in tasks {
        added += usize::from(task.await.unwrap());
    }
    assert_eq!(added, 100);
    assert_eq!(stores[0].users(None, 1000).await.unwrap().len(), 100);
}

#[tokio::test]
async fn a_call_that_fails_takes_no_other_with_it() {
    let folder = Folder::new();
    let store = Sqlite::open(&folder.file()).unwrap();
    let (first, twice, second) =
        (store.begin(session(1, None)), store.begin(session(1, None)), store.begin(session(2, None)));
    assert!(first.await.is_ok());
    assert!(twice.await.is_err());
    assert!(second.await.is_ok());
    assert!(store.session(key(1), at(1)).await.unwrap().is_some());
    assert!(store.session(key(2), at(1)).await.unwrap().is_some());
}
