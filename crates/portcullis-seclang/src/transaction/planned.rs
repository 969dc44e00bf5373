//! The planned walk: only rules that could match run, in the order that they have.

use super::evaluate::Flow;
use super::state::State;
use crate::load::actions::Phase;
use crate::plan::Group;
use crate::plan::need::ByteSet;
use crate::plan::scan::{Block, Scanner};
use crate::rules::{Condition, RuleSet};
use crate::settings::EngineMode;
use crate::strings::StrId;
use crate::transforms::ByteClasses;
use crate::values::Val;

/// What is known of the values, by their number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    of: Vec<Fact>,
    /// For each value that a chain may change, for each chain: one more than the value that comes out of it, 0
    /// where that is not known yet.
    cells: Vec<u32>,
    /// For each value that was scanned: the rules that could match, then those one of whose literals is in it.
    candidates: Vec<Block>,
    /// What was worked out for bytes of some kinds, for the next value of the same.
    changing: [(ByteClasses, u64); 8],
}

#[derive(Clone, Copy, Debug, Default)]
struct Fact {
    known: bool,
    present: ByteSet,
    /// The transformations that could change it.
    changing: u64,
    /// One more than the place of its first cell.
    cells: u32,
    /// One more than the place in `candidates`, for each scanner.
    candidates: [u32; 4],
    /// One more than another value that differs in the case of letters alone.
    twin: u32,
    /// One more than the next value that was made of the same one.
    variant: u32,
}

impl State {
    pub(crate) fn run_planned(&mut self, set: &RuleSet, phase: Phase) {
        // What was decided at load holds for phases in their order.
        let (last, number) = (self.last_phase, phase.number());
        let may_skip = last > 0 && (phase == Phase::Logging || self.allowed_until + 1 >= number);
        self.folded &= last < number && (number == last + 1 || may_skip);
        self.last_phase = number;
        let Some(rules) = set.phases.get(usize::from(phase.number() - 1)) else { return };
        let mut hot = std::mem::take(&mut self.hot);
        self.heat(set, phase, &mut hot);
        self.walk_hot(set, phase, rules, &mut hot);
        self.hot = hot;
    }

    /// Puts the rules that are to run into `hot`.
    fn heat(&mut self, set: &RuleSet, phase: Phase, hot: &mut Vec<u64>) {
        let way = if self.folded { &set.plan.folded } else { &set.plan.whole };
        hot.clear();
        let Some(plan) = way.phases.get(usize::from(phase.number() - 1)) else { return };
        hot.extend_from_slice(&plan.always.0);
        let side = self.side(phase);
        for group in &plan.groups {
            self.find_candidates(set, group, side, hot);
        }
    }

    /// Which scanner: of the request or the response, of all rules or those left.
    pub(crate) fn side(&self, phase: Phase) -> usize {
        usize::from(phase.number() > 2) + if self.folded { 2 } else { 0 }
    }

    fn walk_hot(&mut self, set: &RuleSet, phase: Phase, rules: &[usize], hot: &mut Vec<u64>) {
        let mut from = 0;
        while let Some(index) = next(hot, from) {
            from = index + 1;
            let fold = set.plan.folds.at.get(index).copied().unwrap_or(0);
            if self.folded && fold != 0 {
                self.write_fold(set, fold as usize - 1);
                continue;
            }
            let was_folded = self.folded;
            let flow = self.run_rule(set, index);
            if was_folded && !self.folded {
                self.heat(set, phase, hot);
            }
            match flow {
                Flow::On => {}
                Flow::To(place) => match rules.get(place) {
                    Some(index) => from = from.max(*index),
                    None => break,
                },
                Flow::End => break,
            }
            if self.switches.engine == EngineMode::Off {
                break;
            }
        }
    }

    /// What rules that were decided at load come to.
    fn write_fold(&mut self, set: &RuleSet, place: usize) {
        let Some(fold) = set.plan.folds.all.get(place) else { return };
        for (slot, value) in &fold.writes {
            self.tx.set(super::tx::Place::Slot(*slot), *value);
        }
        if let Some((slot, value, count)) = fold.last {
            let name = set.slot_names.get(slot).copied();
            let variable = crate::syntax::names::Variable::Tx;
            self.found.last = Some(super::state::Candidate { variable, name, value, count });
        }
    }

    /// Adds the rules of the group that could match one of its values.
    fn find_candidates(&mut self, set: &RuleSet, group: &Group, side: usize, hot: &mut [u64]) {
        let from = self.candidates.len();
        if group.header.is_some() {
            for (field, number) in self.request.headers.iter().zip(&self.request.header_numbers) {
                if *number == group.header {
                    self.candidates.push(super::state::Candidate::of(group.variable, *field));
                }
            }
        } else {
            self.resolve_variable(set, group.variable, &group.selector);
        }
        for at in from..self.candidates.len() {
            let Some(candidate) = self.candidates.get(at).copied() else { continue };
            let id = self.textual(candidate.value);
            let changing = self.changing_of(set, id);
            if changing & group.kinds == 0 {
                self.join(set, id, side, &group.rules, hot);
                continue;
            }
            // Those that see the value as it is are put together.
            let mut same = [Block::default(); 4];
            let Some(same) = same.get_mut(..group.rules.len()) else {
                self.join_each(set, id, side, group, hot);
                continue;
            };
            for judged in &group.chains {
                let after =
                    if changing & judged.kinds == 0 { id } else { self.chained(set, id, judged.chain) };
                if after == id {
                    unite(same, &judged.rules);
                } else {
                    self.join(set, after, side, &judged.rules, hot);
                }
            }
            self.join(set, id, side, same, hot);
        }
        self.candidates.truncate(from);
    }

    fn join_each(&mut self, set: &RuleSet, id: StrId, side: usize, group: &Group, hot: &mut [u64]) {
        for judged in &group.chains {
            let after = self.chained(set, id, judged.chain);
            self.join(set, after, side, &judged.rules, hot);
        }
    }

    /// Adds those of `rules` that could match a value.
    fn join(&mut self, set: &RuleSet, id: StrId, side: usize, rules: &[Block], hot: &mut [u64]) {
        let Some(scanner) = scanner(set, side) else { return };
        let place = self.scanned(set, scanner, id, side);
        let candidates = self.facts.candidates.get(place..).unwrap_or_default();
        scanner.both(rules, candidates, |rule| {
            if let Some(word) = hot.get_mut(rule as usize / 64) {
                *word |= 1 << (rule % 64);
            }
        });
    }

    fn changing_of(&mut self, set: &RuleSet, id: StrId) -> u64 {
        match self.facts.of.get(id.index()) {
            Some(fact) if fact.known => fact.changing,
            _ => self.fact(set, id).changing,
        }
    }

    fn fact(&mut self, set: &RuleSet, id: StrId) -> Fact {
        if let Some(fact) = self.facts.of.get(id.index()).filter(|fact| fact.known) {
            return *fact;
        }
        let text = self.strings.get(id, &set.constants);
        let present = Scanner::present(text);
        let classes = if text.len() < 128 {
            ByteClasses::of(text)
        } else {
            let mut distinct = [0; 256];
            let mut count = 0;
            for (slot, byte) in distinct.iter_mut().zip(present.bytes()) {
                *slot = byte;
                count += 1;
            }
            ByteClasses::of(distinct.get(..count).unwrap_or_default())
        };
        let fact = Fact { known: true, present, changing: self.changing(set, classes), ..Fact::default() };
        // Constants of the set are few and short, and not worth a place.
        if id.as_constant().is_none() {
            if self.facts.of.len() <= id.index() {
                self.facts.of.resize(id.index() + 32, Fact::default());
            }
            if let Some(slot) = self.facts.of.get_mut(id.index()) {
                *slot = fact;
            }
        }
        fact
    }

    /// The transformations that could change a value of these bytes.
    fn changing(&mut self, set: &RuleSet, classes: ByteClasses) -> u64 {
        let at = classes.mixed() & 7;
        if let Some((known, changing)) = self.facts.changing.get(at)
            && *known == classes
            && !classes.is_empty()
        {
            return *changing;
        }
        let changing = set.plan.changing(classes);
        if let Some(slot) = self.facts.changing.get_mut(at) {
            *slot = (classes, changing);
        }
        changing
    }

    /// The value after a chain of transformations.
    pub(crate) fn chained(&mut self, set: &RuleSet, id: StrId, chain: u16) -> StrId {
        self.chained_from(set, id, id, chain)
    }

    /// The same for a value that was itself made of `root`.
    fn chained_from(&mut self, set: &RuleSet, root: StrId, id: StrId, chain: u16) -> StrId {
        let Some(step) = set.plan.steps.get(usize::from(chain)).filter(|_| chain != 0) else { return id };
        if self.changing_of(set, id) & step.kinds == 0 {
            return id;
        }
        let cell = self.cell(set, id, chain);
        if let Some(value) = cell.and_then(|cell| self.facts.cells.get(cell)?.checked_sub(1)) {
            return StrId(value);
        }
        let before = self.chained_from(set, root, id, step.parent);
        let after = if self.changing_of(set, before) & step.kind == 0 {
            before
        } else if step.parent != 0 {
            // Other chains may have done the same to the same value.
            self.chained_from(set, root, before, step.alone)
        } else {
            let after = self.step(set, step.transform, before);
            if after == before { after } else { self.variant(set, root, after) }
        };
        if let Some(cell) = cell.and_then(|cell| self.facts.cells.get_mut(cell)) {
            *cell = after.0.wrapping_add(1);
        }
        after
    }

    /// What was made of `root`, as `before` became `fresh`: the same value under one number, whichever chain it
    /// came out of.
    fn variant(&mut self, set: &RuleSet, root: StrId, fresh: StrId) -> StrId {
        let text = self.strings.get(fresh, &set.constants);
        let mut twin = None;
        let (mut last, mut next) = (root, Some(root));
        while let Some(known) = next {
            let other = self.strings.get(known, &set.constants);
            if other == text {
                self.strings.forget_last(fresh);
                return known;
            }
            // Constants are not kept track of.
            if twin.is_none() && known.as_constant().is_none() && other.eq_ignore_ascii_case(text) {
                twin = Some(known);
            }
            last = known;
            let fact = self.facts.of.get(known.index());
            next = fact.and_then(|fact| fact.variant.checked_sub(1)).map(StrId);
        }
        self.fact(set, fresh);
        if let Some(fact) = self.facts.of.get_mut(last.index()) {
            fact.variant = fresh.0 + 1;
        }
        if let (Some(twin), Some(fact)) = (twin, self.facts.of.get_mut(fresh.index())) {
            fact.twin = twin.0 + 1;
        }
        fresh
    }

    /// The place for what comes out of a chain. Constants of the set have none.
    fn cell(&mut self, set: &RuleSet, id: StrId, chain: u16) -> Option<usize> {
        let fact = self.facts.of.get_mut(id.index())?;
        if fact.cells == 0 {
            let start = self.facts.cells.len();
            self.facts.cells.resize(start + set.plan.steps.len(), 0);
            fact.cells = u32::try_from(start + 1).unwrap_or(0);
        }
        (fact.cells as usize).checked_sub(1).map(|start| start + usize::from(chain))
    }

    /// Where the candidates of a value are.
    fn scanned(&mut self, set: &RuleSet, scanner: &Scanner, id: StrId, side: usize) -> usize {
        let known = |facts: &Facts, id: usize| {
            facts.of.get(id).and_then(|fact| (*fact.candidates.get(side)? as usize).checked_sub(1))
        };
        if let Some(place) = known(&self.facts, id.index()) {
            return place;
        }
        let fact = self.fact(set, id);
        // What differs in the case of letters alone has the same literals, which stand behind the candidates.
        let twin = (fact.twin as usize).checked_sub(1).and_then(|twin| known(&self.facts, twin));
        let candidates = &mut self.facts.candidates;
        let (place, literals) = (candidates.len(), candidates.len() + scanner.blocks);
        candidates.resize(literals + scanner.blocks, Block::default());
        let text = self.strings.get(id, &set.constants);
        match twin.map(|twin| twin + scanner.blocks) {
            Some(twin) => candidates.copy_within(twin..twin + scanner.blocks, literals),
            None => {
                if let Some(out) = candidates.get_mut(literals..) {
                    scanner.find(text, &fact.present, out);
                }
            }
        }
        candidates.copy_within(literals.., place);
        if let Some(out) = candidates.get_mut(place..literals) {
            scanner.settle(text.len(), &fact.present, out);
        }
        let slot = self.facts.of.get_mut(id.index()).and_then(|fact| fact.candidates.get_mut(side));
        if let Some(slot) = slot {
            *slot = u32::try_from(place + 1).unwrap_or(0);
        }
        place
    }

    /// Whether the operator of the rule could match a value.
    pub(crate) fn could_match(&mut self, set: &RuleSet, id: StrId, rule: usize, side: usize) -> bool {
        let Some(scanner) = scanner(set, side) else { return true };
        let place = self.scanned(set, scanner, id, side);
        scanner.has(self.facts.candidates.get(place..).unwrap_or_default(), rule)
    }

    /// The value after the transformations of the condition, as the plan has them.
    pub(crate) fn transformed_by_plan(
        &mut self,
        set: &RuleSet,
        rule: usize,
        link: usize,
        condition: &Condition,
        value: Val,
    ) -> Val {
        if condition.transforms.is_empty() {
            return value;
        }
        let chain = set.plan.chains.get(rule).and_then(|chains| chains.get(link)).copied().unwrap_or(0);
        let id = self.textual(value);
        Val::Str(self.chained(set, id, chain))
    }
}

/// The scanner of a side.
fn scanner(set: &RuleSet, side: usize) -> Option<&Scanner> {
    let way = if side < 2 { &set.plan.whole } else { &set.plan.folded };
    way.scanners.get(side & 1)
}

fn unite(all: &mut [Block], more: &[Block]) {
    for (word, more) in all.as_flattened_mut().iter_mut().zip(more.as_flattened()) {
        *word |= more;
    }
}

/// The first rule at or after `from`.
fn next(hot: &[u64], from: usize) -> Option<usize> {
    let mut at = from / 64;
    let mut word = hot.get(at).copied()? & (!0 << (from % 64));
    loop {
        if word != 0 {
            return Some(at * 64 + word.trailing_zeros() as usize);
        }
        at += 1;
        word = hot.get(at).copied()?;
    }
}
