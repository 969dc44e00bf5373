//! No query looks through a whole table, whatever is in it.

#![expect(clippy::unwrap_used, reason = "a test that cannot read what it tests has failed")]

use std::path::Path;

use portcullis_bench_store::opened::{Opened, open};
use portcullis_bench_store::{
    NOW, Size, Took, fill_people, fill_sessions, measure_people, measure_sessions, session, session_key,
    user, user_id,
};
use portcullis_store::servers::Server;
use portcullis_store::{External, Letter, NewUser, People, Session, Sessions, Standing, Tally};

const SIZE: Size = Size { users: 2_000, sessions: 20_000 };

/// Fills the store and does all that the measurement does, which looks at each answer.
async fn worked(store: &Opened, sweeps: bool) -> Vec<Took> {
    let mut all = Vec::new();
    if let Some(people) = &store.people {
        all.push(fill_people(&**people, SIZE).await.unwrap());
        all.extend(measure_people(&**people, SIZE, 300).await.unwrap());
    }
    if let Some(people) = &store.people {
        wait_and_lapse(&**people).await;
    }
    all.push(fill_sessions(&*store.sessions, SIZE).await.unwrap());
    come_from_a_provider(&*store.sessions).await;
    all.extend(measure_sessions(&*store.sessions, SIZE, 300, sweeps).await.unwrap());
    all
}

/// Letters that wait, and accounts that nobody confirms.
async fn wait_and_lapse(people: &dyn People) {
    for number in 0..200 {
        let letter = Letter { id: session_key(number), content: vec![0; 100], end: NOW, tries: 0 };
        assert!(people.keep_letter(letter, NOW, 1000).await.unwrap());
        let lapses = Some(NOW);
        let email = format!("waits{number}@notes.example");
        let (id, standing) = (user_id(1_000_000 + number), Standing::Unconfirmed);
        let waits = NewUser { id, email, standing, lapses, password: None, ..user(number) };
        people.add(waits, NOW).await.unwrap().unwrap();
    }
    assert_eq!(people.take_letters(NOW, NOW * 2, 50).await.unwrap().len(), 50);
    assert!(people.put_letter_back(session_key(0), NOW).await.unwrap());
    assert!(people.drop_letter(session_key(0)).await.unwrap());
    assert!(people.set_lapse(user_id(1_000_000), None).await.unwrap());
    assert_eq!(people.sweep_people(NOW, 1000).await.unwrap(), 199);
    assert_eq!(people.sweep_people(NOW * 2, 1000).await.unwrap(), 199);
}

/// Sessions that came from a provider, with what it granted, and counts of tries.
async fn come_from_a_provider(sessions: &dyn Sessions) {
    for number in 0..50 {
        let (key, grant) = (session_key(2_000_000 + number), session_key(3_000_000 + number));
        let external = Some(External { provider: "idp".to_owned(), subject: key, session: Some(key), grant });
        let one = Session { key, external, family: None, ..session(0, SIZE) };
        assert!(sessions.begin(one.clone()).await.unwrap());
        assert!(sessions.keep_grant(key, grant, vec![0; 100]).await.unwrap());
        assert!(sessions.renew_grant(grant, 0, vec![1; 100]).await.unwrap());
        let next = Session { key: session_key(4_000_000 + number), ..one };
        assert!(sessions.rotate(key, next, NOW).await.unwrap());
        assert!(sessions.grant(grant).await.unwrap().is_some());
        let ended = sessions.end_external(user_id(0), key, Some(key)).await.unwrap();
        assert_eq!((ended.len(), sessions.grant(grant).await.unwrap().is_none()), (1, true));
        let tally = Some(Tally { count: 1, last: NOW, since: NOW });
        assert!(sessions.set_tally(key, None, tally, NOW * 2, NOW).await.unwrap());
        assert_eq!(sessions.tally(key, NOW).await.unwrap(), tally);
        assert!(sessions.set_tally(key, tally, None, NOW, NOW).await.unwrap());
    }
}

/// Every literal of the sources that is a query.
fn queries(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let source = entry.unwrap().path();
        if source.extension().is_none_or(|extension| extension != "rs") || source.ends_with("migrations.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&source).unwrap();
        let literals = text.split('"').skip(1).step_by(2);
        let begins = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "];
        found.extend(
            literals.filter(|text| begins.iter().any(|begin| text.starts_with(begin))).map(str::to_owned),
        );
    }
    found
}

#[tokio::test]
async fn no_query_of_sqlite_scans_a_table() {
    let folder = std::env::temp_dir().join(format!("portcullis-plans-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("people.db");
    let store = open(&file.display().to_string()).unwrap();
    assert!(worked(&store, true).await.len() > 10);
    drop(store);

    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/portcullis-store/src/sqlite");
    let queries = queries(&sources);
    assert!(queries.len() > 35, "{} queries were found", queries.len());
    let connection = rusqlite::Connection::open(&file).unwrap();
    for query in queries {
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
        let steps = explain.raw_query().mapped(|row| row.get::<_, String>("detail"));
        for step in steps.map(Result::unwrap) {
            let whole = step.starts_with("SCAN") && step != "SCAN CONSTANT ROW";
            assert!(!whole, "{query}\n{step}");
            assert!(!step.contains("AUTOMATIC"), "{query}\n{step}");
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_query_of_postgresql_scans_a_table() {
    // Each plan that is run stands in the server's log. A table of a few pages may be read whole; that is forbidden
    // here, so that only what no index answers is.
    let server = Server::postgres_with(&[
        "session_preload_libraries=auto_explain",
        "auto_explain.log_min_duration=0",
        "auto_explain.log_nested_statements=on",
        "enable_seqscan=off",
    ])
    .unwrap();
    let store = open(&server.url).unwrap();
    worked(&store, true).await;
    drop(store);
    let log = server.log().unwrap();
    let scans = log.lines().filter(|line| line.contains("Scan")).collect::<Vec<_>>();
    let by_index = scans.iter().filter(|line| line.contains("Index")).count();
    assert!(by_index > 1000, "{by_index} scans of an index: the plans are in the log");
    for line in scans.iter().filter(|line| line.contains("Seq Scan")) {
        // One row, and the system's own tables.
        let known = line.contains(" on version") || line.contains(" on pg_");
        assert!(known, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_step_of_redis_grows_with_what_is_there() {
    let server = Server::redis().unwrap();
    let store = open(&server.url).unwrap();
    worked(&store, false).await;
    // Redis counts what it was asked: nothing walks over all keys or a whole list of another than one user.
    let stats = server.redis_info("commandstats").unwrap();
    for walk in ["keys", "scan", "hscan", "zscan", "sscan", "sort", "hgetall"] {
        assert!(!stats.contains(&format!("cmdstat_{walk}:")), "{walk}");
    }
    assert!(stats.contains("cmdstat_evalsha:"), "{stats}");
}
