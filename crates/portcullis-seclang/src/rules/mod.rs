//! A compiled rule set: immutable, shared by all transactions of all sites.

mod bits;
mod compile;
mod condition;
mod text;

use std::collections::HashMap;
use std::path::PathBuf;

use crate::error::{Fault, LoadError};
use crate::load::actions::Phase;
use crate::load::{self};
use crate::operators::GeoDatabase;
use crate::plan::Plan;
use crate::settings::Settings;
use crate::source::{Disk, Files, Location, Source};
use crate::strings::StrId;

pub(crate) use bits::Bits;
pub(crate) use condition::{Aim, Condition, Control, Effect, Judge, Number, Write};
pub(crate) use text::{Macro, Name, Part, Template};

/// A compiled rule set.
///
/// Load it once, put it into an [`Arc`](std::sync::Arc), and give a clone of that to every
/// [`Transaction`](crate::Transaction).
#[derive(Debug)]
pub struct RuleSet {
    pub(crate) settings: Settings,
    pub(crate) rules: Vec<Rule>,
    /// The rules of each phase, in order.
    pub(crate) phases: [Vec<usize>; 5],
    /// Names of `TX` variables that rules write or read, by slot. The first ten are the captures.
    pub(crate) slots: Vec<Box<[u8]>>,
    /// The names as texts.
    pub(crate) slot_names: Vec<StrId>,
    pub(crate) slot_of: HashMap<Box<[u8]>, usize>,
    /// Texts that stand in the rules.
    pub(crate) constants: Vec<Box<[u8]>>,
    /// Each of them as a number.
    pub(crate) constant_numbers: Vec<i64>,
    /// Names of request headers that rules ask for, in lower case.
    pub(crate) headers: Vec<Box<[u8]>>,
    pub(crate) geo: Option<GeoDatabase>,
    pub(crate) plan: Plan,
    notes: Vec<Fault>,
}

/// One rule with the rules chained to it.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: u64,
    pub(crate) phase: Phase,
    pub(crate) at: Location,
    /// The rule itself, then its chain.
    pub(crate) conditions: Vec<Condition>,
    pub(crate) msg: Option<Template>,
    pub(crate) logdata: Option<Template>,
    pub(crate) tags: Vec<Template>,
    pub(crate) severity: Option<u8>,
    pub(crate) ver: Option<Box<str>>,
    pub(crate) rev: Option<Box<str>>,
    pub(crate) maturity: Option<u8>,
    pub(crate) accuracy: Option<u8>,
    pub(crate) log: bool,
    pub(crate) audit: bool,
    pub(crate) outcome: Outcome,
    pub(crate) status: Option<u16>,
    /// Where rules go on after a match: an index into the rules of the phase.
    pub(crate) next: Option<usize>,
}

/// What a match does to the exchange.
#[derive(Debug)]
pub(crate) enum Outcome {
    Pass,
    Deny,
    Drop,
    Redirect(Template),
    AllowTransaction,
    AllowPhase,
    AllowRequest,
}

impl RuleSet {
    /// Loads the sources in order, as if they were one text.
    ///
    /// # Errors
    /// Every fault that was found, each with its file, line, column and reason. A set with a fault is not
    /// loaded at all.
    pub fn load(sources: &[Source], files: &dyn Files) -> Result<Self, LoadError> {
        compile::compile(load::load(sources, files)?, files)
    }

    /// Loads one file of the machine, with what it includes.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_file(path: impl Into<PathBuf>) -> Result<Self, LoadError> {
        Self::load(&[Source::File(path.into())], &Disk)
    }

    /// What directives other than rules set.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What was written and does nothing, for instance a `SecRuleRemoveById` that names no rule.
    #[must_use]
    pub fn notes(&self) -> &[Fault] {
        &self.notes
    }

    /// How many rules there are; a chain counts as one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The ids of all rules, in order.
    pub fn ids(&self) -> impl Iterator<Item = u64> {
        self.rules.iter().map(|rule| rule.id)
    }

    /// Where the rule of that id stands.
    #[must_use]
    pub fn location(&self, id: u64) -> Option<&Location> {
        self.rules.iter().find(|rule| rule.id == id).map(|rule| &rule.at)
    }
}
