//! What a place leaves out of a rule set that is shared by all: a route's exclusions.

use crate::load::ctl::{self, Ctl, Which};
use crate::rules::{Bits, RuleSet, Template};
use crate::syntax::targets::Target;

/// Rules that are not run, and variables that some do not look at, for every transaction that begins with it.
#[derive(Clone, Debug, Default)]
pub struct Exclusions {
    pub(crate) removed: Bits,
    pub(crate) targets: Vec<(Bits, Target)>,
}

impl Exclusions {
    /// Reads actions as `ctl` takes them, `ruleRemoveById=942100` and its kin.
    ///
    /// # Errors
    /// Where one is not such an action, or means no rule of the set.
    pub fn compile(set: &RuleSet, written: &[&str]) -> Result<Self, String> {
        let mut exclusions = Self::default();
        for text in written {
            let (which, target) = match ctl::read(text, set.settings())? {
                Ctl::RuleRemove(which) => (which, None),
                Ctl::RuleRemoveTarget(which, target) => (which, Some(target)),
                _ => return Err(format!("`{text}` excludes nothing")),
            };
            let rules = meant(set, &which);
            if rules.is_empty() {
                return Err(format!("`{text}` means no rule that is loaded"));
            }
            match target {
                None => exclusions.removed.union(&rules),
                Some(target) => exclusions.targets.push((rules, target)),
            }
        }
        Ok(exclusions)
    }
}

fn meant(set: &RuleSet, which: &Which) -> Bits {
    let mut bits = Bits::with_len(set.rules.len());
    for (index, rule) in set.rules.iter().enumerate() {
        let is_meant = match which {
            Which::Ids(ranges) => ranges.iter().any(|(from, to)| (*from..=*to).contains(&rule.id)),
            Which::Tag(pattern) => {
                rule.tags.iter().filter_map(|tag| plain(set, tag)).any(|tag| pattern.is_match(tag))
            }
            Which::Msg(pattern) => {
                rule.msg.iter().filter_map(|msg| plain(set, msg)).any(|msg| pattern.is_match(msg))
            }
        };
        if is_meant {
            bits.insert(index);
        }
    }
    bits
}

/// A text without macros; what is made up for each exchange cannot be meant beforehand.
fn plain<'a>(set: &'a RuleSet, template: &Template) -> Option<&'a [u8]> {
    match template {
        Template::Constant(text) => set.constants.get(text.as_constant()?).map(|text| &**text),
        Template::Parts(_) => None,
    }
}
