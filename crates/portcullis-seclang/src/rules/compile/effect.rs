//! What a rule does where it matches: variables, settings of the transaction.

use super::Compiler;
use crate::error::Fault;
use crate::load::actions::{self, Change};
use crate::load::ctl::{Ctl, Which};
use crate::rules::bits::Bits;
use crate::rules::text::Name;
use crate::rules::{Control, Effect, Write};
use crate::source::Location;
use crate::syntax::names::Variable;

impl Compiler<'_> {
    pub(super) fn effect(&mut self, effect: &actions::Effect, at: &Location) -> Option<Effect> {
        Some(match effect {
            actions::Effect::SetVar { collection, name, change } => {
                let write = match change {
                    Change::Set(value) => Write::Set(self.template(value)),
                    Change::Add(value) => Write::Add(self.template(value)),
                    Change::Subtract(value) => Write::Subtract(self.template(value)),
                    Change::Unset => Write::Unset,
                };
                if *collection == Variable::Tx {
                    let name = match name.literal() {
                        Some(literal) => Name::Slot(self.slot(literal)),
                        None => Name::Text(self.template(name)),
                    };
                    Effect::SetTx(name, write)
                } else {
                    Effect::SetVar { collection: *collection, name: self.template(name), write }
                }
            }
            actions::Effect::ExpireVar { collection: Variable::Tx, .. } => {
                self.faults
                    .push(Fault::new(at.clone(), "`TX` ends with the transaction: nothing in it expires"));
                return None;
            }
            actions::Effect::ExpireVar { collection, name, seconds } => Effect::Expire {
                collection: *collection,
                name: self.template(name),
                seconds: self.template(seconds),
            },
            actions::Effect::SetEnv { name, value } => {
                Effect::SetEnv { name: self.template(name), value: self.template(value) }
            }
            actions::Effect::InitCol { collection, key } => {
                Effect::InitCol { collection: *collection, key: self.template(key) }
            }
            actions::Effect::Ctl(ctl) => Effect::Control(self.control(ctl)),
        })
    }

    pub(super) fn control(&self, ctl: &Ctl) -> Control {
        match ctl {
            Ctl::AuditEngine(mode) => Control::AuditEngine(*mode),
            Ctl::AuditLogParts(change) => Control::AuditLogParts(*change),
            Ctl::ForceRequestBodyVariable(on) => Control::ForceRequestBodyVariable(*on),
            Ctl::RequestBodyAccess(on) => Control::RequestBodyAccess(*on),
            Ctl::RequestBodyLimit(limit) => Control::RequestBodyLimit(*limit),
            Ctl::RequestBodyProcessor(processor) => Control::RequestBodyProcessor(*processor),
            Ctl::ResponseBodyAccess(on) => Control::ResponseBodyAccess(*on),
            Ctl::ResponseBodyLimit(limit) => Control::ResponseBodyLimit(*limit),
            Ctl::RuleEngine(mode) => Control::RuleEngine(*mode),
            Ctl::RuleRemove(which) => Control::RuleRemove(self.meant(which)),
            Ctl::RuleRemoveTarget(which, target) => {
                Control::RuleRemoveTarget(self.meant(which), target.clone())
            }
            Ctl::DebugLogLevel => Control::Idle,
        }
    }

    fn meant(&self, which: &Which) -> Bits {
        let mut bits = Bits::with_len(self.known.len());
        for (index, known) in self.known.iter().enumerate() {
            let meant = match which {
                Which::Ids(ranges) => ranges.iter().any(|(from, to)| (*from..=*to).contains(&known.id)),
                Which::Tag(pattern) => known.tags.iter().any(|tag| pattern.is_match(tag)),
                Which::Msg(pattern) => pattern.is_match(&known.msg),
            };
            if meant {
                bits.insert(index);
            }
        }
        bits
    }
}
