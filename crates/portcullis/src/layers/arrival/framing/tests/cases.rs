//! The cases of `cases/framing/`, through the reader and the engine, however the bytes were cut.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::{tell, understood};
use crate::keys::Keyring;
use crate::layers::arrival::framing::ReaderLimits;
use crate::verdict::{Grounds, Layer};
use crate::{Engine, Listener, Moment, Peer, Policy};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    raw: String,
    expect: Expect,
    status: Option<u16>,
}

#[derive(Deserialize, Debug, PartialEq, Eq, Clone)]
#[serde(rename_all = "snake_case")]
enum Expect {
    Refused(String),
    Passed(bool),
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        self.raw.chars().map(|c| u8::try_from(u32::from(c)).expect("a byte")).collect()
    }
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/framing");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file: File = toml::from_str(&std::fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        cases.extend(file.case);
    }
    cases
}

/// An engine of which only this layer judges.
fn engine() -> Engine {
    let others: String = Layer::ALL
        .iter()
        .filter(|layer| !matches!(layer, Layer::Framing | Layer::Event))
        .map(|layer| format!("[{}]\nmode = \"off\"\n", layer.name()))
        .collect();
    Engine::new(Policy::parse("only framing", &others).unwrap().0, Keyring::new([7; 32], Vec::new()))
}

/// The verdict on bytes that arrive in the given pieces.
fn verdict<'a>(engine: &Engine, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Expect, Option<u16>) {
    let (told, _) = tell(ReaderLimits::default(), pieces);
    let peer = Peer {
        address: SocketAddr::from(([127, 0, 0, 1], 4000)),
        listener: Listener::DangerousPlain,
        tls: None,
    };
    let moment = Moment { since_epoch: Duration::from_secs(1_800_000_000), entropy: [1; 32] };
    let mut requests = 0;
    for wire in &told.heads {
        let head = if wire.faults.is_empty() {
            understood(&wire.head)
        } else {
            http::Request::get("/").body(()).unwrap().into_parts().0
        };
        match engine.receive(head, Some(wire), &peer, moment.clone()) {
            ControlFlow::Continue(_) => requests += 1,
            ControlFlow::Break(refusal) => {
                let status = refusal.response.status();
                assert_eq!(status, refusal.reason.status());
                assert_eq!(refusal.response.headers().get("connection").unwrap(), "close");
                assert!(!refusal.events.is_empty(), "a refusal without an event");
                return (Expect::Refused(refusal.reason.code().to_owned()), Some(status.as_u16()));
            }
        }
    }
    if let Some(reason) = told.fault {
        return (Expect::Refused(reason.code().to_owned()), Some(reason.status().as_u16()));
    }
    (Expect::Passed(requests > 0 && requests == told.ends), None)
}

/// Cuts `bytes` at places that a linear congruential generator chooses.
fn cut_at_random(bytes: &[u8], seed: u64) -> Vec<&[u8]> {
    let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    let mut pieces = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let length = usize::try_from(state >> 33).unwrap() % 9 + 1;
        let (piece, after) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

#[test]
fn every_case_gets_its_verdict_however_its_bytes_were_cut() {
    let engine = engine();
    let cases = cases();
    let mut wrong = Vec::new();
    for case in &cases {
        let bytes = case.bytes();
        let status = match (&case.expect, case.status) {
            (Expect::Refused(_), None) => Some(400),
            (_, status) => status,
        };
        let wanted = (case.expect.clone(), status);
        let mut ways = vec![vec![bytes.as_slice()], bytes.chunks(1).collect()];
        ways.extend((0..8).map(|seed| cut_at_random(&bytes, seed)));
        for pieces in ways {
            let got = verdict(&engine, pieces);
            if got != wanted {
                wrong.push(format!("{}: wanted {wanted:?}, got {got:?}", case.name));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let refused = cases.iter().filter(|case| matches!(case.expect, Expect::Refused(_))).count();
    assert!(refused >= 60, "only {refused} cases are refused");
    assert!(cases.len() - refused >= 20, "only {} cases pass", cases.len() - refused);
}

#[test]
fn case_names_tell_the_cases_apart() {
    let mut names: Vec<String> = cases().into_iter().map(|case| case.name).collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn what_passes_is_what_came() {
    for case in cases().iter().filter(|case| case.expect == Expect::Passed(true)) {
        let bytes = case.bytes();
        let (told, _) = tell(ReaderLimits::default(), bytes.chunks(3));
        let came = bytes.strip_prefix(b"\r\n").unwrap_or(&bytes);
        assert_eq!(told.passed.escape_ascii().to_string(), came.escape_ascii().to_string(), "{}", case.name);
    }
}
