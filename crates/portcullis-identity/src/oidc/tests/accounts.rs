//! Whose account an identity is.

use portcullis_store::{People, Standing, UserId};

use super::*;
use crate::testing::{ANNA, BERT};

const CLOSED: Rules = Rules { sign_up: false, link_by_email: false };
const OPEN: Rules = Rules { sign_up: true, link_by_email: false };
const TRUSTING: Rules = Rules { sign_up: false, link_by_email: true };

fn vouched(subject: &str, verified: bool, link: Option<UserId>) -> Vouched {
    Vouched {
        issuer: ISSUER.to_owned(),
        subject: subject.to_owned(),
        email: Some("anna@notes.example".to_owned()),
        email_verified: verified,
        name: Some("Anna".to_owned()),
        session: None,
        again: false,
        return_to: String::new(),
        link,
        granted: Granted { id_token: String::new().into(), access: None, refresh: None },
    }
}

async fn settled(house: &House, vouched: &Vouched, rules: Rules) -> Settled {
    settle(&*house.store, vouched, vouched.email.clone(), rules, at(0)).await.unwrap()
}

#[tokio::test]
async fn an_owner_adds_an_identity_and_signs_in_by_it() {
    let house = House::new().await;
    let adds = vouched("anna-1", false, Some(ANNA));
    assert_eq!(settled(&house, &adds, CLOSED).await, Settled::Linked(ANNA));
    assert_eq!(settled(&house, &adds, CLOSED).await, Settled::Linked(ANNA), "twice is once");
    assert_eq!(settled(&house, &vouched("anna-1", false, None), CLOSED).await, Settled::SignIn(ANNA));
}

#[tokio::test]
async fn an_identity_of_one_account_does_not_become_one_of_another() {
    let house = House::new().await;
    assert_eq!(settled(&house, &vouched("anna-1", false, Some(ANNA)), CLOSED).await, Settled::Linked(ANNA));
    let stolen = settled(&house, &vouched("anna-1", true, Some(BERT)), TRUSTING).await;
    assert_eq!(stolen, Settled::Nobody(Unsettled::OfAnother));
    let mut elsewhere = vouched("anna-1", false, None);
    elsewhere.issuer = "https://evil.example".to_owned();
    assert_eq!(settled(&house, &elsewhere, CLOSED).await, Settled::Nobody(Unsettled::Closed));
}

#[tokio::test]
async fn the_same_address_is_not_enough_unless_the_policy_says_so_and_the_provider_verified_it() {
    let house = House::new().await;
    let exists = Settled::Nobody(Unsettled::AccountExists);
    assert_eq!(settled(&house, &vouched("anna-1", true, None), CLOSED).await, exists);
    assert_eq!(settled(&house, &vouched("anna-1", true, None), OPEN).await, exists);
    let unverified = settled(&house, &vouched("anna-1", false, None), TRUSTING).await;
    assert_eq!(unverified, Settled::Nobody(Unsettled::Closed), "and nobody learns that the account exists");
    assert_eq!(settled(&house, &vouched("anna-1", true, None), TRUSTING).await, Settled::SignIn(ANNA));
}

#[tokio::test]
async fn an_account_that_nobody_confirmed_gets_no_identity_by_its_address() {
    let house = House::new().await;
    for standing in [Standing::Unconfirmed, Standing::Disabled] {
        house.store.set_standing(ANNA, standing).await.unwrap();
        let settled = settled(&house, &vouched("anna-1", true, None), TRUSTING).await;
        assert_eq!(settled, Settled::Nobody(Unsettled::AccountExists), "{standing:?}");
    }
}

#[tokio::test]
async fn somebody_new_gets_an_account_where_the_policy_lets_them_with_a_verified_address() {
    let house = House::new().await;
    let mut new = vouched("carl-1", true, None);
    new.email = Some("carl@notes.example".to_owned());
    assert_eq!(settled(&house, &new, CLOSED).await, Settled::Nobody(Unsettled::Closed));
    let unverified = Vouched { email_verified: false, ..new.clone() };
    let nobody = Settled::Nobody(Unsettled::NoVerifiedEmail);
    assert_eq!(settled(&house, &unverified, OPEN).await, nobody);
    assert_eq!(settled(&house, &Vouched { email: None, ..new.clone() }, OPEN).await, nobody);
    let Settled::Made(id) = settled(&house, &new, OPEN).await else { panic!("no account was made") };
    let user = house.store.user(id).await.unwrap().unwrap();
    assert_eq!((user.email.as_str(), user.password, user.roles.len()), ("carl@notes.example", None, 0));
    assert_eq!(settled(&house, &new, CLOSED).await, Settled::SignIn(id));
}

#[tokio::test]
async fn an_identity_that_was_taken_away_signs_nobody_in() {
    let house = House::new().await;
    assert_eq!(settled(&house, &vouched("anna-1", false, Some(ANNA)), CLOSED).await, Settled::Linked(ANNA));
    let kept = house.store.credentials(ANNA, portcullis_store::CredentialKind::External).await.unwrap();
    assert!(!unlink(&*house.store, BERT, kept[0].key).await.unwrap());
    assert!(unlink(&*house.store, ANNA, kept[0].key).await.unwrap());
    let settled = settled(&house, &vouched("anna-1", false, None), CLOSED).await;
    assert_eq!(settled, Settled::Nobody(Unsettled::Closed));
}
