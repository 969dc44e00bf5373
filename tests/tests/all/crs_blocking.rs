//! The CRS regression tests with rules that block.

use std::sync::Arc;

use portcullis_seclang::{RuleSet, Source};
use portcullis_tests::crs::blocking::{Door, Tally, detecting, look, readable, scores};
use portcullis_tests::crs::suite::Test;
use portcullis_tests::crs::{Crs, process, suite};

/// The thresholds that the set ships with.
const INBOUND: i64 = 5;
const OUTBOUND: i64 = 4;
/// `severity:CRITICAL`, worth the inbound threshold alone; `ERROR` is worth the outbound one.
const CRITICAL: u8 = 2;
const ERROR: u8 = 3;

/// What is loaded once for all.
struct Sets {
    suite: Arc<RuleSet>,
    /// By level.
    watching: Vec<Arc<RuleSet>>,
    doors: Vec<Door>,
}

/// Runs a part of the tests and gives the tally and all that came out otherwise than the score has it.
fn part(sets: &Sets, tests: &[Test]) -> (Tally, Vec<String>) {
    let Sets { suite, watching, doors } = sets;
    let mut tally = Tally::default();
    let mut wrong = Vec::new();
    for test in tests {
        for stage in &test.stages {
            let Some(request) = readable(stage) else { continue };
            let positive = stage.output.log.expect_ids.contains(&test.rule);
            let negative = stage.output.log.no_expect_ids.contains(&test.rule);
            let seen = look(suite, test.rule, &request);
            let level = seen.level.unwrap_or(1).clamp(1, 4);
            let at = usize::from(level - 1);
            let (inbound, outbound) = scores(watching.get(at).unwrap(), &request);
            let must = inbound >= INBOUND || outbound >= OUTBOUND;
            let came = doors.get(at).unwrap().pass(readable(stage).unwrap());
            let refused = came.refused.is_some();
            if refused != must {
                wrong.push(format!(
                    "{}: scores {inbound} in, {outbound} out at level {level}, came {came:?}",
                    test.id
                ));
            }
            if refused && came.status != 403 {
                wrong.push(format!("{}: refused with {}", test.id, came.status));
            }
            let outbound_rule = (950_000..980_000).contains(&test.rule);
            let enough = seen.severity.is_some_and(|one| one <= if outbound_rule { ERROR } else { CRITICAL });
            if positive && enough {
                tally.positive.0 += 1;
                tally.positive.1 += usize::from(refused);
                if !refused {
                    wrong.push(format!("{}: its rule matches and it passes", test.id));
                }
            } else if positive {
                tally.weak.0 += 1;
                tally.weak.1 += usize::from(refused);
            } else if negative {
                tally.negative.0 += 1;
                tally.negative.1 += usize::from(!refused);
                if let Some(code) = &came.refused {
                    *tally.by_others.entry(code.clone()).or_default() += 1;
                    if !must {
                        wrong.push(format!("{}: must reach the app, came {came:?}", test.id));
                    }
                }
            }
        }
    }
    (tally, wrong)
}

#[test]
fn what_the_crs_tests_expect_to_match_is_refused_and_the_rest_reaches_the_app() {
    let crs = Crs::find();
    let tests = suite::load(&crs.tests);
    let mut sets = Sets {
        suite: process::rules(&crs, &[Source::file(&crs.suite_setup)]),
        watching: (1..=4).map(|level| detecting(&crs, level)).collect(),
        doors: Vec::new(),
    };
    for early in [false, true] {
        sets.doors = (1..=4).map(|level| Door::open(&crs, level, early).unwrap()).collect();
        let (one, other) = tests.split_at(tests.len() / 2);
        let sets = &sets;
        let (one, other) = std::thread::scope(|scope| {
            let one = scope.spawn(|| part(sets, one));
            let other = scope.spawn(|| part(sets, other));
            (one.join().unwrap(), other.join().unwrap())
        });
        let (a, b) = (one.0, other.0);
        let sum = |a: (usize, usize), b: (usize, usize)| (a.0 + b.0, a.1 + b.1);
        println!(
            "early blocking {early}: of positive stages {:?} refused, of those whose rule scores less {:?}, of \
             negative ones {:?} came through; others by {:?} {:?}",
            sum(a.positive, b.positive),
            sum(a.weak, b.weak),
            sum(a.negative, b.negative),
            a.by_others,
            b.by_others
        );
        let wrong: Vec<String> = one.1.into_iter().chain(other.1).collect();
        assert!(wrong.is_empty(), "{} of the stages:\n{}", wrong.len(), wrong.join("\n"));
        assert!(sum(a.positive, b.positive).0 > 3000, "hardly any test was run");
    }
}
