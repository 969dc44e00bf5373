//! What the fuzz targets check holds for all seeds, and for every find that was kept among them
//! (`fuzz/run.sh` looks for more).

use std::path::Path;

#[path = "../../../fuzz/src/lib.rs"]
#[expect(
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "written for the fuzzer, where a panic is the finding"
)]
mod targets;

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        run(&std::fs::read(&path).unwrap());
        count += 1;
    }
    assert!(count > 0, "no seeds in {}", folder.display());
}

#[test]
fn what_the_strict_reader_passes_is_read_alike_behind_it() {
    replay("reader", targets::reader::run);
}

#[test]
fn every_text_is_a_policy_or_an_error_that_can_be_shown() {
    replay("policy", targets::policy::run);
}

#[test]
fn every_cookie_path_and_forwarding_header_is_judged() {
    replay("arrival", targets::arrival::run);
}

#[test]
fn nothing_of_a_page_changes_but_for_tokens() {
    replay("page", targets::page::run);
}

#[test]
fn every_connection_comes_to_an_end_in_the_engine() {
    replay("exchange", targets::exchange::run);
}

#[test]
fn an_introduction_is_found_whatever_comes_behind_it() {
    replay("introduced", targets::introduced::run);
}

#[test]
fn a_log_is_as_it_was_written_only_where_every_byte_is() {
    replay("log", targets::log::run);
}

#[test]
fn every_text_is_a_rule_set_or_faults_with_their_places() {
    replay("rules", targets::rules::run);
}

#[test]
fn transformations_do_what_a_plain_reading_of_them_does() {
    replay("transforms", targets::transforms::run);
}

#[test]
fn a_body_without_a_fault_is_read_as_plain_readers_read_it() {
    replay("bodies", targets::bodies::run);
}

#[test]
fn the_planned_walk_finds_what_the_plain_one_finds() {
    replay("transaction", targets::transaction::run);
}

#[test]
fn every_detector_judges_every_input_and_says_where_and_why() {
    replay("detectors", targets::detectors::run);
}
