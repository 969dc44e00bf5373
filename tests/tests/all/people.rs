//! People who sign in at a standing gate, in front of an app that knows nothing of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use portcullis::Policy;
use portcullis_gateway::people::Stores;
use portcullis_gateway::{Running, Settings};
use portcullis_identity::passwords::{Caps, Cost, Hasher, Password, Peppers};
use portcullis_store::{NewUser, People, Standing, UserId};
use portcullis_tests::live::{Answer, Folder, gate, log, raw};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const PASSWORD: &str = "correct horse battery staple";

/// An app that answers with the head that it got.
pub(super) async fn app() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = Vec::new();
                let mut chunk = [0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut chunk).await {
                    buffer.extend_from_slice(chunk.get(..length).unwrap());
                    if buffer.windows(4).any(|four| four == b"\r\n\r\n") {
                        let head = String::from_utf8_lossy(&buffer).to_lowercase();
                        let answer = format!(
                            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{head}",
                            head.len()
                        );
                        let _ = stream.write_all(answer.as_bytes()).await;
                        return;
                    }
                }
            });
        }
    });
    address
}

/// Puts Ann into the store that a gate with this policy opens.
pub(super) async fn ann(policy: &str, folder: &Folder) -> Arc<dyn People> {
    let (policy, _) = Policy::parse("p", policy).unwrap();
    let stores = Stores::open(policy.identity().unwrap(), folder.path()).unwrap();
    let hasher = Hasher::new(Cost::default(), Peppers::default(), Caps::default(), Vec::new()).unwrap();
    let user = NewUser {
        id: UserId([1; 16]),
        email: "ann@notes.example".to_owned(),
        name: "Ann".to_owned(),
        password: Some(hasher.hash(&Password::new(PASSWORD).unwrap()).unwrap()),
        standing: Standing::Active,
        roles: vec!["editor".to_owned()],
        lapses: None,
    };
    stores.people.add(user, Duration::from_secs(1_700_000_000)).await.unwrap().unwrap();
    stores.people
}

/// A browser: keeps the cookies that it is given, and says where its requests come from.
pub(super) struct Browser {
    address: SocketAddr,
    pub(super) cookies: Vec<(String, String)>,
}

impl Browser {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, cookies: Vec::new() }
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "").await
    }

    pub(super) async fn post(&mut self, path: &str, form: &str) -> Answer {
        self.ask("POST", path, form).await
    }

    async fn ask(&mut self, method: &str, path: &str, body: &str) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookie =
            if cookies.is_empty() { String::new() } else { format!("Cookie: {}\r\n", cookies.join("; ")) };
        let form = if method == "POST" {
            format!("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n", body.len())
        } else {
            String::new()
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: text/html\r\n\
             Sec-Fetch-Mode: navigate\r\nSec-Fetch-Site: same-origin\r\nX-Portcullis-User: forged\r\n{cookie}{form}\r\n{body}"
        );
        let answer = raw(self.address, &request).await.unwrap();
        for line in answer.head.lines() {
            let Some((name, value)) = line.split_once(": ") else { continue };
            if !name.eq_ignore_ascii_case("set-cookie") {
                continue;
            }
            let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    pub(super) async fn sign_in(&mut self, return_to: &str) -> Answer {
        let form =
            format!("email=ann%40notes.example&password=correct+horse+battery+staple&return_to={return_to}");
        self.post("/.portcullis/sign-in", &form).await
    }
}

pub(super) fn address(gate: &Running) -> SocketAddr {
    *gate.dangerous_plain.first().unwrap()
}

const CLOSED: &str = "[identity]\nname = \"Notes\"\naudience = \"notes\"\n[access]\nallow = \"signed-in\"\n\
                      [[route]]\npath = \"/admin/*\"\naccess.roles = [\"admin\"]\n";

#[tokio::test]
async fn a_person_signs_in_and_the_app_is_told_until_they_sign_out() {
    let folder = Folder::new("people").unwrap();
    let people = ann(CLOSED, &folder).await;
    let mut gate = gate(app().await, CLOSED, &folder);
    let mut browser = Browser::new(address(&gate));

    let sent = browser.get("/notes/1?a=b").await;
    assert_eq!(sent.status, 303);
    assert_eq!(sent.header("location"), Some("/.portcullis/sign-in?return_to=%2Fnotes%2F1%3Fa%3Db"));
    let page = browser.get("/.portcullis/sign-in?return_to=%2Fnotes%2F1%3Fa%3Db").await;
    assert_eq!(page.status, 200, "{}", page.head);
    assert!(page.body.contains("name=\"password\""), "{}", page.body);
    assert!(page.body.contains("_portcullis_csrf"), "forms of ours get their tokens like the app's");

    let wrong =
        browser.post("/.portcullis/sign-in", "email=ann%40notes.example&password=wrong+horse+battery").await;
    assert_eq!(
        (wrong.status, browser.cookies.iter().any(|(name, _)| name == "portcullis-session")),
        (422, false)
    );

    let done = browser.sign_in("%2Fnotes%2F1%3Fa%3Db").await;
    assert_eq!((done.status, done.header("location")), (303, Some("/notes/1?a=b")), "{}", done.body);
    let seen = browser.get("/notes/1?a=b").await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    assert!(seen.body.contains("x-portcullis-user: 01010101010101010101010101010101"), "{}", seen.body);
    assert!(seen.body.contains("x-portcullis-roles: editor"), "{}", seen.body);
    assert!(seen.body.contains("x-portcullis-token: "), "{}", seen.body);
    assert!(!seen.body.contains("forged") && !seen.body.contains("portcullis-session"), "{}", seen.body);
    assert_eq!(seen.header("cache-control"), Some("private"));
    assert_eq!(browser.get("/admin/users").await.status, 403);

    // A role that another process gives is seen within the memory of the gate.
    assert!(people.set_role(UserId([1; 16]), "admin".to_owned(), true).await.unwrap());
    tokio::time::sleep(Duration::from_millis(2200)).await;
    assert_eq!(browser.get("/admin/users").await.status, 200);

    // A reload forgets nobody.
    let (policy, written) =
        Policy::parse("p", &format!("upstream = \"http://{}\"\n{CLOSED}", app().await)).unwrap();
    let mut settings = Settings::from_policy(policy, &written, folder.path()).unwrap();
    settings.https.clear();
    settings.dangerous_plain = vec![address(&gate).to_string().parse().unwrap()];
    settings.threads = 1;
    folder.path().clone_into(&mut settings.data_dir);
    gate.reload(settings).unwrap();
    assert_eq!(browser.get("/").await.status, 200);

    let mut captured = Browser { address: address(&gate), cookies: browser.cookies.clone() };
    assert_eq!(captured.get("/").await.status, 200);
    let out = browser.post("/.portcullis/sign-out", "").await;
    assert!(out.status == 303 || out.status == 200, "{}", out.head);
    assert!(!browser.cookies.iter().any(|(name, _)| name == "portcullis-session"), "{:?}", out.head);
    assert_eq!(captured.get("/").await.status, 303, "a captured cookie is worthless");

    let written = log(&gate, &folder);
    assert!(written.contains("account.signed_in"), "{written}");
    assert!(!written.contains("correct") && !written.contains("wrong horse"), "no password is in the log");
}

#[tokio::test]
async fn an_id_that_was_planted_does_not_become_a_session() {
    let folder = Folder::new("people-fixation").unwrap();
    let _people = ann(CLOSED, &folder).await;
    let gate = gate(app().await, CLOSED, &folder);
    let mut victim = Browser::new(address(&gate));
    let planted = ("portcullis-session".to_owned(), "A".repeat(43));
    victim.cookies.push(planted.clone());
    assert_eq!(victim.sign_in("%2F").await.status, 303);
    assert_eq!(victim.get("/").await.status, 200);
    let mut attacker = Browser { address: address(&gate), cookies: vec![planted] };
    assert_eq!(attacker.get("/").await.status, 303);
}

#[tokio::test]
async fn after_sign_in_nobody_is_sent_to_another_site() {
    let folder = Folder::new("people-redirect").unwrap();
    let _people = ann(CLOSED, &folder).await;
    let gate = gate(app().await, CLOSED, &folder);
    for evil in [
        "%2F%2Fevil",
        "%2F%5Cevil",
        "%2F%09%2Fevil",
        "https%3Aevil",
        "%2F%2F%2F%2Fevil",
        "https%3A%2F%2Fevil",
    ] {
        let mut browser = Browser::new(address(&gate));
        let done = browser.sign_in(evil).await;
        assert_eq!((done.status, done.header("location")), (303, Some("/")), "{evil}");
    }
}

#[tokio::test]
async fn the_keys_for_the_app_are_open_to_everybody_and_have_no_private_half() {
    let folder = Folder::new("people-jwks").unwrap();
    let gate = gate(app().await, CLOSED, &folder);
    let mut anybody = Browser::new(address(&gate));
    let set = anybody.get("/.portcullis/jwks.json").await;
    assert_eq!(
        (set.status, set.header("content-type")),
        (200, Some("application/jwk-set+json")),
        "{}",
        set.body
    );
    assert!(set.body.contains("\"Ed25519\"") && !set.body.contains("\"d\""), "{}", set.body);
    assert_eq!(anybody.get("/.portcullis/nothing").await.status, 404);
}
