//! Users and what belongs to them.

use super::{at, key, new_user, user_id};
use crate::people::{Activity, Credential, CredentialKind, NewUser, People, Standing, Taken, Token};

pub(super) async fn all(store: &impl People) {
    a_user_is_added_whole_or_not_at_all(store).await;
    all_are_added_or_none(store).await;
    an_upgrade_does_not_undo_a_change(store).await;
    users_are_listed_in_pages(store).await;
    a_credential_belongs_to_one(store).await;
    a_promise_is_kept_once(store).await;
    an_account_is_confirmed_as_a_whole_and_once(store).await;
    activity_is_bounded(store).await;
    who_is_removed_leaves_nothing(store).await;
    an_account_that_nobody_confirms_ends_by_itself(store).await;
}

async fn a_user_is_added_whole_or_not_at_all(store: &impl People) {
    assert_eq!(store.add(new_user(1), at(5)).await.unwrap(), Ok(()));
    let user = store.user(user_id(1)).await.unwrap().unwrap();
    assert_eq!(
        (user.email.as_str(), user.made, user.password_changed),
        ("user000001@notes.example", at(5), None)
    );
    assert_eq!((user.roles, user.standing), (vec!["reader".to_owned()], Standing::Active));
    assert_eq!(
        store.user_by_email("user000001@notes.example".to_owned()).await.unwrap().unwrap().id,
        user_id(1)
    );

    let same_address = NewUser { id: user_id(2), roles: vec!["admin".to_owned()], ..new_user(1) };
    assert_eq!(store.add(same_address, at(6)).await.unwrap(), Err(Taken));
    assert_eq!(store.user(user_id(2)).await.unwrap(), None);
    assert_eq!(store.user(user_id(1)).await.unwrap().unwrap().roles, ["reader"]);

    assert!(store.set_role(user_id(1), "admin".to_owned(), true).await.unwrap());
    assert!(store.set_role(user_id(1), "admin".to_owned(), true).await.unwrap());
    assert_eq!(store.user(user_id(1)).await.unwrap().unwrap().roles, ["admin", "reader"]);
    assert!(store.set_role(user_id(1), "reader".to_owned(), false).await.unwrap());
    assert_eq!(store.user(user_id(1)).await.unwrap().unwrap().roles, ["admin"]);
    assert!(!store.set_role(user_id(9), "admin".to_owned(), true).await.unwrap());

    assert!(store.set_standing(user_id(1), Standing::Disabled).await.unwrap());
    assert!(store.set_name(user_id(1), "Ada".to_owned()).await.unwrap());
    let user = store.user(user_id(1)).await.unwrap().unwrap();
    assert_eq!((user.standing, user.name.as_str()), (Standing::Disabled, "Ada"));
    assert!(!store.set_standing(user_id(9), Standing::Active).await.unwrap());

    assert_eq!(store.add(new_user(3), at(7)).await.unwrap(), Ok(()));
    assert_eq!(store.set_email(user_id(3), "user000001@notes.example".to_owned()).await.unwrap(), Err(Taken));
    assert_eq!(store.set_email(user_id(3), "new@notes.example".to_owned()).await.unwrap(), Ok(true));
    assert_eq!(store.user_by_email("user000003@notes.example".to_owned()).await.unwrap(), None);
    assert_eq!(store.user_by_email("new@notes.example".to_owned()).await.unwrap().unwrap().id, user_id(3));
    assert_eq!(store.set_email(user_id(9), "nobody@notes.example".to_owned()).await.unwrap(), Ok(false));
    store.remove(user_id(3)).await.unwrap();
}

async fn all_are_added_or_none(store: &impl People) {
    let list = |numbers: &[u32]| numbers.iter().map(|number| new_user(*number)).collect::<Vec<_>>();
    assert_eq!(store.add_all(list(&[500, 501, 502]), at(3)).await.unwrap(), Ok(()));
    let user = store.user(user_id(501)).await.unwrap().unwrap();
    assert_eq!((user.roles, user.made), (vec!["reader".to_owned()], at(3)));
    assert_eq!(store.add_all(list(&[503, 502, 504]), at(3)).await.unwrap(), Err(1));
    let twice = NewUser { id: user_id(505), ..new_user(503) };
    let twins = [list(&[503, 504]), vec![twice]].concat();
    assert_eq!(store.add_all(twins, at(3)).await.unwrap(), Err(2));
    for number in [503, 504, 505] {
        assert_eq!(store.user(user_id(number)).await.unwrap(), None, "{number}");
    }
    assert_eq!(store.add_all(Vec::new(), at(3)).await.unwrap(), Ok(()));
    for number in 500..503 {
        assert!(store.remove(user_id(number)).await.unwrap());
    }
}

async fn an_upgrade_does_not_undo_a_change(store: &impl People) {
    store.add(new_user(10), at(0)).await.unwrap().unwrap();
    let upgrade = |old: &str, new: &str| store.upgrade_password(user_id(10), old.to_owned(), new.to_owned());
    assert!(upgrade("hash 10", "argon").await.unwrap());
    assert!(!upgrade("hash 10", "argon of the old one").await.unwrap());
    assert!(store.set_password(user_id(10), Some("changed".to_owned()), at(50)).await.unwrap());
    assert!(!upgrade("argon", "argon of the old one").await.unwrap());
    let user = store.user(user_id(10)).await.unwrap().unwrap();
    assert_eq!((user.password.as_deref(), user.password_changed), (Some("changed"), Some(at(50))));
    assert!(store.set_password(user_id(10), None, at(51)).await.unwrap());
    assert_eq!(store.user(user_id(10)).await.unwrap().unwrap().password, None);
}

async fn users_are_listed_in_pages(store: &impl People) {
    for number in 20..25 {
        store.add(new_user(number), at(0)).await.unwrap().unwrap();
    }
    let mut seen = Vec::new();
    let mut after = Some("user000019@notes.example".to_owned());
    loop {
        let page = store.users(after.clone(), 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.email.clone());
        seen.extend(page.into_iter().map(|user| user.id));
    }
    assert_eq!(seen, (20..25).map(user_id).collect::<Vec<_>>());
}

async fn a_credential_belongs_to_one(store: &impl People) {
    store.add(new_user(30), at(0)).await.unwrap().unwrap();
    store.add(new_user(31), at(0)).await.unwrap().unwrap();
    let passkey = |number: u32, user: u32| Credential {
        key: key(number),
        user: user_id(user),
        kind: CredentialKind::Passkey,
        label: "Phone".to_owned(),
        content: vec![0, 255, 1],
        made: at(u64::from(number)),
        used: None,
    };
    assert_eq!(store.add_credential(passkey(301, 30)).await.unwrap(), Ok(()));
    assert_eq!(store.add_credential(passkey(300, 30)).await.unwrap(), Ok(()));
    assert_eq!(store.add_credential(passkey(301, 31)).await.unwrap(), Err(Taken));
    let code = Credential { kind: CredentialKind::RecoveryCode, ..passkey(301, 31) };
    assert_eq!(store.add_credential(code).await.unwrap(), Ok(()), "keys are of one kind");
    let mine = store.credentials(user_id(30), CredentialKind::Passkey).await.unwrap();
    assert_eq!(mine, [passkey(300, 30), passkey(301, 30)]);

    assert!(store.use_credential(CredentialKind::Passkey, key(301), vec![9], at(400)).await.unwrap());
    let used = store.credential(CredentialKind::Passkey, key(301)).await.unwrap().unwrap();
    assert_eq!((used.content, used.used), (vec![9], Some(at(400))));

    let remove = |user: u32| store.remove_credential(user_id(user), CredentialKind::RecoveryCode, key(301));
    assert!(!remove(30).await.unwrap(), "somebody else's");
    assert!(remove(31).await.unwrap());
    assert!(!remove(31).await.unwrap(), "it worked once");
}

async fn a_promise_is_kept_once(store: &impl People) {
    store.add(new_user(40), at(0)).await.unwrap().unwrap();
    let token = |number: u32| Token {
        key: key(number),
        user: user_id(40),
        purpose: "reset".to_owned(),
        content: "x".to_owned(),
        end: at(60),
    };
    let keep = |number: u32, purpose: &str, now: u64| store.keep(key(number), purpose.to_owned(), at(now));
    store.promise(token(400)).await.unwrap();
    assert_eq!(keep(400, "confirm", 1).await.unwrap(), None, "promised for something else");
    assert_eq!(keep(400, "reset", 60).await.unwrap(), None, "over");
    assert_eq!(store.promised(key(400), "reset".to_owned(), at(1)).await.unwrap(), Some(token(400)));
    assert_eq!(keep(400, "reset", 59).await.unwrap(), Some(token(400)));
    assert_eq!(keep(400, "reset", 59).await.unwrap(), None);

    store.promise(token(401)).await.unwrap();
    store.promise(token(402)).await.unwrap();
    assert_eq!(keep(401, "reset", 1).await.unwrap(), None, "the next one took its place");
    store.set_password(user_id(40), None, at(2)).await.unwrap();
    assert_eq!(keep(402, "reset", 3).await.unwrap(), None, "dead once the password changed");
}

async fn an_account_is_confirmed_as_a_whole_and_once(store: &impl People) {
    let unconfirmed =
        NewUser { standing: Standing::Unconfirmed, lapses: Some(at(90)), password: None, ..new_user(45) };
    store.add(unconfirmed, at(0)).await.unwrap().unwrap();
    let token = |number: u32, user: u32| Token {
        key: key(number),
        user: user_id(user),
        purpose: "confirm".to_owned(),
        content: String::new(),
        end: at(60),
    };
    let activate = |number: u32, purpose: &str, now: u64| {
        store.activate(key(number), purpose.to_owned(), "Ann".to_owned(), "hash".to_owned(), at(now))
    };
    store.promise(token(450, 45)).await.unwrap();
    let before = store.user(user_id(45)).await.unwrap();
    assert!(!activate(450, "reset", 1).await.unwrap(), "promised for something else");
    assert!(!activate(450, "confirm", 60).await.unwrap(), "over");
    assert!(!activate(451, "confirm", 1).await.unwrap(), "never promised");
    assert_eq!(store.user(user_id(45)).await.unwrap(), before, "and nothing has changed");
    store.promise(Token { purpose: "reset".to_owned(), ..token(452, 45) }).await.unwrap();
    assert!(activate(450, "confirm", 59).await.unwrap());
    let user = store.user(user_id(45)).await.unwrap().unwrap();
    assert_eq!((user.standing, user.name.as_str()), (Standing::Active, "Ann"));
    assert_eq!((user.password.as_deref(), user.password_changed), (Some("hash"), Some(at(59))));
    assert!(!activate(450, "confirm", 59).await.unwrap(), "it worked once");
    assert_eq!(store.keep(key(452), "reset".to_owned(), at(1)).await.unwrap(), None, "other links are dead");
    store.promise(token(453, 45)).await.unwrap();
    assert!(!activate(453, "confirm", 1).await.unwrap(), "who is confirmed is not confirmed again");
    store.sweep_people(at(100), 100).await.unwrap();
    assert!(store.user(user_id(45)).await.unwrap().is_some(), "it does not end by itself any more");
    store.remove(user_id(45)).await.unwrap();
}

async fn activity_is_bounded(store: &impl People) {
    store.add(new_user(50), at(0)).await.unwrap().unwrap();
    let happened = |number: u64| Activity {
        at: at(number),
        what: format!("sign-in {number}"),
        network: "192.0.2.0/24".to_owned(),
        agent: "Firefox".to_owned(),
    };
    for number in 0..120 {
        store.note(user_id(50), happened(number)).await.unwrap();
    }
    let all = store.activity(user_id(50), 1000).await.unwrap();
    assert_eq!(all.len(), 100);
    assert_eq!(all.first(), Some(&happened(119)));
    assert_eq!(store.activity(user_id(50), 2).await.unwrap(), [happened(119), happened(118)]);
}

async fn who_is_removed_leaves_nothing(store: &impl People) {
    assert!(store.remove(user_id(30)).await.unwrap());
    assert!(!store.remove(user_id(30)).await.unwrap());
    assert_eq!(store.user(user_id(30)).await.unwrap(), None);
    assert!(store.credentials(user_id(30), CredentialKind::Passkey).await.unwrap().is_empty());
    assert!(store.remove(user_id(50)).await.unwrap());
    assert!(store.activity(user_id(50), 10).await.unwrap().is_empty());
}

async fn an_account_that_nobody_confirms_ends_by_itself(store: &impl People) {
    while store.sweep_people(at(100), 1000).await.unwrap() > 0 {}
    let waits = |number| NewUser {
        standing: Standing::Unconfirmed,
        password: None,
        lapses: Some(at(500)),
        ..new_user(number)
    };
    let exists = async |number| store.user(user_id(number)).await.unwrap().is_some();
    for number in 60..66 {
        store.add(waits(number), at(0)).await.unwrap().unwrap();
    }
    let never = NewUser { lapses: None, ..waits(66) };
    store.add_all(vec![never, waits(67)], at(0)).await.unwrap().unwrap();
    // 61 was confirmed, and disabled later; 62 was invited after all; 63 has a password, 64 a passkey; 65 may follow a
    // link that was sent again.
    store.set_standing(user_id(61), Standing::Active).await.unwrap();
    store.set_standing(user_id(61), Standing::Unconfirmed).await.unwrap();
    assert!(store.set_lapse(user_id(62), None).await.unwrap());
    store.set_password(user_id(63), Some("hash".to_owned()), at(1)).await.unwrap();
    let passkey = Credential {
        key: key(64),
        user: user_id(64),
        kind: CredentialKind::Passkey,
        label: String::new(),
        content: Vec::new(),
        made: at(1),
        used: None,
    };
    store.add_credential(passkey).await.unwrap().unwrap();
    let link = Token {
        key: key(65),
        user: user_id(65),
        purpose: "confirm".to_owned(),
        content: String::new(),
        end: at(600),
    };
    store.promise(link).await.unwrap();
    assert!(!store.set_lapse(user_id(9), None).await.unwrap(), "there is no such account");

    assert_eq!(store.sweep_people(at(499), 1000).await.unwrap(), 0);
    assert_eq!(store.sweep_people(at(500), 1).await.unwrap(), 1, "bounded");
    assert_eq!(store.sweep_people(at(500), 10).await.unwrap(), 1);
    assert!(!exists(60).await && !exists(67).await);
    assert_eq!(store.sweep_people(at(600), 10).await.unwrap(), 2, "the link, and its account");
    assert!(!exists(65).await);
    assert_eq!(store.sweep_people(at(100_000), 1000).await.unwrap(), 0);
    for number in [61, 62, 63, 64, 66] {
        assert!(exists(number).await, "{number}");
        assert!(store.remove(user_id(number)).await.unwrap());
    }
}
