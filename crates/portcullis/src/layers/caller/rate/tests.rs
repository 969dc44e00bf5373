use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::Duration;

use http::{Request, StatusCode};
use proptest::prelude::*;

use super::*;
use crate::keys::Keyring;
use crate::verdict::Grounds;
use crate::{Engine, Identified, Listener, Moment, Peer, Policy, Refusal};

const NOW: Duration = Duration::from_secs(1_800_000_000);

fn engine(policy: &str) -> Engine {
    let text = format!("[csrf]\nmode = \"off\"\n{policy}");
    Engine::new(Policy::parse("p", &text).unwrap().0, Keyring::new([1; 32], Vec::new()))
}

fn faults(policy: &str) -> String {
    Policy::parse("p", policy).unwrap_err().to_string()
}

fn peer(address: &str) -> Peer {
    let ip: std::net::IpAddr = address.parse().unwrap();
    Peer { address: SocketAddr::from((ip, 50_000)), listener: Listener::DangerousPlain, tls: None }
}

fn needs_of(engine: &Engine, address: &str, method: &str, path: &str, headers: &[(&str, &str)]) -> Needs {
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let head = request.body(()).unwrap().into_parts().0;
    let moment = Moment { since_epoch: NOW, entropy: [3; 32] };
    match engine.receive(head, None, &peer(address), moment) {
        ControlFlow::Continue(received) => received.needs().rate.clone(),
        ControlFlow::Break(refusal) => panic!("{:?}", refusal.reason),
    }
}

fn identify(engine: &Engine, lent: impl FnOnce(&Needs) -> Lent) -> ControlFlow<Box<Refusal>, Identified> {
    let head = Request::builder().uri("/").header("host", "localhost").body(()).unwrap().into_parts().0;
    let moment = Moment { since_epoch: NOW, entropy: [3; 32] };
    let ControlFlow::Continue(received) = engine.receive(head, None, &peer("192.0.2.1"), moment) else {
        panic!("refused at arrival")
    };
    let lent = lent(&received.needs().rate).into();
    engine.identify(received, lent)
}

fn refused(flow: ControlFlow<Box<Refusal>, Identified>) -> Refusal {
    match flow {
        ControlFlow::Break(refusal) => *refusal,
        ControlFlow::Continue(_) => panic!("passed"),
    }
}

#[test]
fn a_burst_passes_then_one_each_interval() {
    let quota = Quota::new(60, Duration::from_secs(60), 3);
    let mut bucket = Bucket::default();
    let now = 1_000_000_000_000;
    for left in [2, 1, 0] {
        let drawn = bucket.draw(&quota, 1, now);
        assert!(drawn.granted);
        assert_eq!(drawn.remaining, left);
    }
    let spent = bucket.draw(&quota, 1, now);
    assert!(!spent.granted);
    assert_eq!(spent.retry_after, Duration::from_secs(1));
    assert!(!bucket.draw(&quota, 1, now + 999_999).granted);
    assert!(bucket.draw(&quota, 1, now + 1_000_000).granted);
}

#[test]
fn what_is_given_back_can_be_drawn_again() {
    let quota = Quota::new(2, Duration::from_secs(60), 2);
    let mut bucket = Bucket::default();
    let now = 1_000_000_000_000;
    assert!(bucket.draw(&quota, 2, now).granted);
    assert!(!bucket.draw(&quota, 1, now).granted);
    bucket.give_back(&quota, 1);
    assert!(bucket.draw(&quota, 1, now).granted);
    assert!(!bucket.draw(&quota, 1, now).granted);
}

proptest! {
    #[test]
    fn never_more_than_burst_and_refill(
        requests in 1_u64..50, window in 1_u64..100, burst in 1_u64..20,
        steps in proptest::collection::vec(0_u64..3_000_000, 1..200),
    ) {
        let quota = Quota::new(requests, Duration::from_secs(window), burst);
        let (mut bucket, mut now, mut granted) = (Bucket::default(), 1_000_000_000_000_u64, 0_u64);
        let begun = now;
        for step in steps {
            now += step;
            let drawn = bucket.draw(&quota, 1, now);
            granted += u64::from(drawn.granted);
            if !drawn.granted {
                let mut again = bucket;
                let later = now + u64::try_from(drawn.retry_after.as_micros()).unwrap();
                prop_assert!(again.draw(&quota, 1, later).granted, "retry-after is the truth");
            }
        }
        prop_assert!(granted <= burst + (now - begun) / quota.interval);
    }
}

#[test]
fn an_address_shares_its_slash_64_and_no_more() {
    let engine = engine("[rate]\ndangerous_no_default = true\n[[rate.limit]]\nname = \"a\"\nrequests = 1\n");
    let key = |address| needs_of(&engine, address, "GET", "/", &[]).draws[0].key;
    assert_eq!(key("2001:db8:1:2:3::4"), key("2001:db8:1:2:ffff::9"));
    assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
}

#[test]
fn sessions_count_apart_and_who_has_none_counts_by_address() {
    let engine = engine(
        "[rate]\ndangerous_no_default = true\n[[rate.limit]]\nname = \"a\"\nkey = [\"session\"]\nrequests = 1\n",
    );
    let key =
        |address, cookie: &str| needs_of(&engine, address, "GET", "/", &[("cookie", cookie)]).draws[0].key;
    let one = key("192.0.2.1", "theme=dark; session=abc");
    assert_eq!(one, key("192.0.2.9", "session=abc"));
    assert_ne!(one, key("192.0.2.1", "session=abd"));
    assert_eq!(key("192.0.2.1", "theme=dark"), key("192.0.2.1", "theme=light"));
}

#[test]
fn a_user_is_believed_from_a_trusted_proxy_only() {
    let policy = "[client]\ntrusted_proxies = [\"10.0.0.1\"]\n[rate]\nuser_header = \"x-auth-user\"\n\
        dangerous_no_default = true\n[[rate.limit]]\nname = \"a\"\nkey = [\"user\"]\nrequests = 1\n";
    let engine = engine(policy);
    let key = |peer, user, from| {
        needs_of(&engine, peer, "GET", "/", &[("x-auth-user", user), ("x-forwarded-for", from)]).draws[0].key
    };
    assert_eq!(key("10.0.0.1", "ann", "192.0.2.1"), key("10.0.0.1", "ann", "192.0.2.2"));
    assert_ne!(key("10.0.0.1", "ann", "192.0.2.1"), key("10.0.0.1", "bob", "192.0.2.1"));
    assert_eq!(key("192.0.2.7", "ann", ""), key("192.0.2.7", "bob", ""), "anybody can write a header");
}

#[test]
fn limits_hold_where_they_are_meant_to() {
    let policy = "[rate]\nexempt = [\"198.51.100.0/24\"]\n[[rate.limit]]\nname = \"login\"\nrequests = 5\n\
        methods = [\"POST\"]\npaths = [\"/login\"]\n[[rate.limit]]\nname = \"all\"\nkey = [\"site\"]\nrequests = 100\n\
        [[route]]\npath = \"/api/*\"\n[route.rate]\ncost = 3\n[[route.rate.limit]]\nname = \"api\"\nrequests = 7\n";
    let engine = engine(policy);
    let told = |address, method, path| {
        let draws = needs_of(&engine, address, method, path, &[]).draws;
        draws.iter().map(|draw| format!("{}:{}", draw.limit.name, draw.cost)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(told("192.0.2.1", "POST", "/login"), "login:1 all:1 default:1");
    assert_eq!(told("192.0.2.1", "GET", "/login"), "all:1 default:1");
    assert_eq!(told("192.0.2.1", "GET", "/api/x"), "api:3 all:3 default:3", "the site's limits still hold");
    assert_eq!(told("127.0.0.1", "GET", "/"), "all:1", "this machine is exempt from the default alone");
    assert_eq!(told("198.51.100.9", "POST", "/login"), "");
}

#[test]
fn a_spent_allowance_is_a_429_that_says_when_to_come_back() {
    let engine = engine("[[rate.limit]]\nname = \"few\"\nrequests = 2\nper = \"1 min\"\n");
    let refusal = refused(identify(&engine, |needs| {
        let mut lent = needs.fresh(NOW);
        let mut bucket = Bucket::default();
        let quota = needs.draws[0].limit.quota;
        let now = u64::try_from(NOW.as_micros()).unwrap();
        bucket.draw(&quota, 2, now);
        lent.allowances[0] = bucket.draw(&quota, 1, now);
        lent
    }));
    assert_eq!(refusal.response.status(), StatusCode::TOO_MANY_REQUESTS);
    let header = |name: &str| refusal.response.headers()[name].to_str().unwrap();
    assert_eq!(header("retry-after"), "30");
    assert!(header("ratelimit").contains("\"few\";r=0;t=60"), "{}", header("ratelimit"));
    assert!(header("ratelimit-policy").contains("\"few\";q=2;w=60"));
    assert_eq!(refusal.reason.code(), "rate.exceeded");
    assert_eq!(refusal.events.len(), 1);
}

#[test]
fn what_was_not_looked_up_was_not_granted() {
    let engine = engine("[[rate.limit]]\nname = \"few\"\nrequests = 2\n");
    let refusal = refused(identify(&engine, |_| Lent::default()));
    assert_eq!(refusal.reason.code(), "rate.exceeded");
}

#[test]
fn who_is_banned_is_led_to_the_event_that_tells_why() {
    let engine = engine("");
    let ban = Ban { left: Duration::from_secs(90), id: "abcdefgh12345678".to_owned(), observed: false };
    let refusal = refused(identify(&engine, |needs| Lent { ban: Some(ban), ..needs.fresh(NOW) }));
    assert_eq!(refusal.response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refusal.response.headers()["retry-after"], "90");
    assert!(String::from_utf8_lossy(refusal.response.body()).contains("abcdefgh12345678"));
    assert!(refusal.events.is_empty(), "a banned flood must not fill the log");
    assert!(refusal.offence.is_none());
    let watched = Ban { left: Duration::from_secs(90), id: "a".to_owned(), observed: true };
    assert!(identify(&engine, |needs| Lent { ban: Some(watched), ..needs.fresh(NOW) }).is_continue());
}

#[test]
fn failures_are_told_by_the_status_of_the_answer() {
    let engine = engine(
        "[[rate.limit]]\nname = \"login\"\nrequests = 5\ncount = \"failures\"\nfailures = [\"200\", \"4xx\"]\n",
    );
    let needs = needs_of(&engine, "192.0.2.1", "POST", "/login", &[]);
    let owed = |status| needs.owed(StatusCode::from_u16(status).unwrap()).len();
    assert!(needs.counts_failures());
    assert_eq!(owed(302), 1, "who got in gets the draw back");
    assert_eq!(owed(502), 1, "an app that is down is not the visitor's failure");
    assert_eq!(owed(200), 0);
    assert_eq!(owed(401), 0);
}

#[test]
fn each_ban_is_twice_as_long_up_to_the_longest() {
    let engine =
        engine("[rate.ban]\nrefusals = 2\nwithin = \"10 s\"\nfirst = \"1 min\"\nlongest = \"3 min\"\n");
    let rules = engine.policy().site().rate.ban.clone();
    let mut state = Offender::default();
    let mut now = NOW;
    for minutes in [1, 2, 3, 3] {
        assert_eq!(state.offend(Subject::Guest, &rules, now), None);
        assert_eq!(state.offend(Subject::Guest, &rules, now), None);
        let length = state.offend(Subject::Guest, &rules, now).unwrap();
        assert_eq!(length, Duration::from_secs(60 * minutes));
        assert_eq!(state.offend(Subject::Guest, &rules, now), None, "banned already");
        now += length + Duration::from_secs(1);
    }
    now += Duration::from_secs(25 * 3600);
    for _ in 0..2 {
        state.offend(Subject::Guest, &rules, now);
    }
    assert_eq!(
        state.offend(Subject::Guest, &rules, now),
        Some(Duration::from_secs(60)),
        "forgiven after a day"
    );
}

#[test]
fn a_nuisance_counts_against_the_guest_and_an_attack_against_the_address_too() {
    let engine = Engine::new(Policy::parse("p", "").unwrap().0, Keyring::new([1; 32], Vec::new()));
    let moment = || Moment { since_epoch: NOW, entropy: [3; 32] };
    let send = |address: &str, uri: &str, cookie: &str| {
        let head = Request::builder()
            .method("POST")
            .uri(uri)
            .header("host", "localhost")
            .header("cookie", cookie)
            .header("sec-fetch-site", "cross-site")
            .body(())
            .unwrap()
            .into_parts()
            .0;
        let refusal = match engine.receive(head, None, &peer(address), moment()) {
            ControlFlow::Break(refusal) => refusal,
            ControlFlow::Continue(received) => {
                let lent = received.needs().fresh(NOW);
                match engine.identify(received, lent) {
                    ControlFlow::Break(refusal) => refusal,
                    ControlFlow::Continue(_) => panic!("passed"),
                }
            }
        };
        refusal.offence
    };
    let against = |offence: &Offence| offence.against.iter().map(|one| one.0).collect::<Vec<_>>();
    let one = send("192.0.2.1", "/pay", "session=a").unwrap();
    assert_eq!(against(&one), [Subject::Guest]);
    let other = send("192.0.2.1", "/pay", "session=b").unwrap();
    assert_ne!(one.against[0].1, other.against[0].1, "two guests at one address");
    let attack = send("192.0.2.1", "/a/../../etc/passwd", "session=a").unwrap();
    assert_eq!(against(&attack), [Subject::Address]);
    assert_eq!(attack.against[0].2, "192.0.2.1");
    assert!(send("127.0.0.1", "/pay", "session=a").is_none(), "this machine is never banned by default");
}

#[test]
fn limits_that_cannot_hold_are_faults_with_their_place() {
    for (policy, told) in [
        ("[[rate.limit]]\nname = \"a\"\n", "a limit needs `requests`"),
        ("[[rate.limit]]\nrequests = 1\n", "is not a name of a limit"),
        ("[[rate.limit]]\nname = \"a\"\nrequests = 0\n", "zero requests refuses everything"),
        (
            "[[rate.limit]]\nname = \"a\"\nrequests = 1\n[[rate.limit]]\nname = \"a\"\nrequests = 1\n",
            "another limit `a`",
        ),
        ("[rate]\ncost = 5\n[[rate.limit]]\nname = \"a\"\nrequests = 3\n", "never fits into a burst of `3`"),
        (
            "[[rate.limit]]\nname = \"a\"\nrequests = 3\ncount = \"failures\"\nfailures = [\"wrong\"]\n",
            "not a status",
        ),
        ("[rate]\nstore = \"postgres://x\"\n", "the address of a Redis"),
        ("[[route]]\npath = \"/a\"\n[route.rate]\nstore = \"memory\"\n", "holds for the whole site"),
        ("[rate.ban]\nlongest = \"1 s\"\n", "shorter than the first"),
    ] {
        let faults = faults(policy);
        assert!(faults.contains(told), "{policy}: {faults}");
        assert_eq!(faults.lines().count(), 1, "{faults}");
    }
}

#[test]
fn the_exception_of_a_reason_is_a_policy_that_holds() {
    let reason = Reason::Exceeded {
        limit: "login".to_owned(),
        scope: String::new(),
        requests: 5,
        window: Duration::from_secs(60),
        retry_after: Duration::from_secs(1),
        told: false,
    };
    let at = crate::verdict::Place { method: "POST", path: "/login", host: "localhost" };
    for reason in [reason, Reason::Banned { left: Duration::from_secs(3600) }, Reason::StoreLost] {
        let text = reason.exception(&at).unwrap();
        Policy::parse("p", &text).unwrap();
    }
}
