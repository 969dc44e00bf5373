use std::fs;

use super::verify::{What, verify};
use super::*;

fn keys() -> Keyring {
    Keyring::new([5; 32], vec![[6; 32]])
}

fn open(path: &Path) -> EventLog {
    EventLog::open(path, &keys()).unwrap()
}

/// A log of `count` lines and a checkpoint, closed.
fn written(name: &str, count: usize) -> PathBuf {
    let path = crate::testing::folder(name).join("events.jsonl");
    let log = open(&path);
    for number in 0..count {
        log.notice(Notice::info("portcullis.test", &format!("number {number}")));
    }
    drop(log);
    path
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

fn rewrite(path: &Path, change: impl FnOnce(&mut Vec<String>)) {
    let mut all = lines(path);
    change(&mut all);
    fs::write(path, all.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
}

fn numbers(path: &Path) -> Vec<u64> {
    lines(path).iter().filter_map(|line| files::number(line)).collect()
}

fn found(path: &Path) -> Vec<What> {
    let (main, _) = all_files(path);
    verify(&main, &keys()).unwrap().faults.into_iter().map(|fault| fault.what).collect()
}

#[test]
fn the_sequence_and_the_chain_go_on_after_a_restart() {
    let path = written("restart", 2);
    let log = open(&path);
    log.notice(Notice::info("portcullis.test", "one more"));
    drop(log);
    assert_eq!(numbers(&path), [1, 2, 3, 4, 5]);
    let (main, _) = all_files(&path);
    let report = verify(&main, &keys()).unwrap();
    assert_eq!((report.lines, report.first, report.last, report.checkpoints), (5, 1, 5, 2));
    assert!(report.faults.is_empty(), "{:?}", report.faults);
}

#[test]
fn every_change_of_a_log_is_found() {
    let edited = written("edited", 6);
    rewrite(&edited, |lines| lines[2] = lines[2].replace("number 2", "number 9"));
    assert_eq!(found(&edited), [What::Edited { sequence: 3 }]);

    let first = written("first", 3);
    rewrite(&first, |lines| lines[0] = lines[0].replace("number 0", "number 9"));
    assert_eq!(found(&first), [What::Edited { sequence: 1 }]);

    let removed = written("removed", 6);
    rewrite(&removed, |lines| drop(lines.drain(1..3)));
    assert_eq!(found(&removed), [What::Removed { first: 2, last: 3 }]);

    let beheaded = written("beheaded", 6);
    rewrite(&beheaded, |lines| drop(lines.drain(..2)));
    assert_eq!(found(&beheaded), [What::Removed { first: 1, last: 2 }]);

    let moved = written("moved", 6);
    rewrite(&moved, |lines| lines.swap(2, 3));
    assert_eq!(found(&moved), [What::Removed { first: 3, last: 3 }, What::Moved { sequence: 3 }]);

    let copied = written("copied", 4);
    rewrite(&copied, |lines| lines.insert(2, lines[1].clone()));
    assert_eq!(found(&copied), [What::Moved { sequence: 2 }]);

    let cut = written("cut", 6);
    rewrite(&cut, |lines| lines.truncate(4));
    assert_eq!(found(&cut), [What::Cut { ends: 4, wrote: 7 }]);

    let added = written("added", 3);
    rewrite(&added, |lines| lines.insert(1, "{\"portcullis.outcome\":\"passed\"}".to_owned()));
    assert_eq!(found(&added), [What::Foreign]);

    let before = written("before", 3);
    rewrite(&before, |lines| lines.insert(0, "{\"portcullis.sequence\":1}".to_owned()));
    assert_eq!(found(&before), [What::Foreign]);

    // With the number set right by hand, but without the key.
    let renumbered = written("renumbered", 3);
    rewrite(&renumbered, |lines| {
        lines.remove(1);
        lines[1] = lines[1].replace("sequence\":3", "sequence\":2");
    });
    assert!(found(&renumbered).contains(&What::Edited { sequence: 2 }));

    let headless = written("headless", 3);
    fs::remove_file(headless.with_extension("head")).unwrap();
    assert_eq!(found(&headless), [What::NoHead]);
}

#[test]
fn a_log_of_another_key_does_not_hold() {
    let path = written("key", 3);
    let other = Keyring::new([9; 32], Vec::new());
    assert!(!verify(std::slice::from_ref(&path), &other).unwrap().faults.is_empty());
    let rotated = Keyring::new([9; 32], vec![[5; 32]]);
    assert!(verify(&[path], &rotated).unwrap().faults.is_empty(), "an older key still verifies");
}

#[test]
fn a_line_torn_by_a_crash_is_mended_and_told() {
    let path = written("torn", 2);
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("{\"portcullis.sequence\":4,\"bo");
    fs::write(&path, text).unwrap();
    let log = open(&path);
    log.notice(Notice::info("portcullis.test", "after"));
    drop(log);
    assert_eq!(numbers(&path), [1, 2, 3, 4, 5, 6]);
    assert!(lines(&path)[3].contains("portcullis.log.mended"));
    assert_eq!(found(&path), []);
}

#[test]
fn a_log_that_was_cut_says_so_when_it_is_opened_and_ever_after() {
    let path = written("cut-reopened", 5);
    rewrite(&path, |lines| lines.truncate(3));
    drop(open(&path));
    let all = lines(&path);
    assert!(all[3].contains("portcullis.log.cut") && all[3].contains("`3` lines"), "{}", all[3]);
    assert_eq!(found(&path), [What::Removed { first: 4, last: 6 }]);
}

#[test]
fn files_are_put_aside_and_the_chain_runs_through_them() {
    let path = crate::testing::folder("rotate").join("events.jsonl");
    let log = open(&path);
    log.keep(Rotation { size: 2000, age: None, keep: 3 });
    for number in 0..60 {
        log.notice(Notice::info("portcullis.test", &format!("number {number}")));
        log.flush();
    }
    drop(log);
    let (main, _) = all_files(&path);
    assert_eq!(main.len(), 4, "{main:?}");
    let report = verify(&main, &keys()).unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    assert!(report.first > 1, "the oldest are gone");
    drop(open(&path));
    assert_eq!(found(&path), []);

    let mut without = main.clone();
    without.remove(1);
    let gone = verify(&without, &keys()).unwrap();
    assert!(
        matches!(gone.faults.as_slice(), [one] if matches!(one.what, What::Removed { .. })),
        "{:?}",
        gone.faults
    );
}

#[test]
fn another_gate_can_take_the_file_over() {
    let path = written("moved-over", 2);
    let old = open(&path);
    let ending = path.with_file_name("events-ending-1.jsonl");
    old.move_to(&ending).unwrap();
    let new = open(&path);
    old.notice(Notice::info("portcullis.test", "of a request that still ran"));
    new.notice(Notice::info("portcullis.test", "of the new gate"));
    drop((old, new));
    assert_eq!(found(&path), []);
    let (_, beside) = all_files(&path);
    assert_eq!(beside.as_slice(), std::slice::from_ref(&ending));
    assert!(verify(&[ending], &keys()).unwrap().faults.is_empty());
}

#[test]
fn losses_are_told() {
    let path = crate::testing::folder("losses").join("events.jsonl");
    let log = open(&path);
    log.inner.counts.lose(3);
    log.notice(Notice::info("portcullis.test", "after"));
    drop(log);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("`3` events were lost"), "{text}");
}

#[test]
fn a_full_disk_is_counted_and_told_once_there_is_room_again() {
    // The device that is always full (`full(4)`).
    let folder = crate::testing::folder("full");
    let path = folder.join("events.jsonl");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let log = open(&path);
    log.notice(Notice::info("portcullis.test", "lost"));
    log.flush();
    let state = log.state();
    assert_eq!((state.written, state.lost, state.failing), (0, 1, true));

    let roomy = folder.join("roomy.jsonl");
    log.move_to(&roomy).unwrap();
    std::thread::sleep(RETRY);
    log.notice(Notice::info("portcullis.test", "there is room"));
    log.flush();
    let state = log.state();
    assert!(!state.failing && state.written >= 2, "{state:?}");
    let text = fs::read_to_string(&roomy).unwrap();
    assert!(text.contains("portcullis.log.failed") && text.contains("events were lost"), "{text}");
    drop(log);
    assert!(verify(&[roomy], &keys()).unwrap().faults.is_empty());
}
