//! The CRS regression tests, all of them and unaltered, in process.

use std::collections::BTreeSet;

use portcullis_seclang::Source;
use portcullis_tests::crs::process::{self, Failure};
use portcullis_tests::crs::{Crs, exceptions, suite};

/// Fails unless exactly the excepted tests failed.
pub(crate) fn judge(tests: usize, failures: &[Failure], excepted: &[exceptions::Exception]) {
    let failed: BTreeSet<&str> = failures.iter().map(|failure| failure.id.as_str()).collect();
    let mut report = String::new();
    for failure in failures {
        if !excepted.iter().any(|exception| exception.id == failure.id) {
            report.push_str(&format!("\n{}\n  {}\n", failure.id, failure.differences.join("\n  ")));
        }
    }
    for exception in excepted {
        if !failed.contains(exception.id.as_str()) {
            report.push_str(&format!("\n{} passes now: take it out of the exceptions\n", exception.id));
        }
    }
    assert!(report.is_empty(), "{} of {tests} tests failed:\n{report}", failures.len());
}

#[test]
fn every_crs_regression_test_comes_out_as_written() {
    let crs = Crs::find();
    let tests = suite::load(&crs.tests);
    assert!(tests.len() > 5000, "only {} tests were found", tests.len());
    let set = process::rules(&crs, &[Source::file(&crs.suite_setup)]);
    let failures = process::run(&set, &tests);
    judge(tests.len(), &failures, &exceptions::load("process"));
}
