//! What matches write: variables, collections, settings of the transaction.

use std::time::Duration;

use super::state::{Kept, State};
use super::tx::Place;
use crate::collections::VarChange;
use crate::load::ctl::PartsChange;
use crate::rules::{Condition, Control, Effect, Name, RuleSet, Write};
use crate::settings::AuditParts;
use crate::strings::StrId;
use crate::syntax::names::Variable;
use crate::values::{Field, Val};

impl State {
    /// Everything that a match of the condition writes, in order.
    pub(crate) fn apply_effects(&mut self, set: &RuleSet, condition: &Condition) {
        for effect in &condition.effects {
            match effect {
                Effect::SetTx(name, write) => self.set_tx(set, name, write),
                Effect::SetVar { collection, name, write } => {
                    let name = self.expand_name(set, name);
                    self.set_kept(set, *collection, name, write);
                }
                Effect::Expire { collection, name, seconds } => {
                    let name = self.expand_name(set, name);
                    let seconds = u64::try_from(self.expand_number(set, seconds)).unwrap_or(0);
                    let at = self.now.saturating_add(Duration::from_secs(seconds));
                    let name = self.text(set, name).to_vec();
                    if let Some(kept) = self.kept.iter_mut().find(|kept| kept.collection == *collection) {
                        kept.changes.push(VarChange::Expire { name, at });
                    }
                }
                Effect::SetEnv { name, value } => {
                    let field = Field { name: self.expand(set, name), value: self.expand(set, value) };
                    let known = self.env.iter().position(|known| {
                        self.text(set, known.name).eq_ignore_ascii_case(self.text(set, field.name))
                    });
                    match known.and_then(|at| self.env.get_mut(at)) {
                        Some(known) => known.value = field.value,
                        None => self.env.push(field),
                    }
                }
                Effect::InitCol { collection, key } => {
                    let key = self.expand(set, key);
                    self.init_collection(set, *collection, key);
                }
                Effect::Control(control) => self.control(set, control),
            }
        }
    }

    fn set_tx(&mut self, set: &RuleSet, name: &Name, write: &Write) {
        let place = match name {
            Name::Slot(slot) => Place::Slot(*slot),
            Name::Text(template) => {
                let name = self.expand_name(set, template);
                self.tx_place_of(set, name)
            }
        };
        let value = match write {
            Write::Set(template) => Some(Val::Str(self.expand(set, template))),
            Write::Unset => None,
            Write::Add(template) => Some(self.sum(set, self.tx.get(place), template, 1)),
            Write::Subtract(template) => Some(self.sum(set, self.tx.get(place), template, -1)),
        };
        self.tx.set(place, value);
    }

    fn sum(&mut self, set: &RuleSet, old: Option<Val>, by: &crate::rules::Template, sign: i64) -> Val {
        let by = self.expand_number(set, by).saturating_mul(sign);
        Val::Int(old.map_or(0, |old| self.numeric(set, old)).saturating_add(by))
    }

    fn set_kept(&mut self, set: &RuleSet, collection: Variable, name: StrId, write: &Write) {
        let Some(at) = self.kept.iter().position(|kept| kept.collection == collection) else { return };
        let place = self.kept.get(at).and_then(|kept| {
            kept.variables.iter().position(|(known, _)| self.text(set, *known) == self.text(set, name))
        });
        let old =
            self.kept.get(at).zip(place).and_then(|(kept, place)| kept.variables.get(place)).map(|v| v.1);
        let text = self.text(set, name).to_vec();
        let (value, change) = match write {
            Write::Set(template) => {
                let id = self.expand(set, template);
                let value = self.text(set, id).to_vec();
                (Some(Val::Str(id)), VarChange::Set { name: text, value })
            }
            Write::Unset => (None, VarChange::Unset { name: text }),
            Write::Add(template) | Write::Subtract(template) => {
                let sign = if matches!(write, Write::Add(_)) { 1 } else { -1 };
                let by = self.expand_number(set, template).saturating_mul(sign);
                let sum = old.map_or(0, |old| self.numeric(set, old)).saturating_add(by);
                (Some(Val::Int(sum)), VarChange::Add { name: text, by })
            }
        };
        let Some(kept) = self.kept.get_mut(at) else { return };
        kept.changes.push(change);
        match (place, value) {
            (Some(place), Some(value)) => {
                if let Some(variable) = kept.variables.get_mut(place) {
                    variable.1 = value;
                }
            }
            (Some(place), None) => {
                kept.variables.remove(place);
            }
            (None, Some(value)) => kept.variables.push((name, value)),
            (None, None) => {}
        }
    }

    /// Reads the collection for the key. One that is there already stays, as in ModSecurity.
    fn init_collection(&mut self, set: &RuleSet, collection: Variable, key: StrId) {
        if self.kept.iter().any(|kept| kept.collection == collection) {
            return;
        }
        let mut variables = Vec::new();
        if let Some(store) = self.store.clone() {
            for stored in store.load(collection, self.text(set, key), self.now) {
                let name = self.strings.push(&stored.name.to_ascii_lowercase());
                variables.push((name, Val::Str(self.strings.push(&stored.value))));
            }
        }
        self.kept.push(Kept { collection, key, variables, changes: Vec::new() });
    }

    /// Hands the changes to whoever keeps collections.
    pub(crate) fn keep_collections(&mut self, set: &RuleSet) {
        let Some(store) = self.store.clone() else { return };
        let timeout = Duration::from_secs(set.settings.collection_timeout);
        for kept in std::mem::take(&mut self.kept) {
            if !kept.changes.is_empty() {
                store.change(kept.collection, self.text(set, kept.key), &kept.changes, timeout, self.now);
            }
            self.kept.push(Kept { changes: Vec::new(), ..kept });
        }
    }

    fn control(&mut self, set: &RuleSet, control: &Control) {
        let switches = &mut self.switches;
        match control {
            Control::AuditEngine(mode) => switches.audit = *mode,
            Control::AuditLogParts(change) => {
                switches.audit_parts = match change {
                    PartsChange::Set(bits) => AuditParts::from_bits(*bits),
                    PartsChange::Add(bits) => AuditParts::from_bits(switches.audit_parts.bits() | bits),
                    PartsChange::Remove(bits) => AuditParts::from_bits(switches.audit_parts.bits() & !bits),
                };
            }
            Control::ForceRequestBodyVariable(on) => switches.force_request_body = *on,
            Control::RequestBodyAccess(on) => switches.request_body_access = *on,
            Control::RequestBodyLimit(limit) => switches.request_body_limit = *limit,
            Control::RequestBodyProcessor(processor) => self.body.processor = Some(*processor),
            Control::ResponseBodyAccess(on) => switches.response_body_access = *on,
            Control::ResponseBodyLimit(limit) => switches.response_body_limit = *limit,
            Control::RuleEngine(mode) => switches.engine = *mode,
            Control::RuleRemove(rules) => {
                self.removed.union(rules);
                self.folded &= !rules.intersects(&set.plan.folds.relied_on);
            }
            Control::RuleRemoveTarget(rules, target) => {
                if !rules.is_empty() {
                    self.folded &= !rules.intersects(&set.plan.folds.relied_on);
                    self.removed_targets.push((rules.clone(), target.clone()));
                }
            }
            Control::Idle => {}
        }
    }
}
