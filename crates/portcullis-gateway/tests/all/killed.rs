//! A running gate is killed in the middle of sign-ups, sign-ins, new ids and remembered tokens, and started again: what
//! it had answered is there, and nothing is half made.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::gate::{CHEAP, Site, ask, is_signed_in, sign_in, write};

const ROUNDS: usize = 10;
/// Visitors at once, half of whom sign up and in, the others come with remembered tokens.
const VISITORS: usize = 6;

/// What a visitor knows when the gate is gone.
#[derive(Default)]
struct Known {
    /// Who signed up, and whether that was answered.
    signed_up: Vec<(String, bool)>,
    /// The session that was answered with last, and whether another was asked for since.
    session: Option<(String, bool)>,
    /// The same for the token of the device.
    remembered: Option<(String, bool)>,
}

fn email(round: usize, visitor: usize) -> String {
    format!("v{round}-{visitor}@notes.example")
}

/// Goes on until nobody answers.
fn visit(gate: SocketAddr, round: usize, visitor: usize, answered: &AtomicUsize) -> Known {
    let mut known = Known::default();
    let (email, remembers) = (email(round, visitor), visitor % 2 == 1);
    for turn in 0.. {
        // Each try comes from elsewhere, so that nobody is throttled.
        let from = format!("10.{round}.{visitor}.{turn}");
        let answer = match &known {
            Known { remembered: Some((token, _)), .. } if remembers => {
                ask(gate, &from, &format!("portcullis-remember={token}"), "/.portcullis/account", None)
            }
            Known { session: Some((session, _)), .. } if turn % 2 == 1 => {
                sign_in(gate, &from, &format!("portcullis-session={session}"), &email, "")
            }
            Known { session: Some(_), .. } => {
                let new = format!("new{round}-{visitor}-{turn}@notes.example");
                let form =
                    format!("email={}&name=New&password=nine+quiet+herons+paint", new.replace('@', "%40"));
                known.signed_up.push((new, false));
                let answer = ask(gate, &from, "", "/.portcullis/sign-up", Some(&form));
                if answer.status == 0 {
                    return known;
                }
                assert!(answer.status < 400, "{}", answer.head);
                known.signed_up.last_mut().unwrap().1 = true;
                answered.fetch_add(1, Ordering::SeqCst);
                continue;
            }
            _ => sign_in(gate, &from, "", &email, if remembers { "&remember=yes" } else { "" }),
        };
        let asked = [&mut known.session, &mut known.remembered].into_iter().flatten();
        asked.for_each(|(_, asked)| *asked = true);
        if answer.status == 0 {
            return known;
        }
        let new = |name: &str| answer.cookie(name).map(|value| (value, false));
        let (session, remembered) = (new("portcullis-session"), new("portcullis-remember"));
        assert!(session.is_some() && remembered.is_some() == remembers, "{}", answer.head);
        (known.session, known.remembered) = (session, remembered);
        answered.fetch_add(1, Ordering::SeqCst);
    }
    known
}

/// Kills a gate while visitors come; gives what each of them knows.
fn killed(site: &Site, round: usize) -> (Vec<Known>, usize) {
    let gate = site.start();
    let (at, answered) = (gate.address, Arc::new(AtomicUsize::new(0)));
    let visitors: Vec<_> = (0..VISITORS)
        .map(|visitor| {
            let answered = answered.clone();
            std::thread::spawn(move || visit(at, round, visitor, &answered))
        })
        .collect();
    // From the first answers on, at another moment in each round.
    while answered.load(Ordering::SeqCst) < VISITORS + round {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_micros(u64::try_from(round).unwrap() * 7_919 % 40_000));
    drop(gate);
    let known = visitors.into_iter().map(|visitor| visitor.join().unwrap()).collect();
    (known, answered.load(Ordering::SeqCst))
}

#[test]
fn a_gate_that_is_killed_keeps_what_it_answered_and_makes_nothing_by_halves() {
    let policy = format!(
        "[client]\ntrusted_proxies = [\"127.0.0.1\"]\n[identity]\nsign_up = \"open\"\n[identity.mail]\n\
         from = \"no-reply@notes.example\"\nsmtp = \"localhost:1\"\ntls = \"dangerous_plain\"\n{CHEAP}at_once = 2\n\
         [access]\nallow = \"signed-in\"\n"
    );
    let site = Site::new("killed", &policy);
    assert!(site.add("first@notes.example").status.success());
    // One hash for all visitors: what is tried is the store, not the making of accounts by a command.
    let exported = site.command(&["user", "export", "--format", "json", "--hashes"]).output().unwrap();
    let exported: serde_json::Value = serde_json::from_slice(&exported.stdout).unwrap();
    let hash = exported.pointer("/0/hash").unwrap().as_str().unwrap().to_owned();
    let lines = (0..ROUNDS).flat_map(|round| (0..VISITORS).map(move |visitor| email(round, visitor)));
    let file = lines.fold("email,hash\n".to_owned(), |file, email| file + &format!("{email},\"{hash}\"\n"));
    write(&site.folder, "visitors.csv", &file);
    site.said(&["user", "import", "visitors.csv", "--origin", "portcullis"]);

    let (mut all, mut cut) = (0, 0);
    for round in 0..ROUNDS {
        let (known, answered) = killed(&site, round);
        all += answered;
        let gate = site.start();
        let at = gate.address;
        for (visitor, Known { session, remembered, .. }) in known.iter().enumerate() {
            let place = format!("round {round}, visitor {visitor}");
            if let Some((token, asked)) = remembered {
                // The one before is good for ten seconds more, where the answer with the next one was lost.
                let cookies = format!("portcullis-remember={token}");
                assert!(
                    is_signed_in(at, &cookies),
                    "{place}: the device is lost (another was asked for: {asked})"
                );
                continue;
            }
            let Some((session, asked)) = session else { continue };
            cut += usize::from(*asked);
            let lives = is_signed_in(at, &format!("portcullis-session={session}"));
            assert!(lives || *asked, "{place}: the session is lost");
            let listed = site.said(&["user", "sessions", &email(round, visitor)]);
            let count = listed.pointer("/sessions").unwrap().as_array().unwrap().len();
            assert_eq!(count, 1, "{place}: neither both nor none (another was asked for: {asked})");
        }
        let accounts = site.said(&["user", "list"]);
        let accounts = accounts.as_array().unwrap();
        for account in accounts {
            assert_eq!(account.pointer("/password").unwrap(), true, "round {round}: half made: {account}");
        }
        for (email, answered) in known.iter().flat_map(|known| &known.signed_up) {
            let found = accounts
                .iter()
                .filter(|account| account.pointer("/email").unwrap() == email.as_str())
                .count();
            assert!(found == 1 || (found == 0 && !answered), "round {round}: {email} is there {found} times");
            cut += usize::from(!answered);
        }
    }
    assert!(all >= ROUNDS * VISITORS, "{all} steps were answered");
    assert!(cut >= ROUNDS, "{cut} steps were cut off");
}
