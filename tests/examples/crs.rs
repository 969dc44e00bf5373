//! `cargo run -p portcullis-tests --example crs [BEGINNING OF IDS]`: the CRS regression tests in process, and all
//! in which they differ from what is written.

use portcullis_seclang::Source;
use portcullis_tests::crs::{Crs, process, suite};

fn main() {
    let beginning = std::env::args().nth(1).unwrap_or_default();
    let crs = Crs::find();
    let mut tests = suite::load(&crs.tests);
    tests.retain(|test| test.id.starts_with(&beginning));
    let set = process::rules(&crs, &[Source::file(&crs.suite_setup)]);
    let failures = process::run(&set, &tests);
    for failure in &failures {
        println!("{}\n  {}", failure.id, failure.differences.join("\n  "));
    }
    println!("{} tests, {} failed", tests.len(), failures.len());
}
