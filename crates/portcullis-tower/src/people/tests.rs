use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;

use axum::Router;
use axum::routing::get;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use portcullis::keys::Keyring;
use portcullis::layers::caller::session::{By, Cookie, Factors};
use portcullis::{Engine, Event, Listener, Peer, Policy, TlsFacts};
use tower::{Layer, ServiceExt};

use super::*;
use crate::extract::{FreshUser, OptionalUser, RequireRole, Role, User};
use crate::{Body, EventSink, GateLayer};

/// Knows one session, `good`, and one that cannot be looked up, `away`.
struct OnePerson;

impl Identity for OnePerson {
    fn find<'a>(
        &'a self,
        presented: &'a Presented,
        _context: &'a Context,
        now: Duration,
    ) -> Boxed<'a, Found> {
        let session = presented.session.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
        Box::pin(async move {
            let proved = if session == "old" { now - Duration::from_secs(3600) } else { now };
            match session.as_str() {
                "away" => Found::away(),
                "good" | "old" => Found {
                    visitor: Visitor::Person(Arc::new(Person {
                        id: "0123456789abcdef0123456789abcdef".to_owned(),
                        email: "ann@notes.example".to_owned(),
                        name: "Ann".to_owned(),
                        roles: vec!["editor".to_owned()],
                        proved: Some(proved),
                        factors: Factors::PASSWORD,
                        by: By::Session { key: [1; 32] },
                    })),
                    cookies: Cookie::Session.set("next", true, None).into_iter().collect(),
                    ..Found::default()
                },
                _ => Found::default(),
            }
        })
    }

    fn answer<'a>(&'a self, asked: Asked) -> Boxed<'a, Answer> {
        Box::pin(async move {
            let told = format!(
                "{} {} {} {} {}",
                asked.origin,
                asked.head.uri.path(),
                asked.visitor.person().map_or("nobody", |person| person.name.as_str()),
                asked.presented.session.as_ref().map_or("-", |id| id.as_str()),
                asked.body.len(),
            );
            let notice =
                Notice { code: "account.tested", user: None, detail: "a page was asked for".to_owned() };
            let mut response = Response::new(Bytes::from(told));
            response.headers_mut().insert("content-type", HeaderValue::from_static("text/html"));
            response
                .headers_mut()
                .insert("content-security-policy", HeaderValue::from_static("default-src 'none'"));
            Answer { response, notices: vec![notice] }
        })
    }

    fn hand<'a>(&'a self, person: &'a Person, _now: Duration) -> Boxed<'a, Option<HeaderValue>> {
        Box::pin(async move { HeaderValue::from_str(&format!("opens the doors of {}", person.name)).ok() })
    }

    fn vouch(&self, person: &Arc<Person>, origin: &str, _now: Duration) -> Option<HeaderValue> {
        HeaderValue::from_str(&format!("{} at {origin}", person.name)).ok()
    }
}

struct Editor;
impl Role for Editor {
    const NAME: &'static str = "editor";
}
struct Admin;
impl Role for Admin {
    const NAME: &'static str = "admin";
}

fn app() -> Router {
    Router::new()
        .route(
            "/",
            get(|OptionalUser(person): OptionalUser| async move {
                person.map_or_else(|| "nobody".to_owned(), |person| person.name.clone())
            }),
        )
        .route("/mine", get(|User(person): User| async move { person.email.clone() }))
        .route("/fresh", get(|FreshUser(person): FreshUser<60>| async move { person.name.clone() }))
        .route("/editor", get(|_: RequireRole<Editor>| async { "edits" }))
        .route("/admin", get(|_: RequireRole<Admin>| async { "rules" }))
        .route(
            "/headers",
            get(|headers: http::HeaderMap| async move {
                let told =
                    |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("-").to_owned();
                let names =
                    ["x-portcullis-user", "x-portcullis-token", "x-portcullis-access-token", "cookie"];
                names.map(told).join(" | ")
            }),
        )
}

struct Got {
    status: StatusCode,
    headers: http::HeaderMap,
    body: String,
    events: Vec<Event>,
}

async fn ask(policy: &str, method: &str, path: &str, session: Option<&str>, body: &'static str) -> Got {
    let log: Arc<Mutex<Vec<Event>>> = Arc::default();
    let sink: Arc<dyn EventSink> = {
        let log = log.clone();
        Arc::new(move |event: Event| log.lock().unwrap().push(event))
    };
    let policy = format!("[identity]\n{policy}");
    let engine =
        Arc::new(Engine::new(Policy::parse("policy", &policy).unwrap().0, Keyring::new([1; 32], Vec::new())));
    let gate = GateLayer::new(engine, sink).with_identity(Arc::new(OnePerson)).layer(app());
    let peer = Peer {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000)),
        listener: Listener::Https,
        tls: Some(TlsFacts { version: "TLSv1.3", ..TlsFacts::default() }),
    };
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost")
        .header("sec-fetch-site", "same-origin")
        .header("x-portcullis-user", "forged")
        .header("x-portcullis-access-token", "forged")
        .header("content-length", body.len())
        .extension(peer);
    if let Some(session) = session {
        request = request.header("cookie", format!("__Host-portcullis-session={session}"));
    }
    let response =
        gate.oneshot(request.body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let body = Body::collect(body).await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let events = std::mem::take(&mut *log.lock().unwrap());
    Got { status: head.status, headers: head.headers, body, events }
}

const OPEN: &str = "[access]\nallow = \"public\"\n";

#[tokio::test]
async fn the_app_learns_the_person_and_never_sees_the_cookie() {
    let got = ask(OPEN, "GET", "/headers", Some("good"), "").await;
    assert_eq!(
        got.body,
        "0123456789abcdef0123456789abcdef | Ann at https://localhost | opens the doors of Ann | -"
    );
    assert_eq!(got.headers["set-cookie"], Cookie::Session.set("next", true, None).unwrap());
    let stranger = ask(OPEN, "GET", "/headers", Some("bad"), "").await;
    assert_eq!(stranger.body, "- | - | - | -", "what a client says of itself is not passed on");
}

#[tokio::test]
async fn a_store_that_is_away_makes_strangers_and_opens_nothing() {
    assert_eq!(ask(OPEN, "GET", "/", Some("away"), "").await.body, "nobody");
    let closed = ask("", "GET", "/", Some("away"), "").await;
    assert_eq!(closed.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn pages_of_people_are_answered_by_whoever_keeps_them() {
    let got = ask("", "POST", "/.portcullis/sign-in", Some("good"), "a=1").await;
    assert_eq!(got.body, "https://localhost /.portcullis/sign-in Ann good 3");
    assert_eq!(got.headers["content-security-policy"], "default-src 'none'");
    assert!(got.headers.contains_key("x-content-type-options"), "what a page lacks is added");
    assert!(got.events.iter().any(|event| event.line(0).contains("account.tested")));
    let stranger = ask("", "GET", "/.portcullis/account", None, "").await;
    assert_eq!(stranger.body, "https://localhost /.portcullis/account nobody - 0");
}

#[tokio::test]
async fn a_body_that_no_page_needs_is_refused() {
    let long: &'static str = Box::leak("a".repeat((64 << 10) + 1).into_boxed_str());
    let got = ask("", "POST", "/.portcullis/sign-in", None, long).await;
    assert_eq!(got.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn handlers_get_who_they_ask_for_or_are_not_called() {
    assert_eq!(ask(OPEN, "GET", "/mine", Some("good"), "").await.body, "ann@notes.example");
    let nobody = ask(OPEN, "GET", "/mine", None, "").await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    assert_eq!(nobody.headers["www-authenticate"], "Bearer realm=\"portcullis\"");
    assert_eq!(ask(OPEN, "GET", "/", None, "").await.body, "nobody");
    assert_eq!(ask(OPEN, "GET", "/", Some("good"), "").await.body, "Ann");
    assert_eq!(ask(OPEN, "GET", "/fresh", Some("good"), "").await.body, "Ann");
    let old = ask(OPEN, "GET", "/fresh", Some("old"), "").await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED);
    assert!(old.headers["www-authenticate"].to_str().unwrap().contains("max_age=60"));
    assert_eq!(ask(OPEN, "GET", "/editor", Some("good"), "").await.body, "edits");
    assert_eq!(ask(OPEN, "GET", "/admin", Some("good"), "").await.status, StatusCode::FORBIDDEN);
    assert_eq!(ask(OPEN, "GET", "/admin", None, "").await.status, StatusCode::UNAUTHORIZED);
}
