//! Sessions, devices, and what works once.

use super::{Sweeping, at, key, session, user_id};
use crate::sessions::{Redeemed, Remembered, Session, Sessions};

pub(super) async fn all(store: &impl Sessions, sweeping: Sweeping) {
    a_session_is_there_until_it_ends(store).await;
    a_rotated_session_is_never_both(store).await;
    a_sign_out_everywhere_keeps_what_it_is_told_to(store).await;
    a_remembered_token_works_once(store).await;
    a_key_is_used_once(store).await;
    every_text_comes_back(store).await;
    a_key_of_a_session_is_given_once(store).await;
    no_session_comes_from_a_device_that_is_not_remembered(store).await;
    match sweeping {
        Sweeping::ByCall => what_has_ended_is_swept(store).await,
        #[cfg(feature = "redis")]
        Sweeping::ByItself => assert_eq!(store.sweep(at(100_000), 1000).await.unwrap(), 0),
    }
}

async fn a_session_is_there_until_it_ends(store: &impl Sessions) {
    let written = session(100, Some(100));
    store.begin(written.clone()).await.unwrap();
    assert_eq!(store.session(key(100), at(99)).await.unwrap(), Some(written.clone()));
    assert_eq!(store.session(key(100), at(100)).await.unwrap(), None, "idle for too long");
    assert_eq!(store.session(key(101), at(0)).await.unwrap(), None);

    assert!(store.touch(key(100), at(50), at(150), "2001:db8::/64".to_owned()).await.unwrap());
    let touched = store.session(key(100), at(149)).await.unwrap().unwrap();
    assert_eq!(
        (touched.seen, touched.idle_end, touched.network.as_str()),
        (at(50), at(150), "2001:db8::/64")
    );
    assert!(store.touch(key(100), at(20), at(120), String::new()).await.unwrap());
    let again = store.session(key(100), at(149)).await.unwrap().unwrap();
    assert_eq!((again.seen, again.idle_end), (at(50), at(150)), "time does not run back");
    assert!(store.touch(key(100), at(140), at(5000), String::new()).await.unwrap());
    assert_eq!(store.session(key(100), at(1000)).await.unwrap(), None, "the absolute end holds");
    assert!(!store.touch(key(100), at(1000), at(6000), String::new()).await.unwrap());

    assert!(store.end(key(100)).await.unwrap());
    assert!(!store.end(key(100)).await.unwrap());
    assert_eq!(store.session(key(100), at(1)).await.unwrap(), None);
    assert!(!store.touch(key(100), at(1), at(2), String::new()).await.unwrap());
}

async fn a_rotated_session_is_never_both(store: &impl Sessions) {
    store.begin(session(110, None)).await.unwrap();
    assert!(store.rotate(key(110), session(111, Some(110)), at(1)).await.unwrap());
    assert_eq!(store.session(key(110), at(1)).await.unwrap(), None);
    assert_eq!(store.session(key(111), at(1)).await.unwrap().unwrap().user, Some(user_id(110)));
    assert!(!store.rotate(key(110), session(112, Some(110)), at(1)).await.unwrap(), "rotated already");
    assert_eq!(store.session(key(112), at(1)).await.unwrap(), None);
    assert!(!store.rotate(key(111), session(113, Some(110)), at(100)).await.unwrap(), "it has ended");
    assert_eq!(store.session(key(113), at(1)).await.unwrap(), None);
    store.end(key(111)).await.unwrap();
}

async fn a_sign_out_everywhere_keeps_what_it_is_told_to(store: &impl Sessions) {
    let seen = |number, family, seconds| Session { family, seen: at(seconds), ..session(number, Some(120)) };
    store.remember(device(1200, 120)).await.unwrap();
    store.remember(device(1210, 120)).await.unwrap();
    for one in [seen(120, Some(key(1200)), 3), seen(121, Some(key(1210)), 9), seen(122, None, 5)] {
        assert!(store.begin(one).await.unwrap());
    }
    assert!(store.begin(session(123, Some(121))).await.unwrap());
    let keys = |sessions: Vec<Session>| sessions.into_iter().map(|one| one.key).collect::<Vec<_>>();
    assert_eq!(keys(store.sessions_of(user_id(120), at(10)).await.unwrap()), [key(121), key(122), key(120)]);
    assert!(store.sessions_of(user_id(120), at(100)).await.unwrap().is_empty());

    let mut ended = store.end_all(user_id(120), Some(key(121))).await.unwrap();
    ended.sort_unstable();
    assert_eq!(ended, [key(120), key(122)]);
    assert_eq!(keys(store.sessions_of(user_id(120), at(10)).await.unwrap()), [key(121)]);
    let devices = store.remembered_by(user_id(120), at(10)).await.unwrap();
    assert_eq!(devices, [device(1210, 120)], "the device of the session that stays is kept");
    assert_eq!(store.end_all(user_id(120), None).await.unwrap(), [key(121)]);
    assert!(store.remembered_by(user_id(120), at(10)).await.unwrap().is_empty());
    assert!(store.session(key(123), at(10)).await.unwrap().is_some(), "somebody else's stays");
    store.end(key(123)).await.unwrap();
}

async fn a_remembered_token_works_once(store: &impl Sessions) {
    let redeem = |token: u32, next: u32, now: u64| {
        store.redeem(key(1300), key(token), key(next), at(now), at_most(10))
    };
    store.remember(device(1300, 130)).await.unwrap();
    store.begin(Session { family: Some(key(1300)), ..session(131, Some(130)) }).await.unwrap();
    assert_eq!(redeem(1301, 1302, 20).await.unwrap(), Redeemed::Fresh(user_id(130)));
    assert_eq!(redeem(1301, 1303, 29).await.unwrap(), Redeemed::Concurrent(user_id(130)), "two tabs at once");
    assert_eq!(redeem(1302, 1304, 40).await.unwrap(), Redeemed::Fresh(user_id(130)));
    assert_eq!(redeem(1302, 1305, 51).await.unwrap(), Redeemed::Reused(user_id(130)), "somebody has a copy");
    assert_eq!(redeem(1304, 1306, 52).await.unwrap(), Redeemed::Unknown, "the family is dead");
    assert_eq!(store.session(key(131), at(52)).await.unwrap(), None, "and what came from it");

    store.remember(device(1300, 130)).await.unwrap();
    assert_eq!(
        redeem(9999, 1302, 1).await.unwrap(),
        Redeemed::Reused(user_id(130)),
        "a guess kills it as well"
    );
    store.remember(device(1300, 130)).await.unwrap();
    assert_eq!(redeem(1301, 1302, 9000).await.unwrap(), Redeemed::Unknown, "it has ended");
    assert!(store.begin(Session { family: Some(key(1300)), ..session(132, Some(130)) }).await.unwrap());
    assert_eq!(store.forget(key(1300)).await.unwrap(), [key(132)]);
    assert!(store.forget(key(1300)).await.unwrap().is_empty());
}

async fn no_session_comes_from_a_device_that_is_not_remembered(store: &impl Sessions) {
    let from_device = |number| Session { family: Some(key(1350)), ..session(number, Some(135)) };
    assert!(!store.begin(from_device(135)).await.unwrap());
    assert_eq!(store.session(key(135), at(1)).await.unwrap(), None);
    assert!(store.begin(session(136, Some(135))).await.unwrap());
    assert!(!store.rotate(key(136), from_device(137), at(1)).await.unwrap());
    assert_eq!(store.session(key(137), at(1)).await.unwrap(), None);
    assert!(store.session(key(136), at(1)).await.unwrap().is_some(), "nothing changed");

    store.remember(device(1350, 135)).await.unwrap();
    assert!(store.rotate(key(136), from_device(137), at(1)).await.unwrap());
    assert!(store.rotate(key(137), from_device(138), at(1)).await.unwrap());
    assert_eq!(store.forget(key(1350)).await.unwrap(), [key(138)]);
}

async fn a_key_is_used_once(store: &impl Sessions) {
    assert!(store.first_use(key(140), at(10), at(0)).await.unwrap());
    assert!(!store.first_use(key(140), at(20), at(9)).await.unwrap());
    assert!(store.first_use(key(140), at(20), at(10)).await.unwrap(), "the first one was over");
    assert!(!store.first_use(key(140), at(30), at(19)).await.unwrap());
}

async fn every_text_comes_back(store: &impl Sessions) {
    let agent = "Firefox auf \"Linux\" 🦊\r\n'; DROP TABLE session; --";
    let written = Session {
        agent: agent.to_owned(),
        network: String::new(),
        proved: None,
        factors: u32::MAX,
        ..session(145, Some(145))
    };
    store.begin(written.clone()).await.unwrap();
    assert_eq!(store.session(key(145), at(1)).await.unwrap(), Some(written));
    store.end(key(145)).await.unwrap();
    // A sign that some stores cannot hold may change, but takes nothing away.
    store.begin(Session { agent: "a\0b".to_owned(), ..session(146, Some(145)) }).await.unwrap();
    assert_eq!(store.session(key(146), at(1)).await.unwrap().unwrap().agent.chars().count(), 3);
    store.end(key(146)).await.unwrap();
}

async fn a_key_of_a_session_is_given_once(store: &impl Sessions) {
    store.begin(session(147, Some(147))).await.unwrap();
    assert!(store.begin(session(147, Some(148))).await.is_err());
    let found = store.session(key(147), at(1)).await.unwrap().unwrap();
    assert_eq!(found.user, Some(user_id(147)));
    store.end(key(147)).await.unwrap();
}

async fn what_has_ended_is_swept(store: &impl Sessions) {
    while store.sweep(at(100_000), 1000).await.unwrap() > 0 {}
    for number in 150..160 {
        store.begin(session(number, Some(150))).await.unwrap();
    }
    store.first_use(key(150), at(50), at(0)).await.unwrap();
    store.remember(device(1500, 150)).await.unwrap();
    assert_eq!(store.sweep(at(99), 1000).await.unwrap(), 1, "the used key alone is over");
    assert!(store.touch(key(150), at(90), at(500), String::new()).await.unwrap());
    let mut swept = 0;
    loop {
        match store.sweep(at(2000), 4).await.unwrap() {
            0 => break,
            some => {
                assert!(some <= 16, "bounded");
                swept += some;
            }
        }
    }
    assert_eq!(swept, 11, "ten sessions and a device");
    assert!(store.sessions_of(user_id(150), at(1)).await.unwrap().is_empty());
}

pub(super) fn device(family: u32, user: u32) -> Remembered {
    Remembered {
        family: key(family),
        user: user_id(user),
        token: key(family + 1),
        began: at(0),
        seen: at(0),
        end: at(2000),
        agent: "Safari on iPhone".to_owned(),
    }
}

const fn at_most(seconds: u64) -> std::time::Duration {
    std::time::Duration::from_secs(seconds)
}
