use super::*;
use crate::testing::{ANNA, BERT, House, at};

fn scope(word: &str) -> Scope {
    Scope::try_from(word.to_owned()).unwrap()
}

#[tokio::test]
async fn a_key_speaks_for_its_user_with_its_scopes_until_it_ends() {
    let house = House::new().await;
    let store = &*house.store;
    let key = issue(store, ANNA, "backup", vec![scope("notes:read")], Some(at(100)), at(0)).await.unwrap();
    let bearer = find(store, &key.text, at(99)).await.unwrap().unwrap();
    assert_eq!((bearer.user.id, bearer.label.as_str(), &bearer.id), (ANNA, "backup", &key.id));
    assert_eq!(bearer.scopes, [scope("notes:read")]);
    assert_eq!(find(store, &key.text, at(100)).await.unwrap(), None, "it is over");
}

#[tokio::test]
async fn what_is_not_quite_a_key_lets_nobody_in() {
    let house = House::new().await;
    let key = issue(&*house.store, ANNA, "", Vec::new(), None, at(0)).await.unwrap();
    let text = key.text.as_str();
    assert!(text.starts_with("pk_") && text.contains(&key.id) && text.len() == 63);
    let last = if text.ends_with('A') { "B" } else { "A" };
    let short: String = text.chars().take(62).collect();
    let changed = format!("{short}{last}");
    let others = ["", "pk_", &short, &changed, &text.to_uppercase(), &format!("{text} "), &"é".repeat(32)];
    for other in others {
        assert_eq!(find(&*house.store, other, at(1)).await.unwrap(), None, "{other}");
    }
}

#[tokio::test]
async fn a_revoked_key_lets_nobody_in_and_only_its_owner_revokes_it() {
    let house = House::new().await;
    let store = &*house.store;
    let kept = issue(store, ANNA, "kept", Vec::new(), None, at(0)).await.unwrap();
    let gone = issue(store, ANNA, "gone", Vec::new(), None, at(1)).await.unwrap();
    assert!(!revoke(store, BERT, &gone.id).await.unwrap());
    assert!(find(store, &gone.text, at(2)).await.unwrap().is_some());
    assert!(revoke(store, ANNA, &gone.id).await.unwrap());
    assert!(!revoke(store, ANNA, &gone.id).await.unwrap());
    assert_eq!(find(store, &gone.text, at(3)).await.unwrap(), None);
    assert!(find(store, &kept.text, at(3)).await.unwrap().is_some());
    let listed = list(store, ANNA).await.unwrap();
    assert_eq!(listed.iter().map(|key| key.label.as_str()).collect::<Vec<_>>(), ["kept"]);
}

#[tokio::test]
async fn keys_of_a_disabled_user_let_nobody_in() {
    let house = House::new().await;
    let key = issue(&*house.store, ANNA, "", Vec::new(), None, at(0)).await.unwrap();
    for standing in [Standing::Disabled, Standing::Unconfirmed] {
        house.store.set_standing(ANNA, standing).await.unwrap();
        assert_eq!(find(&*house.store, &key.text, at(1)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn the_last_use_is_written_sparingly() {
    let house = House::new().await;
    let store = &*house.store;
    let key = issue(store, ANNA, "", Vec::new(), None, at(0)).await.unwrap();
    for (seconds, written) in [(5, 5), (604, 5), (605, 605)] {
        find(store, &key.text, at(seconds)).await.unwrap().unwrap();
        assert_eq!(list(store, ANNA).await.unwrap()[0].used, Some(at(written)), "at {seconds}");
    }
}

#[tokio::test]
async fn the_store_does_not_hold_the_key() {
    let house = House::new().await;
    let key = issue(&*house.store, ANNA, "", Vec::new(), None, at(0)).await.unwrap();
    let kept = house.store.credentials(ANNA, CredentialKind::ApiKey).await.unwrap();
    let secret = key.text.rsplit_once(&format!("{}_", key.id)).unwrap().1;
    assert!(!String::from_utf8_lossy(&kept[0].content).contains(secret.split_at(8).0));
}

#[tokio::test]
async fn a_service_account_has_a_key_and_neither_password_nor_mail() {
    let house = House::new().await;
    let store = &*house.store;
    let name = ServiceName::new("backup-1").unwrap();
    let id = service_account(store, &name, vec!["writer".to_owned()], at(0)).await.unwrap().unwrap();
    assert_eq!(service_account(store, &name, Vec::new(), at(0)).await.unwrap(), None, "there is one");
    let key = issue(store, id, "", Vec::new(), None, at(0)).await.unwrap();
    let user = find(store, &key.text, at(1)).await.unwrap().unwrap().user;
    assert!(is_service(&user) && user.password.is_none());
    assert_eq!((user.name.as_str(), user.roles), ("backup-1", vec!["writer".to_owned()]));
    for bad in ["", "Backup", "a b", "a@b", &"a".repeat(41)] {
        assert_eq!(ServiceName::new(bad), None);
    }
}

#[test]
fn a_scope_is_a_plain_word() {
    for bad in ["", "a b", "a,b", "é", "a\n", &"a".repeat(65)] {
        assert!(Scope::try_from(bad.to_owned()).is_err(), "{bad:?}");
    }
    assert!(Content::read(br#"{"id":"1","scopes":["a b"],"end":null}"#).is_err());
}
