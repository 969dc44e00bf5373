use std::sync::Mutex;

use portcullis_store::sqlite::Sqlite;
use portcullis_store::{Credential, NewUser, Standing};
use zeroize::Zeroizing;

use super::throttle::Limits;
use super::*;
use crate::mail::{Letter, Subject};
use crate::passwords::{Caps, Cost, Hasher, Origin, Peppers};

pub(super) const NOW: Duration = Duration::from_secs(1_800_000_000);
pub(super) const GOOD: &str = "seven lamps under the pier";
const BETTER: &str = "a kettle full of violins";

#[derive(Default)]
struct Box_ {
    letters: Mutex<Vec<Letter>>,
}

impl Writer for Box_ {
    fn send(&self, letter: Letter, _: Duration) -> Written<'_> {
        self.letters.lock().unwrap().push(letter);
        Box::pin(std::future::ready(()))
    }
}

pub(super) struct World {
    pub(super) accounts: Accounts,
    mail: Arc<Box_>,
    folder: std::path::PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

pub(super) fn world_with(change: impl FnOnce(&mut Settings), limits: Limits) -> World {
    world_at(CHEAP, change, limits)
}

fn world_at(cost: Cost, change: impl FnOnce(&mut Settings), limits: Limits) -> World {
    let mut name = [0; 8];
    getrandom::fill(&mut name).unwrap();
    let folder = std::env::temp_dir().join(format!("portcullis-accounts-{}", u64::from_be_bytes(name)));
    std::fs::create_dir(&folder).unwrap();
    let hasher = Hasher::new(cost, Peppers::default(), Caps::default(), vec![Origin::Werkzeug]).unwrap();
    let mut settings = Settings {
        sign_up: SignUp::Open,
        unconfirmed: Some(Duration::from_secs(7 * 86_400)),
        passwords: true,
        magic_links: true,
        strength: Strength::SINGLE_FACTOR,
        app: "Notes".to_owned(),
    };
    change(&mut settings);
    let mail = Arc::new(Box_::default());
    let accounts = Accounts::new(Parts {
        people: Arc::new(Sqlite::open(&folder.join("people.sqlite")).unwrap()),
        hashing: Hashing::start(Arc::new(hasher), 2, hashing::WAITING).unwrap(),
        counting: Counting::new(throttle::Throttle::new(limits), None),
        devices: Devices::new(vec![Zeroizing::new([7; 32])]),
        breached: None,
        ranges: None,
        writer: Some(mail.clone()),
        settings,
    });
    World { accounts, mail, folder }
}

pub(super) fn world() -> World {
    world_with(|_| {}, Limits::default())
}

fn visit_from(number: u32) -> Visit {
    Visit {
        context: Context {
            agent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0".to_owned(),
            network: std::net::Ipv4Addr::from(0xC000_0200 + number).into(),
            secure: true,
        },
        device: None,
        language: Language::En,
        origin: "https://notes.example".to_owned(),
        now: NOW,
    }
}

pub(super) fn visit() -> Visit {
    visit_from(1)
}

pub(super) fn secret(text: &str) -> Arc<Password> {
    Arc::new(Password::new(text).unwrap())
}

impl World {
    /// The letters that came, once there are so many; those that should not come have time to.
    pub(super) async fn letters(&self, count: usize) -> Vec<Letter> {
        for _ in 0..200 {
            if self.mail.letters.lock().unwrap().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        std::mem::take(&mut *self.mail.letters.lock().unwrap())
    }

    /// The token of the only letter.
    async fn token(&self) -> String {
        let letters = self.letters(1).await;
        let [letter] = letters.as_slice() else { panic!("{} letters", letters.len()) };
        token_in(letter)
    }

    /// An account that is confirmed.
    async fn user(&self, email: &str) -> User {
        let told = self.accounts.sign_up(email, "Ada", secret(GOOD), &visit()).await.unwrap();
        assert!(matches!(told.outcome, SignedUp::Written(_)));
        let token = self.token().await;
        match self.accounts.confirm(&token, secret(GOOD), &visit()).await.unwrap().outcome {
            Confirmed::SignedIn(user) => *user,
            other => panic!("{other:?}"),
        }
    }

    async fn sign_in(&self, email: &str, password: &str, visit: &Visit) -> SignIn {
        self.accounts.sign_in(email, secret(password), visit).await.unwrap().outcome
    }
}

fn token_in(letter: &Letter) -> String {
    let (Subject::Confirm { link }
    | Subject::Reset { link }
    | Subject::Magic { link }
    | Subject::Invitation { link }
    | Subject::NewEmail { link }) = &letter.subject
    else {
        panic!("a letter without a link: {:?}", letter.subject)
    };
    assert!(link.starts_with("https://notes.example/.portcullis/"));
    link.split("token=").nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn an_account_is_made_confirmed_and_signed_in_to() {
    let world = world();
    let told = world
        .accounts
        .sign_up(" Ada@Example.org", " Ada\r\nLovelace ", secret(GOOD), &visit())
        .await
        .unwrap();
    assert_eq!(told.outcome, SignedUp::Written(Email::parse("ada@example.org").unwrap()));
    assert_eq!(
        world.sign_in("ada@example.org", GOOD, &visit()).await,
        SignIn::Refused,
        "not before it is confirmed"
    );
    let token = world.token().await;
    assert_eq!(world.accounts.confirms(&token, NOW).await.unwrap().as_deref(), Some("ada@example.org"));
    let confirmed = world.accounts.confirm(&token, secret(GOOD), &visit()).await.unwrap().outcome;
    let Confirmed::SignedIn(user) = confirmed else { panic!("{confirmed:?}") };
    assert_eq!((user.name.as_str(), user.standing), ("Ada Lovelace", Standing::Active));
    assert_eq!(
        world.accounts.confirm(&token, secret(GOOD), &visit()).await.unwrap().outcome,
        Confirmed::Dead
    );
    assert_eq!(world.sign_in("ADA@example.org", GOOD, &visit()).await, SignIn::SignedIn(user));
    assert_eq!(world.sign_in("ada@example.org", BETTER, &visit()).await, SignIn::Refused);
    assert_eq!(world.sign_in("eve@example.org", GOOD, &visit()).await, SignIn::Refused);
}

#[tokio::test]
async fn whoever_signs_up_with_a_foreign_address_gains_nothing_when_its_owner_confirms() {
    let world = world();
    let _ = world
        .accounts
        .sign_up("ada@example.org", "", secret("the attacker chose this"), &visit())
        .await
        .unwrap();
    let theirs = world.token().await;
    // The owner follows the link, and does not know the password.
    for guess in [GOOD, BETTER] {
        let told = world.accounts.confirm(&theirs, secret(guess), &visit()).await.unwrap();
        assert_eq!(told.outcome, Confirmed::Refused);
    }
    // The owner signs up: now the password of that letter counts, and the attacker's letter is dead.
    let _ = world.accounts.sign_up("ada@example.org", "Ada", secret(GOOD), &visit()).await.unwrap();
    let own = world.token().await;
    let told = world.accounts.confirm(&theirs, secret("the attacker chose this"), &visit()).await.unwrap();
    assert_eq!(told.outcome, Confirmed::Dead);
    let told = world.accounts.confirm(&own, secret(GOOD), &visit()).await.unwrap();
    assert!(matches!(told.outcome, Confirmed::SignedIn(_)));
    assert_eq!(world.sign_in("ada@example.org", "the attacker chose this", &visit()).await, SignIn::Refused);
}

#[tokio::test]
async fn signing_up_with_a_known_address_says_the_same_and_tells_its_owner() {
    let world = world();
    world.user("ada@example.org").await;
    let known =
        world.accounts.sign_up("ada@example.org", "Eve", secret(BETTER), &visit_from(2)).await.unwrap();
    let unknown =
        world.accounts.sign_up("bob@example.org", "Bob", secret(BETTER), &visit_from(2)).await.unwrap();
    assert!(matches!((known.outcome, unknown.outcome), (SignedUp::Written(_), SignedUp::Written(_))));
    let mut letters = world.letters(2).await;
    letters.sort_by_key(|letter| letter.to.to_string());
    assert_eq!(letters[0].subject, Subject::AlreadyHere);
    assert!(matches!(letters[1].subject, Subject::Confirm { .. }));
    assert!(matches!(world.sign_in("ada@example.org", GOOD, &visit()).await, SignIn::SignedIn(_)));
    assert_eq!(world.sign_in("ada@example.org", BETTER, &visit()).await, SignIn::Refused);
}

#[tokio::test]
async fn one_place_makes_so_many_accounts_and_no_more() {
    let world = world_with(|_| {}, Limits { letters_from: 3, ..Limits::default() });
    for number in 0..3 {
        let email = format!("u{number}@example.org");
        let told = world.accounts.sign_up(&email, "", secret(GOOD), &visit()).await.unwrap();
        assert!(matches!(told.outcome, SignedUp::Written(_)));
        world.letters(1).await;
    }
    let told = world.accounts.sign_up("u3@example.org", "", secret(GOOD), &visit()).await.unwrap();
    assert!(matches!(told.outcome, SignedUp::Wait(_)));
    let told = world.accounts.sign_up("u3@example.org", "", secret(GOOD), &visit_from(9)).await.unwrap();
    assert!(matches!(told.outcome, SignedUp::Written(_)));
}

#[tokio::test]
async fn a_site_that_is_closed_takes_nobody_and_one_by_invitation_the_invited() {
    let closed = world_with(|settings| settings.sign_up = SignUp::Off, Limits::default());
    let told = closed.accounts.sign_up("ada@example.org", "", secret(GOOD), &visit()).await.unwrap();
    assert_eq!(told.outcome, SignedUp::Closed);
    let told = closed.accounts.invite("ada@example.org", Vec::new(), &visit()).await.unwrap();
    assert_eq!(told.outcome, Invited::Closed);

    let invited = world_with(|settings| settings.sign_up = SignUp::Invited, Limits::default());
    let told = invited.accounts.sign_up("ada@example.org", "", secret(GOOD), &visit()).await.unwrap();
    assert_eq!(told.outcome, SignedUp::Closed);
    let told = invited.accounts.invite("ada@example.org", vec!["editor".to_owned()], &visit()).await.unwrap();
    assert!(matches!(told.outcome, Invited::Written(_)));
    let token = invited.token().await;
    assert_eq!(invited.accounts.invites(&token, NOW).await.unwrap().as_deref(), Some("ada@example.org"));
    let weak = invited.accounts.accept(&token, "Ada", secret("123456"), &visit()).await.unwrap().outcome;
    assert!(matches!(weak, Accepted::Weak(_)), "and the link still works");
    let accepted = invited.accounts.accept(&token, "Ada", secret(GOOD), &visit()).await.unwrap().outcome;
    let Accepted::SignedIn(user) = accepted else { panic!("{accepted:?}") };
    assert_eq!(user.roles, ["editor"]);
    assert_eq!(
        invited.accounts.accept(&token, "Eve", secret(BETTER), &visit()).await.unwrap().outcome,
        Accepted::Dead
    );
    let told = invited.accounts.invite("ada@example.org", Vec::new(), &visit()).await.unwrap();
    assert_eq!(told.outcome, Invited::Taken);
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_once_by_the_link_and_kills_the_other_links() {
    let world = world();
    let user = world.user("ada@example.org").await;
    world.accounts.send_link("ada@example.org", "/".to_owned(), &visit());
    let magic = world.token().await;
    world.accounts.forgotten("ada@example.org", &visit());
    let token = world.token().await;
    world.accounts.forgotten("nobody@example.org", &visit());
    world.accounts.forgotten("not an address", &visit());
    assert_eq!(world.letters(1).await.len(), 0);

    let weak = world.accounts.reset(&token, secret("ada@example.org"), &visit()).await.unwrap().outcome;
    assert!(matches!(weak, Reset::Weak(_)));
    let done = world.accounts.reset(&token, secret(BETTER), &visit()).await.unwrap().outcome;
    assert!(matches!(done, Reset::Done(of) if of.id == user.id));
    assert_eq!(world.accounts.reset(&token, secret(GOOD), &visit()).await.unwrap().outcome, Reset::Dead);
    assert_eq!(world.accounts.follow(&magic, &visit()).await.unwrap().outcome.0, Followed::Dead);
    let letters = world.letters(1).await;
    assert_eq!(letters.iter().map(|letter| &letter.subject).collect::<Vec<_>>(), [&Subject::PasswordChanged]);
    assert_eq!(world.sign_in("ada@example.org", GOOD, &visit()).await, SignIn::Refused);
    assert!(matches!(world.sign_in("ada@example.org", BETTER, &visit()).await, SignIn::SignedIn(_)));
}

#[tokio::test]
async fn links_are_over_after_their_time() {
    let world = world();
    world.user("ada@example.org").await;
    world.accounts.forgotten("ada@example.org", &visit());
    let token = world.token().await;
    let late = Visit { now: NOW + Purpose::Reset.lasts(), ..visit() };
    assert_eq!(world.accounts.reset(&token, secret(BETTER), &late).await.unwrap().outcome, Reset::Dead);
    // And a link is good for nothing else.
    assert_eq!(world.accounts.follow(&token, &visit()).await.unwrap().outcome.0, Followed::Dead);
    assert_eq!(world.accounts.leads(&token, NOW).await.unwrap(), None);
    world.accounts.send_link("ada@example.org", String::new(), &visit());
    let link = world.token().await;
    let late = Visit { now: NOW + Duration::from_secs(600), ..visit() };
    assert_eq!(world.accounts.follow(&link, &late).await.unwrap().outcome.0, Followed::Dead);
}

#[tokio::test]
async fn a_link_signs_in_once_and_only_the_newest_works() {
    let world = world();
    let user = world.user("ada@example.org").await;
    world.accounts.send_link("ada@example.org", "/notes".to_owned(), &visit());
    let first = world.token().await;
    world.accounts.send_link("ada@example.org", "/notes".to_owned(), &visit());
    let second = world.token().await;
    assert_eq!(world.accounts.follow(&first, &visit()).await.unwrap().outcome.0, Followed::Dead);
    assert_eq!(world.accounts.leads(&second, NOW).await.unwrap().as_deref(), Some("ada@example.org"));
    let (followed, to) = world.accounts.follow(&second, &visit()).await.unwrap().outcome;
    assert_eq!((followed, to.as_str()), (Followed::SignedIn(Box::new(user)), "/notes"));
    assert_eq!(world.accounts.follow(&second, &visit()).await.unwrap().outcome.0, Followed::Dead);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_after_a_password_and_after_a_link() {
    let world = world();
    let user = world.user("ada@example.org").await;
    let credential = Credential {
        key: Key([1; 32]),
        user: user.id,
        kind: CredentialKind::Totp,
        label: String::new(),
        content: Vec::new(),
        made: NOW,
        used: None,
    };
    world.accounts.people.add_credential(credential).await.unwrap().unwrap();
    assert!(matches!(world.sign_in("ada@example.org", GOOD, &visit()).await, SignIn::NeedsFactor(_)));
    world.accounts.send_link("ada@example.org", String::new(), &visit());
    let token = world.token().await;
    assert!(matches!(
        world.accounts.follow(&token, &visit()).await.unwrap().outcome.0,
        Followed::NeedsFactor(_)
    ));

    let step = world.accounts.begin_step(user.id, "1 0 /".to_owned(), NOW).await.unwrap();
    assert_eq!(world.accounts.step(step.as_str(), NOW).await.unwrap().unwrap().content, "1 0 /");
    assert!(world.accounts.step(step.as_str(), NOW + Purpose::Step.lasts()).await.unwrap().is_none());
    assert!(world.accounts.end_step(step.as_str(), NOW).await.unwrap().is_some());
    assert!(world.accounts.end_step(step.as_str(), NOW).await.unwrap().is_none());
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_the_one_before() {
    let world = world();
    let user = world.user("ada@example.org").await;
    let change = async |current: Option<&str>, new: &str| {
        let current = current.map(secret);
        world.accounts.change_password(&user, current, true, secret(new), &visit()).await.unwrap().outcome
    };
    assert_eq!(change(None, BETTER).await, Changed::Refused, "a fresh session is not enough");
    assert_eq!(change(Some("something else"), BETTER).await, Changed::Refused);
    assert!(matches!(change(Some(GOOD), "notes.example ada").await, Changed::Weak(_)));
    assert_eq!(change(Some(GOOD), BETTER).await, Changed::Done);
    assert!(matches!(world.sign_in("ada@example.org", BETTER, &visit()).await, SignIn::SignedIn(_)));
    assert_eq!(world.letters(1).await[0].subject, Subject::PasswordChanged);
}

#[tokio::test]
async fn an_open_session_is_no_place_to_guess_the_password() {
    let world = world();
    let user = world.user("ada@example.org").await;
    let mut outcomes = Vec::new();
    for number in 0..7 {
        let guess = Some(secret(&format!("guess number {number}")));
        let told =
            world.accounts.change_password(&user, guess, true, secret(BETTER), &visit()).await.unwrap();
        outcomes.push(matches!(told.outcome, Changed::Wait(_)));
    }
    assert_eq!(outcomes, [false, false, false, false, false, true, true]);
}

#[tokio::test]
async fn who_has_no_password_needs_a_fresh_proof() {
    let world = world();
    let mut user = world.user("ada@example.org").await;
    world.accounts.people.set_password(user.id, None, NOW).await.unwrap();
    user.password = None;
    let set = async |fresh| {
        world.accounts.change_password(&user, None, fresh, secret(BETTER), &visit()).await.unwrap().outcome
    };
    assert_eq!(set(false).await, Changed::Stale);
    assert_eq!(set(true).await, Changed::Done);
}

#[tokio::test]
async fn an_address_changes_when_the_new_one_is_confirmed_and_the_old_one_is_told() {
    let world = world();
    let user = world.user("ada@example.org").await;
    let eve = world.user("eve@example.org").await;
    let ask = async |new: &str| {
        world.accounts.ask_email(&user, Some(secret(GOOD)), true, new, &visit_from(3)).await.unwrap().outcome
    };
    assert_eq!(ask("no address").await, Changed::NoAddress);
    assert_eq!(ask("lovelace@example.org").await, Changed::Done);
    let mut letters = world.letters(2).await;
    letters.sort_by_key(|letter| letter.to.to_string());
    let [old, new] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!(old.subject, Subject::EmailAsked { new: "lovelace@example.org".to_owned() });
    let token = token_in(new);
    assert_eq!(world.accounts.people.user(user.id).await.unwrap().unwrap().email, "ada@example.org");
    let others = world.accounts.change_email(&eve, &token, &visit()).await.unwrap().outcome;
    assert_eq!(others, Changed::Dead, "the link is good for the account alone that asked for it");
    assert_eq!(world.accounts.change_email(&user, &token, &visit()).await.unwrap().outcome, Changed::Done);
    let told = world.letters(1).await;
    assert_eq!(told[0].to.as_str(), "ada@example.org");
    assert_eq!(world.accounts.people.user(user.id).await.unwrap().unwrap().email, "lovelace@example.org");
    assert_eq!(world.accounts.change_email(&user, &token, &visit()).await.unwrap().outcome, Changed::Dead);
    // An address that is somebody's: the same answer.
    assert_eq!(ask("eve@example.org").await, Changed::Done);
    assert!(world.letters(1).await.iter().any(|letter| letter.subject == Subject::AlreadyHere));
}

#[tokio::test]
async fn an_account_is_removed_by_its_owner() {
    let world = world();
    let user = world.user("ada@example.org").await;
    let remove = async |password: &str| {
        world.accounts.remove(&user, Some(secret(password)), true, &visit()).await.unwrap().outcome
    };
    assert_eq!(remove("something else").await, Changed::Refused);
    assert_eq!(remove(GOOD).await, Changed::Done);
    assert_eq!(world.accounts.user(user.id).await.unwrap(), None);
    assert_eq!(world.letters(1).await[0].subject, Subject::Removed);
}

#[tokio::test]
async fn an_old_hash_is_replaced_at_sign_in() {
    let world = world();
    let old = "pbkdf2:sha256:1000$salt$12c2f3eb4ef1e8df3b3fec1ff6ad5e1e5b3ab4a4bd4b9b1c3e3b7f1ce0bc1f0e";
    let user = NewUser {
        id: UserId([3; 16]),
        email: "ada@example.org".to_owned(),
        name: String::new(),
        password: Some(old.to_owned()),
        standing: Standing::Active,
        roles: Vec::new(),
        lapses: None,
    };
    world.accounts.people.add(user, NOW).await.unwrap().unwrap();
    assert_eq!(world.sign_in("ada@example.org", GOOD, &visit()).await, SignIn::Refused);
    // The same with the right checksum.
    let right = werkzeug(GOOD);
    assert!(world.accounts.people.upgrade_password(UserId([3; 16]), old.to_owned(), right).await.unwrap());
    assert!(matches!(world.sign_in("ada@example.org", GOOD, &visit()).await, SignIn::SignedIn(_)));
    let stored = world.accounts.people.user(UserId([3; 16])).await.unwrap().unwrap();
    assert!(stored.password.unwrap().starts_with("$argon2id$"));
    assert_eq!(stored.password_changed, None, "an upgrade is no change by its owner");
}

fn werkzeug(password: &str) -> String {
    let mut checksum = [0; 32];
    pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password.as_bytes(), b"salt", 1000, &mut checksum);
    let hex = checksum.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("pbkdf2:sha256:1000$salt${hex}")
}

#[tokio::test]
async fn whoever_is_disabled_is_refused_like_a_stranger() {
    let world = world();
    let user = world.user("ada@example.org").await;
    world.accounts.people.set_standing(user.id, Standing::Disabled).await.unwrap();
    assert_eq!(world.sign_in("ada@example.org", GOOD, &visit()).await, SignIn::Refused);
    world.accounts.forgotten("ada@example.org", &visit());
    world.accounts.send_link("ada@example.org", String::new(), &visit());
    assert_eq!(world.letters(1).await.len(), 0);
}

#[tokio::test]
async fn guessing_is_slowed_for_accounts_that_exist_and_for_those_that_do_not() {
    let world = world();
    world.user("ada@example.org").await;
    for email in ["ada@example.org", "nobody@example.org"] {
        let mut seen = Vec::new();
        for number in 0..7 {
            seen.push(world.sign_in(email, "a wrong one", &visit_from(10 + number)).await);
        }
        let expected = [vec![SignIn::Refused; 5], vec![SignIn::Wait(Duration::from_secs(1)); 2]].concat();
        assert_eq!(seen, expected, "{email}");
    }
}

#[tokio::test]
async fn a_new_device_is_told_to_the_owner_and_a_known_one_is_not() {
    let world = world();
    let user = world.user("ada@example.org").await;
    world.accounts.signed_in(&user, Happened::SignedIn, &visit());
    assert_eq!(world.letters(1).await.len(), 0, "the first is no news");
    let later = Visit { now: NOW + Duration::from_secs(60), ..visit() };
    world.accounts.signed_in(&user, Happened::SignedIn, &later);
    let letters = world.letters(1).await;
    assert!(matches!(&letters[0].subject, Subject::NewDevice { device, .. } if device == "Firefox on Linux"));
    let known = Visit { device: world.accounts.know_device(&user, &later), ..later };
    world.accounts.signed_in(&user, Happened::SignedIn, &known);
    assert_eq!(world.letters(1).await.len(), 0);
    let activity = world.accounts.activity(&user, 10).await.unwrap();
    assert_eq!(activity.iter().filter(|one| one.what == "signed_in").count(), 3);
}

#[tokio::test]
async fn every_thing_that_happens_has_words_in_every_language() {
    for language in Language::ALL {
        for happened in Happened::ALL {
            assert!(crate::pages::words::of(language).happened(happened.name()).is_some(), "{happened:?}");
        }
    }
}

#[tokio::test]
async fn a_thousand_sign_ins_from_one_place_do_not_stand_before_one_from_another() {
    let generous = Limits { account: u32::MAX, place: u32::MAX, ..Limits::default() };
    let world = world_at(Cost { memory_kib: 1024, passes: 1, lanes: 1 }, |_| {}, generous);
    world.user("ada@example.org").await;
    let done = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = || done.load(std::sync::atomic::Ordering::SeqCst);
    let flood = (0..1000).map(|number| {
        let (accounts, done) = (world.accounts.clone(), done.clone());
        tokio::spawn(async move {
            let email = format!("u{number}@example.org");
            let told = accounts.sign_in(&email, secret("a wrong password"), &visit_from(1)).await;
            done.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            told.unwrap().outcome
        })
    });
    let flood = flood.collect::<Vec<_>>();
    tokio::task::yield_now().await;
    assert!(matches!(world.sign_in("ada@example.org", GOOD, &visit_from(2)).await, SignIn::SignedIn(_)));
    assert!(count() < 700, "{} of a thousand went before", count());
    for one in flood {
        assert_eq!(one.await.unwrap(), SignIn::Refused, "all are answered in the end");
    }
}

#[tokio::test]
async fn who_finds_no_room_for_a_hash_is_told_so_and_not_counted() {
    let mut world = world();
    world.user("ada@example.org").await;
    let hasher = Hasher::new(CHEAP, Peppers::default(), Caps::default(), Vec::new()).unwrap();
    world.accounts.hashing = Arc::new(Hashing::start(Arc::new(hasher), 1, 0).unwrap());
    for _ in 0..20 {
        let told = world.accounts.sign_in("ada@example.org", secret(BETTER), &visit()).await;
        assert_eq!(told.unwrap_err(), Fault::Busy);
    }
    let hasher = Hasher::new(CHEAP, Peppers::default(), Caps::default(), Vec::new()).unwrap();
    world.accounts.hashing = Arc::new(Hashing::start(Arc::new(hasher), 1, 9).unwrap());
    assert!(matches!(world.sign_in("ada@example.org", GOOD, &visit()).await, SignIn::SignedIn(_)));
}

/// How often one of `these` took longer than one of `those`: a half where they are alike, one where they always did. A
/// rank test (Mann and Whitney) sees differences whatever their scale, and no outlier moves it.
fn share(these: &[Duration], those: &[Duration]) -> f64 {
    let wins = these.iter().map(|one| those.iter().filter(|other| one > *other).count()).sum::<usize>();
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let share = wins as f64 / (these.len() * those.len()) as f64;
    share
}

#[tokio::test]
async fn the_time_of_an_answer_does_not_tell_whether_there_is_an_account() {
    let generous = Limits { account: u32::MAX, place: u32::MAX, ..Limits::default() };
    // Far less than what is hashed with anywhere: what is left of a difference shows all the more.
    let world = world_at(Cost { memory_kib: 8 * 1024, passes: 2, lanes: 1 }, |_| {}, generous);
    world.user("ada@example.org").await;
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..360_usize {
        let which = round % 3;
        let email = ["ada@example.org", "nobody@example.org", "no address"][which];
        let begun = std::time::Instant::now();
        assert_eq!(world.sign_in(email, "a wrong password", &visit()).await, SignIn::Refused);
        times[which].push(begun.elapsed());
        // What is done after the answer is done before the next one is asked for.
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    let [known, unknown, unhashed] = &times;
    // Where no hash was spent, it shows: the test can tell what it is to tell.
    assert!(share(known, unhashed) > 0.95);
    // With 120 against 120 one standard deviation is 0.037.
    let found = share(known, unknown);
    assert!((0.25..0.75).contains(&found), "an account that exists is slower in {found:.2} of all pairs");
}
