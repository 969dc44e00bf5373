//! The notes app through its gate, as a browser meets it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use crate::{Notes, app, engine, passing_keys};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header, request};
use http_body_util::BodyExt;
use portcullis::Event;
use tower::ServiceExt;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

struct Site {
    app: Router,
    notes: Notes,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Site {
    fn new() -> Self {
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let heard = events.clone();
        let notes = Notes::default();
        let engine = engine(passing_keys().unwrap()).unwrap();
        let sink = Arc::new(move |event| heard.lock().unwrap().push(event));
        Self { app: app(engine, sink, notes.clone()), notes, events }
    }

    async fn send(&self, request: request::Builder, body: &str) -> Answer {
        let peer: SocketAddr = "127.0.0.1:50000".parse().unwrap();
        let request = request
            .header(header::HOST, "localhost:3000")
            .extension(ConnectInfo(peer))
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: head.status, headers: head.headers, text }
    }

    async fn page(&self) -> Answer {
        self.send(Request::get("/"), "").await
    }

    fn texts(&self) -> Vec<String> {
        self.notes.all().into_iter().map(|note| note.text).collect()
    }
}

impl Answer {
    /// The cookies that a browser would send back.
    fn cookies(&self) -> String {
        let pairs = self.headers.get_all(header::SET_COOKIE).iter();
        let pairs = pairs.map(|line| line.to_str().unwrap().split(';').next().unwrap().to_owned());
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// The tokens in the page's forms.
    fn tokens(&self) -> Vec<&str> {
        let fields = self.text.split("name=\"_portcullis_csrf\" value=\"").skip(1);
        fields.map(|rest| rest.split('"').next().unwrap()).collect()
    }
}

fn form(path: &str) -> request::Builder {
    Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
}

#[tokio::test]
async fn the_page_carries_a_token_in_each_form_and_a_cookie_they_are_bound_to() {
    let site = Site::new();
    site.notes.add("one");
    let page = site.page().await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let tokens = page.tokens();
    assert_eq!(tokens.len(), 2, "one a form, and none written twice: {}", page.text);
    assert_ne!(tokens[0], tokens[1], "each freshly masked");
    assert!(page.cookies().starts_with("portcullis="), "{}", page.cookies());
}

#[tokio::test]
async fn a_response_without_a_form_of_the_app_sets_no_cookie() {
    let site = Site::new();
    let missing = site.send(Request::get("/nothing"), "").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(missing.cookies(), "");
}

#[tokio::test]
async fn the_policy_names_the_nonce_of_the_page_and_no_other() {
    let site = Site::new();
    let (page, again) = (site.page().await, site.page().await);
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    let nonce = policy.split("script-src 'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(page.text.contains(&format!("<script nonce=\"{nonce}\">")), "{}", page.text);
    assert!(!policy.contains("unsafe"));
    assert_ne!(policy, again.headers[header::CONTENT_SECURITY_POLICY]);
}

#[tokio::test]
async fn a_note_is_added_and_deleted_by_the_forms_of_the_page() {
    let site = Site::new();
    let here = |request: request::Builder| {
        request.header("sec-fetch-site", "same-origin").header(header::ORIGIN, "http://localhost:3000")
    };
    let page = site.page().await;
    let body = format!("_portcullis_csrf={}&text=buy+rope", page.tokens()[0]);
    let answer = site.send(here(form("/notes")).header(header::COOKIE, page.cookies()), &body).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    assert_eq!(answer.headers[header::LOCATION], "/");
    assert_eq!(site.texts(), ["buy rope"]);

    let id = site.notes.all()[0].id;
    let answer = site.send(here(form(&format!("/notes/{id}/delete"))), "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    assert!(site.texts().is_empty());
}

#[tokio::test]
async fn a_foreign_page_adds_nothing() {
    let site = Site::new();
    let cookies = site.page().await.cookies();
    let request = form("/notes")
        .header("sec-fetch-site", "cross-site")
        .header(header::ORIGIN, "https://evil.example")
        .header(header::COOKIE, cookies);
    let answer = site.send(request, "text=evil").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(site.texts().is_empty());
    let events = format!("{:?}", site.events.lock().unwrap());
    assert!(events.contains("csrf."), "{events}");
}

#[tokio::test]
async fn an_old_browser_needs_the_token_and_another_visitors_does_not_do() {
    let site = Site::new();
    let (page, other) = (site.page().await, site.page().await);
    // A cookie besides ours: with none there would be nothing to forge.
    let silent = |cookies: String| form("/notes").header(header::COOKIE, format!("{cookies}; who=alice"));
    let with = |token: &str| format!("text=silent&_portcullis_csrf={token}");

    let without = site.send(silent(page.cookies()), "text=silent").await;
    assert_eq!(without.status, StatusCode::FORBIDDEN);
    let stolen = site.send(silent(page.cookies()), &with(other.tokens()[0])).await;
    assert_eq!(stolen.status, StatusCode::FORBIDDEN);
    assert!(site.texts().is_empty());

    let right = site.send(silent(page.cookies()), &with(page.tokens()[0])).await;
    assert_eq!(right.status, StatusCode::SEE_OTHER, "{}", right.text);
    assert_eq!(site.texts(), ["silent"]);
}

#[tokio::test]
async fn what_a_note_says_is_text_and_never_markup() {
    let site = Site::new();
    site.notes.add("<script>alert(1)</script>");
    let page = site.page().await;
    assert!(!page.text.contains("<script>alert"), "{}", page.text);
    assert!(page.text.contains("alert(1)"));
}
