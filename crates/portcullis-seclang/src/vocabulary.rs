//! Every name of the reference manual, and what becomes of it here.

use crate::load::actions::{ACTIONS, REFUSED_ACTIONS};
use crate::load::ctl::{CTLS, REFUSED_CTLS};
use crate::load::directives::{DIRECTIVES, Take};
use crate::syntax::names::{REFUSED_VARIABLES, VARIABLES};
use crate::transforms::Transform;

/// What a name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `SecRule` and its kin.
    Directive,
    /// `ARGS` and its kin.
    Variable,
    /// `@rx` and its kin.
    Operator,
    /// `t:lowercase` and its kin.
    Transformation,
    /// `deny` and its kin.
    Action,
    /// `ctl:ruleEngine` and its kin.
    Ctl,
}

/// What becomes of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It works.
    Supported,
    /// It is read and changes nothing; why.
    Idle(&'static str),
    /// It is an error when rules are loaded; why.
    Refused(&'static str),
}

/// One name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// What it names.
    pub kind: Kind,
    /// The name as the manual writes it.
    pub name: &'static str,
    /// What becomes of it.
    pub support: Support,
}

/// Operators that judge bytes; detectors are operators too.
#[rustfmt::skip]
const OPERATORS: &[&str] = &[
    "beginsWith", "contains", "containsWord", "endsWith", "eq", "ge", "geoLookup", "gt", "ipMatch", "ipMatchF",
    "ipMatchFromFile", "le", "lt", "noMatch", "pm", "pmf", "pmFromFile", "rx", "rxGlobal", "streq", "strmatch",
    "unconditionalMatch", "validateByteRange", "validateSchema", "validateUrlEncoding", "validateUtf8Encoding",
    "verifyCC", "verifyCPF", "verifySSN", "verifySVNR", "within",
];

const REFUSED_OPERATORS: &[&str] =
    &["fuzzyHash", "gsbLookup", "inspectFile", "rbl", "rsub", "validateDTD", "validateHash", "verifyEmail"];

/// Every name that is known.
#[must_use]
pub fn vocabulary() -> Vec<Word> {
    let word = |kind, name, support| Word { kind, name, support };
    let mut words = Vec::new();
    words.extend(DIRECTIVES.iter().map(|(name, take)| {
        let support = match take {
            Take::Supported => Support::Supported,
            Take::Idle(why) => Support::Idle(why),
            Take::Refused(why) => Support::Refused(why),
        };
        word(Kind::Directive, name, support)
    }));
    let known = VARIABLES.iter().map(|(name, ..)| word(Kind::Variable, name, Support::Supported));
    words.extend(known);
    words.extend(refused(Kind::Variable, REFUSED_VARIABLES));
    words.extend(OPERATORS.iter().map(|name| word(Kind::Operator, name, Support::Supported)));
    words.extend(REFUSED_OPERATORS.iter().map(|name| {
        let why = crate::operators::refusal(&name.to_ascii_lowercase()).unwrap_or_default();
        word(Kind::Operator, name, Support::Refused(why))
    }));
    words.extend(crate::detectors::names().map(|name| word(Kind::Operator, name, Support::Supported)));
    words.extend(Transform::all().map(|known| word(Kind::Transformation, known.name(), Support::Supported)));
    words.extend(ACTIONS.iter().map(|name| word(Kind::Action, name, Support::Supported)));
    words.extend(refused(Kind::Action, REFUSED_ACTIONS));
    words.extend(CTLS.iter().map(|name| word(Kind::Ctl, name, Support::Supported)));
    words.extend(refused(Kind::Ctl, REFUSED_CTLS));
    words
}

fn refused(kind: Kind, names: &'static [(&'static str, &'static str)]) -> impl Iterator<Item = Word> {
    names.iter().map(move |(name, why)| Word { kind, name, support: Support::Refused(why) })
}
