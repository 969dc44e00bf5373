//! Fields of a multipart body that come behind the window.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use portcullis_seclang::MemoryFiles;

use crate::body::Progress;
use crate::keys::Keyring;
use crate::layers::caller::Lent;
use crate::layers::record::event::{Event, Outcome};
use crate::verdict::Grounds;
use crate::{Engine, Listener, Moment, Peer, Policy, Release};

const RULE: &str = "SecRequestBodyAccess On\n\
    SecRule ARGS \"@contains attack\" \"id:1,phase:2,deny,status:403,log,msg:'found'\"";

/// What came of an upload.
struct Came {
    /// Refused before the app saw a byte.
    at_once: bool,
    /// The code with which it was broken off.
    broken: Option<String>,
    /// How many bytes the app got.
    app_got: usize,
    /// The most that was kept at a time behind the window.
    kept: usize,
    observed: Vec<String>,
}

fn engine(policy: &str) -> Engine {
    windowed("64 KiB", policy)
}

fn windowed(window: &str, policy: &str) -> Engine {
    let policy = format!(
        "[transport]\nmode = \"off\"\n[rate]\nmode = \"off\"\n[csrf]\nmode = \"off\"\n[limits]\nbody = \"2 GiB\"\nhold = \"1 KiB\"\n\
         [gate]\nrules = [\"own.conf\"]\nbody = \"{window}\"\n{policy}"
    );
    let (mut policy, _) = Policy::parse("p", &policy).unwrap();
    policy.load_rules(Path::new("etc"), &MemoryFiles::new().with("etc/own.conf", RULE)).unwrap();
    Engine::new(policy, Keyring::new([1; 32], Vec::new()))
}

fn upload(engine: &Engine, chunks: impl Iterator<Item = Bytes>) -> Came {
    let peer =
        Peer { address: "192.0.2.1:4000".parse().unwrap(), listener: Listener::DangerousPlain, tls: None };
    let moment = Moment { since_epoch: Duration::from_secs(1_800_000_000), entropy: [3; 32] };
    let request = Request::post("/up")
        .header("host", "localhost")
        .header("content-type", "multipart/form-data; boundary=b");
    let (head, ()) = request.body(()).unwrap().into_parts();
    let ControlFlow::Continue(received) = engine.receive(head, None, &peer, moment) else {
        panic!("the head")
    };
    let ControlFlow::Continue(identified) = engine.identify(received, Lent::default()) else {
        panic!("the caller")
    };
    let mut inspector = identified.inspector();
    let mut came = Came { at_once: false, broken: None, app_got: 0, kept: 0, observed: Vec::new() };
    let mut chunks = chunks;
    while inspector.wants_body() {
        match chunks.next() {
            Some(chunk) if inspector.push(chunk.clone()) == Progress::Enough => break,
            Some(_) => {}
            None => inspector.end(),
        }
    }
    let admitted = match engine.admit(identified, &mut inspector) {
        ControlFlow::Continue(admitted) => admitted,
        ControlFlow::Break(_) => return Came { at_once: true, ..came },
    };
    let (_, outstanding) = admitted.depart();
    came.app_got = inspector.take_held().iter().map(Bytes::len).sum();
    for chunk in chunks {
        came.kept = came.kept.max(inspector.kept());
        match inspector.pass(chunk) {
            Ok(chunk) => came.app_got += chunk.len(),
            Err(reason) => {
                came.broken = Some(reason.code().to_owned());
                return came;
            }
        }
    }
    if let Err(reason) = inspector.finish() {
        came.broken = Some(reason.code().to_owned());
        return came;
    }
    let (head, ()) = Response::new(()).into_parts();
    let events: Vec<Event> = match engine.release(outstanding, head) {
        Release::Ready(departure) => departure.events,
        Release::Hold(held) => held.hurry().events,
    };
    let would = events.iter().filter(|event| event.outcome() == Outcome::WouldRefuse);
    came.observed = would.filter_map(Event::code).map(str::to_owned).collect();
    came
}

fn file(length: usize) -> Vec<u8> {
    let mut part = b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.bin\"\r\n\r\n".to_vec();
    part.resize(part.len() + length, b'x');
    part.extend(b"\r\n");
    part
}

fn field(name: &str, value: &str) -> Vec<u8> {
    format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes()
}

const END: &[u8] = b"--b--\r\n";

fn in_pieces(body: Vec<u8>, size: usize) -> impl Iterator<Item = Bytes> {
    let body = Bytes::from(body);
    (0..body.len()).step_by(size).map(move |at| body.slice(at..body.len().min(at + size)))
}

#[test]
fn a_field_behind_a_large_file_is_judged_before_the_app_has_the_end() {
    let engine = engine("");
    for size in [1, 7, 1000, 1 << 20] {
        let whole = [file(100_000), field("a", "an attack"), END.to_vec()].concat();
        let length = whole.len();
        let came = upload(&engine, in_pieces(whole, size));
        if came.at_once {
            assert_eq!(size, 1 << 20, "all of it came at once, and was held");
        } else {
            assert_eq!(came.broken.as_deref(), Some("gate.rule"), "in pieces of {size}");
            assert!(came.app_got < length);
        }
        let ordinary =
            [file(100_000), field("a", "a word"), file(100_000), field("b", "more"), END.to_vec()].concat();
        let length = ordinary.len();
        let came = upload(&engine, in_pieces(ordinary, size));
        assert_eq!((came.broken, came.app_got), (None, length), "in pieces of {size}");
    }
}

#[test]
fn what_is_in_a_file_is_no_field_wherever_it_stands() {
    let mut inside = file(100_000);
    inside.splice(90_000..90_006, b"attack".iter().copied());
    let came = upload(&engine(""), in_pieces([inside, END.to_vec()].concat(), 1000));
    assert_eq!(came.broken, None);
}

#[test]
fn a_field_that_lies_across_the_end_of_the_window_is_judged_whole() {
    let engine = engine("");
    for lead in (65_000..65_560).step_by(13) {
        let body = [file(lead), field("a", "xxxx attack xxxx"), field("b", "y"), file(70_000), END.to_vec()]
            .concat();
        let came = upload(&engine, in_pieces(body, 64));
        assert!(came.at_once || came.broken.is_some(), "behind a file of {lead} bytes");
    }
}

#[test]
fn a_field_that_is_longer_than_the_window_is_judged_in_parts_that_overlap() {
    let engine = engine("");
    for place in [70_000, 131_000, 131_072, 196_000, 299_000] {
        let mut value = "v".repeat(300_000);
        value.replace_range(place..place + 6, "attack");
        let body = [file(70_000), field("a", &value), END.to_vec()].concat();
        assert!(upload(&engine, in_pieces(body, 999)).broken.is_some(), "at {place}");
    }
}

#[test]
fn a_body_that_never_closes_is_judged_at_its_end() {
    let mut body = [file(100_000), field("a", "an attack")].concat();
    body.truncate(body.len() - 2);
    let came = upload(&engine(""), in_pieces(body, 512));
    assert_eq!(came.broken.as_deref(), Some("gate.rule"));
}

#[test]
fn a_layer_that_watches_lets_it_pass_and_says_so() {
    let body = [file(100_000), field("a", "an attack"), END.to_vec()].concat();
    let length = body.len();
    let came = upload(&engine("mode = \"observe\"\n"), in_pieces(body, 512));
    assert_eq!((came.broken, came.app_got), (None, length));
    assert_eq!(came.observed, ["gate.rule"]);
}

/// A gigabyte of files with a field after each: what is kept is bounded by the window, and the last field counts.
#[test]
fn an_upload_of_a_gigabyte_is_never_kept() {
    let piece = Bytes::from(vec![b'x'; 1 << 20]);
    let head = Bytes::from(file(0).strip_suffix(b"\r\n").unwrap().to_vec());
    let between = Bytes::from([b"\r\n".to_vec(), field("n", &"w".repeat(2000))].concat());
    let files = (0..256).flat_map(move |_| {
        let (head, piece, between) = (head.clone(), piece.clone(), between.clone());
        std::iter::once(head).chain(std::iter::repeat_n(piece, 4)).chain(std::iter::once(between))
    });
    let end = [field("last", "the attack"), END.to_vec()].concat();
    let came = upload(&engine(""), files.chain(std::iter::once(Bytes::from(end))));
    assert_eq!(came.broken.as_deref(), Some("gate.rule"));
    assert!(came.app_got > 1 << 30);
    assert!(came.kept <= 200 << 10, "{} bytes were kept", came.kept);
}

/// Bodies of any make: parts of any kind and length, in pieces of any size. An attack in a field is found wherever it
/// stands, and one in a file is none.
#[test]
fn wherever_a_field_stands_it_is_judged_and_what_is_in_files_is_not() {
    let engine = windowed("2 KiB", "");
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for round in 0..400 {
        let parts = 1 + random(7);
        let bad = random(parts + 1);
        let (mut body, mut in_field) = (Vec::new(), false);
        for number in 0..parts {
            let length = [0, 3, 40, 700, 2_030, 2_050, 5_000, 9_000][random(8)];
            let is_file = random(2) == 0;
            let mut value = "v".repeat(length);
            if number == bad {
                value.insert_str(random(length + 1), "attack");
                in_field = !is_file;
            }
            if is_file {
                body.extend(file(0).strip_suffix(b"\r\n").unwrap());
                body.extend(value.as_bytes());
                body.extend(b"\r\n");
            } else {
                body.extend(field("a", &value));
            }
        }
        body.extend(END);
        let size = [1, 2, 61, 1000, 4096, 100_000][random(6)];
        let came = upload(&engine, in_pieces(body, size));
        let refused = came.at_once || came.broken.is_some();
        assert_eq!(refused, in_field, "round {round}, in pieces of {size}");
        assert!(came.broken.is_none_or(|code| code == "gate.rule"));
    }
}
