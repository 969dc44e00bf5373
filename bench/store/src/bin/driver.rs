//! Signs people up and in, gives sessions new ids and uses remembered tokens, as fast as it can, until it is killed.
//!
//! Each step is announced on standard output before it is asked for, in small letters, and acknowledged after the
//! store answered, in capitals. `tests/killed.rs` reads it.

use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use portcullis_bench_store::opened::{self, Opened};
use portcullis_bench_store::{NOW, Size, family, session, session_key, user};
use portcullis_store::{Key, Redeemed, Remembered, StoreError};

/// How many do it at once.
const AT_ONCE: u32 = 6;
/// Numbers that one of them may use in one run.
const NUMBERS: u32 = 20_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(place), Some(Ok(run))) = (arguments.next(), arguments.next().map(|text| text.parse::<u32>()))
    else {
        eprintln!("driver STORE RUN");
        return ExitCode::FAILURE;
    };
    let store = match opened::open(&place) {
        Ok(store) => store,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let one = |index: u32| {
        let first = run.wrapping_mul(AT_ONCE).wrapping_add(index).wrapping_mul(NUMBERS);
        work(store.clone(), first)
    };
    let done = futures_util::future::try_join_all((0..AT_ONCE).map(one)).await;
    if let Err(error) = done {
        eprintln!("{error}");
    }
    ExitCode::FAILURE
}

async fn work(store: Opened, first: u32) -> Result<(), StoreError> {
    let size = Size { users: u32::MAX, sessions: u32::MAX };
    for number in (first..first.saturating_add(NUMBERS)).step_by(4) {
        if let Some(people) = &store.people {
            say(&format!("u {number}"));
            let mut user = user(number);
            user.roles = vec!["reader".to_owned(), "writer".to_owned()];
            if people.add(user, NOW).await?.is_ok() {
                say(&format!("U {number}"));
            }
        }
        // A device, and a session from it.
        let remembered = Remembered {
            family: family(number),
            user: portcullis_bench_store::user_id(number),
            token: session_key(number),
            began: NOW,
            seen: NOW,
            end: NOW + Duration::from_secs(86_400),
            agent: String::new(),
        };
        store.sessions.remember(remembered).await?;
        say(&format!("D {number} {}", hex(session_key(number))));
        let begun = portcullis_store::Session { family: Some(family(number)), ..live(number, size) };
        store.sessions.begin(begun).await?;
        say(&format!("S {number}"));
        for next in number + 1..number + 4 {
            say(&format!("r {} {next}", next - 1));
            let session = portcullis_store::Session { family: Some(family(number)), ..live(next, size) };
            if store.sessions.rotate(session_key(next - 1), session, NOW).await? {
                say(&format!("R {} {next}", next - 1));
            }
            say(&format!("f {number} {}", hex(session_key(next))));
            let (token, fresh) = (session_key(next - 1), session_key(next));
            let redeemed =
                store.sessions.redeem(family(number), token, fresh, NOW, Duration::from_secs(10)).await?;
            if matches!(redeemed, Redeemed::Fresh(_)) {
                say(&format!("F {number} {}", hex(fresh)));
            }
        }
    }
    Ok(())
}

/// A session that has not ended.
fn live(number: u32, size: Size) -> portcullis_store::Session {
    let idle_end = NOW + Duration::from_secs(3600);
    portcullis_store::Session { seen: NOW, idle_end, ..session(number, size) }
}

/// One line in one write: what a pipe took is there, whatever becomes of this process.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(format!("{line}\n").as_bytes());
    let _ = out.flush();
}

fn hex(key: Key) -> String {
    key.0.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
