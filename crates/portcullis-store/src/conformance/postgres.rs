//! PostgreSQL: all that every store must do, and what is its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{at, key, new_user, session, user_id};
use crate::postgres::Postgres;
use crate::servers::Server;
use crate::{NewUser, People, Redeemed, Remembered, Sessions, StoreError};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_conforms() {
    let mut server = Server::postgres().unwrap();
    let store = Postgres::open(&server.url, PATIENCE).unwrap();
    super::all(&store).await;
    a_taken_id_is_told_as_an_error(&store).await;
    gates_that_start_at_once_take_turns(&server.database(1).unwrap()).await;
    let shared = server.database(2).unwrap();
    let gates = [(); 2].map(|()| Postgres::open(&shared, PATIENCE).unwrap());
    super::shared_sessions(&gates).await;
    super::letters::a_letter_goes_to_one_gate(&gates).await;
    a_store_of_the_first_version_is_brought_to_todays(&server.database(5).unwrap()).await;
    a_token_that_many_show_at_once_is_fresh_once(&store).await;
    a_newer_version_is_not_touched(&server.database(3).unwrap()).await;
    a_schema_made_by_another_is_used(&server.database(4).unwrap()).await;
    a_store_that_hangs_is_away(&server).await;
    a_store_that_is_gone_is_away_and_comes_back(&mut server, &store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_is_reached_by_tls_and_its_certificate_is_looked_at() {
    let (server, authority) = Server::postgres_tls().unwrap();
    let open = |more: String| Postgres::open(&format!("{}{more}", server.url), Duration::from_secs(5));
    let verified = format!("?sslmode=verify-full&sslrootcert={}", authority.display());
    let store = open(verified.clone()).unwrap();
    store.begin(session(1, None)).await.unwrap();
    // Another authority, and another name than the certificate's.
    let foreign = open(verified.replace("ca.pem", "server.pem"));
    assert!(matches!(foreign, Err(StoreError::Away(_))));
    let elsewhere = Postgres::open(
        &format!("{}{verified}", server.url.replace("localhost", "127.0.0.1")),
        Duration::from_secs(5),
    );
    assert!(matches!(elsewhere, Err(StoreError::Away(_))));
    assert!(matches!(open("?sslmode=disable".to_owned()), Err(StoreError::Away(_))), "nobody without TLS");
}

async fn a_taken_id_is_told_as_an_error(store: &Postgres) {
    store.add(new_user(70), at(0)).await.unwrap().unwrap();
    let twin = NewUser { email: "other@notes.example".to_owned(), ..new_user(70) };
    assert!(store.add(twin, at(0)).await.is_err());
    assert!(store.user(user_id(70)).await.unwrap().is_some());
}

async fn gates_that_start_at_once_take_turns(url: &str) {
    let opened = [(); 4].map(|()| {
        let url = url.to_owned();
        std::thread::spawn(move || Postgres::open(&url, PATIENCE).unwrap())
    });
    let stores = opened.map(|thread| Arc::new(thread.join().unwrap()));
    let mut tasks = Vec::new();
    for number in 0..100 {
        for (gate, store) in stores.iter().enumerate() {
            // All add the same address, under ids of their own.
            let id = user_id(number * 4 + u32::try_from(gate).unwrap());
            let (store, user) = (store.clone(), NewUser { id, ..new_user(number) });
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

async fn a_token_that_many_show_at_once_is_fresh_once(store: &Postgres) {
    let (family, user, agent) = (key(9000), user_id(90), String::new());
    let device =
        Remembered { family, user, token: key(9001), began: at(0), seen: at(0), end: at(500), agent };
    store.remember(device).await.unwrap();
    let redeem = |next| store.redeem(key(9000), key(9001), key(next), at(1), Duration::from_secs(10));
    let (a, b, c) = tokio::join!(redeem(9002), redeem(9003), redeem(9004));
    let outcomes = [a.unwrap(), b.unwrap(), c.unwrap()];
    let fresh = outcomes.iter().filter(|outcome| **outcome == Redeemed::Fresh(user)).count();
    let concurrent = outcomes.iter().filter(|outcome| **outcome == Redeemed::Concurrent(user)).count();
    assert_eq!((fresh, concurrent), (1, 2));
    assert!(store.forget(key(9000)).await.unwrap().is_empty());
}

async fn a_newer_version_is_not_touched(url: &str) {
    drop(Postgres::open(url, PATIENCE).unwrap());
    run(url, "UPDATE portcullis.version SET number = 99").await;
    let Err(StoreError::Unreadable(why)) = Postgres::open(url, PATIENCE) else { panic!("opened") };
    assert!(why.contains("99"), "{why}");
}

async fn a_store_of_the_first_version_is_brought_to_todays(url: &str) {
    run(url, "CREATE SCHEMA portcullis; CREATE TABLE portcullis.version (number BIGINT NOT NULL)").await;
    run(url, include_str!("../postgres/0001_people_and_sessions.sql")).await;
    run(
        url,
        "INSERT INTO portcullis.version VALUES (1);
         INSERT INTO portcullis.session VALUES (decode(repeat('07', 32), 'hex'), NULL, 1, 1, 9, 9, NULL, 0, NULL, 'a', 'n');
         INSERT INTO portcullis.person VALUES (decode(repeat('07', 16), 'hex'), 'old@notes.example', '', NULL, 0, 1, NULL)",
    )
    .await;
    let store = Postgres::open(url, PATIENCE).unwrap();
    let kept = store.session(crate::Key([7; 32]), Duration::from_micros(2)).await.unwrap().unwrap();
    assert_eq!((kept.agent.as_str(), kept.external), ("a", None));
    assert_eq!(store.sweep_people(at(1_000_000), 10).await.unwrap(), 0, "an account from before stays");
    assert!(store.begin(session(1, Some(1))).await.unwrap());
}

async fn a_schema_made_by_another_is_used(url: &str) {
    run(url, "CREATE ROLE gate LOGIN; CREATE SCHEMA portcullis AUTHORIZATION gate").await;
    let store = Postgres::open(&url.replace("portcullis@", "gate@"), PATIENCE).unwrap();
    store.begin(session(1, None)).await.unwrap();
}

async fn run(url: &str, query: &'static str) {
    use sqlx::Connection;
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(query).execute(&mut connection).await.unwrap();
}

async fn a_store_that_hangs_is_away(server: &Server) {
    use sqlx::Connection;
    let store = Postgres::open(&server.url, Duration::from_millis(300)).unwrap();
    // Another holds the table: the server is there and does not answer.
    let mut holder = sqlx::PgConnection::connect(&server.url).await.unwrap();
    let mut held = holder.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE portcullis.session").execute(&mut *held).await.unwrap();
    assert!(matches!(store.session(key(1), at(1)).await, Err(StoreError::Away(_))));
    assert!(matches!(store.begin(session(9100, None)).await, Err(StoreError::Away(_))));
    held.rollback().await.unwrap();
    wait_until_it_is_back(&store).await;
    assert_eq!(store.session(key(9100), at(1)).await.unwrap(), None, "given up by the server as well");
}

async fn a_store_that_is_gone_is_away_and_comes_back(server: &mut Server, store: &Postgres) {
    assert!(store.begin(session(9200, Some(92))).await.unwrap());
    server.stop();
    let quick = Postgres::open(&server.url, Duration::from_millis(300));
    assert!(matches!(quick, Err(StoreError::Away(_))));
    let began = Instant::now();
    for _ in 0..200 {
        assert!(matches!(store.session(key(9200), at(1)).await, Err(StoreError::Away(_))));
        assert!(matches!(store.first_use(key(9200), at(9), at(1)).await, Err(StoreError::Away(_))));
        assert!(matches!(store.user(user_id(70)).await, Err(StoreError::Away(_))));
    }
    // Not each waits as long as the patience is.
    assert!(began.elapsed() < PATIENCE * 20, "{:?}", began.elapsed());
    server.start().unwrap();
    wait_until_it_is_back(store).await;
    assert!(store.session(key(9200), at(1)).await.unwrap().is_some());
    assert!(store.user(user_id(70)).await.unwrap().is_some());
}

async fn wait_until_it_is_back(store: &Postgres) {
    for _ in 0..200 {
        if store.session(key(1), at(1)).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it is not back: {:?}", store.session(key(1), at(1)).await);
}
