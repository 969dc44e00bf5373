//! The plan: made once when a set is loaded, so that a rule costs nothing where it cannot match.
//!
//! Most rules look for something that most values do not have. What a match of a rule must contain is worked
//! out from its operator ([`need`]): one of some literals, or a byte of some kinds. One pass over a value
//! ([`scan`]) then tells which rules could match it at all. Rules run in their order as ever; only those are
//! passed over that cannot match any of their values, which changes nothing that can be seen.
//!
//! Values are transformed once for each chain of transformations, and not at all where a chain cannot change
//! bytes such as theirs; most values are what they were after every chain, and are scanned once.

mod build;
mod fold;
mod grams;
pub(crate) mod need;
pub(crate) mod scan;

use crate::rules::Bits;
use crate::syntax::names::Variable;
use crate::syntax::targets::Selector;
use crate::transforms::{ByteClasses, Transform};
use fold::Folds;
use scan::{Block, Scanner};

/// How a rule set is walked.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Chains of transformations, as a tree. The first is the empty chain.
    pub(crate) steps: Vec<Step>,
    /// The transformations in use, by their bit.
    pub(crate) kinds: Vec<Transform>,
    /// For each rule, for each of its conditions: the chain.
    pub(crate) chains: Vec<Vec<u16>>,
    /// Rules of which the scan tells whether their operator could match a value.
    pub(crate) scanned: Bits,
    /// Those of them that are run only for such values; the others are negated.
    pub(crate) filtered: Bits,
    /// All rules.
    pub(crate) whole: Way,
    /// The rules that are left where what was decided at load holds.
    pub(crate) folded: Way,
    pub(crate) folds: Folds,
}

/// One transformation after those of its parent.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) parent: u16,
    pub(crate) transform: Transform,
    /// The chain of this transformation alone.
    pub(crate) alone: u16,
    /// The bit of the transformation.
    pub(crate) kind: u64,
    /// The bits of all up to here.
    pub(crate) kinds: u64,
}

/// One way through the rules.
#[derive(Debug, Default)]
pub(crate) struct Way {
    /// Finds what rules of the request's phases, and of the later ones, need.
    pub(crate) scanners: [Scanner; 2],
    pub(crate) phases: [PhasePlan; 5],
}

/// One phase.
#[derive(Debug, Default)]
pub(crate) struct PhasePlan {
    /// Rules that run whatever the values are.
    pub(crate) always: Bits,
    /// What else is looked at, and by which rules.
    pub(crate) groups: Vec<Group>,
}

/// The values of a variable, and the rules that judge them.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) variable: Variable,
    pub(crate) selector: Selector,
    /// For a request header: the number of its name.
    pub(crate) header: Option<u16>,
    pub(crate) chains: Vec<Judged>,
    /// The bits of all transformations in them.
    pub(crate) kinds: u64,
    /// All their rules.
    pub(crate) rules: Box<[Block]>,
}

/// The rules that judge what comes out of a chain.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) chain: u16,
    /// The bits of its transformations.
    pub(crate) kinds: u64,
    /// The rules, as the scanner numbers them.
    pub(crate) rules: Box<[Block]>,
}

impl Plan {
    /// The bits of the transformations that could change a value of these bytes.
    pub(crate) fn changing(&self, classes: ByteClasses) -> u64 {
        self.kinds
            .iter()
            .enumerate()
            .filter(|(_, transform)| transform.can_change(classes))
            .fold(0, |bits, (index, _)| bits | 1 << index)
    }
}

pub(crate) use build::plan;
