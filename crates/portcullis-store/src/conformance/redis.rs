//! Redis: all that every store of sessions must do, and what is its own.

use std::time::Duration;

use super::{Sweeping, at, key, session, user_id};
use crate::redis::Redis;
use crate::servers::Server;
use crate::{Remembered, Session, Sessions, StoreError};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_conforms() {
    let mut server = Server::redis().unwrap();
    let store = Redis::open(&server.url, PATIENCE).unwrap();
    super::sessions::all(&store, Sweeping::ByItself).await;
    everything_has_an_end(&server.database(1).unwrap()).await;
    what_has_ended_is_gone_by_itself(&server.database(2).unwrap()).await;
    let shared = server.database(3).unwrap();
    let gates = [(); 2].map(|()| Redis::open(&shared, PATIENCE).unwrap());
    super::sessions::a_sign_out_everywhere_misses_no_rotation(&gates).await;
    a_newer_version_is_not_touched(&server.database(4).unwrap()).await;
    a_server_that_would_drop_keys_is_refused(&server).await;
    a_store_that_hangs_is_away(&server).await;
    a_store_that_is_gone_is_away_and_comes_back(&mut server, &store).await;
}

async fn client(url: &str) -> redis::aio::MultiplexedConnection {
    redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

async fn call<T: redis::FromRedisValue>(url: &str, words: &[&str]) -> T {
    let mut command = redis::cmd(words[0]);
    words[1..].iter().for_each(|word| {
        command.arg(*word);
    });
    command.query_async(&mut client(url).await).await.unwrap()
}

/// Fills a database with one of each kind.
async fn filled(url: &str) -> Redis {
    let store = Redis::open(url, PATIENCE).unwrap();
    let device = Remembered {
        family: key(9),
        user: user_id(1),
        token: key(8),
        began: at(0),
        seen: at(0),
        end: at(2000),
        agent: String::new(),
    };
    store.remember(device).await.unwrap();
    store.begin(Session { family: Some(key(9)), ..session(1, Some(1)) }).await.unwrap();
    store.begin(session(2, None)).await.unwrap();
    assert!(store.rotate(key(2), session(3, Some(1)), at(1)).await.unwrap());
    assert!(store.touch(key(1), at(50), at(150), String::new()).await.unwrap());
    assert!(store.first_use(key(4), at(60), at(0)).await.unwrap());
    store
}

async fn everything_has_an_end(url: &str) {
    let _store = filled(url).await;
    let keys: Vec<String> = call(url, &["KEYS", "*"]).await;
    assert_eq!(keys.len(), 8, "{keys:?}");
    for name in keys.iter().filter(|name| !name.ends_with(":version")) {
        let seconds: i64 = call(url, &["TTL", name]).await;
        assert!((1..=2000).contains(&seconds), "{name}: {seconds}");
        assert!(name.starts_with("{portcullis}:"), "{name}: all on one node");
    }
}

async fn what_has_ended_is_gone_by_itself(url: &str) {
    let store = Redis::open(url, PATIENCE).unwrap();
    let soon = at(0) + Duration::from_millis(50);
    store.begin(Session { idle_end: soon, family: Some(key(9)), ..session(1, Some(1)) }).await.unwrap();
    assert!(store.first_use(key(4), soon, at(0)).await.unwrap());
    for _ in 0..200 {
        let keys: Vec<String> = call(url, &["KEYS", "*"]).await;
        if keys == ["{portcullis}:version"] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it is still there");
}

async fn a_newer_version_is_not_touched(url: &str) {
    drop(Redis::open(url, PATIENCE).unwrap());
    let () = call(url, &["SET", "{portcullis}:version", "99"]).await;
    let Err(StoreError::Unreadable(why)) = Redis::open(url, PATIENCE) else { panic!("opened") };
    assert!(why.contains("99"), "{why}");
}

async fn a_server_that_would_drop_keys_is_refused(server: &Server) {
    let () = call(&server.url, &["CONFIG", "SET", "maxmemory", "500mb"]).await;
    let () = call(&server.url, &["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]).await;
    let Err(StoreError::Unreadable(why)) = Redis::open(&server.url, PATIENCE) else { panic!("opened") };
    assert!(why.contains("noeviction"), "{why}");
    let () = call(&server.url, &["CONFIG", "SET", "maxmemory-policy", "noeviction"]).await;
    assert!(Redis::open(&server.url, PATIENCE).is_ok());
}

async fn a_store_that_hangs_is_away(server: &Server) {
    let store = Redis::open(&server.url, Duration::from_millis(300)).unwrap();
    server.hang(true);
    for _ in 0..5 {
        assert!(matches!(store.session(key(1), at(1)).await, Err(StoreError::Away(_))));
        assert!(matches!(store.first_use(key(1), at(2), at(1)).await, Err(StoreError::Away(_))));
    }
    server.hang(false);
    wait_until_it_is_back(&store).await;
}

async fn a_store_that_is_gone_is_away_and_comes_back(server: &mut Server, store: &Redis) {
    store.begin(session(9200, Some(92))).await.unwrap();
    server.stop();
    assert!(matches!(Redis::open(&server.url, PATIENCE), Err(StoreError::Away(_))));
    for _ in 0..200 {
        assert!(matches!(store.session(key(9200), at(1)).await, Err(StoreError::Away(_))));
        assert!(matches!(store.end_all(user_id(92), None).await, Err(StoreError::Away(_))));
    }
    server.start().unwrap();
    wait_until_it_is_back(store).await;
    assert!(store.session(key(9200), at(1)).await.unwrap().is_some(), "it was on the disk");
}

async fn wait_until_it_is_back(store: &Redis) {
    for _ in 0..200 {
        if store.session(key(1), at(1)).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it is not back: {:?}", store.session(key(1), at(1)).await);
}
