use std::collections::HashSet;

use zeroize::Zeroizing;

use super::devices::Devices;
use super::*;

const START: Duration = Duration::from_secs(1_800_000_000);

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn place(number: u32) -> Place {
    Place::of(std::net::Ipv4Addr::from(0xC000_0200 + number).into())
}

fn fail(
    throttle: &Arc<Throttle>,
    email: &Email,
    place: Place,
    now: Duration,
) -> Result<Vec<Notice>, Duration> {
    throttle.begin(email, place, None, now).map(|permit| permit.settle(Ended::Wrong, now))
}

#[test]
fn delays_at_an_account_grow_wherever_the_tries_come_from() {
    let throttle = Throttle::new(Limits::default());
    let ada = email("ada@example.org");
    let mut now = START;
    for number in 0..5 {
        assert!(fail(&throttle, &ada, place(number), now).is_ok());
    }
    let mut waits = Vec::new();
    for number in 5..14 {
        let wait = fail(&throttle, &ada, place(number), now).unwrap_err();
        waits.push(wait.as_secs());
        now += wait;
        assert!(fail(&throttle, &ada, place(number), now).is_ok());
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256]);
    assert!(fail(&throttle, &email("eve@example.org"), place(99), now).is_ok(), "others are not delayed");
}

#[test]
fn a_hundred_failures_in_a_row_leave_one_a_day() {
    let throttle = Throttle::new(Limits::default());
    let ada = email("ada@example.org");
    let mut now = START;
    let mut days = 0;
    for number in 0..110 {
        if let Err(wait) = fail(&throttle, &ada, place(number), now) {
            days = wait.as_secs() / 3600;
            now += wait;
            // A day of quiet would forgive: whoever guesses on comes a moment earlier.
            let _ = fail(&throttle, &ada, place(number), now);
        }
    }
    assert!(days <= 24);
    assert!(now - START > Duration::from_secs(3 * 24 * 3600), "a hundred guesses take days");
}

#[test]
fn many_guesses_at_once_are_not_one() {
    let throttle = Throttle::new(Limits::default());
    let ada = email("ada@example.org");
    let held = (0..50)
        .filter_map(|number| throttle.begin(&ada, place(number), None, START).ok())
        .collect::<Vec<_>>();
    assert_eq!(held.len(), 5);
    drop(held);
    assert!(throttle.begin(&ada, place(1), None, START).is_ok(), "what nobody waited for is not counted");
}

#[test]
fn one_place_is_slowed_over_all_accounts_and_forgiven_by_and_by() {
    let throttle = Throttle::new(Limits::default());
    for number in 0..20 {
        fail(&throttle, &email(&format!("u{number}@example.org")), place(1), START).unwrap();
    }
    let fresh = email("fresh@example.org");
    assert!(fail(&throttle, &fresh, place(1), START).is_err());
    assert!(fail(&throttle, &fresh, place(2), START).is_ok());
    assert!(fail(&throttle, &fresh, place(1), START + Duration::from_secs(61)).is_ok());
    let signed_in =
        throttle.begin(&email("own@example.org"), place(1), None, START + Duration::from_secs(125)).unwrap();
    let _ = signed_in.settle(Ended::Right, START + Duration::from_secs(125));
    fail(&throttle, &fresh, place(1), START + Duration::from_secs(126)).unwrap();
    assert!(
        fail(&throttle, &fresh, place(1), START + Duration::from_secs(126)).is_err(),
        "signing in to one's own account buys no more guesses at others"
    );
}

#[test]
fn one_customer_of_ipv6_is_one_place() {
    let of = |text: &str| Place::of(text.parse().unwrap());
    assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
}

#[test]
fn a_stranger_cannot_lock_a_known_device_out_and_the_device_cannot_guess_on() {
    let throttle = Throttle::new(Limits::default());
    let devices = Devices::new(vec![Zeroizing::new([7; 32])]);
    let ada = email("ada@example.org");
    let cookie = devices.know(None, &ada, START).unwrap();
    let known = devices.known(Some(&cookie), &ada, START);
    let mut now = START;
    for number in 0..60 {
        if let Err(wait) = fail(&throttle, &ada, place(number), now) {
            now += wait;
        }
    }
    while fail(&throttle, &ada, place(61), now).is_ok() {}
    assert!(throttle.begin(&ada, place(61), None, now).is_err());
    let permit = throttle.begin(&ada, place(61), known, now).unwrap();
    assert!(permit.is_of_known_device());
    let _ = permit.settle(Ended::Right, now);
    assert!(throttle.begin(&ada, place(61), None, now).is_err(), "the owner's success frees no stranger");
    for _ in 0..10 {
        throttle.begin(&ada, place(62), known, now).unwrap().settle(Ended::Wrong, now);
    }
    assert!(throttle.begin(&ada, place(62), known, now).is_err(), "a stolen device has ten guesses");
}

#[test]
fn failures_over_many_accounts_are_told_as_one_attack() {
    let throttle = Throttle::new(Limits::default());
    let mut told = Vec::new();
    for number in 0..400 {
        let notices =
            fail(&throttle, &email(&format!("u{number}@example.org")), place(number), START).unwrap();
        told.extend(notices.into_iter().map(|notice| notice.code));
    }
    assert_eq!(told, ["sign_in.attack"; 4], "at 50, 100, 200 and 400 accounts");
    // While it lasts, strangers have less.
    let ada = email("ada@example.org");
    fail(&throttle, &ada, place(1001), START).unwrap();
    assert!(fail(&throttle, &ada, place(1002), START).is_err());
    let later = START + Duration::from_secs(700);
    assert!(fail(&throttle, &ada, place(1003), later).is_ok());
}

#[test]
fn one_address_that_tries_many_accounts_is_told_once() {
    let throttle = Throttle::new(Limits::default());
    let mut told = HashSet::new();
    let mut count = 0;
    for number in 0..15 {
        for notice in fail(&throttle, &email(&format!("u{number}@example.org")), place(1), START).unwrap() {
            told.insert(notice.code);
            count += 1;
        }
    }
    assert_eq!((told.into_iter().collect::<Vec<_>>(), count), (vec!["sign_in.spraying"], 1));
}

#[test]
fn failures_among_many_successes_are_no_attack() {
    let throttle = Throttle::new(Limits::default());
    for number in 0..200 {
        let ada = email(&format!("u{number}@example.org"));
        assert_eq!(fail(&throttle, &ada, place(number), START).unwrap(), Vec::new());
        let permit = throttle.begin(&ada, place(number), None, START).unwrap();
        let _ = permit.settle(Ended::Right, START);
    }
}

#[test]
fn names_by_the_thousand_fill_no_memory_and_wash_nothing_out() {
    let throttle = Throttle::new(Limits { remembered: 1000, place: u32::MAX, ..Limits::default() });
    let ada = email("ada@example.org");
    for _ in 0..5 {
        fail(&throttle, &ada, place(1), START).unwrap();
    }
    for number in 0..5000 {
        let _ = fail(&throttle, &email(&format!("u{number}@example.org")), place(2), START);
    }
    assert!(throttle.lock().table.len() <= 1000);
    assert!(fail(&throttle, &ada, place(3), START).is_err());
}

#[test]
fn nobody_is_buried_in_letters() {
    let throttle = Throttle::new(Limits::default());
    let ada = email("ada@example.org");
    let sent = (0..50).filter(|number| throttle.may_write(&ada, place(*number), START)).count();
    assert_eq!(sent, 5);
    assert!(throttle.may_write(&ada, place(60), START + Duration::from_secs(16 * 60)));
    let by_one = (0..100)
        .filter(|number| throttle.may_write(&email(&format!("u{number}@example.org")), place(70), START))
        .count();
    assert_eq!(by_one, 30);
}
