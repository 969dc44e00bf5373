//! `SecRuleRemove*` and `SecRuleUpdate*`: rules changed after they were written.
//!
//! They hold for the whole set, wherever they stand, as in ModSecurity v3; in v2 and Coraza they reach only
//! the rules before them, and one that stands too early does nothing in silence. One that means no rule at
//! all is told as a note.

use super::Item;
use super::actions::{Action, Disruptive};
use super::ctl::{Which, ids, pattern};
use super::draft::{Draft, read_actions};
use crate::error::Fault;
use crate::settings::Settings;
use crate::source::Location;
use crate::syntax::lines::{Logical, Word};
use crate::syntax::targets::{self, Target};
use crate::syntax::text::{Part, Text};

pub(crate) struct Update {
    pub(crate) at: Location,
    which: Which,
    /// Of a rule with a chain, the link that is meant.
    link: usize,
    what: What,
}

enum What {
    Remove,
    Targets(Vec<Target>),
    Replace { old: Vec<Target>, new: Vec<Target> },
    Actions(Vec<(Action, Location)>),
}

/// Reads one of the directives.
pub(crate) fn read(name: &str, words: &[Word], line: &Logical, settings: &Settings) -> Result<Update, Fault> {
    let at = line.start();
    let fail = |message: String| Fault::new(at.clone(), message);
    let (Some(first), rest) = (words.first(), words.get(1..).unwrap_or_default()) else {
        return Err(fail(format!("`{name}` needs to say which rules")));
    };
    let mut link = 0;
    let which = if name.ends_with("ById") {
        let all = if name.starts_with("SecRuleRemove") {
            words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(",")
        } else {
            first.text.clone()
        };
        let all = match all.split_once(':') {
            Some((id, offset)) if name.starts_with("SecRuleUpdate") => {
                link = offset.parse().map_err(|_| fail(format!("`{offset}` is no place in a chain")))?;
                id.to_owned()
            }
            _ => all,
        };
        Which::Ids(ids(&all).map_err(fail)?)
    } else if name.ends_with("ByTag") {
        Which::Tag(pattern(&first.text).map_err(fail)?)
    } else {
        Which::Msg(pattern(&first.text).map_err(fail)?)
    };
    let parse = |word: &Word| {
        targets::parse(&word.text)
            .map_err(|(offset, message)| Fault::new(line.locate_in(word, offset), message))
    };
    let what = match (name, rest) {
        ("SecRuleRemoveById", _) => What::Remove,
        (name, []) if name.starts_with("SecRuleRemove") => What::Remove,
        ("SecRuleUpdateActionById", [actions]) => {
            What::Actions(read_actions(line, actions, settings).map_err(|mut faults| faults.remove(0))?)
        }
        (name, [new]) if name.starts_with("SecRuleUpdateTarget") => What::Targets(parse(new)?),
        (name, [new, old]) if name.starts_with("SecRuleUpdateTarget") => {
            What::Replace { old: parse(old)?, new: parse(new)? }
        }
        _ => return Err(fail(format!("`{name}` does not take {} words", words.len()))),
    };
    Ok(Update { at, which, link, what })
}

impl Update {
    /// Applies to every rule that is meant; gives back how many there were.
    pub(crate) fn apply(&self, items: &mut Vec<Item>) -> Result<usize, Fault> {
        if matches!(self.what, What::Remove) {
            let before = items.len();
            items.retain(|item| !matches!(item, Item::Rule(draft) if means(&self.which, draft)));
            return Ok(before - items.len());
        }
        let mut count = 0;
        for item in items {
            let Item::Rule(draft) = item else { continue };
            if !means(&self.which, draft) {
                continue;
            }
            count += 1;
            let rule: &mut Draft = match self.link.checked_sub(1) {
                None => draft,
                Some(index) => draft.links.get_mut(index).ok_or_else(|| {
                    Fault::new(self.at.clone(), format!("the chain of the rule has no link {}", self.link))
                })?,
            };
            self.change(rule)?;
        }
        Ok(count)
    }

    fn change(&self, rule: &mut Draft) -> Result<(), Fault> {
        match &self.what {
            What::Remove => {}
            What::Targets(new) => rule.targets.extend(new.iter().cloned()),
            What::Replace { old, new } => {
                rule.targets.retain(|target| !old.iter().any(|old| same(old, target)));
                rule.targets.extend(new.iter().cloned());
            }
            What::Actions(actions) => {
                for (action, at) in actions {
                    match action {
                        Action::Id(_) | Action::Phase(_) | Action::Chain => {
                            return Err(Fault::new(
                                at.clone(),
                                "`id`, `phase` and `chain` of a rule cannot be changed afterwards",
                            ));
                        }
                        Action::Disrupt(Disruptive::Block) | Action::Disrupt(_) => {
                            rule.actions.retain(|(old, _)| !matches!(old, Action::Disrupt(_)));
                        }
                        Action::Msg(_) => rule.actions.retain(|(old, _)| !matches!(old, Action::Msg(_))),
                        Action::Logdata(_) => {
                            rule.actions.retain(|(old, _)| !matches!(old, Action::Logdata(_)))
                        }
                        Action::SkipAfter(_) => {
                            rule.actions.retain(|(old, _)| !matches!(old, Action::SkipAfter(_)));
                        }
                        _ => {}
                    }
                    rule.actions.push((action.clone(), at.clone()));
                }
            }
        }
        Ok(())
    }
}

fn same(a: &Target, b: &Target) -> bool {
    use crate::syntax::targets::Selector;
    a.variable == b.variable
        && a.count == b.count
        && match (&a.selector, &b.selector) {
            (Selector::All, Selector::All) => true,
            (Selector::Name(a), Selector::Name(b)) => a == b,
            (Selector::Pattern(a), Selector::Pattern(b)) => a.as_str() == b.as_str(),
            _ => false,
        }
}

/// Whether the rule is one of these.
pub(crate) fn means(which: &Which, draft: &Draft) -> bool {
    match which {
        Which::Ids(ranges) => {
            draft.id().is_some_and(|id| ranges.iter().any(|(from, to)| (*from..=*to).contains(&id)))
        }
        Which::Tag(pattern) => draft.actions.iter().any(|(action, _)| match action {
            Action::Tag(tag) => pattern.is_match(&shown(tag)),
            _ => false,
        }),
        Which::Msg(pattern) => draft.actions.iter().any(|(action, _)| match action {
            Action::Msg(msg) => pattern.is_match(&shown(msg)),
            _ => false,
        }),
    }
}

/// A text as it was written.
pub(crate) fn shown(text: &Text) -> Vec<u8> {
    let mut out = Vec::new();
    for part in &text.0 {
        match part {
            Part::Literal(literal) => out.extend_from_slice(literal),
            Part::Macro(variable, key) => {
                out.extend_from_slice(b"%{");
                out.extend_from_slice(variable.name().as_bytes());
                if let Some(key) = key {
                    out.push(b'.');
                    out.extend_from_slice(key);
                }
                out.push(b'}');
            }
        }
    }
    out
}
