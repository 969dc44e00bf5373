use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE,
};
use http::{HeaderMap, Method, Request, StatusCode};
use portcullis::layers::caller::session::{Context, Cookie, Presented};
use portcullis::policy::identity::{Language, SignUp};
use portcullis_store::sqlite::Sqlite;
use portcullis_tower::people::{Answer, Asked, Identity};
use zeroize::Zeroizing;

use super::*;
use crate::accounts::hashing::Hashing;
use crate::accounts::throttle::devices::Devices;
use crate::accounts::throttle::{Counting, Limits, Throttle};
use crate::accounts::{Parts, Settings, Writer, Written};
use crate::door::Door;
use crate::mail::{Letter, compose};
use crate::passwords::{Caps, Cost, Hasher, Peppers, Strength};

const NOW: Duration = Duration::from_secs(1_800_000_000);
pub(super) const GOOD: &str = "seven lamps under the pier";
const BETTER: &str = "a kettle full of violins";

#[derive(Default)]
struct Letters(Mutex<Vec<Letter>>);

impl Writer for Letters {
    fn send(&self, letter: Letter, _: Duration) -> Written<'_> {
        self.0.lock().unwrap().push(letter);
        Box::pin(std::future::ready(()))
    }
}

pub(super) struct Site {
    door: Door,
    /// Makes another gate on the same store.
    build: Box<dyn Fn() -> Door>,
    pub(super) store: Arc<Sqlite>,
    letters: Arc<Letters>,
    folder: std::path::PathBuf,
    now: Duration,
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(super) fn site() -> Site {
    site_with(Vec::new)
}

/// `providers` makes them for each gate.
pub(super) fn site_with(providers: impl Fn() -> Vec<Provider> + 'static) -> Site {
    let mut name = [0; 8];
    getrandom::fill(&mut name).unwrap();
    let folder = std::env::temp_dir().join(format!("portcullis-pages-{}", u64::from_be_bytes(name)));
    std::fs::create_dir(&folder).unwrap();
    let store = Arc::new(Sqlite::open(&folder.join("people.sqlite")).unwrap());
    let letters = Arc::new(Letters::default());
    let (on, to) = (store.clone(), letters.clone());
    let build: Box<dyn Fn() -> Door> = Box::new(move || gate(on.clone(), to.clone(), providers()));
    Site { door: build(), build, store, letters, folder, now: NOW }
}

/// A gate on this store.
fn gate(store: Arc<Sqlite>, letters: Arc<Letters>, providers: Vec<Provider>) -> Door {
    let cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
    let hasher = Hasher::new(cost, Peppers::default(), Caps::default(), Vec::new()).unwrap();
    let accounts = Accounts::new(Parts {
        people: store.clone(),
        hashing: Hashing::start(Arc::new(hasher), 1, 64).unwrap(),
        counting: Counting::new(Throttle::new(Limits::default()), Some(store.clone())),
        devices: Devices::new(vec![Zeroizing::new([7; 32])]),
        breached: None,
        ranges: None,
        writer: Some(letters),
        settings: Settings {
            sign_up: SignUp::Open,
            unconfirmed: Some(Duration::from_secs(7 * 86_400)),
            passwords: true,
            magic_links: true,
            strength: Strength::SINGLE_FACTOR,
            app: "Notes".to_owned(),
        },
    });
    let (policy, _) = portcullis::Policy::parse("policy", "[identity]\n").unwrap();
    let sessions = Arc::new(SessionService::new(store.clone(), store.clone(), &policy.site().session));
    let brand = Brand {
        app: "Notes & <Co>".to_owned(),
        logo: None,
        languages: Language::ALL.to_vec(),
        contact: Some("help@notes.example".to_owned()),
    };
    let means = Means {
        people: store.clone(),
        sessions: store,
        keys: portcullis::keys::Keyring::new([3; 32], Vec::new()),
        providers,
        tell: Arc::new(|_| {}),
    };
    let pages = Pages::new(accounts, sessions.clone(), brand, Some(means));
    Door::new(sessions, pages)
}

/// A browser: it keeps our cookies, and nothing else.
#[derive(Default, Clone)]
pub(super) struct Browser {
    pub(super) session: Option<String>,
    pub(super) remembered: Option<String>,
    pub(super) device: Option<String>,
    pub(super) flow: Option<String>,
    pub(super) attempt: Option<String>,
}

pub(super) struct Seen {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    pub(super) text: String,
    pub(super) codes: Vec<&'static str>,
}

impl Seen {
    pub(super) fn refresh(&self) -> &str {
        self.headers.get(http::header::REFRESH).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub(super) fn location(&self) -> &str {
        self.headers.get(LOCATION).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

impl Browser {
    async fn ask(&mut self, site: &Site, method: Method, target: &str, form: &[(&str, &str)]) -> Seen {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.send_body(site, method, target, "application/x-www-form-urlencoded", body).await
    }

    /// What a script sends.
    pub(super) async fn json(&mut self, site: &Site, target: &str, body: &serde_json::Value) -> Seen {
        self.send_body(site, Method::POST, target, "application/json", body.to_string()).await
    }

    async fn send_body(
        &mut self,
        site: &Site,
        method: Method,
        target: &str,
        kind: &str,
        body: String,
    ) -> Seen {
        let secret = |value: &Option<String>| value.clone().map(Zeroizing::new);
        let presented = Presented {
            session: secret(&self.session),
            remembered: secret(&self.remembered),
            device: secret(&self.device),
            flow: secret(&self.flow),
            attempt: secret(&self.attempt),
            ..Presented::default()
        };
        let context = Context { agent: String::new(), network: "192.0.2.1".parse().unwrap(), secure: true };
        let visitor = site.door.find(&presented, &context, site.now).await.visitor;
        let uri = format!("https://notes.example/.portcullis/{target}");
        let request = Request::builder().method(method).uri(uri).header("content-type", kind);
        let (head, ()) = request.body(()).unwrap().into_parts();
        let asked = Asked {
            head,
            body: body.into(),
            visitor,
            presented,
            context,
            origin: "https://notes.example".to_owned(),
            now: site.now,
            exchange: "x".to_owned(),
        };
        let Answer { response, notices } = site.door.answer(asked).await;
        let (head, body) = response.into_parts();
        for cookie in head.headers.get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let kept = (!value.is_empty()).then(|| value.to_owned());
            for (cookie, place) in [
                (Cookie::Session, &mut self.session),
                (Cookie::Remembered, &mut self.remembered),
                (Cookie::Device, &mut self.device),
                (Cookie::Flow, &mut self.flow),
                (Cookie::Attempt, &mut self.attempt),
            ] {
                if cookie.name(true) == name {
                    kept.clone_into(place);
                }
            }
        }
        Seen {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
            codes: notices.iter().map(|notice| notice.code).collect(),
        }
    }

    pub(super) async fn get(&mut self, site: &Site, target: &str) -> Seen {
        self.ask(site, Method::GET, target, &[]).await
    }

    pub(super) async fn post(&mut self, site: &Site, target: &str, form: &[(&str, &str)]) -> Seen {
        self.ask(site, Method::POST, target, form).await
    }

    /// What the app is handed with a request of this browser.
    pub(super) async fn handed(&self, site: &Site) -> Option<String> {
        self.handed_by(&site.door, site.now).await
    }

    /// The same by another gate.
    pub(super) async fn handed_by(&self, door: &Door, now: Duration) -> Option<String> {
        let session = self.session.clone().map(Zeroizing::new);
        let presented = Presented { session, ..Presented::default() };
        let context = Context { agent: String::new(), network: "192.0.2.1".parse().unwrap(), secure: true };
        let found = door.find(&presented, &context, now).await;
        let handed = door.hand(found.visitor.person()?, now).await?;
        assert!(handed.is_sensitive());
        Some(handed.to_str().unwrap().to_owned())
    }

    pub(super) async fn sign_in(&mut self, site: &Site, password: &str) -> Seen {
        self.post(site, "sign-in", &[("email", "ada@example.org"), ("password", password)]).await
    }
}

impl Site {
    /// Another gate on the same store.
    pub(super) fn gate(&self) -> Door {
        (self.build)()
    }

    pub(super) fn pages(&self) -> &Pages {
        self.door.pages()
    }

    pub(super) fn now(&self) -> Duration {
        self.now
    }

    /// So many seconds go by.
    pub(super) fn later(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    /// The link of the next letter, below `/.portcullis/`.
    pub(super) async fn link(&self) -> String {
        for _ in 0..400 {
            let next = { self.letters.0.lock().unwrap().pop() };
            if let Some(letter) = next {
                let text = compose(&letter).text;
                let link = text.split_whitespace().find(|word| word.contains("token="));
                if let Some(link) = link {
                    return link.split("/.portcullis/").nth(1).unwrap().to_owned();
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("no letter came")
    }

    pub(super) async fn signed_up(&self) -> Browser {
        let mut browser = Browser::default();
        let form = [("email", "ada@example.org"), ("name", "Ada"), ("password", GOOD)];
        assert_eq!(browser.post(self, "sign-up", &form).await.status, StatusCode::OK);
        let link = self.link().await;
        let shown = browser.get(self, &link).await;
        assert!(shown.text.contains("autocomplete=\"current-password\"") && browser.session.is_none());
        let token = link.split("token=").nth(1).unwrap();
        let done = browser.post(self, "confirm", &[("token", token), ("password", GOOD)]).await;
        assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/"));
        assert!(browser.session.is_some() && browser.device.is_some());
        browser
    }
}

#[tokio::test]
async fn a_visitor_signs_up_confirms_signs_out_and_in_again() {
    let site = site();
    let mut browser = site.signed_up().await;
    let account = browser.get(&site, "account").await;
    assert!(account.text.contains("ada@example.org") && account.text.contains("value=\"Ada\""));
    let copied = browser.clone();
    let asked = browser.get(&site, "sign-out").await;
    assert!(asked.text.contains("method=\"post\"") && browser.session.is_some(), "a GET signs nobody out");
    let out = browser.post(&site, "sign-out", &[]).await;
    assert_eq!(out.headers["clear-site-data"].to_str().unwrap().split(',').next(), Some("\"cache\""));
    assert!(browser.session.is_none());
    let replayed = copied.clone().get(&site, "account").await;
    assert_eq!(replayed.status, StatusCode::SEE_OTHER, "a copied cookie is worthless");
    let wrong = browser.sign_in(&site, BETTER).await;
    assert_eq!(
        (wrong.status, wrong.codes.as_slice()),
        (StatusCode::UNPROCESSABLE_ENTITY, &["account.sign_in_failed"][..])
    );
    assert!(!wrong.text.contains(BETTER), "a password is not shown again");
    let right = browser.post(
        &site,
        "sign-in",
        &[("email", "ada@example.org"), ("password", GOOD), ("return_to", "/notes?a=b"), ("remember", "yes")],
    );
    assert_eq!(right.await.location(), "/notes?a=b");
    assert!(browser.remembered.is_some());
}

#[tokio::test]
async fn a_sign_in_leads_nowhere_else() {
    let site = site();
    let mut browser = site.signed_up().await;
    for evil in ["//evil", "/\\evil", "https://evil.example/", "javascript:alert(1)", "/.portcullis/sign-out"]
    {
        let form = [("email", "ada@example.org"), ("password", GOOD), ("return_to", evil)];
        assert_eq!(browser.post(&site, "sign-in", &form).await.location(), "/", "{evil}");
        let query =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", evil).finish();
        let page = browser.get(&site, &format!("sign-in?{query}")).await.text;
        assert!(page.contains("name=\"return_to\" value=\"\""), "{evil}");
    }
}

#[tokio::test]
async fn pages_for_an_account_and_for_none_are_the_same_to_the_byte() {
    let site = site();
    site.signed_up().await;
    let different = |page: &str| match page {
        "sign-in" | "sign-up" => vec![("password", BETTER)],
        _ => Vec::new(),
    };
    for page in ["sign-in", "sign-up", "forgotten", "magic"] {
        let mut seen = Vec::new();
        for email in ["ada@example.org", "bob@example.org"] {
            let form = [vec![("email", email)], different(page)].concat();
            let answer = Browser::default().post(&site, page, &form).await;
            let names =
                answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect::<Vec<_>>();
            seen.push((answer.status, names, answer.text.replace(email, "EMAIL")));
        }
        assert_eq!(seen[0], seen[1], "{page}");
    }
}

#[tokio::test]
async fn a_changed_password_signs_out_everywhere_else() {
    let site = site();
    let mut here = site.signed_up().await;
    let mut there = Browser::default();
    there.sign_in(&site, GOOD).await;
    assert_eq!(there.get(&site, "account").await.status, StatusCode::OK);
    let before = here.session.clone();
    let form = [("current_password", GOOD), ("new_password", BETTER)];
    let changed = here.post(&site, "account/password", &form).await;
    assert_eq!(changed.location(), "/.portcullis/account?done=password");
    assert_ne!(here.session, before, "the id changes with the password");
    assert_eq!(here.get(&site, "account").await.status, StatusCode::OK);
    assert_eq!(there.get(&site, "account").await.status, StatusCode::SEE_OTHER);
    let wrong = here.post(&site, "account/password", &form).await;
    assert!(wrong.text.contains("aria-describedby=\"current_password-error"));
    assert!(wrong.text.contains("href=\"#current_password\""), "the summary leads to the field");
}

#[tokio::test]
async fn a_device_is_signed_out_from_another() {
    let site = site();
    let mut here = site.signed_up().await;
    let mut there = Browser::default();
    there.sign_in(&site, GOOD).await;
    let page = here.get(&site, "account").await.text;
    let device = page.split("name=\"device\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    here.post(&site, "account/devices", &[("device", &device)]).await;
    assert_eq!(there.get(&site, "account").await.status, StatusCode::SEE_OTHER);
    assert_eq!(here.get(&site, "account").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_forgotten_password_is_set_by_the_letter_and_everybody_is_signed_out() {
    let site = site();
    let mut browser = site.signed_up().await;
    let mut other = Browser::default();
    other.post(&site, "forgotten", &[("email", "ada@example.org")]).await;
    let link = site.link().await;
    // A program that follows links in mails does not use it up.
    for _ in 0..2 {
        assert!(other.get(&site, &link).await.text.contains("new-password"));
    }
    let token = link.split("token=").nth(1).unwrap();
    let done = other.post(&site, "reset", &[("token", token), ("password", BETTER)]).await;
    assert_eq!(done.location(), "/.portcullis/sign-in?done=reset");
    assert!(other.session.is_none(), "who sets a password by mail signs in like anybody");
    assert_eq!(browser.get(&site, "account").await.status, StatusCode::SEE_OTHER);
    assert_eq!(other.get(&site, &link).await.status, StatusCode::GONE);
    assert_eq!(other.sign_in(&site, BETTER).await.location(), "/");
}

#[tokio::test]
async fn a_link_shows_whom_it_signs_in_and_does_so_by_a_button() {
    let site = site();
    site.signed_up().await;
    let mut browser = Browser::default();
    browser.post(&site, "magic", &[("email", "ada@example.org"), ("return_to", "/notes")]).await;
    let link = site.link().await;
    assert!(browser.get(&site, &link).await.text.contains("ada@example.org"));
    assert!(browser.session.is_none());
    let token = link.split("token=").nth(1).unwrap();
    assert_eq!(browser.post(&site, "magic", &[("token", token)]).await.location(), "/notes");
    assert!(browser.session.is_some());
}

#[tokio::test]
async fn too_many_tries_are_told_to_wait_with_a_time() {
    let site = site();
    site.signed_up().await;
    let mut last = None;
    for _ in 0..6 {
        last = Some(Browser::default().sign_in(&site, BETTER).await);
    }
    let last = last.unwrap();
    assert_eq!(
        (last.status, last.headers[RETRY_AFTER].to_str().unwrap()),
        (StatusCode::TOO_MANY_REQUESTS, "1")
    );
}

#[tokio::test]
async fn every_page_is_shut_and_says_its_language() {
    let site = site();
    let mut owner = site.signed_up().await;
    let pages = [
        "sign-in",
        "sign-up",
        "forgotten",
        "magic",
        "reset?token=x",
        "confirm?token=x",
        "sign-out",
        "account",
        "account/factors",
        "account/factors?add=app",
        "account/keys",
        "account/password",
        "account/email",
        "account/remove",
    ];
    for language in Language::ALL {
        for page in pages {
            let joint = if page.contains('?') { '&' } else { '?' };
            let seen = owner.get(&site, &format!("{page}{joint}lang={}", language.tag())).await;
            assert!(seen.text.contains(&format!("<html lang=\"{}\">", language.tag())), "{page}");
            assert!(!seen.text.contains('{') && !seen.text.contains("<Co>"), "{page}");
            assert!(
                seen.headers[CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none'")
            );
            assert_eq!(seen.headers[CACHE_CONTROL], "no-store");
            assert_eq!(seen.headers[REFERRER_POLICY], "no-referrer");
            // The one script is ours, and a page works without it but for passkeys.
            let ours = "<script type=\"module\" src=\"/.portcullis/passkey.js\"></script>";
            assert_eq!(seen.text.matches("<script").count(), seen.text.matches(ours).count(), "{page}");
            assert!(!seen.text.contains(" style="), "{page}");
            assert_eq!(seen.text.matches("<h1>").count(), 1, "{page}");
        }
    }
    let style = owner.get(&site, "style.css").await;
    assert_eq!(style.headers["content-type"], "text/css; charset=utf-8");
    assert_eq!(owner.ask(&site, Method::DELETE, "account", &[]).await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(owner.get(&site, "nothing").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn strangers_are_sent_to_sign_in_and_back() {
    let site = site();
    let mut browser = Browser::default();
    for page in ["account", "account/password", "account/email?token=abc", "account/remove"] {
        let seen = browser.get(&site, page).await;
        assert!(
            seen.location().starts_with("/.portcullis/sign-in?return_to=%2F.portcullis%2Faccount"),
            "{page}"
        );
    }
    let seen = browser.post(&site, "account/devices", &[("device", "others")]).await;
    assert_eq!(seen.status, StatusCode::SEE_OTHER);
}
