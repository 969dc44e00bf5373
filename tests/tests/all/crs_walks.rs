//! The planned walk sees what the plain one sees, in every exchange of the CRS regression tests: matches with
//! their values, log lines, captures and scores.

use std::sync::Arc;
use std::time::Duration;

use portcullis::layers::arrival::framing::ReaderLimits;
use portcullis_seclang::{RuleSet, Source, Start, Transaction, Walk};
use portcullis_tests::crs::{Crs, process, request, suite};
use portcullis_tests::wire::{Read, Request, read_bytes};

const SCORES: [&str; 16] = [
    "inbound_anomaly_score_pl1",
    "inbound_anomaly_score_pl2",
    "inbound_anomaly_score_pl3",
    "inbound_anomaly_score_pl4",
    "outbound_anomaly_score_pl1",
    "outbound_anomaly_score_pl2",
    "blocking_inbound_anomaly_score",
    "blocking_outbound_anomaly_score",
    "detection_inbound_anomaly_score",
    "sql_injection_score",
    "xss_score",
    "rfi_score",
    "lfi_score",
    "rce_score",
    "php_injection_score",
    "http_violation_score",
];

/// Everything that can be seen of an exchange.
fn seen(set: &Arc<RuleSet>, request: &Request, walk: Walk) -> String {
    let now = Duration::from_secs(1_800_000_000);
    let start = Start { unique_id: "walks".to_owned(), now, walk, ..Start::default() };
    let mut transaction = Transaction::new(Arc::clone(set), start);
    let stopped = process::judged(&mut transaction, request).err();
    transaction.finish();
    let captures = (0..10).map(|capture| capture.to_string());
    let variables: Vec<_> = SCORES
        .iter()
        .map(|score| (*score).to_owned())
        .chain(captures)
        .map(|name| (transaction.tx(&name).map(|value| value.escape_ascii().to_string()), name))
        .collect();
    format!("{stopped:?}\n{:#?}\n{variables:#?}\n{:#?}", transaction.matches(), transaction.log_lines())
}

/// The requests of the suite that the reader lets through.
fn requests(crs: &Crs) -> Vec<(String, Request)> {
    let limits = ReaderLimits { tolerant: true, ..ReaderLimits::default() };
    let mut found = Vec::new();
    for test in suite::load(&crs.tests) {
        for stage in &test.stages {
            let sent = request::bytes(&stage.input).unwrap();
            if let Some(Read::Request(request)) = read_bytes(&sent, limits).into_iter().next() {
                found.push((test.id.clone(), *request));
            }
        }
    }
    found
}

#[test]
fn both_walks_see_the_same_in_every_exchange_of_the_crs_suite() {
    let crs = Crs::find();
    let requests = requests(&crs);
    assert!(requests.len() > 4500, "only {} requests were found", requests.len());
    // As the suite wants it: all levels, watching.
    let set = process::rules(&crs, &[Source::file(&crs.suite_setup)]);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = requests.len().div_ceil(threads);
    std::thread::scope(|scope| {
        for part in requests.chunks(share) {
            let set = &set;
            scope.spawn(move || {
                for (id, request) in part {
                    let (planned, plain) =
                        (seen(set, request, Walk::Planned), seen(set, request, Walk::Plain));
                    assert!(planned == plain, "{id}: planned\n{planned}\nplain\n{plain}");
                }
            });
        }
    });
}
