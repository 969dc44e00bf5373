//! Rules that can be decided when the set is loaded.
//!
//! The Core Rule Set sets its levels and thresholds by rules, and asks for them by rules: at every request the
//! same rules would match, and the same others would be passed over. Here they are run once, over what `TX`
//! must hold at each rule whatever the request is. A rule is decided if all it looks at is known; what it
//! writes is then written without running it, and what it jumps over is not there.
//!
//! This holds as long as no rule that was decided is removed by `ctl` and the phases come in order; a
//! transaction in which that happens goes on by the whole plan.

use crate::load::actions::Phase;
use crate::operators::Operator;
use crate::rules::{
    Aim, Bits, Condition, Effect, Judge, Macro, Name, Number, Outcome, Part, Rule, RuleSet, Template, Write,
};
use crate::syntax::names::Variable;
use crate::syntax::targets::Selector;
use crate::values::Val;

/// What is known of a `TX` variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Value(Option<Val>),
    Nothing,
}

/// What is known of all of them.
type State = Vec<Known>;

/// What one rule or several in a row come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fold {
    pub(crate) writes: Vec<(usize, Option<Val>)>,
    /// What `MATCHED_VAR` is afterwards: the slot, its value, and whether it was counted.
    pub(crate) last: Option<(usize, Val, bool)>,
}

/// Everything that was decided.
#[derive(Debug, Default)]
pub(crate) struct Folds {
    /// For each rule: one more than the place of what happens in its stead.
    pub(crate) at: Vec<u32>,
    pub(crate) all: Vec<Fold>,
    /// Rules that need not run: decided, or never reached.
    pub(crate) gone: Bits,
    /// Rules whose match was decided; without one of them nothing here holds.
    pub(crate) relied_on: Bits,
}

struct Folder<'a> {
    set: &'a RuleSet,
    folds: Folds,
    /// What is known where each phase begins.
    starts: [Option<State>; 6],
}

/// What a rule does to what is known.
enum Ruling {
    /// It may match or not.
    Open,
    /// It does this, and nothing that anyone sees; whether it matched.
    Decided { matched: bool, after: State, last: Option<(usize, Val, bool)> },
    /// It matches, and has to run for what else it does.
    Sure { after: State },
}

pub(crate) fn fold(set: &RuleSet) -> Folds {
    let count = set.rules.len();
    let folds = Folds {
        at: vec![0; count],
        all: Vec::new(),
        gone: Bits::with_len(count),
        relied_on: Bits::with_len(count),
    };
    let mut folder = Folder { set, folds, starts: Default::default() };
    let nothing_set = vec![Known::Value(None); set.slots.len()];
    if let Some(first) = folder.starts.first_mut() {
        *first = Some(nothing_set);
    }
    for phase in 0..5 {
        folder.phase(phase);
    }
    folder.folds
}

impl Folder<'_> {
    fn phase(&mut self, phase: usize) {
        let Some(rules) = self.set.phases.get(phase) else { return };
        let mut reached: Vec<Option<State>> = vec![None; rules.len() + 1];
        if let (Some(first), Some(start)) = (reached.first_mut(), self.starts.get(phase)) {
            first.clone_from(start);
        }
        // Places that a rule which runs can jump to: what happens there must stand on its own.
        let mut landings = vec![false; rules.len() + 1];
        let mut open_run: Option<usize> = None;
        for (place, index) in rules.iter().enumerate() {
            let Some(rule) = self.set.rules.get(*index) else { continue };
            let Some(state) = reached.get_mut(place).and_then(Option::take) else {
                self.folds.gone.insert(*index);
                continue;
            };
            if landings.get(place).copied().unwrap_or(false) {
                open_run = None;
            }
            match self.judge(rule, &state) {
                Ruling::Decided { matched, after, last } => {
                    self.folds.gone.insert(*index);
                    self.decided(*index, &mut open_run, &state, &after, last);
                    if matched || last.is_some() || after != state {
                        self.folds.relied_on.insert(*index);
                    }
                    let next = rule.next.filter(|_| matched).unwrap_or(place + 1);
                    join(reached.get_mut(next), after);
                }
                Ruling::Sure { after } => {
                    open_run = None;
                    self.folds.relied_on.insert(*index);
                    self.leave(phase, rule, &after);
                    let next = rule.next.unwrap_or(place + 1);
                    mark(&mut landings, next);
                    join(reached.get_mut(next), after);
                }
                Ruling::Open => {
                    open_run = None;
                    let after = self.maybe(rule, &state);
                    self.leave(phase, rule, &after);
                    if let Some(next) = rule.next {
                        mark(&mut landings, next);
                        join(reached.get_mut(next), after.clone());
                    }
                    join(reached.get_mut(place + 1), after);
                }
            }
        }
        if let Some(end) = reached.pop().flatten() {
            // An exchange that breaks off goes on to the last phase from wherever it is.
            if phase < 3 {
                join(self.starts.get_mut(4), end.clone());
            }
            join(self.starts.get_mut(phase + 1), end);
        }
    }

    /// Where a rule may end the phase or more than that.
    fn leave(&mut self, phase: usize, rule: &Rule, after: &State) {
        let last = usize::from(Phase::Logging.number() - 1);
        let to: &[usize] = match rule.outcome {
            Outcome::Pass => &[],
            Outcome::Deny | Outcome::Drop | Outcome::Redirect(_) | Outcome::AllowTransaction => &[last],
            Outcome::AllowPhase => &[phase + 1],
            Outcome::AllowRequest => &[phase + 1, 2, last],
        };
        for to in to {
            if *to > phase {
                join(self.starts.get_mut(*to), after.clone());
            }
        }
    }

    /// Writes what a decided rule comes to, together with those right before it.
    fn decided(
        &mut self,
        index: usize,
        open_run: &mut Option<usize>,
        before: &State,
        after: &State,
        last: Option<(usize, Val, bool)>,
    ) {
        let writes: Vec<(usize, Option<Val>)> = before
            .iter()
            .zip(after)
            .enumerate()
            .filter_map(|(slot, (old, new))| match new {
                Known::Value(value) if old != new => Some((slot, *value)),
                _ => None,
            })
            .collect();
        if writes.is_empty() && last.is_none() {
            return;
        }
        let at = *open_run.get_or_insert_with(|| {
            self.folds.all.push(Fold::default());
            if let Some(place) = self.folds.at.get_mut(index) {
                *place = u32::try_from(self.folds.all.len()).unwrap_or(0);
            }
            self.folds.all.len() - 1
        });
        let Some(fold) = self.folds.all.get_mut(at) else { return };
        for (slot, value) in writes {
            match fold.writes.iter_mut().find(|(known, _)| *known == slot) {
                Some((_, known)) => *known = value,
                None => fold.writes.push((slot, value)),
            }
        }
        fold.last = last.or(fold.last);
    }

    fn judge(&self, rule: &Rule, state: &State) -> Ruling {
        let mut after = state.clone();
        let mut last = None;
        let mut quiet = true;
        for condition in &rule.conditions {
            let Some(values) = self.values(condition, &after) else { return Ruling::Open };
            let mut any = matches!(condition.judge, Judge::Always);
            if any {
                quiet &= self.write_all(condition, &mut after, true);
            }
            for value in values {
                let Some(holds) = self.holds(condition, value.1, &after) else { return Ruling::Open };
                if holds != condition.negated {
                    any = true;
                    last = Some(value);
                    quiet &= self.write_all(condition, &mut after, true);
                }
            }
            if !any {
                // What was written on the way stays written.
                return if quiet { Ruling::Decided { matched: false, after, last } } else { Ruling::Open };
            }
        }
        let quiet = quiet
            && !rule.log
            && !rule.audit
            && rule.severity.is_none()
            && matches!(rule.outcome, Outcome::Pass);
        if quiet { Ruling::Decided { matched: true, after, last } } else { Ruling::Sure { after } }
    }

    /// The values of the condition, if all are known.
    fn values(&self, condition: &Condition, state: &State) -> Option<Vec<(usize, Val, bool)>> {
        let plain =
            condition.transforms.is_empty() && !condition.multi_match && condition.exclusions.is_empty();
        if !plain {
            return None;
        }
        let mut values = Vec::new();
        for Aim { target, slots, .. } in &condition.targets {
            if target.variable != Variable::Tx || !matches!(target.selector, Selector::Name(_)) {
                return None;
            }
            let slot = *slots.first()?;
            let Known::Value(value) = state.get(slot)? else { return None };
            if target.count {
                values.push((slot, Val::Int(i64::from(value.is_some())), true));
            } else if let Some(value) = value {
                values.push((slot, *value, false));
            }
        }
        Some(values)
    }

    fn holds(&self, condition: &Condition, value: Val, state: &State) -> Option<bool> {
        match &condition.judge {
            Judge::Compare(comparison, against) => {
                let against = match against {
                    Number::Constant(number) => *number,
                    Number::Macro(Macro::Tx(slot)) => match state.get(*slot)? {
                        Known::Value(value) => value.map_or(0, |value| self.number(value)),
                        Known::Nothing => return None,
                    },
                    Number::Macro(Macro::Variable(..)) => return None,
                };
                Some(comparison.holds(self.number(value), against))
            }
            Judge::Operator(_) if condition.capture => None,
            Judge::Operator(operator) => match **operator {
                Operator::UnconditionalMatch => Some(true),
                Operator::NoMatch => Some(false),
                _ => None,
            },
            Judge::Always => Some(true),
            Judge::Detector(_) => None,
        }
    }

    fn number(&self, value: Val) -> i64 {
        match value {
            Val::Int(number) => number,
            Val::Str(id) => {
                id.as_constant().and_then(|index| self.set.constant_numbers.get(index)).copied().unwrap_or(0)
            }
        }
    }

    /// What the condition writes; gives back whether it writes nothing but known values of `TX`.
    fn write_all(&self, condition: &Condition, state: &mut State, sure: bool) -> bool {
        let mut quiet = true;
        for effect in &condition.effects {
            let Effect::SetTx(name, write) = effect else {
                quiet = false;
                continue;
            };
            match name {
                Name::Slot(slot) => {
                    let value = if sure { self.written(*slot, write, state) } else { Known::Nothing };
                    quiet &= value != Known::Nothing;
                    set(state, *slot, value);
                }
                Name::Text(template) => {
                    quiet = false;
                    let prefix = self.prefix(template);
                    for (slot, name) in self.set.slots.iter().enumerate() {
                        if name.starts_with(&prefix) {
                            set(state, slot, Known::Nothing);
                        }
                    }
                }
            }
        }
        quiet
    }

    fn written(&self, slot: usize, write: &Write, state: &State) -> Known {
        let old = state.get(slot).copied().unwrap_or(Known::Nothing);
        let sum = |template, sign: i64| match (old, self.expanded(template, state)) {
            (Known::Value(old), Known::Value(by)) => {
                let by = by.map_or(0, |by| self.number(by)).saturating_mul(sign);
                Known::Value(Some(Val::Int(old.map_or(0, |old| self.number(old)).saturating_add(by))))
            }
            _ => Known::Nothing,
        };
        match write {
            Write::Unset => Known::Value(None),
            Write::Set(template) => match self.expanded(template, state) {
                // A variable that is not there expands to nothing, which is a value.
                Known::Value(None) => Known::Value(Some(Val::Str(crate::strings::StrId::EMPTY))),
                known => known,
            },
            Write::Add(template) => sum(template, 1),
            Write::Subtract(template) => sum(template, -1),
        }
    }

    fn expanded(&self, template: &Template, state: &State) -> Known {
        match template {
            Template::Constant(id) => Known::Value(Some(Val::Str(*id))),
            Template::Parts(parts) => match &**parts {
                [Part::Macro(Macro::Tx(slot))] => state.get(*slot).copied().unwrap_or(Known::Nothing),
                _ => Known::Nothing,
            },
        }
    }

    /// What a name begins with whatever its macros are; in lower case.
    fn prefix(&self, template: &Template) -> Vec<u8> {
        let id = match template {
            Template::Constant(id) => Some(*id),
            Template::Parts(parts) => match parts.first() {
                Some(Part::Constant(id)) => Some(*id),
                _ => None,
            },
        };
        id.and_then(|id| id.as_constant())
            .and_then(|index| self.set.constants.get(index))
            .map(|text| text.to_ascii_lowercase())
            .unwrap_or_default()
    }

    /// What is known after a rule that may match or not, and may match some of its conditions.
    fn maybe(&self, rule: &Rule, state: &State) -> State {
        let mut after = state.clone();
        for condition in &rule.conditions {
            self.write_all(condition, &mut after, false);
            if condition.capture {
                for slot in 0..crate::operators::Found::MOST {
                    set(&mut after, slot, Known::Nothing);
                }
            }
        }
        after
    }
}

fn set(state: &mut State, slot: usize, value: Known) {
    if let Some(known) = state.get_mut(slot) {
        *known = value;
    }
}

fn mark(landings: &mut [bool], place: usize) {
    if let Some(landing) = landings.get_mut(place) {
        *landing = true;
    }
}

/// Keeps what both ways agree on.
fn join(to: Option<&mut Option<State>>, state: State) {
    match to {
        None => {}
        Some(slot @ None) => *slot = Some(state),
        Some(Some(known)) => {
            for (known, new) in known.iter_mut().zip(state) {
                if *known != new {
                    *known = Known::Nothing;
                }
            }
        }
    }
}
