//! What one `SecRule` asks and what it writes when the answer is yes.

use super::bits::Bits;
use super::text::{Macro, Name, Template};
use crate::bodies::Processor;
use crate::detectors::Find;
use crate::load::ctl::PartsChange;
use crate::operators::{Comparison, Operator};
use crate::settings::{AuditMode, EngineMode};
use crate::syntax::names::Variable;
use crate::syntax::targets::Target;
use crate::transforms::Transform;

/// One rule of a chain.
#[derive(Debug)]
pub(crate) struct Condition {
    /// What it looks at; empty for `SecAction`.
    pub(crate) targets: Box<[Aim]>,
    /// What it leaves out.
    pub(crate) exclusions: Box<[Target]>,
    pub(crate) judge: Judge,
    /// The argument, where it has macros.
    pub(crate) argument: Option<Template>,
    pub(crate) negated: bool,
    /// The names as written: `Rx`, and the argument, for log lines.
    pub(crate) operator_name: Box<str>,
    pub(crate) operator_argument: Box<str>,
    pub(crate) transforms: Box<[Transform]>,
    pub(crate) multi_match: bool,
    pub(crate) capture: bool,
    pub(crate) effects: Box<[Effect]>,
}

/// A variable to look at.
#[derive(Debug)]
pub(crate) struct Aim {
    pub(crate) target: Target,
    /// For `TX`: the slots that the selector takes.
    pub(crate) slots: Box<[usize]>,
    /// For headers by name: the number of the name.
    pub(crate) header: Option<u16>,
}

/// How a value is judged.
#[derive(Debug)]
pub(crate) enum Judge {
    /// `SecAction`
    Always,
    /// An operator of bytes.
    Operator(Box<Operator>),
    /// Numbers with an argument that is one `TX` variable or a number.
    Compare(Comparison, Number),
    /// `@detectSQLi` and its kin.
    Detector(Find),
}

#[derive(Debug)]
pub(crate) enum Number {
    Constant(i64),
    Macro(Macro),
}

/// What a match writes.
#[derive(Debug)]
pub(crate) enum Effect {
    SetTx(Name, Write),
    SetVar { collection: Variable, name: Template, write: Write },
    Expire { collection: Variable, name: Template, seconds: Template },
    SetEnv { name: Template, value: Template },
    InitCol { collection: Variable, key: Template },
    Control(Control),
}

#[derive(Debug)]
pub(crate) enum Write {
    Set(Template),
    Add(Template),
    Subtract(Template),
    Unset,
}

/// `ctl`, with the rules it means looked up.
#[derive(Debug)]
pub(crate) enum Control {
    AuditEngine(AuditMode),
    AuditLogParts(PartsChange),
    ForceRequestBodyVariable(bool),
    RequestBodyAccess(bool),
    RequestBodyLimit(u64),
    RequestBodyProcessor(Processor),
    ResponseBodyAccess(bool),
    ResponseBodyLimit(u64),
    RuleEngine(EngineMode),
    RuleRemove(Bits),
    RuleRemoveTarget(Bits, Target),
    /// Nothing that a transaction does.
    Idle,
}

impl Condition {
    /// Where the operator finds what it looks for, if that is a part of the value.
    pub(crate) fn span(&self, value: &[u8]) -> Option<std::ops::Range<usize>> {
        let Judge::Operator(operator) = &self.judge else { return None };
        if self.negated {
            return None;
        }
        let mut found = crate::operators::Found::default();
        let holds = operator.matches(value, None, Some(&mut found));
        found.ranges().next().flatten().filter(|range| holds && range.len() < value.len())
    }
}
