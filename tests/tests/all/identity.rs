//! Attacks on sign-in, over a real socket, with a real mail server.

#![expect(clippy::indexing_slicing, reason = "what is not there fails the test")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use portcullis_gateway::Running;
use portcullis_tests::live::{self, Answer, Folder, Process};

const GOOD: &str = "seven lamps under the pier";
const OTHER: &str = "a kettle full of violins";

/// A gate with people, its mail and its app.
struct Site {
    gate: Running,
    address: SocketAddr,
    folder: Folder,
    _mail: Process,
}

async fn site(name: &str, more: &str) -> Site {
    let folder = Folder::new(name).unwrap();
    let port = live::free_port().unwrap();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mail = Command::new(tests.join(".cache/venv/bin/python"))
        .arg(tests.join("apps/mailbox.py"))
        .arg(port.to_string())
        .arg(folder.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mail = Process(mail);
    assert!(live::eventually(|| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()).await);
    let policy = format!(
        "[client]\ntrusted_proxies = [\"127.0.0.1\"]\n\
         [identity]\nname = \"Notes\"\nsign_up = \"open\"\nmagic_links = true\n\
         [identity.mail]\nfrom = \"Notes <no-reply@notes.example>\"\nsmtp = \"localhost:{port}\"\n\
         tls = \"dangerous_plain\"\n[identity.password]\nmemory = 7168\npasses = 5\n{more}"
    );
    let gate = live::gate(live::app().await.unwrap(), &policy, &folder);
    let address = gate.dangerous_plain[0];
    Site { gate, address, folder, _mail: mail }
}

/// A browser at some address: it keeps cookies.
#[derive(Default, Clone)]
struct Client {
    from: Option<String>,
    cookies: BTreeMap<String, String>,
}

impl Client {
    fn at(number: u32) -> Self {
        let address = std::net::Ipv4Addr::from(0xC633_6400 + number);
        Self { from: Some(address.to_string()), cookies: BTreeMap::new() }
    }

    async fn ask(&mut self, site: &Site, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let cookies =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let cookies = if cookies.is_empty() { String::new() } else { format!("Cookie: {cookies}\r\n") };
        let from = self.from.as_ref().map(|from| format!("X-Forwarded-For: {from}\r\n")).unwrap_or_default();
        let length = if method == "POST" {
            format!("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n", body.len())
        } else {
            String::new()
        };
        let request = format!(
            "{method} /.portcullis/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{from}{cookies}{length}\
             {headers}\r\n{body}"
        );
        let answer = live::raw(site.address, &request).await.unwrap();
        for line in answer.head.lines() {
            let Some((_, cookie)) =
                line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
            else {
                continue;
            };
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    async fn get(&mut self, site: &Site, path: &str) -> Answer {
        self.ask(site, "GET", path, "", "").await
    }

    /// As a browser sends a form of the page itself.
    async fn post(&mut self, site: &Site, path: &str, fields: &[(&str, &str)]) -> Answer {
        let origin = "Sec-Fetch-Site: same-origin\r\n";
        self.ask(site, "POST", path, origin, &form(fields)).await
    }

    async fn sign_in(&mut self, site: &Site, email: &str, password: &str) -> Answer {
        self.post(site, "sign-in", &[("email", email), ("password", password)]).await
    }

    async fn is_signed_in(&mut self, site: &Site) -> bool {
        self.get(site, "account").await.status == 200
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    fields
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

impl Site {
    fn letters(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.folder.path().join("letters.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The token of the newest letter to `email`, once it has come.
    async fn token(&self, email: &str) -> String {
        let find = || {
            let mut letters = self.letters();
            letters.reverse();
            letters.into_iter().find_map(|letter| {
                let meant = letter["to"].as_array().unwrap().iter().any(|to| to == email);
                let text = letter["text"].as_str().unwrap_or_default().to_owned();
                let link = text.split_whitespace().find(|word| word.contains("token="))?.to_owned();
                meant.then(|| link.split("token=").nth(1).unwrap().to_owned())
            })
        };
        assert!(live::eventually(|| find().is_some()).await, "no letter came to {email}");
        find().unwrap()
    }

    async fn account(&self, email: &str) -> Client {
        let mut client = Client::default();
        let written = client.post(self, "sign-up", &[("email", email), ("password", GOOD)]).await;
        assert_eq!(written.status, 200, "{}", written.body);
        let token = self.token(email).await;
        let confirmed = client.post(self, "confirm", &[("token", &token), ("password", GOOD)]).await;
        assert_eq!(confirmed.status, 303, "{}", confirmed.body);
        client
    }
}

/// What an answer says, without what differs from one to the next.
fn told(answer: &Answer, email: &str) -> (u16, Vec<String>, String) {
    let mut head = answer.head.lines().skip(1).map(masked).collect::<Vec<_>>();
    head.sort();
    (answer.status, head, masked(&answer.body.replace(email, "EMAIL")))
}

/// With every long random word taken out: tokens of forms, ids, nonces.
fn masked(text: &str) -> String {
    let is_word = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_' | '+' | '/' | '=');
    let dated = text.to_ascii_lowercase().starts_with("date:");
    if dated {
        return "date".to_owned();
    }
    let mut out = String::new();
    let mut word = String::new();
    for sign in text.chars().chain(std::iter::once('\n')) {
        if is_word(sign) {
            word.push(sign);
            continue;
        }
        let random = word.len() > 24 && word.bytes().any(|byte| byte.is_ascii_digit());
        out.push_str(if random { "RANDOM" } else { &word });
        word.clear();
        out.push(sign);
    }
    out
}

#[tokio::test]
async fn no_answer_tells_whether_there_is_an_account() {
    let site = site("enumeration", "").await;
    site.account("ada@example.org").await;
    for (page, password) in [("sign-in", true), ("sign-up", true), ("forgotten", false), ("magic", false)] {
        let mut seen = Vec::new();
        for (number, email) in ["ada@example.org", "bob@example.org"].into_iter().enumerate() {
            let mut fields = vec![("email", email)];
            if password {
                fields.push(("password", OTHER));
            }
            let mut client = Client::at(u32::try_from(number).unwrap());
            let answer = client.post(&site, page, &fields).await;
            seen.push(told(&answer, email));
        }
        assert_eq!(seen[0], seen[1], "{page}");
    }
}

#[tokio::test]
async fn stolen_pairs_from_many_addresses_are_seen_as_one_attack_and_the_owner_still_gets_in() {
    let site = site("stuffing", "").await;
    let mut owner = site.account("ada@example.org").await;
    for number in 0..60 {
        let mut client = Client::at(number);
        let answer = client.sign_in(&site, &format!("user{number}@example.org"), OTHER).await;
        assert_eq!(answer.status, 422);
    }
    let log = || live::log(&site.gate, &site.folder);
    assert!(live::eventually(|| log().contains("sign_in.attack")).await);
    // Strangers who then guess at one account are told to wait, wherever they come from.
    let mut refused = 0;
    for number in 100..110 {
        refused +=
            usize::from(Client::at(number).sign_in(&site, "ada@example.org", OTHER).await.status == 429);
    }
    assert!(refused >= 8, "{refused}");
    // Even from an address of theirs the owner signs in, on the device that has done so before.
    owner.post(&site, "sign-out", &[]).await;
    owner.from = Client::at(105).from;
    assert_eq!(owner.sign_in(&site, "ada@example.org", GOOD).await.status, 303);
}

#[tokio::test]
async fn a_foreign_page_can_neither_sign_a_visitor_in_nor_out() {
    let site = site("login-csrf", "").await;
    let mut owner = site.account("ada@example.org").await;
    let foreign = [
        "Origin: https://evil.example\r\nSec-Fetch-Site: cross-site\r\n",
        "Origin: https://evil.example\r\n",
    ];
    for headers in foreign {
        let fields = form(&[("email", "ada@example.org"), ("password", GOOD)]);
        let mut victim = Client::default();
        assert_eq!(victim.ask(&site, "POST", "sign-in", headers, &fields).await.status, 403);
        assert!(!victim.is_signed_in(&site).await);
        let out = owner.ask(&site, "POST", "sign-out", headers, "").await;
        assert_eq!(out.status, 403);
        assert!(owner.is_signed_in(&site).await);
    }
    owner.get(&site, "sign-out").await;
    assert!(owner.is_signed_in(&site).await, "an image that leads to the page signs nobody out");
}

#[tokio::test]
async fn nobody_is_led_off_the_site_after_signing_in() {
    let site = site("open-redirect", "").await;
    site.account("ada@example.org").await;
    for evil in [
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "////evil.example",
        "https:evil.example",
        "https://evil.example",
        "https://localhost@evil.example",
        "\u{3000}//evil.example",
        "javascript:alert(1)",
    ] {
        let fields = [("email", "ada@example.org"), ("password", GOOD), ("return_to", evil)];
        let answer = Client::default().post(&site, "sign-in", &fields).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{evil:?}");
    }
}

#[tokio::test]
async fn nothing_that_is_typed_becomes_a_header_or_a_text_of_a_letter() {
    let site = site("mail-injection", "").await;
    let mut client = Client::default();
    for evil in [
        "ada@example.org\r\nBcc: all@example.org",
        "ada@example.org\nBcc: all@example.org",
        "ada@example.org,all@example.org",
        "\"ada\r\nBcc: x\"@example.org",
        "<ada@example.org>",
    ] {
        let answer = client.post(&site, "sign-up", &[("email", evil), ("password", GOOD)]).await;
        assert_ne!(answer.status, 200, "{evil:?}");
    }
    let name = "Ada\r\nBcc: all@example.org\r\n\r\nVisit https://evil.example";
    let fields = [("email", "ada@example.org"), ("name", name), ("password", GOOD)];
    assert_eq!(client.post(&site, "sign-up", &fields).await.status, 200);
    site.token("ada@example.org").await;
    let letters = site.letters();
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    let headers = letter["headers"].as_array().unwrap();
    assert!(headers.iter().all(|header| !header[0].as_str().unwrap().eq_ignore_ascii_case("bcc")));
    assert_eq!(letter["to"], serde_json::json!(["ada@example.org"]));
    let body = format!("{}{}", letter["text"], letter["html"]);
    assert!(!body.contains("evil.example"), "what strangers call themselves stands in no letter");
}

#[tokio::test]
async fn a_link_is_good_once_and_its_secret_is_in_no_log() {
    let site = site("links", "").await;
    site.account("ada@example.org").await;
    let mut client = Client::default();
    client.post(&site, "magic", &[("email", "ada@example.org")]).await;
    let first = site.token("ada@example.org").await;
    assert!(live::eventually(|| site.letters().len() >= 2).await);
    let token = site.token("ada@example.org").await;
    assert_ne!(first.len(), 0);
    // Read twice, by a scanner of mails, then followed, then followed again.
    for _ in 0..2 {
        assert_eq!(Client::default().get(&site, &format!("magic?token={token}")).await.status, 200);
    }
    assert_eq!(client.post(&site, "magic", &[("token", &token)]).await.status, 303);
    assert!(client.is_signed_in(&site).await);
    assert_eq!(Client::default().post(&site, "magic", &[("token", &token)]).await.status, 410);
    assert!(!live::log(&site.gate, &site.folder).contains(&token));
}

#[tokio::test]
async fn a_mail_server_that_is_away_holds_up_no_request_and_is_told_in_the_log() {
    let mut site = site("mail-away", "").await;
    site._mail.0.kill().unwrap();
    site._mail.0.wait().unwrap();
    let mut client = Client::default();
    for number in 0..3 {
        let email = format!("user{number}@example.org");
        let answer = client.post(&site, "sign-up", &[("email", &email), ("password", GOOD)]).await;
        assert_eq!(answer.status, 200);
    }
    assert!(live::eventually(|| live::log(&site.gate, &site.folder).contains("\"mail.away\"")).await);
}
