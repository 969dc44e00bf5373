//! Rules, judged: one condition, one chain, one phase.

use std::sync::Arc;

use super::Walk;
use super::state::{Candidate, State};
use crate::load::actions::Phase;
use crate::operators::Operator;
use crate::record::{Action, Disruption, Intervention, Match, MatchedValue};
use crate::rules::{Condition, Judge, Number, Outcome, Rule, RuleSet};
use crate::settings::EngineMode;
use crate::strings::StrId;
use crate::transforms::Transform;
use crate::values::Val;

/// What follows from a rule for those after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// The next rule.
    On,
    /// The rule at this place of the phase.
    To(usize),
    /// No more rules in this phase.
    End,
}

impl State {
    /// Runs a phase.
    pub(crate) fn run(&mut self, set: &RuleSet, phase: Phase) -> Option<Intervention> {
        // The last phase tells of what happened and is stopped by nothing but `Off`.
        if self.switches.engine == EngineMode::Off || (self.stopped && phase != Phase::Logging) {
            return None;
        }
        if phase.number() <= self.allowed_until {
            return None;
        }
        match self.walk {
            Walk::Plain => self.run_plain(set, phase),
            Walk::Planned => self.run_planned(set, phase),
        }
        self.intervention.clone().filter(|intervention| intervention.phase == phase)
    }

    fn run_plain(&mut self, set: &RuleSet, phase: Phase) {
        let Some(rules) = set.phases.get(usize::from(phase.number() - 1)) else { return };
        let mut at = 0;
        while let Some(&index) = rules.get(at) {
            at += 1;
            match self.run_rule(set, index) {
                Flow::On => {}
                Flow::To(next) => at = next.max(at),
                Flow::End => break,
            }
            if self.switches.engine == EngineMode::Off {
                break;
            }
        }
    }

    /// Runs one rule with its chain.
    pub(crate) fn run_rule(&mut self, set: &RuleSet, index: usize) -> Flow {
        if self.removed.contains(index) {
            return Flow::On;
        }
        let Some(rule) = set.rules.get(index) else { return Flow::On };
        self.current = index;
        self.found.all.clear();
        self.found.raw.clear();
        for (link, condition) in rule.conditions.iter().enumerate() {
            if !self.judge_condition(set, index, link, condition) {
                return Flow::On;
            }
        }
        self.matched(set, rule)
    }

    /// Whether a condition holds for one of its values. Everything that a match writes is written for each.
    fn judge_condition(&mut self, set: &RuleSet, index: usize, link: usize, condition: &Condition) -> bool {
        if matches!(condition.judge, Judge::Always) {
            self.apply_effects(set, condition);
            return true;
        }
        let from = self.candidates.len();
        for aim in &condition.targets {
            self.resolve(set, aim);
        }
        let planned = self.walk == Walk::Planned;
        let scanned = planned && link == 0 && set.plan.scanned.contains(index);
        let side = set.rules.get(index).map_or(0, |rule| self.side(rule.phase));
        let mut any = false;
        let mut at = from;
        while let Some(candidate) = self.candidates.get(at).copied() {
            at += 1;
            if self.left_out(set, index, condition, candidate) {
                continue;
            }
            if condition.multi_match {
                let scanned = scanned.then_some((index, side));
                any |= self.judge_each_step(set, condition, candidate, scanned);
                continue;
            }
            let value = if planned {
                self.transformed_by_plan(set, index, link, condition, candidate.value)
            } else {
                self.transformed(set, condition, candidate.value)
            };
            let scanned = scanned.then_some((index, side));
            any |= self.judge_value(set, condition, candidate, value, scanned);
        }
        self.candidates.truncate(from);
        any
    }

    fn left_out(&self, set: &RuleSet, index: usize, condition: &Condition, candidate: Candidate) -> bool {
        let leaves_out = |target: &crate::syntax::targets::Target| {
            target.variable == candidate.variable
                && candidate.name.is_none_or(|name| target.selector.takes(self.text(set, name)))
        };
        condition.exclusions.iter().any(leaves_out)
            || self.removed_targets.iter().any(|(rules, target)| rules.contains(index) && leaves_out(target))
    }

    /// The value after the transformations of the condition.
    fn transformed(&mut self, set: &RuleSet, condition: &Condition, value: Val) -> Val {
        if condition.transforms.is_empty() {
            return value;
        }
        let mut id = self.textual(value);
        for transform in &condition.transforms {
            id = self.step(set, *transform, id);
        }
        Val::Str(id)
    }

    /// One transformation; the same value where nothing changes.
    pub(crate) fn step(&mut self, set: &RuleSet, transform: Transform, id: StrId) -> StrId {
        let changed = match transform.apply_with(self.text(set, id), set.settings.unicode_map.as_deref()) {
            std::borrow::Cow::Owned(changed) => changed,
            std::borrow::Cow::Borrowed(same) if same.len() == self.text(set, id).len() => return id,
            std::borrow::Cow::Borrowed(part) => part.to_vec(),
        };
        self.strings.push(&changed)
    }

    /// `multiMatch`: the value as it is, and after every transformation that changes it.
    fn judge_each_step(
        &mut self,
        set: &RuleSet,
        condition: &Condition,
        candidate: Candidate,
        scanned: Option<(usize, usize)>,
    ) -> bool {
        let mut id = self.textual(candidate.value);
        let mut any = self.judge_value(set, condition, candidate, Val::Str(id), scanned);
        for transform in &condition.transforms {
            let next = self.step(set, *transform, id);
            if next != id {
                id = next;
                any |= self.judge_value(set, condition, candidate, Val::Str(id), scanned);
            }
        }
        any
    }

    /// Judges one value and, on a match, remembers it and writes what the rule writes. Where the scan tells of
    /// the rule (its index, and the side of the scan), the operator runs only if it could match.
    fn judge_value(
        &mut self,
        set: &RuleSet,
        condition: &Condition,
        candidate: Candidate,
        value: Val,
        scanned: Option<(usize, usize)>,
    ) -> bool {
        let could = match (scanned, value) {
            (Some((rule, side)), Val::Str(id)) => self.could_match(set, id, rule, side),
            _ => true,
        };
        if (could && self.holds(set, condition, value)) == condition.negated {
            return false;
        }
        let matched = Candidate { value, ..candidate };
        self.found.last = Some(matched);
        self.found.all.push(matched);
        self.found.raw.push(candidate.value);
        self.apply_effects(set, condition);
        true
    }

    /// Whether the operator itself says yes; captures are kept if they are wanted.
    fn holds(&mut self, set: &RuleSet, condition: &Condition, value: Val) -> bool {
        match &condition.judge {
            Judge::Always => true,
            Judge::Compare(comparison, against) => {
                let against = match against {
                    Number::Constant(number) => *number,
                    Number::Macro(value) => {
                        let value = self.macro_value(set, value);
                        value.map_or(0, |value| self.numeric(set, value))
                    }
                };
                comparison.holds(self.numeric(set, value), against)
            }
            Judge::Detector(find) => {
                let id = self.textual(value);
                let Some(finding) = find(self.text(set, id)) else { return false };
                if condition.capture && !condition.negated {
                    let fingerprint = self.strings.push(finding.fingerprint.as_bytes());
                    self.capture_whole(fingerprint);
                }
                true
            }
            Judge::Operator(operator) if matches!(**operator, Operator::GeoLookup) => {
                let id = self.textual(value);
                self.locate(set, id)
            }
            Judge::Operator(operator) => {
                let argument = condition.argument.as_ref().map(|argument| self.expand(set, argument));
                let id = self.textual(value);
                if !condition.capture || condition.negated {
                    let argument = argument.map(|argument| self.text(set, argument));
                    return operator.matches(self.text(set, id), argument, None);
                }
                let mut found = std::mem::take(&mut self.scratch);
                found.clear();
                let argument = argument.map(|argument| self.text(set, argument));
                let holds = operator.matches(self.text(set, id), argument, Some(&mut found));
                if holds {
                    self.capture(id, &found);
                }
                self.scratch = found;
                holds
            }
        }
    }

    /// `TX:0` to `TX:9`: what was found; those that found nothing are gone.
    fn capture(&mut self, of: StrId, found: &crate::operators::Found) {
        let mut ranges = found.ranges();
        for slot in 0..crate::operators::Found::MOST {
            let value =
                ranges.next().flatten().map(|range| Val::Str(self.strings.slice(of, range.start, range.end)));
            self.tx.set(super::tx::Place::Slot(slot), value);
        }
    }

    fn capture_whole(&mut self, value: StrId) {
        for slot in 0..crate::operators::Found::MOST {
            let value = (slot == 0).then_some(Val::Str(value));
            self.tx.set(super::tx::Place::Slot(slot), value);
        }
    }

    fn locate(&mut self, set: &RuleSet, id: StrId) -> bool {
        let record = set.geo.as_ref().and_then(|geo| geo.lookup(self.text(set, id)));
        self.geo.clear();
        let Some(record) = record else { return false };
        let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
        for (name, value) in [
            ("COUNTRY_CODE", record.country_code),
            ("COUNTRY_NAME", record.country_name),
            ("COUNTRY_CONTINENT", record.continent),
            ("REGION", record.region),
            ("CITY", record.city),
            ("POSTAL_CODE", record.postal_code),
            ("LATITUDE", number(record.latitude)),
            ("LONGITUDE", number(record.longitude)),
        ] {
            if !value.is_empty() {
                let name = self.strings.push(name.as_bytes());
                let value = self.strings.push(value.as_bytes());
                self.geo.push(crate::values::Field { name, value });
            }
        }
        true
    }

    /// The whole chain matched.
    fn matched(&mut self, set: &RuleSet, rule: &Rule) -> Flow {
        if let Some(severity) = rule.severity {
            self.highest_severity = self.highest_severity.min(severity);
        }
        let stops = matches!(rule.outcome, Outcome::Deny | Outcome::Drop | Outcome::Redirect(_))
            && rule.phase != Phase::Logging;
        let enforced = stops && self.switches.engine == EngineMode::On;
        if rule.log || rule.audit {
            self.remember(set, rule, stops, enforced);
        }
        if enforced {
            self.intervene(set, rule);
            return Flow::End;
        }
        // `allow` is a disruptive action: a set that only watches does not let it hide other rules.
        let flow = if self.switches.engine == EngineMode::On {
            match rule.outcome {
                Outcome::AllowTransaction => {
                    self.allowed_until = Phase::ResponseBody.number();
                    Some(Flow::End)
                }
                Outcome::AllowPhase => Some(Flow::End),
                Outcome::AllowRequest => {
                    self.allowed_until = Phase::RequestBody.number();
                    Some(Flow::End)
                }
                _ => None,
            }
        } else {
            None
        };
        flow.unwrap_or_else(|| rule.next.map_or(Flow::On, Flow::To))
    }

    fn intervene(&mut self, set: &RuleSet, rule: &Rule) {
        let (action, status) = match &rule.outcome {
            Outcome::Redirect(to) => {
                let to = self.expand(set, to);
                let status = rule.status.filter(|status| matches!(status, 301..=303 | 307 | 308));
                (Action::Redirect(self.text(set, to).to_vec()), status.unwrap_or(302))
            }
            Outcome::Drop => (Action::Drop, rule.status.unwrap_or(403)),
            _ => (Action::Deny, rule.status.unwrap_or(403)),
        };
        let message = match &rule.msg {
            Some(msg) => {
                let id = self.expand(set, msg);
                String::from_utf8_lossy(self.text(set, id)).into_owned()
            }
            None => String::new(),
        };
        self.intervention =
            Some(Intervention { action, status, rule_id: rule.id, phase: rule.phase, message });
        self.stopped = true;
    }

    /// A limit stops the exchange, or would.
    pub(crate) fn stop_at_limit(&mut self, status: u16, message: &str) -> Option<Intervention> {
        if self.switches.engine != EngineMode::On {
            return None;
        }
        let phase = if status == 413 { Phase::RequestBody } else { Phase::ResponseBody };
        let message = message.to_owned();
        let intervention = Intervention { action: Action::Deny, status, rule_id: 0, phase, message };
        self.intervention = Some(intervention.clone());
        self.stopped = true;
        Some(intervention)
    }

    fn remember(&mut self, set: &RuleSet, rule: &Rule, stops: bool, enforced: bool) {
        let mut texts = |template: &Option<crate::rules::Template>| match template {
            Some(template) => {
                let id = self.expand(set, template);
                self.text(set, id).to_vec()
            }
            None => Vec::new(),
        };
        let msg = texts(&rule.msg);
        let data = texts(&rule.logdata);
        let tags = rule.tags.iter().map(|tag| texts(&Some(tag.clone()))).collect();
        let transforms: Arc<[&'static str]> = rule
            .conditions
            .first()
            .map(|condition| condition.transforms.iter().map(|transform| transform.name()).collect())
            .unwrap_or_default();
        let values = self
            .found
            .all
            .iter()
            .zip(&self.found.raw)
            .map(|(matched, before)| {
                let mut value = Vec::new();
                self.write_value(set, matched.value, &mut value);
                let mut raw = Vec::new();
                self.write_value(set, *before, &mut raw);
                let span = rule.conditions.iter().rev().find_map(|condition| condition.span(&value));
                MatchedValue {
                    variable: matched.variable,
                    name: matched.name.map(|name| self.text(set, name).to_vec()),
                    count: matched.count,
                    value,
                    raw,
                    span,
                    transforms: Arc::clone(&transforms),
                }
            })
            .collect();
        let last = rule.conditions.last();
        let operator = last.map_or(String::new(), |condition| {
            format!("{}{}", if condition.negated { "!" } else { "" }, condition.operator_name)
        });
        self.matches.push(Match {
            id: rule.id,
            phase: rule.phase,
            at: rule.at.clone(),
            msg,
            data,
            tags,
            severity: rule.severity,
            ver: rule.ver.clone(),
            rev: rule.rev.clone(),
            maturity: rule.maturity,
            accuracy: rule.accuracy,
            values,
            operator,
            argument: last.map_or(String::new(), |condition| condition.operator_argument.to_string()),
            log: rule.log,
            audit: rule.audit,
            disruptive: match (stops, enforced) {
                (false, _) => Disruption::None,
                (true, true) => Disruption::Stopped,
                (true, false) => Disruption::WouldStop,
            },
        });
    }
}
