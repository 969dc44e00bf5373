//! The suite with rules that block: what must be refused is, what must reach the app does.
//!
//! The regression tests themselves only look at a log. Here each runs through the engine with the rule set
//! enforcing at the paranoia level of the rule that it is about, with the thresholds of the set. A request must be
//! refused exactly when the score that its rules make up reaches the threshold.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use portcullis::body::Progress;
use portcullis::keys::Keyring;
use portcullis::layers::caller::Lent;
use portcullis::verdict::Grounds;
use portcullis::{Engine, Layer, Listener, Moment, Peer, Policy, Refusal, Release};
use portcullis_seclang::{Disk, RuleSet, Source, Start, Transaction};

use super::suite::Stage;
use super::{Crs, albedo, process, request};
use crate::wire::{Read, Request, read_bytes};

/// What a rule set needs to block as the suite's set-up has it log: the same limits, bodies and processors.
#[must_use]
pub fn set_up(crs: &Crs, paranoia: u8, early: bool) -> String {
    let written = std::fs::read_to_string(&crs.suite_setup).unwrap_or_default();
    let early = if early { ",setvar:tx.early_blocking=1" } else { "" };
    written
        .replace("SecRuleEngine DetectionOnly", "SecRuleEngine On")
        .replace("ctl:ruleEngine=DetectionOnly,", "")
        .replace(
            "setvar:tx.blocking_paranoia_level=4",
            &format!("setvar:tx.blocking_paranoia_level={paranoia}{early}"),
        )
}

/// What came of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    /// The code of the refusal.
    pub refused: Option<String>,
    /// The status that the client got.
    pub status: u16,
    /// Whether the app was asked.
    pub reached: bool,
}

/// For the names of files.
static OPENED: AtomicUsize = AtomicUsize::new(0);

/// The engine with the Core Rule Set enforcing, every other layer only observing.
pub struct Door {
    engine: Engine,
}

impl Door {
    /// Loads the set.
    ///
    /// # Errors
    /// When it does not load.
    pub fn open(crs: &Crs, paranoia: u8, early: bool) -> Result<Self, Box<dyn std::error::Error>> {
        let number = OPENED.fetch_add(1, Ordering::Relaxed);
        let setup =
            std::env::temp_dir().join(format!("portcullis-blocking-{}-{number}.conf", std::process::id()));
        std::fs::write(&setup, set_up(crs, paranoia, early))?;
        let mut policy = String::new();
        for layer in Layer::ALL.into_iter().filter(|layer| !matches!(layer, Layer::Gate | Layer::Event)) {
            policy.push_str(&format!("[{}]\nmode = \"observe\"\n", layer.name()));
        }
        let files = [&setup, &crs.setup].into_iter().map(|path| path.display().to_string());
        let rules: Vec<String> = files.chain([crs.rules.join("*.conf").display().to_string()]).collect();
        policy.push_str(&format!("[gate]\nrules = {rules:?}\n"));
        let (mut policy, _) = Policy::parse("the blocking suite", &policy)?;
        let loaded = policy.load_rules(Path::new(""), &Disk);
        std::fs::remove_file(&setup)?;
        loaded?;
        Ok(Self { engine: Engine::new(policy, Keyring::new([7; 32], Vec::new())) })
    }

    /// One exchange.
    #[must_use]
    pub fn pass(&self, request: Request) -> Came {
        let peer = Peer {
            address: SocketAddr::from(([127, 0, 0, 1], 50_000)),
            listener: Listener::DangerousPlain,
            tls: None,
        };
        let moment = Moment { since_epoch: Duration::from_secs(1_800_000_000), entropy: [3; 32] };
        let (method, path) = (request.head.method.clone(), request.head.uri.path().to_owned());
        let refused = |refusal: Box<Refusal>, reached| Came {
            refused: Some(refusal.reason.code().to_owned()),
            status: refusal.response.status().as_u16(),
            reached,
        };
        let received = match self.engine.receive(request.head, Some(&request.wire), &peer, moment) {
            ControlFlow::Break(refusal) => return refused(refusal, false),
            ControlFlow::Continue(received) => received,
        };
        let identified = match self.engine.identify(received, Lent::default()) {
            ControlFlow::Break(refusal) => return refused(refusal, false),
            ControlFlow::Continue(identified) => identified,
        };
        let mut inspector = identified.inspector();
        if inspector.wants_body() && inspector.push(Bytes::from(request.body.clone())) == Progress::More {
            inspector.end();
        }
        let admitted = match self.engine.admit(identified, &mut inspector) {
            ControlFlow::Break(refusal) => return refused(refusal, false),
            ControlFlow::Continue(admitted) => admitted,
        };
        let (_, outstanding) = admitted.depart();
        let answer = albedo::answer(method.as_str(), &path, &request.body);
        let mut response = http::Response::builder().status(answer.status);
        for (name, value) in &answer.headers {
            response = response.header(name, value);
        }
        let head = response.body(()).unwrap_or_default().into_parts().0;
        let departure = match self.engine.release(outstanding, head) {
            Release::Ready(departure) => departure,
            Release::Hold(held) => match held.push(&answer.body) {
                Release::Ready(departure) => departure,
                Release::Hold(held) => held.end(),
            },
        };
        let code = departure
            .events
            .iter()
            .find(|event| event.outcome() == portcullis::layers::record::event::Outcome::Refused)
            .and_then(portcullis::Event::code);
        Came { refused: code.map(str::to_owned), status: departure.head.status.as_u16(), reached: true }
    }
}

/// What the rules say of a stage when they only detect.
#[derive(Debug, Clone, Default)]
pub struct Scores {
    /// The paranoia level of the rule that the test is about, where it matched.
    pub level: Option<u8>,
    /// Its severity: 2 is critical.
    pub severity: Option<u8>,
}

/// Looks at a stage with the suite's own set-up.
#[must_use]
pub fn look(set: &Arc<RuleSet>, rule: u32, request: &Request) -> Scores {
    let start = Start { now: Duration::from_secs(1_800_000_000), ..Start::default() };
    let mut transaction = Transaction::new(Arc::clone(set), start);
    let _ = process::judged(&mut transaction, request);
    let matched = transaction.matches().iter().find(|one| one.id == u64::from(rule));
    let level = matched.and_then(|one| {
        one.tags
            .iter()
            .find_map(|tag| std::str::from_utf8(tag).ok()?.strip_prefix("paranoia-level/")?.parse().ok())
    });
    Scores { level, severity: matched.and_then(|one| one.severity) }
}

/// The scores of a stage where rules detect at a level: inbound and outbound.
#[must_use]
pub fn scores(set: &Arc<RuleSet>, request: &Request) -> (i64, i64) {
    let start = Start { now: Duration::from_secs(1_800_000_000), ..Start::default() };
    let mut transaction = Transaction::new(Arc::clone(set), start);
    let _ = process::judged(&mut transaction, request);
    let score = |name: &str| {
        let text = transaction.tx(name).unwrap_or_default();
        std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
    };
    (score("blocking_inbound_anomaly_score"), score("blocking_outbound_anomaly_score"))
}

/// The set that only detects at each level, to know the score by.
#[must_use]
pub fn detecting(crs: &Crs, paranoia: u8) -> Arc<RuleSet> {
    let text = set_up(crs, paranoia, false).replace("SecRuleEngine On", "SecRuleEngine DetectionOnly");
    process::rules(crs, &[Source::text("the blocking suite", text)])
}

/// The request of a stage, where a front end can read it.
#[must_use]
pub fn readable(stage: &Stage) -> Option<Request> {
    let sent = request::bytes(&stage.input).ok()?;
    let limits = portcullis::layers::arrival::framing::ReaderLimits {
        tolerant: true,
        ..portcullis::layers::arrival::framing::ReaderLimits::default()
    };
    match read_bytes(&sent, limits).into_iter().next()? {
        Read::Request(request) if request.body_fault.is_none() => Some(*request),
        Read::Request(_) | Read::Malformed(_) => None,
    }
}

/// What the suite came to, to be printed.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Positive stages of rules that score enough alone, and how many were refused.
    pub positive: (usize, usize),
    /// Positive stages of rules that score less, or not at all, and how many were refused by all their rules.
    pub weak: (usize, usize),
    /// Negative stages, and how many reached the app and came back.
    pub negative: (usize, usize),
    /// Negative stages refused by other rules than the one that they are about, by the code of the refusal.
    pub by_others: BTreeMap<String, usize>,
}
