//! Allowances and bans at a standing gate, alone and together with others by a real Redis.

use portcullis_tests::live::{self, Folder};

const FEW: &str = "[[rate.limit]]\nname = \"few\"\nrequests = 6\nper = \"10 min\"\npaths = [\"/few\"]\n";
const LOGIN: &str =
    "[[rate.limit]]\nname = \"login\"\nrequests = 3\nper = \"10 min\"\ncount = \"failures\"\n";

async fn statuses(address: std::net::SocketAddr, method: &str, path: &str, times: usize) -> Vec<u16> {
    let mut list = Vec::new();
    for _ in 0..times {
        list.push(live::ask(address, method, path, "").await.unwrap().status);
    }
    list
}

#[tokio::test]
async fn an_answer_tells_what_is_left_and_a_429_when_to_come_back() {
    let (app, folder) = (live::app().await.unwrap(), Folder::new("rate").unwrap());
    let gate = live::gate(app, FEW, &folder);
    let address = gate.dangerous_plain[0];
    let first = live::ask(address, "GET", "/few", "").await.unwrap();
    assert_eq!(first.header("ratelimit-policy"), Some("\"few\";q=6;w=600"));
    assert_eq!(first.header("ratelimit"), Some("\"few\";r=5;t=100"));
    assert_eq!(statuses(address, "GET", "/few", 6).await, [200, 200, 200, 200, 200, 429]);
    let refused = live::ask(address, "GET", "/few", "").await.unwrap();
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() <= 100);
    let other = live::ask(address, "GET", "/other", "").await.unwrap();
    assert_eq!((other.status, other.header("ratelimit")), (200, None));
    let log = live::log(&gate, &folder);
    assert_eq!(log.matches("rate.exceeded").count(), 1, "a flood leaves one line: {log}");
}

#[tokio::test]
async fn wrong_passwords_count_and_right_ones_do_not() {
    let (app, folder) = (live::app().await.unwrap(), Folder::new("login").unwrap());
    let gate = live::gate(app, LOGIN, &folder);
    let address = gate.dangerous_plain[0];
    assert_eq!(statuses(address, "GET", "/status/302", 9).await, [302; 9]);
    assert_eq!(statuses(address, "GET", "/status/401", 5).await, [401, 401, 401, 429, 429]);
    assert_eq!(
        statuses(address, "GET", "/status/302", 1).await,
        [429],
        "nor is the right one tried any more"
    );
}

#[tokio::test]
async fn guesses_sent_at_once_are_still_as_many_guesses() {
    let (app, folder) = (live::app().await.unwrap(), Folder::new("guesses").unwrap());
    let gate = live::gate(app, LOGIN, &folder);
    let address = gate.dangerous_plain[0];
    let guesses: Vec<_> = (0..20)
        .map(|_| tokio::spawn(async move { live::ask(address, "GET", "/status/401", "").await }))
        .collect();
    let mut tried = 0;
    for guess in guesses {
        tried += usize::from(guess.await.unwrap().unwrap().status == 401);
    }
    assert_eq!(tried, 3);
}

#[tokio::test]
async fn who_keeps_being_refused_is_banned_and_can_be_pardoned() {
    let (app, folder) = (live::app().await.unwrap(), Folder::new("ban").unwrap());
    let policy = "[rate.ban]\nexempt = []\nrefusals = 5\nwithin = \"10 min\"\nfirst = \"10 min\"\n";
    let gate = live::gate(app, policy, &folder);
    let address = gate.dangerous_plain[0];
    let forged = |session: &str| {
        format!("Cookie: session={session}\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n")
    };
    for _ in 0..6 {
        assert_eq!(live::ask(address, "POST", "/pay", &forged("mallory")).await.unwrap().status, 403);
    }
    let banned = live::ask(address, "GET", "/", "Cookie: session=mallory\r\n").await.unwrap();
    assert_eq!(banned.status, 429);
    assert!(banned.header("retry-after").unwrap().parse::<u64>().unwrap() > 500);
    let neighbour = live::ask(address, "GET", "/", "Cookie: session=alice\r\n").await.unwrap();
    assert_eq!(neighbour.status, 200, "the others at that address are not banned for one guest");

    let list = gate.lender.banned(now());
    assert_eq!(list.len(), 1);
    assert!(banned.body.contains(&list[0].id), "the page leads to the event");
    assert!(list[0].who.contains("one session at 127.0.0.1"), "{list:?}");
    let log = live::log(&gate, &folder);
    assert!(log.contains("\"portcullis.banned\""), "{log}");
    assert_eq!(gate.lender.lift(&list[0].id, now()).len(), 1);
    let pardoned = live::ask(address, "GET", "/", "Cookie: session=mallory\r\n").await.unwrap();
    assert_eq!(pardoned.status, 200);
}

#[tokio::test]
async fn an_address_is_banned_for_many_attacks() {
    let (app, folder) = (live::app().await.unwrap(), Folder::new("scanner").unwrap());
    let policy = "[rate.ban]\nexempt = []\nattacks = 4\nrefusals = 1000\nwithin = \"10 min\"\n";
    let gate = live::gate(app, policy, &folder);
    let address = gate.dangerous_plain[0];
    for number in 0..5 {
        // Another browser each time: it is the address that is counted.
        let agent = format!("User-Agent: scanner/{number}\r\n");
        assert_eq!(live::ask(address, "GET", "/a/../../etc/passwd", &agent).await.unwrap().status, 400);
    }
    assert_eq!(live::ask(address, "GET", "/", "User-Agent: other\r\n").await.unwrap().status, 429);
    assert_eq!(gate.lender.lift("127.0.0.1", now()).len(), 1);
    assert_eq!(live::ask(address, "GET", "/", "").await.unwrap().status, 200);
}

#[tokio::test]
async fn gates_that_share_a_store_count_together_and_alone_while_it_is_away() {
    let (app, folder) = (live::app().await.unwrap(), Folder::new("redis").unwrap());
    let port = live::free_port().unwrap();
    let redis = live::redis(port, &folder).unwrap();
    let policy =
        format!("[rate]\nstore = \"redis://127.0.0.1:{port}/0\"\nstore_timeout = \"500 ms\"\n{FEW}{LOGIN}");
    let folders = [Folder::new("one").unwrap(), Folder::new("two").unwrap()];
    std::fs::create_dir_all(folders[1].path().join("keys")).unwrap();
    let one = live::gate(app, &policy, &folders[0]);
    // Gates that share a site have the same key.
    std::fs::copy(folders[0].path().join("keys/gate.key"), folders[1].path().join("keys/gate.key")).unwrap();
    let two = live::gate(app, &policy, &folders[1]);
    let (a, b) = (one.dangerous_plain[0], two.dangerous_plain[0]);

    assert_eq!(statuses(a, "GET", "/few", 3).await, [200; 3]);
    assert_eq!(statuses(b, "GET", "/few", 4).await, [200, 200, 200, 429]);
    assert_eq!(statuses(a, "GET", "/few", 1).await, [429]);
    assert_eq!(statuses(a, "GET", "/status/302", 4).await, [302; 4]);
    // What was given back takes its way to the store.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(statuses(b, "GET", "/status/401", 2).await, [401; 2]);
    assert_eq!(statuses(a, "GET", "/status/401", 2).await, [401, 429]);

    drop(redis);
    assert_eq!(
        statuses(a, "GET", "/few", 7).await,
        [200, 200, 200, 200, 200, 200, 429],
        "alone, and still counted"
    );
    assert_eq!(statuses(b, "GET", "/few", 1).await, [200], "each by itself");
    assert!(live::eventually(|| live::log(&one, &folders[0]).contains("store_lost")).await);

    let redis = live::redis(port, &folder).unwrap();
    assert!(live::eventually(|| live::log(&one, &folders[0]).contains("store_back")).await);
    assert!(live::eventually(|| live::log(&two, &folders[1]).contains("store_back")).await);
    assert_eq!(statuses(a, "GET", "/few", 3).await, [200; 3], "the new store knows nothing yet");
    assert_eq!(statuses(b, "GET", "/few", 4).await, [200, 200, 200, 429], "together again");

    // A store that hangs is worse than one that is gone: requests must not hang with it.
    let stopped =
        std::process::Command::new("kill").args(["-STOP", &redis.0.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    assert!(statuses(a, "GET", "/other", 8).await.iter().all(|status| *status == 200));
    let _ = std::process::Command::new("kill").args(["-CONT", &redis.0.id().to_string()]).status();
}

#[tokio::test]
async fn a_policy_that_wants_refusals_while_the_store_is_away_gets_them() {
    let (app, folder) = (live::app().await.unwrap(), Folder::new("refuse").unwrap());
    let port = live::free_port().unwrap();
    let policy = format!("[rate]\nstore = \"redis://127.0.0.1:{port}\"\nstore_lost = \"refuse\"\n{FEW}");
    let gate = live::gate(app, &policy, &folder);
    let address = gate.dangerous_plain[0];
    assert_eq!(statuses(address, "GET", "/few", 2).await, [503, 503]);
    assert_eq!(
        statuses(address, "GET", "/other", 2).await,
        [200, 200],
        "what no shared limit counts goes on"
    );
}

fn now() -> std::time::Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap()
}
