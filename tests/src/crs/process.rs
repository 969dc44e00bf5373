//! A stage in process: its bytes through the strict reader, the rules over what was read, the app's answer,
//! and the rules over that.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use portcullis::layers::arrival::framing::{ReaderLimits, Wire};
use portcullis::verdict::Grounds;
use portcullis_seclang::{Disk, Intervention, RuleSet, Source, Start, Transaction};

use super::judge::Outcome;
use super::suite::{Stage, Test};
use super::{Crs, albedo, request};
use crate::wire::{Read, Request, read_bytes};

/// What came of a test that did not come out as written.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The test.
    pub id: String,
    /// Everything in which a stage differs.
    pub differences: Vec<String>,
}

/// The rules as the suite wants them: its own set-up, the set's, the rules.
///
/// # Panics
/// When they do not load: a suite must not pass without its rules.
#[must_use]
#[expect(clippy::panic, reason = "a suite whose rules do not load must fail and say why")]
pub fn rules(crs: &Crs, first: &[Source]) -> Arc<RuleSet> {
    let mut sources = first.to_vec();
    sources.push(Source::file(&crs.setup));
    sources.extend(crs.rule_files().into_iter().map(Source::file));
    match RuleSet::load(&sources, &Disk) {
        Ok(set) => Arc::new(set),
        Err(error) => panic!("the Core Rule Set does not load:\n{error}"),
    }
}

/// Runs every test, on as many threads as there are cores, and tells which failed.
#[must_use]
pub fn run(set: &Arc<RuleSet>, tests: &[Test]) -> Vec<Failure> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = tests.len().div_ceil(threads).max(1);
    let mut failures = Vec::new();
    std::thread::scope(|scope| {
        let running: Vec<_> = tests
            .chunks(share)
            .map(|tests| {
                scope.spawn(move || tests.iter().filter_map(|test| failure(set, test)).collect::<Vec<_>>())
            })
            .collect();
        for thread in running {
            failures.extend(thread.join().unwrap_or_else(|_| {
                vec![Failure { id: "a thread".to_owned(), differences: vec!["panicked".to_owned()] }]
            }));
        }
    });
    failures
}

fn failure(set: &Arc<RuleSet>, test: &Test) -> Option<Failure> {
    let mut differences = Vec::new();
    for stage in &test.stages {
        match outcome(set, stage) {
            Ok(outcome) => differences.extend(outcome.differences(&stage.output)),
            Err(error) => differences.push(error),
        }
    }
    (!differences.is_empty()).then(|| Failure { id: test.id.clone(), differences })
}

/// What comes of one stage.
///
/// # Errors
/// When its request cannot be built.
pub fn outcome(set: &Arc<RuleSet>, stage: &Stage) -> Result<Outcome, String> {
    let sent = request::bytes(&stage.input)?;
    // The rules are to judge, so that the reader hands on all that can be read in one way.
    let limits = ReaderLimits { tolerant: true, ..ReaderLimits::default() };
    let refused = |status: http::StatusCode| Outcome { status: Some(status.as_u16()), ..Outcome::default() };
    match read_bytes(&sent, limits).into_iter().next() {
        None => Ok(Outcome::default()),
        Some(Read::Malformed(wire)) => Ok(refused(wire.fatal().status())),
        Some(Read::Request(request)) => match &request.body_fault {
            Some(fault) => Ok(refused(fault.status())),
            None => Ok(exchange(set, &request)),
        },
    }
}

/// One exchange with the app behind the rules.
#[must_use]
pub fn exchange(set: &Arc<RuleSet>, request: &Request) -> Outcome {
    let start =
        Start { unique_id: "crs".to_owned(), now: Duration::from_secs(1_800_000_000), ..Start::default() };
    let mut transaction = Transaction::new(Arc::clone(set), start);
    let mut outcome = Outcome::default();
    match judged(&mut transaction, request) {
        Ok(answer) => {
            outcome.status = Some(answer.status);
            outcome.answer = answer.body;
        }
        Err(intervention) => outcome.status = Some(intervention.status),
    }
    transaction.finish();
    outcome.log = transaction.log_lines().into_iter().map(String::into_bytes).collect();
    outcome
}

/// Everything up to the last phase; the app's answer, or what stopped it.
///
/// # Errors
/// The intervention of a rule.
pub fn judged(transaction: &mut Transaction, request: &Request) -> Result<albedo::Answer, Intervention> {
    let stop = |stopped: Option<Intervention>| stopped.map_or(Ok(()), Err);
    let line = request.wire.head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ');
    let mut word = || words.next().unwrap_or_default();
    let (method, target, protocol) = (word(), word(), word());
    transaction
        .connection(SocketAddr::from(([127, 0, 0, 1], 50_000)), SocketAddr::from(([127, 0, 0, 1], 80)));
    transaction.request_line(method, target, protocol);
    let fields = fields(&request.wire, &request.head.headers);
    let is_type = |name: &[u8]| name.eq_ignore_ascii_case(b"content-type");
    let types: Vec<&[u8]> =
        fields.iter().filter(|(name, _)| is_type(name)).map(|(_, value)| *value).collect();
    let types = types.join(&b", "[..]);
    let mut type_told = false;
    for (name, value) in fields {
        match is_type(name) {
            // As the layer does: one field, whose value is all of them (RFC 9110 section 5.2).
            true if std::mem::replace(&mut type_told, true) => {}
            true => transaction.request_header(name, &types),
            false => transaction.request_header(name, value),
        }
    }
    stop(transaction.request_head_done())?;
    if transaction.wants_request_body() {
        stop(transaction.request_body_chunk(&request.body))?;
    }
    stop(transaction.request_body_done())?;

    let path = request.head.uri.path();
    let answer = albedo::answer(request.head.method.as_str(), path, &request.body);
    let status = http::StatusCode::from_u16(answer.status).ok();
    let reason = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
    transaction.response_line(b"HTTP/1.1", answer.status, reason.as_bytes());
    for (name, value) in &answer.headers {
        transaction.response_header(name.as_bytes(), value.as_bytes());
    }
    transaction.response_header(b"Content-Length", answer.body.len().to_string().as_bytes());
    stop(transaction.response_head_done())?;
    if transaction.wants_response_body() {
        stop(transaction.response_body_chunk(&answer.body))?;
    }
    stop(transaction.response_body_done())?;
    Ok(answer)
}

/// The fields as sent, less those that the reader has taken out.
fn fields<'a>(wire: &'a Wire, kept: &http::HeaderMap) -> Vec<(&'a [u8], &'a [u8])> {
    let lines = wire.head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            let (name, value) = line.split_at(line.iter().position(|byte| *byte == b':')?);
            let known = http::HeaderName::from_bytes(name).is_ok_and(|name| kept.contains_key(name));
            known.then(|| (name, value.get(1..).unwrap_or_default().trim_ascii()))
        })
        .collect()
}
