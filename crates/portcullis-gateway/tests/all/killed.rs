//! A running gate is killed in the middle of sign-ups, confirmations, sign-ins, new ids and remembered tokens, and
//! started again: what it had answered is there, and nothing is half made.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::gate::{Answer, CHEAP, Ended, Site, ask, is_signed_in, sign_in, write};

const ROUNDS: usize = 10;
/// Visitors at once, of three kinds by turns.
const VISITORS: usize = 6;

/// What a visitor knows when the gate is gone: what was answered last, and whether more was asked for since.
enum Known {
    /// Who signed up, and how far they came.
    SignUps(Vec<SignUp>),
    /// The id of a session that gets a new one again and again.
    Session(String, bool),
    /// The token of a device that is used again and again.
    Device(String, bool),
    /// Nothing was answered.
    Nothing,
}

struct SignUp {
    email: String,
    /// The sign-up was answered.
    made: bool,
    /// The link in the letter, once it was followed.
    link: Option<String>,
    /// The confirmation was answered.
    confirmed: bool,
}

/// A visitor of a round, whose addresses nobody else has.
#[derive(Clone, Copy)]
struct Visitor<'a> {
    gate: SocketAddr,
    round: usize,
    number: usize,
    letters: &'a Path,
    answered: &'a AtomicUsize,
}

fn email(round: usize, number: usize) -> String {
    format!("v{round}-{number}@notes.example")
}

impl Visitor<'_> {
    /// Goes on until nobody answers.
    fn visit(self) -> Known {
        match self.number % 3 {
            0 => self.sign_up(),
            1 => self.prove_again(),
            _ => self.come_back(),
        }
    }

    /// Each try comes from elsewhere, so that nobody is throttled.
    fn from(self, turn: usize) -> String {
        format!("10.{}.{}.{turn}", self.round, self.number)
    }

    fn heard(self, answer: Answer) -> Option<Answer> {
        (answer.status != 0).then(|| {
            assert!(answer.status < 400, "{}", answer.head);
            self.answered.fetch_add(1, Ordering::SeqCst);
            answer
        })
    }

    fn sign_up(self) -> Known {
        let mut all: Vec<SignUp> = Vec::new();
        for turn in 0.. {
            let email = format!("new{}-{}-{turn}@notes.example", self.round, self.number);
            all.push(SignUp { email: email.clone(), made: false, link: None, confirmed: false });
            let this = all.last_mut().unwrap();
            let form =
                format!("email={}&name=New&password=nine+quiet+herons+paint", email.replace('@', "%40"));
            let answer = ask(self.gate, &self.from(turn), "", "/.portcullis/sign-up", Some(&form));
            if self.heard(answer).is_none() {
                break;
            }
            this.made = true;
            // A letter is written after the answer: a gate that was killed meanwhile wrote none.
            let Some(link) = self.letter(&email) else { break };
            this.link = Some(link.clone());
            if self.heard(confirm(self.gate, &self.from(turn), &link)).is_none() {
                break;
            }
            this.confirmed = true;
        }
        Known::SignUps(all)
    }

    /// The secret in the letter to this address.
    fn letter(self, email: &str) -> Option<String> {
        loop {
            let text = std::fs::read_to_string(self.letters).unwrap_or_default();
            let letters =
                text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
            let mut letters = letters.filter(|letter| letter.pointer("/to/0").is_some_and(|to| to == email));
            if let Some(letter) = letters.next() {
                let text = letter.pointer("/text").unwrap().as_str().unwrap().to_owned();
                let link = text.split_whitespace().find_map(|word| word.split_once("token="));
                return Some(link.unwrap().1.to_owned());
            }
            std::net::TcpStream::connect(self.gate).ok()?;
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn prove_again(self) -> Known {
        let mut known = Known::Nothing;
        for turn in 0.. {
            let cookies = match &mut known {
                Known::Session(session, asked) => {
                    *asked = true;
                    format!("portcullis-session={session}")
                }
                _ => String::new(),
            };
            let answer = sign_in(self.gate, &self.from(turn), &cookies, &email(self.round, self.number), "");
            let Some(answer) = self.heard(answer) else { break };
            known = Known::Session(answer.cookie("portcullis-session").unwrap(), false);
        }
        known
    }

    fn come_back(self) -> Known {
        let mut known = Known::Nothing;
        for turn in 0.. {
            let from = self.from(turn);
            let answer = match &mut known {
                Known::Device(token, asked) => {
                    *asked = true;
                    ask(
                        self.gate,
                        &from,
                        &format!("portcullis-remember={token}"),
                        "/.portcullis/account",
                        None,
                    )
                }
                _ => sign_in(self.gate, &from, "", &email(self.round, self.number), "&remember=yes"),
            };
            let Some(answer) = self.heard(answer) else { break };
            known = Known::Device(answer.cookie("portcullis-remember").unwrap(), false);
        }
        known
    }
}

fn confirm(gate: SocketAddr, from: &str, link: &str) -> Answer {
    let form = format!("token={link}&password=nine+quiet+herons+paint");
    ask(gate, from, "", "/.portcullis/confirm", Some(&form))
}

/// Kills a gate while visitors come; gives what each of them knows, and how much was answered.
fn killed(site: &Site, round: usize) -> (Vec<Known>, usize) {
    let gate = site.start();
    let (at, answered) = (gate.address, Arc::new(AtomicUsize::new(0)));
    let letters = site.folder.join("letters.jsonl");
    let visitors: Vec<_> = (0..VISITORS)
        .map(|number| {
            let (answered, letters) = (answered.clone(), letters.clone());
            std::thread::spawn(move || {
                Visitor { gate: at, round, number, letters: &letters, answered: &answered }.visit()
            })
        })
        .collect();
    // Once everybody is at it, at another moment in each round.
    while answered.load(Ordering::SeqCst) < 5 * VISITORS + round {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_micros(u64::try_from(round).unwrap() * 7_919 % 40_000));
    drop(gate);
    let known = visitors.into_iter().map(|visitor| visitor.join().unwrap()).collect();
    (known, answered.load(Ordering::SeqCst))
}

/// Looks whether the gate knows what it had answered; gives how many steps were cut off.
fn look(site: &Site, gate: SocketAddr, round: usize, known: &[Known]) -> usize {
    let mut cut = 0;
    // The token before is good for ten seconds more, where the answer with the next one was lost.
    for known in known {
        if let Known::Device(token, asked) = known {
            let is_in = is_signed_in(gate, &format!("portcullis-remember={token}"));
            assert!(is_in, "round {round}: the device is lost (another token was asked for: {asked})");
            cut += usize::from(*asked);
        }
    }
    let accounts = site.said(&["user", "list"]);
    let accounts = accounts.as_array().unwrap();
    let field = |account: &serde_json::Value, name: &str| account.pointer(name).unwrap().clone();
    for account in accounts {
        let is_active = field(account, "/standing") == "active";
        assert_eq!(field(account, "/password"), is_active, "round {round}: half made: {account}");
    }
    for (number, known) in known.iter().enumerate() {
        match known {
            Known::Session(session, asked) => {
                let lives = is_signed_in(gate, &format!("portcullis-session={session}"));
                assert!(lives || *asked, "round {round}: the session is lost");
                let listed = site.said(&["user", "sessions", &email(round, number)]);
                let count = listed.pointer("/sessions").unwrap().as_array().unwrap().len();
                assert_eq!(count, 1, "round {round}: neither both nor none (another was asked for: {asked})");
                cut += usize::from(*asked);
            }
            Known::SignUps(all) => {
                for SignUp { email, made, link, confirmed } in all {
                    let found = accounts.iter().find(|account| field(account, "/email") == email.as_str());
                    assert!(found.is_some() || !made, "round {round}: {email} is lost");
                    let is_active = found.is_some_and(|account| field(account, "/standing") == "active");
                    assert!(is_active || !confirmed, "round {round}: {email} is not confirmed");
                    if let Some(link) = link.as_ref().filter(|_| !is_active) {
                        let again = confirm(gate, "192.0.2.1", link);
                        assert_eq!(again.status, 303, "round {round}: the link to {email} is lost");
                    }
                    cut += usize::from(!confirmed);
                }
            }
            Known::Device(..) | Known::Nothing => {}
        }
    }
    cut
}

#[test]
fn a_gate_that_is_killed_keeps_what_it_answered_and_makes_nothing_by_halves() {
    let mail = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let policy = format!(
        "[client]\ntrusted_proxies = [\"127.0.0.1\"]\n[identity]\nsign_up = \"open\"\n[identity.mail]\n\
         from = \"no-reply@notes.example\"\nsmtp = \"localhost:{mail}\"\ntls = \"dangerous_plain\"\n{CHEAP}at_once = 2\n\
         [access]\nallow = \"signed-in\"\n"
    );
    let site = Site::new("killed", &policy);
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests");
    let mut mailbox = Command::new(tests.join(".cache/venv/bin/python"));
    mailbox.arg(tests.join("apps/mailbox.py")).arg(mail.to_string()).arg(&site.folder).stderr(Stdio::null());
    let _mailbox = Ended(mailbox.spawn().unwrap());

    // One hash for all visitors: what is tried is the store, not the making of accounts by a command.
    assert!(site.add("first@notes.example").status.success());
    let exported = site.command(&["user", "export", "--format", "json", "--hashes"]).output().unwrap();
    let exported: serde_json::Value = serde_json::from_slice(&exported.stdout).unwrap();
    let hash = exported.pointer("/0/hash").unwrap().as_str().unwrap().to_owned();
    let everybody = (0..ROUNDS).flat_map(|round| (0..VISITORS).map(move |number| email(round, number)));
    let file =
        everybody.fold("email,hash\n".to_owned(), |file, email| file + &format!("{email},\"{hash}\"\n"));
    write(&site.folder, "visitors.csv", &file);
    site.said(&["user", "import", "visitors.csv", "--origin", "portcullis"]);

    let (mut all, mut cut) = (0, 0);
    for round in 0..ROUNDS {
        let (known, answered) = killed(&site, round);
        all += answered;
        let gate = site.start();
        cut += look(&site, gate.address, round, &known);
    }
    assert!(all >= 5 * ROUNDS * VISITORS, "{all} steps were answered");
    assert!(cut >= 2 * ROUNDS, "{cut} steps were cut off");
}
