use portcullis_store::{People, User};

use super::authenticator::{Device, PRESENT};
use super::*;
use crate::testing::{ANNA, BERT, House, at};

/// The session that asks, in these tests.
const BOUND: &[u8] = b"session of anna";

fn passkeys() -> Passkeys {
    Passkeys::new("https://notes.example", "Notes").unwrap()
}

async fn user(house: &House, id: UserId) -> User {
    house.store.user(id).await.unwrap().unwrap()
}

fn answered<'a>(begun: &'a Begun, json: &'a [u8]) -> Answered<'a> {
    Answered { sealed: &begun.sealed, bound: BOUND, json }
}

/// A device that holds a passkey of `id`.
async fn enrolled(house: &House, id: UserId, name: &[u8]) -> Device {
    let mut device = Device::new(name);
    let user = user(house, id).await;
    let begun = passkeys().begin_enrolment(house.ground(), &user, BOUND, at(0)).await.unwrap();
    let json = device.create(&begun.options);
    let done = passkeys().finish_enrolment(house.ground(), id, answered(&begun, &json), "phone", at(1)).await;
    assert!(done.unwrap().is_ok());
    device
}

/// What comes of a sign-in by this device at this time.
async fn signs_in(house: &House, device: &mut Device, seconds: u64) -> Result<Shown, Refused> {
    let begun = passkeys().begin_sign_in(house.ground(), BOUND, false, at(seconds)).unwrap();
    let json = device.get(&begun.options);
    passkeys().finish_sign_in(house.ground(), answered(&begun, &json), at(seconds)).await.unwrap()
}

#[tokio::test]
async fn a_passkey_signs_in_without_a_name_typed() {
    let house = House::new().await;
    let mut anna = enrolled(&house, ANNA, b"key of anna 1234").await;
    let mut bert = enrolled(&house, BERT, b"key of bert 1234").await;
    assert_eq!(signs_in(&house, &mut anna, 10).await.unwrap().user, ANNA);
    assert_eq!(signs_in(&house, &mut bert, 11).await.unwrap().user, BERT);
    assert_eq!(list(&*house.store, ANNA).await.unwrap()[0].used, Some(at(10)));
}

#[tokio::test]
async fn the_browser_is_asked_for_all_passkeys_or_for_those_of_the_user() {
    let house = House::new().await;
    enrolled(&house, ANNA, b"key of anna 1234").await;
    let begun = passkeys().begin_sign_in(house.ground(), BOUND, true, at(0)).unwrap();
    assert_eq!(begun.options["mediation"], "conditional");
    assert_eq!(begun.options["publicKey"]["allowCredentials"], serde_json::json!([]));
    assert_eq!(begun.options["publicKey"]["rpId"], "notes.example");
    let ground = house.ground();
    let step = passkeys().begin_proof(ground, Purpose::SecondStep, ANNA, BOUND, at(0)).await.unwrap();
    let allowed = &step.unwrap().options["publicKey"]["allowCredentials"];
    assert_eq!(allowed, &serde_json::json!([{ "type": "public-key", "id": "a2V5IG9mIGFubmEgMTIzNA" }]));
    assert!(passkeys().begin_proof(ground, Purpose::Again, BERT, BOUND, at(0)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_challenge_works_once_for_one_purpose_one_session_and_five_minutes() {
    let house = House::new().await;
    let ground = house.ground();
    let mut device = enrolled(&house, ANNA, b"key of anna 1234").await;
    let begin = || passkeys().begin_sign_in(ground, BOUND, false, at(0)).unwrap();
    let over = Err(Refused::Over);

    let begun = begin();
    let json = device.get(&begun.options);
    let good = answered(&begun, &json);
    assert!(passkeys().finish_sign_in(ground, good, at(5)).await.unwrap().is_ok());
    assert_eq!(passkeys().finish_sign_in(ground, good, at(6)).await.unwrap(), over, "replayed");

    let begun = begin();
    let json = device.get(&begun.options);
    let good = answered(&begun, &json);
    let elsewhere = Answered { bound: b"session of mallory", ..good };
    assert_eq!(passkeys().finish_sign_in(ground, elsewhere, at(5)).await.unwrap(), over);
    for purpose in [Purpose::SecondStep, Purpose::Again] {
        assert_eq!(passkeys().finish_proof(ground, purpose, ANNA, good, at(5)).await.unwrap(), over);
    }
    assert_eq!(passkeys().finish_sign_in(ground, good, at(300)).await.unwrap(), over, "too late");
    assert!(passkeys().finish_sign_in(ground, good, at(299)).await.unwrap().is_ok());
}

#[tokio::test]
async fn an_answer_to_another_challenge_is_refused_and_gets_no_second_try() {
    let house = House::new().await;
    let ground = house.ground();
    let mut device = enrolled(&house, ANNA, b"key of anna 1234").await;
    let one = passkeys().begin_sign_in(ground, BOUND, false, at(0)).unwrap();
    let other = passkeys().begin_sign_in(ground, BOUND, false, at(0)).unwrap();
    let json = device.get(&one.options);
    let mixed = passkeys().finish_sign_in(ground, answered(&other, &json), at(1)).await.unwrap();
    assert_eq!(mixed, Err(Refused::Over));
    let right = device.get(&other.options);
    let again = passkeys().finish_sign_in(ground, answered(&other, &right), at(1)).await.unwrap();
    assert_eq!(again, Err(Refused::Over));
}

#[tokio::test]
async fn what_was_made_at_another_origin_or_for_another_site_is_refused() {
    let house = House::new().await;
    let mut device = enrolled(&house, ANNA, b"key of anna 1234").await;
    let origins = [
        "https://evil.example",
        "https://notes.example.evil.example",
        "https://sub.notes.example",
        "https://notes.example:8443",
        "http://notes.example",
    ];
    for origin in origins {
        device.origin = origin.to_owned();
        assert_eq!(signs_in(&house, &mut device, 1).await, Err(Refused::Foreign), "{origin}");
    }
    device.origin = "https://notes.example".to_owned();
    device.host = "evil.example".to_owned();
    assert_eq!(signs_in(&house, &mut device, 1).await, Err(Refused::Foreign));
}

#[tokio::test]
async fn a_person_who_was_not_verified_is_refused() {
    let house = House::new().await;
    let mut device = enrolled(&house, ANNA, b"key of anna 1234").await;
    for flags in [PRESENT, 0] {
        device.flags = flags;
        assert_eq!(signs_in(&house, &mut device, 1).await, Err(Refused::Unverified));
    }
}

#[tokio::test]
async fn a_counter_that_goes_back_is_a_copy_and_one_that_goes_on_is_not() {
    let house = House::new().await;
    let mut device = enrolled(&house, ANNA, b"key of anna 1234").await;
    for (counter, copied) in [(5, false), (6, false), (6, true), (5, true), (7, false), (0, true)] {
        device.counter = counter;
        let expected = copied.then_some(Refused::Copied(ANNA));
        assert_eq!(signs_in(&house, &mut device, 1).await.err(), expected, "{counter}");
    }
}

#[tokio::test]
async fn another_key_under_the_same_name_does_not_sign_in() {
    let house = House::new().await;
    enrolled(&house, ANNA, b"key of anna 1234").await;
    let mut forged = Device::new(b"key of anna 1234");
    forged.user = Some(ANNA.0.to_vec());
    assert_eq!(signs_in(&house, &mut forged, 1).await, Err(Refused::Wrong));
}

#[tokio::test]
async fn a_passkey_of_one_user_is_no_proof_of_another() {
    let house = House::new().await;
    let ground = house.ground();
    enrolled(&house, ANNA, b"key of anna 1234").await;
    let mut bert = enrolled(&house, BERT, b"key of bert 1234").await;
    let begun = passkeys().begin_proof(ground, Purpose::Again, ANNA, BOUND, at(0)).await.unwrap().unwrap();
    let json = bert.get(&begun.options);
    let done = passkeys().finish_proof(ground, Purpose::Again, ANNA, answered(&begun, &json), at(1)).await;
    assert_eq!(done.unwrap(), Err(Refused::Unknown));
    // A device that says that its passkey is of somebody else, or of nobody.
    for named in [Some(ANNA.0.to_vec()), None, Some(Vec::new())] {
        bert.user = named;
        assert_eq!(signs_in(&house, &mut bert, 2).await, Err(Refused::Unknown));
    }
}

#[tokio::test]
async fn a_passkey_proves_its_user_again() {
    let house = House::new().await;
    let ground = house.ground();
    let mut device = enrolled(&house, ANNA, b"key of anna 1234").await;
    let begun = passkeys().begin_proof(ground, Purpose::Again, ANNA, BOUND, at(0)).await.unwrap().unwrap();
    let json = device.get(&begun.options);
    let done = passkeys().finish_proof(ground, Purpose::Again, ANNA, answered(&begun, &json), at(1)).await;
    assert_eq!(done.unwrap().unwrap().user, ANNA);
}

#[tokio::test]
async fn an_enrolment_is_the_users_who_began_it_and_a_passkey_is_enrolled_once() {
    let house = House::new().await;
    let ground = house.ground();
    let anna = user(&house, ANNA).await;
    let mut device = Device::new(b"key of anna 1234");
    let begun = passkeys().begin_enrolment(ground, &anna, BOUND, at(0)).await.unwrap();
    let json = device.create(&begun.options);
    let given = answered(&begun, &json);
    assert_eq!(
        passkeys().finish_enrolment(ground, BERT, given, "", at(1)).await.unwrap(),
        Err(Refused::Over)
    );
    assert!(passkeys().finish_enrolment(ground, ANNA, given, "", at(1)).await.unwrap().is_ok());
    assert_eq!(
        passkeys().finish_enrolment(ground, ANNA, given, "", at(1)).await.unwrap(),
        Err(Refused::Over)
    );
    let begun = passkeys().begin_enrolment(ground, &user(&house, BERT).await, BOUND, at(2)).await.unwrap();
    let json = device.create(&begun.options);
    let taken = passkeys().finish_enrolment(ground, BERT, answered(&begun, &json), "", at(3)).await.unwrap();
    assert_eq!(taken, Err(Refused::Known), "the passkey stays that of its first owner");
    assert!(list(&*house.store, BERT).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_passkey_that_was_taken_away_is_unknown() {
    let house = House::new().await;
    let mut device = enrolled(&house, ANNA, b"key of anna 1234").await;
    let key = list(&*house.store, ANNA).await.unwrap()[0].key;
    assert!(!remove(&*house.store, BERT, key).await.unwrap());
    assert!(remove(&*house.store, ANNA, key).await.unwrap());
    assert_eq!(signs_in(&house, &mut device, 1).await, Err(Refused::Unknown));
}

#[tokio::test]
async fn what_is_no_answer_is_refused_without_a_panic() {
    let house = House::new().await;
    let ground = house.ground();
    let mut device = enrolled(&house, ANNA, b"key of anna 1234").await;
    let right = device.get(&passkeys().begin_sign_in(ground, BOUND, false, at(0)).unwrap().options);
    let long = vec![b' '; LONGEST + 1];
    for json in [b"".as_slice(), b"{}", b"[]", b"null", &right[..right.len() / 2], &long] {
        let begun = passkeys().begin_sign_in(ground, BOUND, false, at(0)).unwrap();
        let done = passkeys().finish_sign_in(ground, answered(&begun, json), at(1)).await.unwrap();
        assert_eq!(done, Err(Refused::Unreadable));
    }
}

#[test]
fn an_address_has_no_passkeys_and_a_host_name_has() {
    for origin in ["https://127.0.0.1:8443", "https://[::1]", "notes.example", ""] {
        assert!(Passkeys::new(origin, "Notes").is_err(), "{origin}");
    }
    for origin in ["https://localhost:8443", "https://notes.example"] {
        assert!(Passkeys::new(origin, "Notes").is_ok(), "{origin}");
    }
}
