use std::collections::HashSet;

use super::*;
use crate::testing::{ANNA, BERT, House, at};

#[tokio::test]
async fn ten_different_codes_are_made_and_each_works_once() {
    let house = House::new().await;
    let codes = renew(&*house.store, ANNA, at(0)).await.unwrap();
    assert_eq!(codes.iter().map(|code| code.to_string()).collect::<HashSet<_>>().len(), COUNT);
    for (used, code) in codes.iter().enumerate() {
        assert_eq!(left(&*house.store, ANNA).await.unwrap(), COUNT - used);
        assert!(!spend(&*house.store, BERT, code).await.unwrap(), "a code is its owner's only");
        assert!(spend(&*house.store, ANNA, code).await.unwrap());
        assert!(!spend(&*house.store, ANNA, code).await.unwrap(), "a used code came again");
    }
}

#[tokio::test]
async fn of_two_who_use_a_code_at_once_one_is_let_in() {
    let house = House::new().await;
    let codes = renew(&*house.store, ANNA, at(0)).await.unwrap();
    let (one, other) =
        tokio::join!(spend(&*house.store, ANNA, &codes[0]), spend(&*house.store, ANNA, &codes[0]));
    assert!(one.unwrap() ^ other.unwrap());
}

#[tokio::test]
async fn new_codes_end_the_old_ones() {
    let house = House::new().await;
    let old = renew(&*house.store, ANNA, at(0)).await.unwrap();
    let new = renew(&*house.store, ANNA, at(1)).await.unwrap();
    assert_eq!(left(&*house.store, ANNA).await.unwrap(), COUNT);
    assert!(!spend(&*house.store, ANNA, &old[3]).await.unwrap());
    assert!(spend(&*house.store, ANNA, &new[3]).await.unwrap());
    forget(&*house.store, ANNA).await.unwrap();
    assert!(!spend(&*house.store, ANNA, &new[4]).await.unwrap());
}

#[tokio::test]
async fn a_code_is_taken_as_people_type_it() {
    let house = House::new().await;
    let codes = renew(&*house.store, ANNA, at(0)).await.unwrap();
    let typed =
        format!("  {}\n", codes[0].replace('-', " ").replace('0', "o").replace('1', "L").to_uppercase());
    assert!(spend(&*house.store, ANNA, &typed).await.unwrap(), "{typed}");
}

#[test]
fn what_is_no_code_is_not_looked_up() {
    let right = "0123-4567-89ab-cdef-ghjk-mnpq";
    assert!(read(right).is_some());
    let long = format!("{right}r");
    for typed in ["", "0123", "0123-4567-89ab-cdef-ghjk-mnpu", "0123-4567-89ab-cdef-ghjk-mnpé", &long] {
        assert!(read(typed).is_none(), "{typed}");
    }
}

#[tokio::test]
async fn the_store_holds_no_code() {
    let house = House::new().await;
    renew(&*house.store, ANNA, at(0)).await.unwrap();
    let kept = house.store.credentials(ANNA, CredentialKind::RecoveryCode).await.unwrap();
    assert!(kept.iter().all(|code| code.content.is_empty()));
}
