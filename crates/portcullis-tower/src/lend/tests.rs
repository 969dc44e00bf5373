use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::Mutex;

use http::Request;
use portcullis::keys::Keyring;
use portcullis::layers::caller::rate::RateKey;
use portcullis::{Engine, Listener, Moment, Peer, Policy};

use super::*;

const NOW: Duration = Duration::from_secs(1_800_000_000);

fn needs(policy: &str, address: [u8; 4]) -> Needs {
    let engine = Engine::new(Policy::parse("p", policy).unwrap().0, Keyring::new([1; 32], Vec::new()));
    let head = Request::builder().uri("/").header("host", "localhost").body(()).unwrap().into_parts().0;
    let moment = Moment { since_epoch: NOW, entropy: [3; 32] };
    let peer =
        Peer { address: SocketAddr::from((address, 9)), listener: Listener::DangerousPlain, tls: None };
    match engine.receive(head, None, &peer, moment) {
        ControlFlow::Continue(received) => received.needs().rate.clone(),
        ControlFlow::Break(refusal) => panic!("{:?}", refusal.reason),
    }
}

const TWO: &str = "[rate]\ndangerous_no_default = true\n[[rate.limit]]\nname = \"wide\"\nrequests = 10\n\
    [[rate.limit]]\nname = \"narrow\"\nrequests = 1\n";

#[tokio::test]
async fn what_one_limit_refuses_is_not_drawn_from_another() {
    let lender = Lender::default();
    let needs = needs(TWO, [192, 0, 2, 1]);
    let first = lender.lend(&needs, NOW).await;
    assert!(first.allowances.iter().all(|one| one.granted));
    for _ in 0..5 {
        let lent = lender.lend(&needs, NOW).await;
        assert!(!lent.allowances[1].granted);
    }
    let later = lender.lend(&needs, NOW + Duration::from_secs(60)).await;
    assert!(later.allowances.iter().all(|one| one.granted), "{later:?}");
    assert_eq!(later.allowances[0].remaining, 9);
}

#[tokio::test]
async fn a_spent_allowance_is_told_once_in_a_while() {
    let lender = Lender::default();
    let needs = needs(TWO, [192, 0, 2, 1]);
    lender.lend(&needs, NOW).await;
    let told = |lent: Lent| lent.allowances[1].told;
    assert!(!told(lender.lend(&needs, NOW).await));
    assert!(told(lender.lend(&needs, NOW).await));
    assert!(!told(lender.lend(&needs, NOW + Duration::from_secs(11)).await));
}

#[test]
fn a_flood_of_fresh_keys_takes_no_more_room_and_frees_nobody_who_owes_much() {
    let table: Table<Bucket> = Table::new(1024);
    let quota = portcullis::layers::caller::rate::Quota::new(100, Duration::from_secs(100), 100);
    let offender = RateKey([255; 16]);
    let now = 1_000_000_000;
    for _ in 0..100 {
        table.with(offender, now, |bucket| bucket.draw(&quota, 1, now));
    }
    for number in 0..200_000_u128 {
        let key = RateKey(number.to_be_bytes());
        assert!(table.with(key, now, |bucket| bucket.draw(&quota, 1, now)).granted);
    }
    assert!(table.taken() <= 1024, "{}", table.taken());
    assert!(!table.with(offender, now, |bucket| bucket.draw(&quota, 1, now)).granted);
}

#[test]
fn threads_never_grant_more_than_there_is() {
    let lender = Arc::new(Lender::default());
    let needs = needs(
        "[rate]\ndangerous_no_default = true\n[[rate.limit]]\nname = \"a\"\nrequests = 50\n",
        [192, 0, 2, 1],
    );
    let granted: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| (0..100).filter(|_| lender.draw(needs.draws.iter(), NOW)[0].granted).count())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(granted, 50);
}

/// A store that answers as told.
struct Told(Mutex<Drawn>, Mutex<Vec<Draw>>);

impl Remote for Told {
    fn draw<'a>(&'a self, _draws: &'a [&'a Draw]) -> Pin<Box<dyn Future<Output = Drawn> + Send + 'a>> {
        let answer = self.0.lock().unwrap().clone();
        Box::pin(async move { answer })
    }

    fn give_back(&self, draws: Vec<Draw>) -> Vec<Draw> {
        self.1.lock().unwrap().extend(draws);
        Vec::new()
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_replaced_or_refuses_as_the_policy_says() {
    let lender = Lender::default();
    let needs = needs(TWO, [192, 0, 2, 1]);
    let told = Arc::new(Told(Mutex::new(Drawn::CountHere), Mutex::default()));
    lender.share(Some(told.clone()));
    assert!(lender.lend(&needs, NOW).await.allowances.iter().all(|one| one.granted));
    assert!(!lender.lend(&needs, NOW).await.allowances[1].granted, "it still counts");
    *told.0.lock().unwrap() = Drawn::Refuse;
    assert!(lender.lend(&needs, NOW).await.store_lost);
    lender.give_back(needs.draws.clone());
    assert_eq!(told.1.lock().unwrap().len(), 2);
}
