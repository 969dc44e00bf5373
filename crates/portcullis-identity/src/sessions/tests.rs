use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use http::HeaderValue;
use portcullis::Policy;
use portcullis::layers::caller::session::{By, Context, Factors, Found, Person, Presented, Visitor};
use portcullis_store::sqlite::Sqlite;
use portcullis_store::{
    Grant, Grants, Key, NewUser, Pending, People, Redeemed, Remembered, Session, Sessions, Standing,
    StoreError, Tallies, Tally, UserId,
};
use zeroize::Zeroizing;

use super::*;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36";
const ANN: UserId = UserId([1; 16]);

fn at(seconds: u64) -> Duration {
    Duration::from_secs(1_800_000_000 + seconds)
}

/// A folder of its own for each test, gone with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("portcullis-sessions-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A site with one user, in a real store.
struct Site {
    service: SessionService,
    /// Another gate on the same store.
    other: SessionService,
    store: Arc<Sqlite>,
    _folder: Folder,
}

async fn site() -> Site {
    let folder = Folder::new();
    let store = Arc::new(Sqlite::open(&folder.0.join("portcullis.db")).unwrap());
    let user = NewUser {
        id: ANN,
        email: "ann@notes.example".to_owned(),
        name: "Ann".to_owned(),
        password: None,
        standing: Standing::Active,
        roles: vec!["editor".to_owned()],
        lapses: None,
    };
    store.add(user, at(0)).await.unwrap().unwrap();
    let config = Policy::default().site().session.clone();
    let service = || SessionService::new(store.clone(), store.clone(), &config);
    Site { service: service(), other: service(), store, _folder: folder }
}

fn context(agent: &str, address: &str) -> Context {
    Context { agent: agent.to_owned(), network: address.parse().unwrap(), secure: true }
}

fn home() -> Context {
    context(FIREFOX, "192.0.2.7")
}

/// A browser: keeps the cookies that it is given.
#[derive(Clone, Default)]
struct Browser(Presented);

impl Browser {
    fn take(&mut self, cookies: &[HeaderValue]) {
        for cookie in cookies {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            let kept = (!value.is_empty()).then(|| Zeroizing::new(value.to_owned()));
            match name {
                "__Host-portcullis-session" => self.0.session = kept,
                "__Host-portcullis-remember" => self.0.remembered = kept,
                other => panic!("{other}"),
            }
        }
    }

    async fn sign_in(&mut self, service: &SessionService, remember: bool, now: Duration) -> Key {
        let (context, presented) = (home(), self.0.clone());
        let begun = service
            .begin_after_proof(Begin {
                user: ANN,
                factors: Factors::PASSWORD,
                remember,
                external: None,
                presented: &presented,
                context: &context,
                now,
            })
            .await
            .unwrap();
        self.take(&begun.cookies);
        begun.key
    }

    async fn visit(&mut self, service: &SessionService, now: Duration) -> Option<Arc<Person>> {
        let found = service.find(&self.0, &home(), now).await;
        self.take(&found.cookies);
        person_of(&found)
    }

    /// The browser is closed: what lives no longer than it is gone.
    fn reopen(&mut self) {
        self.0.session = None;
    }
}

fn person_of(found: &Found) -> Option<Arc<Person>> {
    found.visitor.person().cloned()
}

fn codes(found: &Found) -> Vec<&'static str> {
    found.notices.iter().map(|notice| notice.code).collect()
}

#[tokio::test]
async fn who_signed_in_is_known_and_nobody_else() {
    let site = site().await;
    let mut browser = Browser::default();
    assert_eq!(browser.visit(&site.service, at(0)).await, None);
    let key = browser.sign_in(&site.service, false, at(0)).await;
    let person = browser.visit(&site.service, at(1)).await.unwrap();
    assert_eq!(person.id, ANN.to_string());
    assert_eq!((person.roles.as_slice(), person.proved), (&["editor".to_owned()][..], Some(at(0))));
    assert_eq!(person.by, By::Session { key: key.0 });
    assert_eq!(Browser::default().visit(&site.service, at(1)).await, None);
    let stored = site.store.session(key, at(1)).await.unwrap().unwrap();
    let id = browser.0.session.unwrap();
    assert_eq!(stored.key, digest(&id), "the store has the digest, and never the id");
}

#[tokio::test]
async fn a_session_that_was_planted_is_dead_once_its_victim_signs_in() {
    let site = site().await;
    let mut attacker = Browser::default();
    attacker.sign_in(&site.service, false, at(0)).await;
    let planted = attacker.clone();
    let mut victim = planted.clone();
    victim.sign_in(&site.service, false, at(10)).await;
    assert_ne!(victim.0.session, planted.0.session);
    assert!(victim.visit(&site.service, at(11)).await.is_some());
    assert_eq!(planted.clone().visit(&site.service, at(11)).await, None);
    // An id that was never a session of ours does not become one.
    let mut made_up = Browser::default();
    made_up.0.session = Some(Zeroizing::new("A".repeat(43)));
    let before = made_up.0.session.clone();
    made_up.sign_in(&site.service, false, at(20)).await;
    assert_ne!(made_up.0.session, before);
}

#[tokio::test]
async fn a_captured_cookie_is_worthless_after_sign_out() {
    let site = site().await;
    let mut browser = Browser::default();
    browser.sign_in(&site.service, true, at(0)).await;
    assert!(browser.visit(&site.service, at(1)).await.is_some());
    let mut captured = browser.clone();
    let cookies = site.service.end(&browser.0, &home(), at(1)).await.unwrap();
    browser.take(&cookies);
    assert!(browser.0.session.is_none() && browser.0.remembered.is_none());
    assert_eq!(captured.visit(&site.service, at(1)).await, None, "neither by the session nor by the device");
    captured.reopen();
    assert_eq!(captured.visit(&site.service, at(2)).await, None);
}

#[tokio::test]
async fn what_another_gate_ended_is_believed_no_longer_than_the_memory() {
    let site = site().await;
    let mut browser = Browser::default();
    browser.sign_in(&site.service, false, at(0)).await;
    assert!(browser.visit(&site.service, at(1)).await.is_some());
    site.other.end(&browser.0, &home(), at(1)).await.unwrap();
    let memory = site.service.config().memory;
    assert_eq!(browser.visit(&site.service, at(1) + memory).await, None);
}

#[tokio::test]
async fn a_session_ends_when_idle_and_in_any_case_after_a_day() {
    let site = site().await;
    let mut browser = Browser::default();
    browser.sign_in(&site.service, false, at(0)).await;
    let hour = 3600;
    assert!(browser.visit(&site.service, at(hour - 1)).await.is_some());
    assert!(browser.visit(&site.service, at(2 * hour - 2)).await.is_some(), "use moves the end");
    assert_eq!(browser.clone().visit(&site.service, at(3 * hour - 2)).await, None);

    let mut busy = Browser::default();
    busy.sign_in(&site.service, false, at(0)).await;
    for step in 1..48 {
        assert!(busy.visit(&site.service, at(step * hour / 2)).await.is_some(), "{step}");
    }
    assert_eq!(busy.visit(&site.service, at(24 * hour)).await, None);
}

#[tokio::test]
async fn use_is_written_down_once_a_minute_at_the_most() {
    let site = site().await;
    let mut browser = Browser::default();
    let key = browser.sign_in(&site.service, false, at(0)).await;
    for second in 1..60 {
        assert!(browser.visit(&site.service, at(second)).await.is_some());
    }
    assert_eq!(site.store.session(key, at(60)).await.unwrap().unwrap().seen, at(0));
    assert!(browser.visit(&site.service, at(60)).await.is_some());
    assert_eq!(site.store.session(key, at(60)).await.unwrap().unwrap().seen, at(60));
}

#[tokio::test]
async fn a_further_proof_moves_the_session_and_adds_to_what_was_proved() {
    let site = site().await;
    let mut browser = Browser::default();
    browser.sign_in(&site.service, false, at(0)).await;
    let old = browser.clone();
    let (context, presented) = (home(), browser.0.clone());
    let begin = |now| Begin {
        user: ANN,
        factors: Factors::TOTP,
        remember: false,
        external: None,
        presented: &presented,
        context: &context,
        now,
    };
    let begun = site.service.prove(begin(at(100))).await.unwrap().unwrap();
    browser.take(&begun.cookies);
    let person = browser.visit(&site.service, at(101)).await.unwrap();
    assert_eq!(person.factors, Factors::PASSWORD | Factors::TOTP);
    assert_eq!(person.proved, Some(at(100)));
    assert_eq!(old.clone().visit(&site.service, at(101)).await, None);
    assert!(
        site.service.prove(begin(at(102))).await.unwrap().is_none(),
        "the old id proves nothing any more"
    );
    // It is the same session: its absolute end has not moved.
    assert_eq!(site.store.session(begun.key, at(101)).await.unwrap().unwrap().began, at(0));
}

#[tokio::test]
async fn a_remembered_device_comes_back_signed_in_with_nothing_proved() {
    let site = site().await;
    let mut browser = Browser::default();
    browser.sign_in(&site.service, true, at(0)).await;
    let token = browser.0.remembered.clone();
    browser.reopen();
    let person = browser.visit(&site.service, at(86_400 * 3)).await.unwrap();
    assert_eq!((person.proved, person.factors), (None, Factors::NONE));
    assert_ne!(browser.0.remembered, token, "each token works once");
    assert!(browser.0.session.is_some());
    assert!(browser.visit(&site.service, at(86_400 * 3 + 1)).await.is_some());

    let mut forgetful = Browser::default();
    forgetful.sign_in(&site.service, false, at(0)).await;
    forgetful.reopen();
    assert_eq!(forgetful.visit(&site.service, at(1)).await, None);
}

#[tokio::test]
async fn a_remembered_token_that_comes_twice_ends_the_family_and_its_sessions() {
    let site = site().await;
    let mut owner = Browser::default();
    owner.sign_in(&site.service, true, at(0)).await;
    owner.reopen();
    let mut thief = owner.clone();
    assert!(thief.visit(&site.service, at(100)).await.is_some());
    assert!(thief.visit(&site.service, at(101)).await.is_some());
    // The owner comes with the token that the thief has used.
    let found = site.service.find(&owner.0, &home(), at(200)).await;
    assert_eq!(codes(&found), ["session.token_reused"]);
    assert_eq!(person_of(&found), None);
    owner.take(&found.cookies);
    assert!(owner.0.remembered.is_none());
    assert_eq!(thief.visit(&site.service, at(200)).await, None, "the thief's session is over as well");
    thief.reopen();
    assert_eq!(thief.visit(&site.service, at(201)).await, None, "and so is the thief's newest token");
}

#[tokio::test]
async fn two_tabs_that_open_at_once_are_no_theft() {
    let site = site().await;
    let mut browser = Browser::default();
    browser.sign_in(&site.service, true, at(0)).await;
    browser.reopen();
    let mut second = browser.clone();
    assert!(browser.visit(&site.service, at(100)).await.is_some());
    assert!(second.visit(&site.service, at(101)).await.is_some());
    browser.reopen();
    assert!(browser.visit(&site.service, at(300)).await.is_some(), "the newest token still works");
}

#[tokio::test]
async fn a_change_of_what_matters_signs_the_other_devices_out() {
    let site = site().await;
    let (mut here, mut there) = (Browser::default(), Browser::default());
    let key = here.sign_in(&site.service, true, at(0)).await;
    there.sign_in(&site.service, true, at(1)).await;
    assert!(there.visit(&site.service, at(2)).await.is_some());
    assert_eq!(site.service.end_all(ANN, Some(key)).await.unwrap(), 1);
    assert!(here.visit(&site.service, at(2)).await.is_some());
    assert_eq!(there.visit(&site.service, at(2)).await, None);
    here.reopen();
    assert!(here.visit(&site.service, at(3)).await.is_some(), "the device that stays is still remembered");
}

#[tokio::test]
async fn who_may_no_longer_sign_in_is_out_at_once() {
    let site = site().await;
    let mut browser = Browser::default();
    browser.sign_in(&site.service, true, at(0)).await;
    assert!(browser.visit(&site.service, at(1)).await.is_some());
    assert!(site.store.set_standing(ANN, Standing::Disabled).await.unwrap());
    site.service.changed(ANN);
    assert_eq!(browser.clone().visit(&site.service, at(1)).await, None);
    browser.reopen();
    assert_eq!(browser.visit(&site.service, at(2)).await, None, "nor by the remembered device");
}

#[tokio::test]
async fn a_role_that_is_given_or_taken_shows_at_once() {
    let site = site().await;
    let mut browser = Browser::default();
    browser.sign_in(&site.service, false, at(0)).await;
    assert!(!browser.visit(&site.service, at(1)).await.unwrap().has_role("admin"));
    assert!(site.store.set_role(ANN, "admin".to_owned(), true).await.unwrap());
    site.service.changed(ANN);
    assert!(browser.visit(&site.service, at(1)).await.unwrap().has_role("admin"));
}

#[tokio::test]
async fn devices_are_listed_as_people_think_of_them_and_end_one_by_one() {
    let site = site().await;
    let (mut here, mut there) = (Browser::default(), Browser::default());
    there.sign_in(&site.service, true, at(0)).await;
    there.reopen();
    assert!(there.visit(&site.service, at(50)).await.is_some());
    let key = here.sign_in(&site.service, false, at(100)).await;
    let list = site.service.devices(ANN, Some(key), at(101)).await.unwrap();
    let told: Vec<_> = list.iter().map(|one| (one.agent.as_str(), one.current, one.remembered)).collect();
    assert_eq!(told, [("Firefox on Linux", true, false), ("Firefox on Linux", false, true)]);
    assert_eq!(list[0].network, "192.0.2.0/24");
    assert!(!site.service.end_device(UserId([2; 16]), &list[1].id, at(101)).await.unwrap());
    assert!(site.service.end_device(ANN, &list[1].id, at(101)).await.unwrap());
    assert_eq!(there.visit(&site.service, at(102)).await, None);
    assert!(here.visit(&site.service, at(102)).await.is_some());
}

#[tokio::test]
async fn a_new_network_is_what_phones_do_and_a_new_browser_besides_is_told_once() {
    let site = site().await;
    let mut browser = Browser::default();
    browser.sign_in(&site.service, false, at(0)).await;
    let moved = site.service.find(&browser.0, &context(FIREFOX, "198.51.100.9"), at(10)).await;
    assert!(person_of(&moved).is_some() && moved.notices.is_empty());
    let stolen = context(CHROME, "203.0.113.5");
    let found = site.service.find(&browser.0, &stolen, at(20)).await;
    assert_eq!(codes(&found), ["session.moved"]);
    assert!(person_of(&found).is_some(), "binding is soft");
    let again = site.service.find(&browser.0, &stolen, at(25)).await;
    assert!(again.notices.is_empty(), "{:?}", again.notices);
}

/// Sessions that can be taken away.
pub(crate) struct Fragile(Arc<Sqlite>, pub(crate) AtomicBool);

/// A store that can be taken away, and its folder.
pub(crate) fn fragile() -> (Arc<Fragile>, Folder) {
    let folder = Folder::new();
    let store = Arc::new(Sqlite::open(&folder.0.join("portcullis.db")).unwrap());
    (Arc::new(Fragile(store, AtomicBool::new(false))), folder)
}

impl Fragile {
    fn up(&self) -> Result<&Sqlite, StoreError> {
        if self.1.load(Ordering::Relaxed) {
            return Err(StoreError::Away("unplugged".to_owned()));
        }
        Ok(&self.0)
    }
}

macro_rules! through {
    ($trait:ident: $($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl $trait for Fragile {
            $(fn $name(&self, $($argument: $type),*) -> Pending<'_, $answer> {
                match self.up() {
                    Ok(store) => store.$name($($argument),*),
                    Err(error) => Box::pin(async move { Err(error) }),
                }
            })*
        }
    };
}

through! {
    Tallies:
    tally(key: Key, now: Duration) -> Option<Tally>;
    set_tally(
        key: Key,
        before: Option<Tally>,
        after: Option<Tally>,
        until: Duration,
        now: Duration
    ) -> bool;
}

through! {
    Grants:
    keep_grant(session: Key, id: Key, content: Vec<u8>) -> bool;
    grant(id: Key) -> Option<Grant>;
    renew_grant(id: Key, before: u32, content: Vec<u8>) -> bool;
}

through! {
    Sessions:
    begin(session: Session) -> bool;
    session(key: Key, now: Duration) -> Option<Session>;
    touch(key: Key, seen: Duration, idle_end: Duration, network: String) -> bool;
    rotate(key: Key, next: Session, now: Duration) -> bool;
    end(key: Key) -> bool;
    end_all(user: UserId, keep: Option<Key>) -> Vec<Key>;
    end_external(user: UserId, subject: Key, session: Option<Key>) -> Vec<Key>;
    sessions_of(user: UserId, now: Duration) -> Vec<Session>;
    remember(remembered: Remembered) -> ();
    redeem(family: Key, token: Key, next: Key, now: Duration, grace: Duration) -> Redeemed;
    forget(family: Key) -> Vec<Key>;
    remembered_by(user: UserId, now: Duration) -> Vec<Remembered>;
    first_use(key: Key, until: Duration, now: Duration) -> bool;
    sweep(now: Duration, most: u32) -> u64;
}

#[tokio::test]
async fn a_store_that_is_away_signs_nobody_in() {
    let site = site().await;
    let fragile = Arc::new(Fragile(site.store.clone(), AtomicBool::new(false)));
    let config = Policy::default().site().session.clone();
    let service = SessionService::new(fragile.clone(), site.store.clone(), &config);
    let mut browser = Browser::default();
    browser.sign_in(&service, true, at(0)).await;
    fragile.1.store(true, Ordering::Relaxed);
    let mut remembered = browser.clone();
    remembered.reopen();
    for presented in [&browser.0, &remembered.0] {
        let found = service.find(presented, &home(), at(10)).await;
        assert!(found.away);
        assert_eq!(found.visitor, Visitor::Nobody);
    }
    let context = home();
    let begin = || Begin {
        user: ANN,
        factors: Factors::PASSWORD,
        remember: true,
        external: None,
        presented: &browser.0,
        context: &context,
        now: at(11),
    };
    assert!(service.begin_after_proof(begin()).await.is_err());
    assert!(service.prove(begin()).await.is_err());
    assert!(
        service.end(&browser.0, &context, at(11)).await.is_err(),
        "nobody is told that they are signed out"
    );
    fragile.1.store(false, Ordering::Relaxed);
    assert!(browser.visit(&service, at(12)).await.is_some());
}

#[tokio::test]
async fn accounts_that_nobody_confirms_are_swept_with_sessions_and_those_in_use_are_not() {
    let site = site().await;
    let mut browser = Browser::default();
    browser.sign_in(&site.service, true, at(0)).await;
    let waits = NewUser {
        id: UserId([9; 16]),
        email: "eve@notes.example".to_owned(),
        name: String::new(),
        password: None,
        standing: Standing::Unconfirmed,
        roles: Vec::new(),
        lapses: Some(at(100)),
    };
    site.store.add(waits, at(0)).await.unwrap().unwrap();
    assert_eq!(site.service.sweep(at(99)).await.unwrap(), 0);
    assert_eq!(site.service.sweep(at(100)).await.unwrap(), 1);
    assert!(site.store.user(UserId([9; 16])).await.unwrap().is_none());
    assert!(site.store.user(ANN).await.unwrap().is_some());
    assert!(browser.visit(&site.service, at(101)).await.is_some());
    let year = 366 * 86_400;
    assert_eq!(site.service.sweep(at(year)).await.unwrap(), 2, "the session and the device");
    assert!(site.store.user(ANN).await.unwrap().is_some());
}

#[test]
fn agents_are_told_in_words() {
    for (agent, told) in [
        (FIREFOX, "Firefox on Linux"),
        (CHROME, "Chrome on Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        ("curl/8.5.0", "curl"),
        ("", "An unknown browser"),
    ] {
        assert_eq!(describe(agent), told);
    }
    assert_eq!(network("::ffff:192.0.2.7".parse().unwrap()), "192.0.2.0/24");
    assert_eq!(network("2001:db8:1:2::3".parse().unwrap()), "2001:db8:1::/48");
}
