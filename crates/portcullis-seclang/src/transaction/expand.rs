//! Macros, expanded.

use super::state::State;
use crate::rules::{Macro, Part, RuleSet, Template};
use crate::strings::StrId;
use crate::syntax::names::Variable;
use crate::syntax::targets::Selector;
use crate::values::{Val, push_number};

impl State {
    /// The text with its macros replaced; a variable without a value is empty.
    pub(crate) fn expand(&mut self, set: &RuleSet, template: &Template) -> StrId {
        let parts = match template {
            Template::Constant(id) => return *id,
            Template::Parts(parts) => parts,
        };
        if let [Part::Macro(value)] = &**parts {
            return match self.macro_value(set, value) {
                Some(value) => self.textual(value),
                None => StrId::EMPTY,
            };
        }
        // Values may have to be made first, and what is open must stay in one piece.
        let mut values = [StrId::EMPTY; 16];
        let mut many = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let id = match part {
                Part::Constant(id) => *id,
                Part::Macro(value) => match self.macro_value(set, value) {
                    Some(value) => self.textual(value),
                    None => StrId::EMPTY,
                },
            };
            match values.get_mut(index) {
                Some(slot) => *slot = id,
                None => many.push(id),
            }
        }
        let start = self.strings.mark();
        for id in values.iter().take(parts.len()).chain(&many) {
            self.strings.append(*id, &set.constants);
        }
        self.strings.close(start)
    }

    /// The value of a macro.
    pub(crate) fn macro_value(&mut self, set: &RuleSet, value: &Macro) -> Option<Val> {
        match value {
            Macro::Tx(slot) => self.tx.slot(*slot),
            Macro::Variable(variable, key) => {
                if !variable.is_collection() {
                    return self.scalar(set, *variable);
                }
                let selector = key.as_ref().map_or(Selector::All, |key| Selector::Name(key.clone()));
                let from = self.candidates.len();
                if *variable == Variable::Tx {
                    return None;
                }
                self.resolve_variable(set, *variable, &selector);
                let first = self.candidates.get(from).map(|candidate| candidate.value);
                self.candidates.truncate(from);
                first
            }
        }
    }

    /// The template as a number, without making a text of it where it is one macro.
    pub(crate) fn expand_number(&mut self, set: &RuleSet, template: &Template) -> i64 {
        if let Template::Parts(parts) = template
            && let [Part::Macro(value)] = &**parts
        {
            return match self.macro_value(set, value) {
                Some(value) => self.numeric(set, value),
                None => 0,
            };
        }
        let id = self.expand(set, template);
        self.numeric(set, Val::Str(id))
    }

    /// The template in lower case, as names are kept.
    pub(crate) fn expand_name(&mut self, set: &RuleSet, template: &Template) -> StrId {
        let id = self.expand(set, template);
        if !self.text(set, id).iter().any(u8::is_ascii_uppercase) {
            return id;
        }
        let lower = self.text(set, id).to_ascii_lowercase();
        self.strings.push(&lower)
    }

    /// Appends the value to `out`.
    pub(crate) fn write_value(&self, set: &RuleSet, value: Val, out: &mut Vec<u8>) {
        match value {
            Val::Str(id) => out.extend_from_slice(self.text(set, id)),
            Val::Int(number) => push_number(out, number),
        }
    }
}
