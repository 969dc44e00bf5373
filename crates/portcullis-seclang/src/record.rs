//! What came of a transaction: matches, interventions, and the lines that tell of them.

use std::sync::Arc;

use crate::load::actions::Phase;
use crate::source::Location;
use crate::syntax::names::Variable;

/// A rule, or a limit, stops the exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intervention {
    /// What is to be done.
    pub action: Action,
    /// The status to answer with.
    pub status: u16,
    /// The id of the rule; 0 for a limit.
    pub rule_id: u64,
    /// The phase it happened in.
    pub phase: Phase,
    /// Why, in one sentence: the rule's message or the limit.
    pub message: String,
}

/// What an intervention asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Answer with the status.
    Deny,
    /// Close the connection without an answer.
    Drop,
    /// Send the client there.
    Redirect(Vec<u8>),
}

/// One rule that matched.
#[derive(Clone, Debug)]
pub struct Match {
    /// The rule's id.
    pub id: u64,
    /// The phase it ran in.
    pub phase: Phase,
    /// Where it is written.
    pub at: Location,
    /// `msg`, expanded.
    pub msg: Vec<u8>,
    /// `logdata`, expanded.
    pub data: Vec<u8>,
    /// `tag`s, expanded, in order.
    pub tags: Vec<Vec<u8>>,
    /// `severity`, 0 (emergency) to 7 (debug).
    pub severity: Option<u8>,
    /// `ver`
    pub ver: Option<Box<str>>,
    /// `rev`
    pub rev: Option<Box<str>>,
    /// `maturity`
    pub maturity: Option<u8>,
    /// `accuracy`
    pub accuracy: Option<u8>,
    /// The values that matched, by every rule of the chain, in order; the last is `MATCHED_VAR`.
    pub values: Vec<MatchedValue>,
    /// The operator of the last rule of the chain, as `!@rx`, and its argument.
    pub operator: String,
    /// The argument of the operator, as written.
    pub argument: String,
    /// Whether it asks for a log line.
    pub log: bool,
    /// Whether it asks for an audit record.
    pub audit: bool,
    /// What it did, or would have done if rules were only watched.
    pub disruptive: Disruption,
}

/// What a match means for the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disruption {
    /// Nothing: the rule only tells.
    None,
    /// It stopped the exchange.
    Stopped,
    /// It would have, if the engine were not in `DetectionOnly`.
    WouldStop,
}

/// One value that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchedValue {
    /// The variable.
    pub variable: Variable,
    /// The name in the collection, as sent.
    pub name: Option<Vec<u8>>,
    /// Whether it was counted (`&`).
    pub count: bool,
    /// The value as it was judged, after the transformations.
    pub value: Vec<u8>,
    /// The value before them.
    pub raw: Vec<u8>,
    /// The part of the value that the operator found, where it is a part.
    pub span: Option<std::ops::Range<usize>>,
    /// The transformations that the rule asked for, in order.
    pub transforms: Arc<[&'static str]>,
}

impl MatchedValue {
    /// `ARGS:name`, as in `MATCHED_VAR_NAME`.
    #[must_use]
    pub fn full_name(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.count {
            out.push(b'&');
        }
        out.extend_from_slice(self.variable.name().as_bytes());
        if let Some(name) = &self.name {
            out.push(b':');
            out.extend_from_slice(name);
        }
        out
    }
}
