//! Guessing at passwords over two gates that share a Redis.

use std::net::SocketAddr;
use std::time::Duration;

use portcullis_gateway::Running;
use portcullis_tests::live::{self, Folder};

/// A gate on the people in `shared` and the sessions in the Redis at `redis`.
async fn gate(shared: &Folder, redis: u16, folder: &Folder) -> Running {
    let policy = format!(
        "[identity]\nstore = \"sqlite:{}\"\nsessions = \"redis://127.0.0.1:{redis}/0\"\n\
         [identity.password]\nmemory = 7168\npasses = 5\n",
        shared.path().join("people.db").display()
    );
    live::gate(live::app().await.unwrap(), &policy, folder)
}

async fn guess(gate: &Running, number: u32) -> u16 {
    let form = format!("email=ada%40example.org&password=guess+number+{number}+of+many");
    let request = format!(
        "POST /.portcullis/sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let address: SocketAddr = *gate.dangerous_plain.first().unwrap();
    live::raw(address, &request).await.unwrap().status
}

#[tokio::test]
async fn two_gates_and_a_restart_give_a_guesser_no_more_tries_and_without_redis_each_counts_on() {
    let shared = Folder::new("guessing-people").unwrap();
    let port = live::free_port().unwrap();
    let redis = live::redis(port, &shared).unwrap();
    let folders = [(); 3].map(|()| Folder::new("guessing-gate").unwrap());
    let first = gate(&shared, port, &folders[0]).await;
    let second = gate(&shared, port, &folders[1]).await;
    let mut seen = Vec::new();
    for number in 0..5 {
        seen.push(guess(if number % 2 == 0 { &first } else { &second }, number).await);
    }
    assert_eq!(seen, [422; 5], "the account has five free tries, wherever they are made");
    assert_eq!((guess(&first, 5).await, guess(&second, 6).await), (429, 429));
    drop(first);
    let restarted = gate(&shared, port, &folders[2]).await;
    assert_eq!(guess(&restarted, 7).await, 429, "a restart forgets nothing");

    // A failure later the wait is longer than this test: both gates saw one try too many.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(guess(&second, 8).await, 422);
    drop(redis);
    for number in 9..20 {
        let status = guess(&second, number).await;
        assert!([422, 429, 503].contains(&status), "{status}: nobody is let in");
    }
    assert_eq!(guess(&second, 21).await, 429, "the gate's own memory goes on");
}
