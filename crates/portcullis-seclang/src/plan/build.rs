//! Makes the plan of a rule set.

use std::collections::HashMap;

use super::need::{self, ByteSet, Need};
use super::scan::{Builder, More};
use super::{Group, PhasePlan, Plan, Step, Way, fold};
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
    for (index, need) in needs.iter().enumerate() {
        if need.is_some() {
            plan.filtered.insert(index);
        }
    }
    plan.more = needs.iter().map(|need| need.as_ref().map(More::of).unwrap_or_default()).collect();
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
        Self { parent: 0, transform: Transform::None, kind: 0, kinds: 0 }
    }
}

impl Plan {
    /// The chain of these transformations.
    fn chain(&mut self, transforms: &[Transform], known: &mut HashMap<(u16, Transform), u16>) -> u16 {
        let mut at = 0_u16;
        for transform in transforms {
            let next = match known.get(&(at, *transform)) {
                Some(next) => *next,
                None => {
                    let bit = self.kinds.iter().position(|kind| kind == transform).unwrap_or_else(|| {
                        self.kinds.push(*transform);
                        self.kinds.len() - 1
                    });
                    // There are fewer transformations than bits.
                    let kind = 1 << (bit & 63);
                    let kinds = self.steps.get(usize::from(at)).map_or(0, |step| step.kinds) | kind;
                    let next = u16::try_from(self.steps.len()).unwrap_or(u16::MAX);
                    self.steps.push(Step { parent: at, transform: *transform, kind, kinds });
                    known.insert((at, *transform), next);
                    next
                }
            };
            at = next;
        }
        at
    }

    /// The way through all rules but those that are gone; `stands` says in whose place something happens.
    fn way(&self, set: &RuleSet, needs: &[Option<Need>], gone: &Bits, stands: impl Fn(usize) -> bool) -> Way {
        let count = set.rules.len();
        let mut builders = [Builder::new(count), Builder::new(count)];
        let chain_builders = || (0..self.steps.len()).map(|_| Builder::new(count)).collect::<Vec<_>>();
        let mut by_chain = [chain_builders(), chain_builders()];
        for (index, (rule, need)) in set.rules.iter().zip(needs).enumerate() {
            if let (Some(need), Some(builder), false) =
                (need, builders.get_mut(side(rule)), gone.contains(index))
            {
                builder.add(index, need);
                let Some(chains) = by_chain.get_mut(side(rule)) else { continue };
                for chain in self.judged(index, rule) {
                    if let Some(builder) = chains.get_mut(usize::from(chain)) {
                        builder.add(index, need);
                    }
                }
            }
        }
        // The whole way is walked where a request takes out rules that all rely on; that is seldom.
        let fast = !gone.is_empty();
        let mut way = Way {
            scanners: builders.map(|builder| builder.build(fast)),
            by_chain: by_chain.map(|chains| chains.into_iter().map(|builder| builder.build(fast)).collect()),
            ..Way::default()
        };
        for (phase, rules) in way.phases.iter_mut().zip(&set.phases) {
            *phase = self.phase(set, rules, gone);
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

    fn phase(&self, set: &RuleSet, rules: &[usize], gone: &Bits) -> PhasePlan {
        let mut phase = PhasePlan { always: Bits::with_len(set.rules.len()), ..PhasePlan::default() };
        for index in rules.iter().filter(|index| !gone.contains(**index)) {
            let Some(condition) = set.rules.get(*index).and_then(|rule| rule.conditions.first()) else {
                continue;
            };
            if !self.filtered.contains(*index) {
                phase.always.insert(*index);
                continue;
            }
            let chains = set.rules.get(*index).map(|rule| self.judged(*index, rule)).unwrap_or_default();
            for aim in &condition.targets {
                let Some(group) = phase.group(aim, set.rules.len()) else { continue };
                for chain in &chains {
                    let kinds = self.steps.get(usize::from(*chain)).map_or(0, |step| step.kinds);
                    group.add(*chain, kinds, *index, set.rules.len());
                }
            }
        }
        phase
    }
}

impl PhasePlan {
    fn group(&mut self, aim: &Aim, rules: usize) -> Option<&mut Group> {
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
                rules: Bits::with_len(rules),
            });
            self.groups.len() - 1
        });
        self.groups.get_mut(at)
    }
}

impl Group {
    fn add(&mut self, chain: u16, kinds: u64, rule: usize, rules: usize) {
        self.kinds |= kinds;
        self.rules.insert(rule);
        match self.chains.iter_mut().find(|(known, _)| *known == chain) {
            Some((_, bits)) => bits.insert(rule),
            None => {
                let mut bits = Bits::with_len(rules);
                bits.insert(rule);
                self.chains.push((chain, bits));
            }
        }
    }
}

/// What a value must have for the condition to hold; `None` where the rule must run whatever there is.
fn needed(condition: &Condition) -> Option<Need> {
    if condition.negated
        || condition.targets.iter().any(|aim| aim.target.count || !is_still(aim.target.variable))
    {
        return None;
    }
    let Judge::Operator(operator) = &condition.judge else { return None };
    let literal = |text: &str| Need { literals: Some(vec![text.as_bytes().to_vec()]), ..Need::default() };
    let need = match &**operator {
        Operator::Rx(expression) | Operator::RxGlobal(expression) => need::of(expression.translated()),
        Operator::Pm(phrases) => Need { literals: Some(phrases.phrases().to_vec()), ..Need::default() },
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
            literal(&condition.operator_argument)
        }
        _ => return None,
    };
    // What is found in the empty value is found in every value.
    let empty = need.literals.iter().flatten().any(Vec::is_empty);
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
