use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portcullis::keys::Keyring;
use portcullis::layers::caller::session::Notice;
use portcullis_store::{Key, Letters};

use super::smtp::message;
use super::*;
use crate::accounts::Writer;
use crate::testing::{House, at};

fn letter(subject: Subject, language: Language, app: &str) -> Letter {
    Letter {
        to: Email::parse("ada@example.org").unwrap(),
        language,
        origin: "https://notes.example".to_owned(),
        app: app.to_owned(),
        subject,
    }
}

fn all() -> Vec<Subject> {
    let link = || "https://notes.example/.portcullis/x?token=abc".to_owned();
    vec![
        Subject::Confirm { link: link() },
        Subject::AlreadyHere,
        Subject::Reset { link: link() },
        Subject::Magic { link: link() },
        Subject::Invitation { link: link() },
        Subject::NewEmail { link: link() },
        Subject::EmailAsked { new: "new@example.org".to_owned() },
        Subject::EmailChanged { new: "new@example.org".to_owned() },
        Subject::PasswordChanged,
        Subject::NewDevice {
            device: "Firefox, Linux".to_owned(),
            network: "192.0.2.1".to_owned(),
            at: "2026-11-25 20:00 UTC".to_owned(),
        },
        Subject::FactorsChanged,
        Subject::Removed,
    ]
}

#[test]
fn every_letter_says_the_same_in_both_forms_and_in_every_language() {
    for language in Language::ALL {
        for subject in all() {
            let composed = compose(&letter(subject.clone(), language, "Notes & Co"));
            assert!(composed.subject.contains("Notes & Co"), "{subject:?}");
            assert!(
                !composed.text.contains('{') && !composed.html.contains('{'),
                "{subject:?} in {language:?}"
            );
            assert!(composed.html.contains("Notes &#38; Co") || composed.html.contains("Notes &amp; Co"));
            assert!(composed.html.contains(&format!("lang=\"{}\"", language.tag())));
            if let Subject::Confirm { link } | Subject::Reset { link } = &subject {
                assert!(composed.text.contains(link.as_str()) && composed.html.contains("token=abc"));
            }
            if let Subject::NewDevice { network, .. } = &subject {
                assert!(composed.text.contains(network.as_str()) && composed.html.contains(network.as_str()));
            }
        }
    }
}

#[test]
fn nothing_that_is_put_in_ends_a_header_or_writes_a_tag() {
    let evil = "Notes\r\nBcc: all@example.org\r\n\r\n<script>alert(1)</script>{to}";
    let letter = letter(Subject::EmailAsked { new: "<b>{app}</b>@x".to_owned() }, Language::En, evil);
    let composed = compose(&letter);
    assert!(!composed.html.contains("<script") && !composed.html.contains("<b>"));
    assert!(composed.text.contains("{app}"), "what is put in is not looked at again");
    let message = message(&"Notes <no-reply@notes.example>".parse().unwrap(), &letter, Key([1; 32])).unwrap();
    let bytes = message.formatted();
    let text = String::from_utf8_lossy(&bytes);
    let head = text.split("\r\n\r\n").next().unwrap();
    assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc:")), "{head}");
    assert_eq!(head.lines().filter(|line| line.starts_with("To:")).count(), 1);
}

#[test]
fn a_time_is_written_as_people_read_it() {
    assert_eq!(utc(Duration::ZERO), "1970-01-01 00:00 UTC");
    assert_eq!(utc(Duration::from_secs(951_782_400)), "2000-02-29 00:00 UTC");
    assert_eq!(utc(Duration::from_secs(1_800_000_000)), "2027-01-15 08:00 UTC");
    assert_eq!(utc(Duration::from_secs(4_107_542_399)), "2100-02-28 23:59 UTC");
}

/// Says what a mail server says, and gives what it was sent.
fn serve(mut stream: TcpStream, received: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 test\r\n")?;
    while let Some(Ok(line)) = lines.next() {
        let answer: &[u8] = match line.get(..4).unwrap_or_default() {
            "EHLO" => b"250-test\r\n250 8BITMIME\r\n",
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                let body = lines.by_ref().map_while(Result::ok).take_while(|line| line != ".");
                received.lock().unwrap().push(body.collect::<Vec<_>>().join("\n"));
                b"250 taken\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        stream.write_all(answer)?;
    }
    Ok(())
}

fn setting(port: u16) -> Setting {
    Setting {
        from: "Notes <no-reply@notes.example>".to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        way: Way::DangerousPlain,
        login: None,
        authorities: None,
    }
}

fn eventually(mut done: impl FnMut() -> bool) -> bool {
    for _ in 0..1000 {
        if done() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

/// What a post told, as it told it.
type Told = Arc<Mutex<Vec<&'static str>>>;

fn post(house: &House, port: u16, now: &Arc<AtomicU64>, pauses: &'static [Duration]) -> (Post, Told) {
    let told = Told::default();
    let (hear, now) = (told.clone(), now.clone());
    let clock = Arc::new(move || at(now.load(Ordering::Relaxed)));
    let tell = Arc::new(move |notice: Notice| hear.lock().unwrap().push(notice.code));
    let look = Duration::from_millis(20);
    let post = Post::with(setting(port), outbox(house, &house.keys), clock, tell, look, pauses);
    (post.unwrap(), told)
}

fn outbox(house: &House, keys: &Keyring) -> Outbox {
    Outbox::new(house.store.clone(), keys.clone())
}

/// A mail server that takes everything while it is up, and hangs up on everybody while it is not. It has its port all the
/// time, so that nobody else gets it.
struct Server {
    port: u16,
    up: Arc<AtomicBool>,
    received: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn down() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, up: Arc::default(), received: Arc::default() };
        let (up, taken) = (server.up.clone(), server.received.clone());
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if up.load(Ordering::Relaxed) {
                    let _ = serve(stream, &taken);
                }
            }
        });
        server
    }

    fn comes_back(&self) {
        self.up.store(true, Ordering::Relaxed);
    }

    fn letters(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }
}

/// The gate ends, and waits for its mail.
fn end(post: Post) {
    std::thread::spawn(move || drop(post)).join().unwrap();
}

const SOON: &[Duration] = &[Duration::from_secs(1), Duration::from_secs(10)];

#[tokio::test]
async fn a_server_that_is_away_costs_the_sender_nothing_and_gets_the_letter_when_it_is_back() {
    let (house, server, now) = (House::new().await, Server::down(), Arc::new(AtomicU64::new(0)));
    let (post, told) = post(&house, server.port, &now, SOON);
    post.send(letter(Subject::PasswordChanged, Language::De, "Notizen"), at(0)).await;
    assert!(eventually(|| told.lock().unwrap().contains(&"mail.away")));
    server.comes_back();
    std::thread::sleep(Duration::from_millis(100));
    assert!(server.letters().is_empty(), "not before its time");
    now.store(1, Ordering::Relaxed);
    assert!(eventually(|| server.letters().len() == 1));
    assert!(server.letters()[0].contains("Auto-Submitted: auto-generated"));
    end(post);
    assert_eq!(*told.lock().unwrap(), ["mail.away"], "it is told once for a letter");
    assert!(house.store.take_letters(at(100_000), at(0), 9).await.unwrap().is_empty(), "and is gone");
}

#[tokio::test]
async fn a_letter_that_waits_is_sent_by_the_next_gate_and_under_the_same_name() {
    let (house, server, now) = (House::new().await, Server::down(), Arc::new(AtomicU64::new(0)));
    let (first, told) = post(&house, server.port, &now, SOON);
    first.send(letter(Subject::PasswordChanged, Language::En, "Notes"), at(0)).await;
    assert!(eventually(|| told.lock().unwrap().contains(&"mail.away")));
    end(first);
    server.comes_back();
    // Whoever had taken it was killed: nobody knows whether it was sent, and it is sent after its lease.
    let taken = house.store.take_letters(at(1), at(121), 9).await.unwrap();
    assert_eq!(taken.len(), 1);
    now.store(120, Ordering::Relaxed);
    let (_second, _) = post(&house, server.port, &now, SOON);
    std::thread::sleep(Duration::from_millis(100));
    assert!(server.letters().is_empty(), "it may be on its way");
    now.store(121, Ordering::Relaxed);
    assert!(eventually(|| server.letters().len() == 1));
    let id = format!("Message-ID: <{}@notes.example>", taken[0].id);
    assert!(server.letters()[0].contains(&id), "{:?}", server.letters());
}

#[tokio::test]
async fn a_letter_is_given_up_when_its_link_is_dead_and_told_so() {
    let (house, now) = (House::new().await, Arc::new(AtomicU64::new(0)));
    let server = Server::down();
    let (post, told) = post(&house, server.port, &now, SOON);
    let link = "https://notes.example/.portcullis/magic?token=abc".to_owned();
    post.send(letter(Subject::Magic { link }, Language::En, "Notes"), at(0)).await;
    assert!(eventually(|| told.lock().unwrap().contains(&"mail.away")));
    now.store(599, Ordering::Relaxed);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(*told.lock().unwrap(), ["mail.away"]);
    now.store(600, Ordering::Relaxed);
    assert!(eventually(|| told.lock().unwrap().contains(&"mail.given_up")));
    end(post);
    assert!(house.store.take_letters(at(100_000), at(0), 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn letters_rest_sealed_and_bound_to_their_place() {
    let house = House::new().await;
    let link = "https://notes.example/.portcullis/reset?token=abc".to_owned();
    let wrote = letter(Subject::Reset { link }, Language::Zh, "Notes \"&\" Co");
    assert!(outbox(&house, &house.keys).keep(&wrote, at(0)).await.unwrap());
    let taken = house.store.take_letters(at(0), at(9), 9).await.unwrap().remove(0);
    assert_eq!(taken.end, at(30 * 60), "as long as the link works");
    for secret in [&b"token"[..], b"ada", b"Notes"] {
        assert!(!taken.content.windows(secret.len()).any(|some| some == secret));
    }
    assert_eq!(kept::open(&taken.content, taken.id, &house.keys), Some(wrote));
    assert_eq!(kept::open(&taken.content, Key([0; 32]), &house.keys), None);
    let other = Keyring::new([9; 32], Vec::new());
    assert_eq!(kept::open(&taken.content, taken.id, &other), None);
}

#[test]
fn a_sender_that_is_no_address_is_found_at_the_start() {
    let setting = Setting { from: "nobody".to_owned(), ..setting(25) };
    assert!(matches!(Smtp::new(setting), Err(PostError::From(_))));
}
