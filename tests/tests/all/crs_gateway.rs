//! The CRS regression tests, all of them and unaltered, by go-ftw itself against the program over a socket.

use portcullis_tests::crs::process::Failure;
use portcullis_tests::crs::{Crs, exceptions, gateway, suite};

/// Two halves of the suite, for two cores: each with a gate, a backend and a log of its own.
const HALVES: [&str; 2] = ["^9([0-2]|3[0-3])", "^9(3[4-9]|[4-9])"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn go_ftw_finds_every_crs_regression_test_as_written() {
    let crs = Crs::find();
    let [one, other] = HALVES;
    let (one, other) = tokio::join!(gateway::run(&crs, one, "one"), gateway::run(&crs, other, "other"));
    let (mut all, other) = (one.unwrap(), other.unwrap());
    all.success.extend(other.success);
    all.failed.extend(other.failed);
    let tests = suite::load(&crs.tests).len();
    assert_eq!(all.success.len() + all.failed.len(), tests, "go-ftw ran another number of tests");
    let failure = |id: &String| Failure { id: id.clone(), differences: vec!["by go-ftw".to_owned()] };
    let failures: Vec<Failure> = all.failed.iter().map(failure).collect();
    crate::crs_suite::judge(tests, &failures, &exceptions::load("gateway"));
}
