//! Makes the plan of a rule set.

use std::collections::HashMap;

use super::need::{self, ByteSet, Literal, Need};
use super::scan::{Block, Builder, Scanner, insert};
use super::{Group, Judged, PhasePlan, Plan, Step, Way, fold};
use crate::operators::{Operator, TextTest};
use crate::rules::{Aim, Bits, Condition, Judge, Rule, RuleSet};
use crate::syntax::names::Variable;
use crate::syntax::targets::Selector;
use crate::transforms::Transform;

/// Makes the plan.
pub(crate) fn plan(set: &RuleSet) -> Plan {
    let mut plan = Plan { steps: vec![Step::first()], ..Plan::default() };
    let mut known = HashMap::new();
    for rule in &set.rules {
        let chains =
            rule.conditions.iter().map(|condition| plan.chain(&condition.transforms, &mut known)).collect();
        plan.chains.push(chains);
    }
    let needs: Vec<Option<Need>> =
        set.rules.iter().map(|rule| rule.conditions.first().and_then(needed)).collect();
    plan.filtered = Bits::with_len(set.rules.len());
    plan.scanned = Bits::with_len(set.rules.len());
    for (index, (rule, need)) in set.rules.iter().zip(&needs).enumerate() {
        if need.is_some() {
            plan.scanned.insert(index);
            if rule.conditions.first().is_some_and(|condition| !condition.negated) {
                plan.filtered.insert(index);
            }
        }
    }
    plan.folds = fold::fold(set);
    plan.whole = plan.way(set, &needs, &Bits::default(), |_| false);
    plan.folded = plan.way(set, &needs, &plan.folds.gone, |index| {
        plan.folds.at.get(index).is_some_and(|place| *place != 0)
    });
    plan
}

/// The scanner of the rule: that of the request, or that of the response.
fn side(rule: &Rule) -> usize {
    usize::from(rule.phase.number() > 2)
}

impl Step {
    fn first() -> Self {
        Self { parent: 0, transform: Transform::None, alone: 0, kind: 0, kinds: 0 }
    }
}

impl Plan {
    /// The chain of these transformations.
    fn chain(&mut self, transforms: &[Transform], known: &mut HashMap<(u16, Transform), u16>) -> u16 {
        transforms.iter().fold(0, |at, transform| self.then(at, *transform, known))
    }

    fn then(&mut self, at: u16, transform: Transform, known: &mut HashMap<(u16, Transform), u16>) -> u16 {
        if let Some(next) = known.get(&(at, transform)) {
            return *next;
        }
        let alone = if at == 0 { None } else { Some(self.then(0, transform, known)) };
        let bit = self.kinds.iter().position(|kind| *kind == transform).unwrap_or_else(|| {
            self.kinds.push(transform);
            self.kinds.len() - 1
        });
        // There are fewer transformations than bits.
        let kind = 1 << (bit & 63);
        let kinds = self.steps.get(usize::from(at)).map_or(0, |step| step.kinds) | kind;
        let next = u16::try_from(self.steps.len()).unwrap_or(u16::MAX);
        self.steps.push(Step { parent: at, transform, alone: alone.unwrap_or(next), kind, kinds });
        known.insert((at, transform), next);
        next
    }

    /// The way through all rules but those that are gone; `stands` says in whose place something happens.
    fn way(&self, set: &RuleSet, needs: &[Option<Need>], gone: &Bits, stands: impl Fn(usize) -> bool) -> Way {
        let mut builders = [Builder::default(), Builder::default()];
        for (index, (rule, need)) in set.rules.iter().zip(needs).enumerate() {
            if let (Some(need), Some(builder), false) =
                (need, builders.get_mut(side(rule)), gone.contains(index))
            {
                builder.add(index, need);
            }
        }
        let mut way =
            Way { scanners: builders.map(|builder| builder.build(set.rules.len())), ..Way::default() };
        for (number, (phase, rules)) in way.phases.iter_mut().zip(&set.phases).enumerate() {
            if let Some(scanner) = way.scanners.get(usize::from(number > 1)) {
                *phase = self.phase(set, rules, gone, scanner);
            }
            for index in rules.iter().filter(|index| stands(**index)) {
                phase.always.insert(*index);
            }
        }
        way
    }

    /// The chains after which the rule judges values: its own, and with `multiMatch` all that lead to it.
    fn judged(&self, index: usize, rule: &Rule) -> Vec<u16> {
        let mut at = self.chains.get(index).and_then(|chains| chains.first()).copied().unwrap_or(0);
        let mut chains = vec![at];
        if rule.conditions.first().is_some_and(|condition| condition.multi_match) {
            while at != 0 {
                at = self.steps.get(usize::from(at)).map_or(0, |step| step.parent);
                chains.push(at);
            }
        }
        chains
    }

    fn phase(&self, set: &RuleSet, rules: &[usize], gone: &Bits, scanner: &Scanner) -> PhasePlan {
        let mut phase = PhasePlan { always: Bits::with_len(set.rules.len()), ..PhasePlan::default() };
        for index in rules.iter().filter(|index| !gone.contains(**index)) {
            let Some(condition) = set.rules.get(*index).and_then(|rule| rule.conditions.first()) else {
                continue;
            };
            let bit = scanner.bit(*index).filter(|_| self.filtered.contains(*index));
            let Some(bit) = bit else {
                phase.always.insert(*index);
                continue;
            };
            let chains = set.rules.get(*index).map(|rule| self.judged(*index, rule)).unwrap_or_default();
            for aim in &condition.targets {
                let Some(group) = phase.group(aim, scanner.blocks) else { continue };
                for chain in &chains {
                    let kinds = self.steps.get(usize::from(*chain)).map_or(0, |step| step.kinds);
                    group.add(*chain, kinds, bit);
                }
            }
        }
        phase
    }
}

impl PhasePlan {
    fn group(&mut self, aim: &Aim, blocks: usize) -> Option<&mut Group> {
        let target = &aim.target;
        let known = self.groups.iter().position(|group| {
            group.variable == target.variable
                && match (&group.selector, &target.selector) {
                    (Selector::All, Selector::All) => true,
                    (Selector::Name(a), Selector::Name(b)) => a == b,
                    (Selector::Pattern(a), Selector::Pattern(b)) => a.as_str() == b.as_str(),
                    _ => false,
                }
        });
        let at = known.unwrap_or_else(|| {
            self.groups.push(Group {
                variable: target.variable,
                selector: target.selector.clone(),
                header: aim.header,
                chains: Vec::new(),
                kinds: 0,
                rules: vec![Block::default(); blocks].into(),
            });
            self.groups.len() - 1
        });
        self.groups.get_mut(at)
    }
}

impl Group {
    fn add(&mut self, chain: u16, kinds: u64, bit: usize) {
        self.kinds |= kinds;
        insert(&mut self.rules, bit);
        match self.chains.iter_mut().find(|known| known.chain == chain) {
            Some(known) => insert(&mut known.rules, bit),
            None => {
                let mut rules: Box<[Block]> = vec![Block::default(); self.rules.len()].into();
                insert(&mut rules, bit);
                self.chains.push(Judged { chain, kinds, rules });
            }
        }
    }
}

/// What a value must have for the operator to match it; `None` where that cannot be told.
fn needed(condition: &Condition) -> Option<Need> {
    if condition.targets.iter().any(|aim| aim.target.count || !is_still(aim.target.variable)) {
        return None;
    }
    let Judge::Operator(operator) = &condition.judge else { return None };
    let literals = |texts: &mut dyn Iterator<Item = &[u8]>| Need {
        literals: Some(texts.map(|text| Literal::of(text.to_ascii_lowercase())).collect()),
        ..Need::default()
    };
    let need = match &**operator {
        Operator::Rx(expression) | Operator::RxGlobal(expression) => need::of(expression.translated()),
        Operator::Pm(phrases) => literals(&mut phrases.phrases().iter().map(Vec::as_slice)),
        Operator::ValidateByteRange(range) => {
            let mut outside = ByteSet::default();
            for byte in 0..=255 {
                if range.matches(&[byte]) {
                    outside.insert(byte);
                }
            }
            Need { sets: vec![outside], least: 1, literals: None }
        }
        Operator::Text(text) if condition.argument.is_none() && text.test() != TextTest::Within => {
            literals(&mut std::iter::once(condition.operator_argument.as_bytes()))
        }
        _ => return None,
    };
    // What is found in the empty value is found in every value.
    let empty = need.literals.iter().flatten().any(|literal| literal.text.is_empty());
    (!empty && need.least < usize::MAX).then_some(need)
}

/// Whether the values of the variable stay what they are while a phase runs.
fn is_still(variable: Variable) -> bool {
    use Variable as V;
    matches!(
        variable,
        V::Args
            | V::ArgsGet
            | V::ArgsGetNames
            | V::ArgsNames
            | V::ArgsPost
            | V::ArgsPostNames
            | V::Files
            | V::FilesNames
            | V::FilesTmpContent
            | V::MultipartFilename
            | V::MultipartName
            | V::MultipartPartHeaders
            | V::PathInfo
            | V::QueryString
            | V::RemoteAddr
            | V::RequestBasename
            | V::RequestBody
            | V::RequestCookies
            | V::RequestCookiesNames
            | V::RequestFilename
            | V::RequestHeaders
            | V::RequestHeadersNames
            | V::RequestLine
            | V::RequestMethod
            | V::RequestProtocol
            | V::RequestUri
            | V::RequestUriRaw
            | V::ResponseBody
            | V::ResponseHeaders
            | V::ResponseHeadersNames
            | V::ResponseProtocol
            | V::ResponseStatus
            | V::Xml
    )
}
