//! Redis: all that every store of sessions must do, and what is its own.

use std::time::Duration;

use super::{Sweeping, at, key, session, user_id};
use crate::redis::Redis;
use crate::servers::Server;
use crate::{External, Grants, Remembered, Session, Sessions, StoreError, Tallies, Tally};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_conforms() {
    let mut server = Server::redis().unwrap();
    let store = Redis::open(&server.url, PATIENCE).unwrap();
    super::all_of_sessions(&store, Sweeping::ByItself).await;
    everything_has_an_end(&server.database(1).unwrap()).await;
    what_has_ended_is_gone_by_itself(&server.database(2).unwrap()).await;
    let shared = server.database(3).unwrap();
    let gates = [(); 2].map(|()| Redis::open(&shared, PATIENCE).unwrap());
    super::shared_sessions(&gates).await;
    a_newer_version_is_not_touched(&server.database(4).unwrap()).await;
    a_store_of_the_first_version_is_brought_to_todays(&server.database(5).unwrap()).await;
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
    let (subject, grant) = (key(5), key(6));
    let external = External { provider: "idp".to_owned(), subject, session: None, grant };
    let first = Session { family: Some(key(9)), external: Some(external), ..session(1, Some(1)) };
    assert!(store.begin(first).await.unwrap());
    assert!(store.keep_grant(key(1), grant, vec![1]).await.unwrap());
    assert!(store.begin(session(2, None)).await.unwrap());
    let tally = Some(Tally { count: 1, last: at(0), since: at(0) });
    assert!(store.set_tally(key(7), None, tally, at(60), at(0)).await.unwrap());
    assert!(store.rotate(key(2), session(3, Some(1)), at(1)).await.unwrap());
    assert!(store.touch(key(1), at(50), at(150), String::new()).await.unwrap());
    assert!(store.first_use(key(4), at(60), at(0)).await.unwrap());
    store
}

async fn everything_has_an_end(url: &str) {
    let _store = filled(url).await;
    let keys: Vec<String> = call(url, &["KEYS", "*"]).await;
    assert_eq!(keys.len(), 10, "{keys:?}");
    for name in keys.iter().filter(|name| !name.ends_with(":version")) {
        let seconds: i64 = call(url, &["TTL", name]).await;
        assert!((1..=2000).contains(&seconds), "{name}: {seconds}");
        assert!(name.starts_with("{portcullis}:"), "{name}: all on one node");
    }
}

async fn what_has_ended_is_gone_by_itself(url: &str) {
    let store = Redis::open(url, PATIENCE).unwrap();
    let soon = at(0) + Duration::from_millis(50);
    let device = Remembered { end: soon, ..super::sessions::device(9, 1) };
    store.remember(device).await.unwrap();
    assert!(
        store.begin(Session { idle_end: soon, family: Some(key(9)), ..session(1, Some(1)) }).await.unwrap()
    );
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

async fn a_store_of_the_first_version_is_brought_to_todays(url: &str) {
    let () = call(url, &["SET", "{portcullis}:version", "1"]).await;
    let name = format!("{{portcullis}}:session:{}", key(1));
    let written = [
        ["user", ""],
        ["began", "1"],
        ["seen", "1"],
        ["idle_end", "9"],
        ["end", "9"],
        ["proved", ""],
        ["factors", "0"],
        ["family", ""],
        ["agent", "a"],
        ["network", "n"],
    ];
    let () = call(url, &[&["HSET", name.as_str()][..], written.as_flattened()].concat()).await;
    let store = Redis::open(url, PATIENCE).unwrap();
    let kept = store.session(key(1), Duration::from_micros(2)).await.unwrap().unwrap();
    assert_eq!((kept.agent.as_str(), kept.external), ("a", None));
    let next = Session { end: at(10), idle_end: at(10), ..session(2, None) };
    assert!(store.rotate(key(1), next, Duration::from_micros(2)).await.unwrap());
    assert_eq!(call::<String>(url, &["GET", "{portcullis}:version"]).await, "2");
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
