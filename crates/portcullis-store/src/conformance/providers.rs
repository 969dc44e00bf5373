//! Sessions that came from a provider, and what it granted with them.

use super::{at, key, session, user_id};
use crate::sessions::{External, Session, Sessions};

pub(super) async fn all(store: &impl Sessions) {
    a_session_knows_where_it_came_from(store).await;
    a_provider_ends_what_came_from_it_and_nothing_else(store).await;
    a_grant_follows_its_session_and_ends_with_it(store).await;
    a_grant_is_renewed_once_for_each_version(store).await;
}

fn external(subject: u32, outside: Option<u32>, grant: u32) -> External {
    External {
        provider: "idp".to_owned(),
        subject: key(subject),
        session: outside.map(key),
        grant: key(grant),
    }
}

fn from_provider(number: u32, outside: Option<u32>) -> Session {
    Session { external: Some(external(1850, outside, number + 1000)), ..session(number, Some(185)) }
}

async fn a_session_knows_where_it_came_from(store: &impl Sessions) {
    for one in [from_provider(180, Some(7)), from_provider(181, None)] {
        assert!(store.begin(one.clone()).await.unwrap());
        assert_eq!(store.session(one.key, at(1)).await.unwrap(), Some(one.clone()));
        let next = Session { key: key(189), ..one.clone() };
        assert!(store.rotate(one.key, next.clone(), at(1)).await.unwrap());
        assert_eq!(store.sessions_of(user_id(185), at(1)).await.unwrap(), [next]);
        assert!(store.end(key(189)).await.unwrap());
    }
}

async fn a_provider_ends_what_came_from_it_and_nothing_else(store: &impl Sessions) {
    let begin = async || {
        for one in [from_provider(182, Some(7)), from_provider(183, Some(8)), from_provider(184, None)] {
            assert!(store.begin(one).await.unwrap());
        }
        assert!(store.begin(session(185, Some(185))).await.unwrap());
        let other = Session { external: Some(external(1860, Some(7), 1)), ..session(186, Some(185)) };
        assert!(store.begin(other).await.unwrap());
    };
    begin().await;
    assert!(store.end_external(user_id(186), key(1850), None).await.unwrap().is_empty(), "somebody else");
    assert_eq!(store.end_external(user_id(185), key(1850), Some(key(7))).await.unwrap(), [key(182)]);
    assert!(store.end_external(user_id(185), key(1850), Some(key(7))).await.unwrap().is_empty());
    let mut rest = store.end_external(user_id(185), key(1850), None).await.unwrap();
    rest.sort_unstable();
    assert_eq!(rest, [key(183), key(184)]);
    assert_eq!(store.end_all(user_id(185), None).await.unwrap().len(), 2);
}

async fn a_grant_follows_its_session_and_ends_with_it(store: &impl Sessions) {
    let content = |grant: Option<crate::Grant>| grant.map(|grant| grant.content);
    let grant = async |id: u32| content(store.grant(key(id)).await.unwrap());
    assert!(!store.keep_grant(key(190), key(1190), vec![1]).await.unwrap(), "no such session");
    assert!(store.begin(from_provider(190, Some(7))).await.unwrap());
    assert!(!store.keep_grant(key(190), key(1191), vec![1]).await.unwrap(), "it names another");
    assert!(store.keep_grant(key(190), key(1190), vec![0, 255]).await.unwrap());
    assert_eq!(grant(1190).await, Some(vec![0, 255]));

    assert!(
        store
            .rotate(key(190), Session { key: key(191), ..from_provider(190, Some(7)) }, at(1))
            .await
            .unwrap()
    );
    assert!(store.touch(key(191), at(50), at(150), String::new()).await.unwrap());
    assert_eq!(grant(1190).await, Some(vec![0, 255]), "it goes along");
    assert!(store.rotate(key(191), session(192, Some(185)), at(51)).await.unwrap());
    assert_eq!(grant(1190).await, None, "another sign-in has nothing of it");
    store.end(key(192)).await.unwrap();

    let began = async || {
        assert!(store.begin(from_provider(193, Some(7))).await.unwrap());
        assert!(store.keep_grant(key(193), key(1193), vec![3]).await.unwrap());
    };
    began().await;
    store.end(key(193)).await.unwrap();
    assert_eq!(grant(1193).await, None);
    began().await;
    store.end_all(user_id(185), None).await.unwrap();
    assert_eq!(grant(1193).await, None);
    began().await;
    store.end_external(user_id(185), key(1850), None).await.unwrap();
    assert_eq!(grant(1193).await, None);
}

async fn a_grant_is_renewed_once_for_each_version(store: &impl Sessions) {
    assert!(store.begin(from_provider(195, None)).await.unwrap());
    assert!(store.keep_grant(key(195), key(1195), vec![1]).await.unwrap());
    let (one, other) =
        tokio::join!(store.renew_grant(key(1195), 0, vec![2]), store.renew_grant(key(1195), 0, vec![3]));
    assert!(one.unwrap() != other.unwrap(), "one of two has its way");
    let kept = store.grant(key(1195)).await.unwrap().unwrap();
    assert_eq!(kept.version, 1);
    assert!(store.renew_grant(key(1195), 1, vec![4]).await.unwrap());
    assert_eq!(store.grant(key(1195)).await.unwrap().unwrap().content, [4]);
    store.end(key(195)).await.unwrap();
    assert!(!store.renew_grant(key(1195), 2, vec![5]).await.unwrap(), "the session is over");
}
