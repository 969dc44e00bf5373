//! A program that writes to a store is killed at any moment, a hundred times.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that cannot read what it tests has failed"
)]

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use portcullis_bench_store::opened::{Opened, open};
use portcullis_bench_store::{NOW, family, session_key, user, user_id};
use portcullis_store::servers::Server;
use portcullis_store::{Key, Redeemed};

const ROUNDS: u32 = 100;

/// What one round said.
#[derive(Default)]
struct Said {
    /// Accounts that were asked for, and those that were acknowledged.
    asked_users: HashSet<u32>,
    users: HashSet<u32>,
    /// Sessions that were acknowledged, by number.
    sessions: HashSet<u32>,
    /// New ids that were asked for, from one number to the next, and whether they were acknowledged.
    rotations: HashMap<u32, (u32, bool)>,
    /// The last acknowledged token of each device, and whether another was asked for since.
    devices: HashMap<u32, (String, bool)>,
}

impl Said {
    fn hear(&mut self, line: &str) {
        let words = line.split(' ').collect::<Vec<_>>();
        let number = |place: usize| words[place].parse::<u32>().unwrap();
        match words[0] {
            "u" => drop(self.asked_users.insert(number(1))),
            "U" => drop(self.users.insert(number(1))),
            "S" => drop(self.sessions.insert(number(1))),
            "r" => drop(self.rotations.insert(number(1), (number(2), false))),
            "R" => drop(self.rotations.insert(number(1), (number(2), true))),
            "D" | "F" => drop(self.devices.insert(number(1), (words[2].to_owned(), false))),
            "f" => self.devices.get_mut(&number(1)).unwrap().1 = true,
            other => panic!("the driver said `{other}`"),
        }
    }
}

/// Runs the driver and kills it soon after it began; gives what it had said.
fn killed(place: &str, round: u32) -> Said {
    let mut driver = Command::new(env!("CARGO_BIN_EXE_driver"))
        .args([&place.replace("?host=", "?application_name=driver&host="), &round.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(driver.stdout.take().unwrap());
    let (lines, heard) = channel();
    let reader = std::thread::spawn(move || {
        // A last line that was cut off was not said.
        out.split(b'\n').map_while(Result::ok).for_each(|line| lines.send(line).unwrap());
    });
    let mut said = Said::default();
    let first = heard.recv_timeout(Duration::from_secs(60)).expect("the driver said nothing");
    said.hear(&String::from_utf8(first).unwrap());
    // Spread over the steps by the parts of a millisecond, not by their whole number.
    std::thread::sleep(Duration::from_micros(3_000 + u64::from(round) * 7_919 % 40_000));
    driver.kill().unwrap();
    driver.wait().unwrap();
    reader.join().unwrap();
    heard.iter().for_each(|line| said.hear(&String::from_utf8(line).unwrap()));
    said
}

fn token(text: &str) -> Key {
    let byte = |place: usize| u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).unwrap();
    Key(std::array::from_fn(byte))
}

/// Looks whether the store holds what was acknowledged, and nothing by halves. Gives how many steps were cut off.
async fn look(store: &Opened, said: &Said, round: u32) -> usize {
    if let Some(people) = &store.people {
        for number in &said.asked_users {
            let found = people.user(user_id(*number)).await.unwrap();
            let by_email = people.user_by_email(user(*number).email).await.unwrap();
            assert_eq!(found, by_email, "round {round}: half an account {number}");
            match found {
                Some(found) => {
                    assert_eq!(found.roles, ["reader", "writer"], "round {round}: account {number}")
                }
                None => assert!(!said.users.contains(number), "round {round}: account {number} is lost"),
            }
        }
    }
    let alive = async |number: u32| store.sessions.session(session_key(number), NOW).await.unwrap().is_some();
    for (old, (new, acknowledged)) in &said.rotations {
        // What became of the new one later is told by its own line.
        if said.rotations.contains_key(new) {
            assert!(!alive(*old).await, "round {round}: session {old} lives beside {new}");
            continue;
        }
        match (alive(*old).await, alive(*new).await) {
            (false, true) => {}
            (true, false) => assert!(!acknowledged, "round {round}: the new id {new} is lost"),
            (true, true) => panic!("round {round}: both {old} and {new} live"),
            (false, false) => panic!("round {round}: neither {old} nor {new} lives"),
        }
    }
    for number in said.sessions.iter().filter(|number| !said.rotations.contains_key(number)) {
        assert!(alive(*number).await, "round {round}: session {number} is lost");
    }
    let mut cut = said.rotations.values().filter(|(_, acknowledged)| !acknowledged).count();
    for (number, (last, asked)) in &said.devices {
        let next = Key([9; 32]);
        let grace = Duration::from_secs(10);
        let redeemed = store.sessions.redeem(family(*number), token(last), next, NOW, grace).await.unwrap();
        let whose = user_id(*number);
        match redeemed {
            Redeemed::Fresh(user) => assert_eq!(user, whose),
            // The token that was asked for is in force: the one before was used by us.
            Redeemed::Concurrent(user) => {
                assert!(*asked, "round {round}: device {number} has a token that nobody asked for");
                assert_eq!(user, whose);
            }
            other => panic!("round {round}: device {number} is {other:?}"),
        }
        cut += usize::from(*asked);
    }
    cut
}

/// A server goes on with what it was sent before the driver died: waits until it is through.
fn settled(server: &Server) {
    // In a Redis this test is connected as well, and who asks.
    let ours = if server.url.starts_with("redis") { 2 } else { 0 };
    while server.clients("driver").unwrap() > ours {
        std::thread::sleep(Duration::from_millis(5));
    }
}

async fn nothing_is_lost_or_half_made(place: &str, server: Option<&Server>) {
    let store = open(place).unwrap();
    let (mut acknowledged, mut cut) = (0, 0);
    for round in 0..ROUNDS {
        let said = killed(place, round);
        server.iter().for_each(|server| settled(server));
        acknowledged += said.users.len() + said.sessions.len() + said.devices.len();
        cut += look(&store, &said, round).await;
    }
    // It was killed while it worked: steps had been done, and others were under way.
    assert!(acknowledged > 300, "{acknowledged} steps were acknowledged");
    assert!(cut > 50, "{cut} steps were cut off");
}

#[tokio::test]
async fn a_killed_gate_leaves_sqlite_whole() {
    let folder = std::env::temp_dir().join(format!("portcullis-killed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    nothing_is_lost_or_half_made(&folder.join("people.db").display().to_string(), None).await;
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_killed_gate_leaves_postgresql_whole() {
    let server = Server::postgres().unwrap();
    nothing_is_lost_or_half_made(&server.url, Some(&server)).await;
}

#[tokio::test]
async fn a_killed_gate_leaves_redis_whole() {
    let server = Server::redis().unwrap();
    nothing_is_lost_or_half_made(&server.url, Some(&server)).await;
}
