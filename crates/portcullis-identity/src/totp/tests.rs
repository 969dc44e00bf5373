use zeroize::Zeroizing;

use super::code::{code, find, read, step};
use super::*;
use crate::Unavailable;
use crate::testing::{ANNA, BERT, House, at};

/// The secret of RFC 6238 appendix B.
fn of_the_rfc() -> Secret {
    Secret(Zeroizing::new(*b"12345678901234567890"))
}

/// A user with an app, and what the app knows.
async fn enrolled(house: &House) -> Secret {
    let offer = offer(ANNA, &house.keys, at(0)).unwrap();
    let typed = format!("{:06}", code(&offer.secret, step(at(0))));
    let done = finish(house.ground(), ANNA, &offer.sealed, &typed, "phone", at(0)).await.unwrap();
    assert_eq!(done, Enrolled::Yes);
    offer.secret
}

fn shown(secret: &Secret, seconds: u64) -> String {
    format!("{:06}", code(secret, step(at(seconds))))
}

#[test]
fn codes_are_those_of_rfc_6238_appendix_b() {
    let vectors = [
        (59, 287_082),
        (1_111_111_109, 81_804),
        (1_111_111_111, 50_471),
        (1_234_567_890, 5_924),
        (2_000_000_000, 279_037),
        (20_000_000_000, 353_130),
    ];
    for (seconds, expected) in vectors {
        assert_eq!(code(&of_the_rfc(), step(std::time::Duration::from_secs(seconds))), expected, "{seconds}");
    }
}

#[test]
fn the_secret_is_typed_and_pictured_as_apps_read_it() {
    let secret = of_the_rfc();
    assert_eq!(secret.typed().as_str(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    assert_eq!(
        secret.uri("Notes: & more", "anna@notes.example").as_str(),
        "otpauth://totp/Notes%20%26%20more:anna%40notes.example\
         ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Notes%20%26%20more&algorithm=SHA1&digits=6&period=30"
    );
    let picture = secret.picture("Notes", "anna@notes.example").unwrap();
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>"));
    let long = secret.picture(&"é".repeat(500), &"è".repeat(500));
    assert!(long.is_some(), "names are cut before the picture is too small for them");
}

#[test]
fn a_code_is_six_digits_and_nothing_else() {
    assert_eq!(read("012 345"), Some(12_345));
    assert_eq!(read(" 012345\n"), Some(12_345));
    for typed in ["", "12345", "1234567", "12345a", "-12345", "+12345", "٠١٢٣٤٥", "123456 7", "0x1234"]
    {
        assert_eq!(read(typed), None, "{typed:?}");
    }
}

#[test]
fn neighbouring_steps_are_taken_and_others_are_not() {
    let secret = of_the_rfc();
    let now = at(3000);
    for (steps, taken) in [(-2_i64, false), (-1, true), (0, true), (1, true), (2, false)] {
        let other = step(now).checked_add_signed(steps).unwrap();
        let found = find(&secret, code(&secret, other), now);
        assert_eq!(found, taken.then_some(other), "{steps} steps away");
    }
}

#[tokio::test]
async fn a_code_works_once_even_in_two_hands_at_once() {
    let house = House::new().await;
    let secret = enrolled(&house).await;
    let typed = shown(&secret, 60);
    let (one, other) = tokio::join!(
        check(house.ground(), ANNA, &typed, at(60)),
        check(house.ground(), ANNA, &typed, at(60)),
    );
    let mut outcomes = [one.unwrap(), other.unwrap()];
    outcomes.sort_by_key(|outcome| *outcome != Tried::Right);
    assert_eq!(outcomes, [Tried::Right, Tried::Replayed]);
    assert_eq!(check(house.ground(), ANNA, &typed, at(89)).await.unwrap(), Tried::Replayed);
    let next = shown(&secret, 90);
    assert_eq!(check(house.ground(), ANNA, &next, at(91)).await.unwrap(), Tried::Right);
}

#[tokio::test]
async fn a_swept_store_has_not_forgotten_a_code_that_is_still_taken() {
    use portcullis_store::Sessions;
    let house = House::new().await;
    let secret = enrolled(&house).await;
    // The code of the step from 100 on (the tests begin 20 s into a step) is taken until 159.
    let typed = shown(&secret, 129);
    assert_eq!(check(house.ground(), ANNA, &typed, at(100)).await.unwrap(), Tried::Right);
    house.store.sweep(at(159), 100).await.unwrap();
    assert_eq!(check(house.ground(), ANNA, &typed, at(159)).await.unwrap(), Tried::Replayed);
}

#[tokio::test]
async fn an_app_is_enrolled_by_its_right_code_only_and_that_code_is_used_up() {
    let house = House::new().await;
    let offer = offer(ANNA, &house.keys, at(0)).unwrap();
    let right = shown(&offer.secret, 0);
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let ground = house.ground();
    let sealed = &offer.sealed;
    assert_eq!(finish(ground, ANNA, sealed, wrong, "", at(0)).await.unwrap(), Enrolled::WrongCode);
    assert!(list(&*house.store, ANNA).await.unwrap().is_empty());
    assert_eq!(finish(ground, BERT, sealed, &right, "", at(0)).await.unwrap(), Enrolled::Over);
    assert_eq!(finish(ground, ANNA, sealed, &right, "phone", at(0)).await.unwrap(), Enrolled::Yes);
    assert_eq!(finish(ground, ANNA, sealed, &right, "phone", at(0)).await.unwrap(), Enrolled::Over);
    assert_eq!(list(&*house.store, ANNA).await.unwrap().len(), 1);
    assert_eq!(check(ground, ANNA, &right, at(0)).await.unwrap(), Tried::Replayed);
}

#[tokio::test]
async fn an_offer_is_over_after_a_quarter_of_an_hour() {
    let house = House::new().await;
    let offer = offer(ANNA, &house.keys, at(0)).unwrap();
    assert!(offered(ANNA, &offer.sealed, &house.keys, at(900)).is_some());
    let late = shown(&offer.secret, 901);
    let done = finish(house.ground(), ANNA, &offer.sealed, &late, "", at(901)).await.unwrap();
    assert_eq!(done, Enrolled::Over);
}

#[tokio::test]
async fn codes_of_one_user_are_none_of_another() {
    let house = House::new().await;
    let secret = enrolled(&house).await;
    assert_eq!(check(house.ground(), BERT, &shown(&secret, 60), at(60)).await.unwrap(), Tried::Wrong);
}

#[tokio::test]
async fn the_store_holds_no_secret_and_a_secret_that_cannot_be_unsealed_lets_nobody_in() {
    let house = House::new().await;
    let secret = enrolled(&house).await;
    let kept = list(&*house.store, ANNA).await.unwrap();
    assert!(!kept[0].content.windows(8).any(|part| secret.0.windows(8).any(|bytes| bytes == part)));
    let others = portcullis::keys::Keyring::new([9; 32], Vec::new());
    let ground = crate::Ground { keys: &others, ..house.ground() };
    let tried = check(ground, ANNA, &shown(&secret, 60), at(60)).await;
    assert_eq!(tried, Err(Unavailable::Unreadable));
}
