use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::post::message;
use super::*;
use crate::accounts::Writer;

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
    let message = message(&"Notes <no-reply@notes.example>".parse().unwrap(), &letter).unwrap();
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

#[test]
fn a_server_that_is_away_costs_the_sender_nothing_and_gets_the_letter_when_it_is_back() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let told = Arc::new(Mutex::new(Vec::new()));
    let hear = told.clone();
    const PAUSES: &[Duration] = &[Duration::from_millis(100); 100];
    let post =
        Post::with(setting(port), Arc::new(move |notice| hear.lock().unwrap().push(notice.code)), 8, PAUSES);
    let post = post.unwrap();
    post.send(letter(Subject::PasswordChanged, Language::De, "Notizen"));
    assert!(eventually(|| told.lock().unwrap().contains(&"mail.away")));
    let received = Arc::new(Mutex::new(Vec::new()));
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let taken = received.clone();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let _ = serve(stream, &taken);
        }
    });
    assert!(eventually(|| received.lock().unwrap().len() == 1));
    assert!(received.lock().unwrap()[0].contains("Auto-Submitted: auto-generated"));
    assert_eq!(*told.lock().unwrap(), ["mail.away"], "it is told once for a letter");
}

#[test]
fn a_full_queue_drops_letters_and_says_so() {
    // A server that takes connections and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let hear = told.clone();
    let tell = Arc::new(move |notice: portcullis::layers::caller::session::Notice| {
        hear.lock().unwrap().push(notice.code)
    });
    let post = Post::with(setting(listener.local_addr().unwrap().port()), tell, 2, &[]).unwrap();
    for _ in 0..20 {
        post.send(letter(Subject::Removed, Language::En, "Notes"));
    }
    assert!(told.lock().unwrap().iter().filter(|code| **code == "mail.dropped").count() >= 17);
    drop(listener);
}

#[test]
fn a_sender_that_is_no_address_is_found_at_the_start() {
    let setting = Setting { from: "nobody".to_owned(), ..setting(25) };
    assert!(matches!(Post::start(setting, Arc::new(|_| {})), Err(PostError::From(_))));
}
