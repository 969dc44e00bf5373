//! From rules as read to rules that run.

mod condition;
mod effect;

use std::collections::HashMap;

use super::text::{Macro, Part, Template};
use super::{Outcome, Rule, RuleSet};
use crate::error::{Fault, LoadError};
use crate::load::actions::{Action, Allow, Disruptive};
use crate::load::{Draft, Item, Loaded};
use crate::operators::GeoDatabase;
use crate::plan::Plan;
use crate::source::{Files, Location};
use crate::strings::StrId;
use crate::syntax::names::Variable;
use crate::syntax::targets::Selector;
use crate::syntax::text::{self, Text};
use crate::transforms::Transform;

struct Compiler<'a> {
    files: &'a dyn Files,
    faults: Vec<Fault>,
    constants: Vec<Box<[u8]>>,
    constant_of: HashMap<Box<[u8]>, usize>,
    slots: Vec<Box<[u8]>>,
    slot_of: HashMap<Box<[u8]>, usize>,
    headers: Vec<Box<[u8]>>,
    geo: bool,
    /// What rules say of themselves, for `ctl:ruleRemove…`.
    known: Vec<Known>,
}

struct Known {
    id: u64,
    msg: Vec<u8>,
    tags: Vec<Vec<u8>>,
}

pub(super) fn compile(loaded: Loaded, files: &dyn Files) -> Result<RuleSet, LoadError> {
    let Loaded { settings, items, notes, geo } = loaded;
    let mut faults = Vec::new();
    let geo = geo.and_then(|(bytes, at)| match GeoDatabase::parse(bytes) {
        Ok(database) => Some(database),
        Err(message) => {
            faults.push(Fault::new(at, message));
            None
        }
    });
    let mut compiler = Compiler {
        files,
        faults,
        constants: Vec::new(),
        constant_of: HashMap::new(),
        slots: Vec::new(),
        slot_of: HashMap::new(),
        headers: Vec::new(),
        geo: geo.is_some(),
        known: items.iter().filter_map(Known::of).collect(),
    };
    for capture in 0..10 {
        compiler.slot(capture.to_string().as_bytes());
    }
    let mut rules = Vec::new();
    let mut markers: Vec<(Box<str>, usize)> = Vec::new();
    let mut jumps = Vec::new();
    for item in &items {
        match item {
            Item::Marker(label) => markers.push((label.clone(), rules.len())),
            Item::Rule(draft) => {
                let jump = jump(draft);
                jumps.push(jump);
                let rule = compiler.rule(draft);
                rules.push(rule);
            }
        }
    }
    let mut phases: [Vec<usize>; 5] = Default::default();
    for (index, rule) in rules.iter().enumerate() {
        if let Some(phase) = phases.get_mut(usize::from(rule.phase.number() - 1)) {
            phase.push(index);
        }
    }
    for (index, jump) in jumps.into_iter().enumerate() {
        let target = compiler.jump_target(index, jump, &rules, &markers, &phases);
        if let Some(rule) = rules.get_mut(index) {
            rule.next = target;
        }
    }
    // Selectors of `TX` by expression take every name that is known only now.
    for rule in &mut rules {
        for condition in &mut rule.conditions {
            for aim in &mut condition.targets {
                if aim.target.variable == Variable::Tx && !matches!(aim.target.selector, Selector::Name(_)) {
                    aim.slots = (0..compiler.slots.len())
                        .filter(|slot| {
                            compiler.slots.get(*slot).is_some_and(|name| aim.target.selector.takes(name))
                        })
                        .collect();
                }
            }
        }
    }
    if !compiler.faults.is_empty() {
        return Err(LoadError { faults: compiler.faults });
    }
    let slot_names = compiler.slots.clone().iter().map(|name| compiler.constant(name)).collect();
    let mut set = RuleSet {
        settings,
        rules,
        phases,
        slots: compiler.slots,
        slot_names,
        slot_of: compiler.slot_of,
        constant_numbers: compiler.constants.iter().map(|text| crate::values::number(text)).collect(),
        constants: compiler.constants,
        headers: compiler.headers,
        geo,
        plan: Plan::default(),
        notes,
    };
    set.plan = crate::plan::plan(&set);
    Ok(set)
}

/// Where a rule goes on after a match, as written.
enum Jump {
    None,
    Skip(usize),
    After(Box<str>, Location),
}

fn jump(draft: &Draft) -> Jump {
    for (action, at) in draft.actions.iter().rev() {
        match action {
            Action::Skip(count) => return Jump::Skip(*count as usize),
            Action::SkipAfter(label) => return Jump::After(label.clone(), at.clone()),
            _ => {}
        }
    }
    Jump::None
}

impl Known {
    fn of(item: &Item) -> Option<Self> {
        let Item::Rule(draft) = item else { return None };
        let mut known = Self { id: draft.id().unwrap_or(0), msg: Vec::new(), tags: Vec::new() };
        for (action, _) in &draft.actions {
            match action {
                Action::Msg(msg) => known.msg = crate::load::shown(msg),
                Action::Tag(tag) => known.tags.push(crate::load::shown(tag)),
                _ => {}
            }
        }
        Some(known)
    }
}

impl Compiler<'_> {
    fn constant(&mut self, text: &[u8]) -> StrId {
        if text.is_empty() {
            return StrId::EMPTY;
        }
        let next = self.constants.len();
        let index = *self.constant_of.entry(text.into()).or_insert(next);
        if index == next {
            self.constants.push(text.into());
        }
        StrId::constant(index)
    }

    fn slot(&mut self, name: &[u8]) -> usize {
        let next = self.slots.len();
        let index = *self.slot_of.entry(name.into()).or_insert(next);
        if index == next {
            self.slots.push(name.into());
        }
        index
    }

    fn header(&mut self, name: &[u8]) -> Option<u16> {
        let index = self.headers.iter().position(|known| &**known == name).unwrap_or_else(|| {
            self.headers.push(name.into());
            self.headers.len() - 1
        });
        u16::try_from(index).ok()
    }

    fn template(&mut self, text: &Text) -> Template {
        if let Some(literal) = text.literal() {
            return Template::Constant(self.constant(literal));
        }
        Template::Parts(
            text.0
                .iter()
                .map(|part| match part {
                    text::Part::Literal(literal) => Part::Constant(self.constant(literal)),
                    text::Part::Macro(variable, key) => Part::Macro(self.macro_of(*variable, key.as_deref())),
                })
                .collect(),
        )
    }

    fn macro_of(&mut self, variable: Variable, key: Option<&[u8]>) -> Macro {
        match (variable, key) {
            (Variable::Tx, Some(key)) => Macro::Tx(self.slot(key)),
            _ => Macro::Variable(variable, key.map(Into::into)),
        }
    }

    fn rule(&mut self, draft: &Draft) -> Rule {
        let phase = draft.phase();
        let mut rule = Rule {
            id: draft.id().unwrap_or(0),
            phase,
            at: draft.at.clone(),
            conditions: Vec::with_capacity(draft.links.len() + 1),
            msg: None,
            logdata: None,
            tags: Vec::new(),
            severity: None,
            ver: None,
            rev: None,
            maturity: None,
            accuracy: None,
            log: true,
            audit: true,
            outcome: Outcome::Pass,
            status: None,
            next: None,
        };
        let mut default_outcome = Disruptive::Pass;
        let mut outcome = None;
        for (defaults, action) in draft
            .defaults
            .actions
            .iter()
            .map(|(action, _)| (true, action))
            .chain(draft.actions.iter().map(|(action, _)| (false, action)))
        {
            match action {
                Action::Disrupt(disruptive) if defaults => default_outcome = disruptive.clone(),
                Action::Disrupt(disruptive) => outcome = Some(disruptive.clone()),
                Action::Status(status) => rule.status = Some(*status),
                // `log` asks for the audit log too, as does `nolog` against it; the manual, `log` and `nolog`.
                Action::Log(on) => (rule.log, rule.audit) = (*on, *on),
                Action::Audit(on) => rule.audit = *on,
                _ => self.describe(&mut rule, action),
            }
        }
        let outcome = match outcome {
            None | Some(Disruptive::Block) => default_outcome,
            Some(outcome) => outcome,
        };
        rule.outcome = match outcome {
            Disruptive::Pass | Disruptive::Block => Outcome::Pass,
            Disruptive::Deny => Outcome::Deny,
            Disruptive::Drop => Outcome::Drop,
            Disruptive::Redirect(to) => Outcome::Redirect(self.template(&to)),
            Disruptive::Allow(Allow::Transaction) => Outcome::AllowTransaction,
            Disruptive::Allow(Allow::Phase) => Outcome::AllowPhase,
            Disruptive::Allow(Allow::Request) => Outcome::AllowRequest,
        };
        let defaults: Vec<Transform> = draft
            .defaults
            .actions
            .iter()
            .filter_map(|(action, _)| match action {
                Action::Transform(transform) => Some(*transform),
                _ => None,
            })
            .collect();
        for (index, link) in std::iter::once(draft).chain(&draft.links).enumerate() {
            if let Some(condition) = self.condition(link, &defaults) {
                rule.conditions.push(condition);
            }
            if index > 0 {
                for (action, _) in &link.actions {
                    self.describe_missing(&mut rule, action);
                }
            }
        }
        rule
    }

    fn describe(&mut self, rule: &mut Rule, action: &Action) {
        match action {
            Action::Msg(msg) => rule.msg = Some(self.template(msg)),
            Action::Logdata(data) => rule.logdata = Some(self.template(data)),
            Action::Tag(tag) => {
                let tag = self.template(tag);
                rule.tags.push(tag);
            }
            Action::Severity(severity) => rule.severity = Some(*severity),
            Action::Ver(ver) => rule.ver = Some(ver.clone()),
            Action::Rev(rev) => rule.rev = Some(rev.clone()),
            Action::Maturity(maturity) => rule.maturity = Some(*maturity),
            Action::Accuracy(accuracy) => rule.accuracy = Some(*accuracy),
            _ => {}
        }
    }

    /// What a rule of a chain says of the chain counts where the first does not say it.
    fn describe_missing(&mut self, rule: &mut Rule, action: &Action) {
        match action {
            Action::Msg(_) if rule.msg.is_some() => {}
            Action::Logdata(_) if rule.logdata.is_some() => {}
            Action::Severity(_) if rule.severity.is_some() => {}
            Action::Ver(_) if rule.ver.is_some() => {}
            Action::Rev(_) if rule.rev.is_some() => {}
            _ => self.describe(rule, action),
        }
    }

    /// The place in the phase where rules go on after rule `index` matched.
    fn jump_target(
        &mut self,
        index: usize,
        jump: Jump,
        rules: &[Rule],
        markers: &[(Box<str>, usize)],
        phases: &[Vec<usize>; 5],
    ) -> Option<usize> {
        let rule = rules.get(index)?;
        let phase = phases.get(usize::from(rule.phase.number() - 1))?;
        let here = phase.binary_search(&index).ok()?;
        match jump {
            Jump::None => None,
            Jump::Skip(count) => Some((here + 1 + count).min(phase.len())),
            Jump::After(label, at) => {
                let after = markers
                    .iter()
                    .find(|(known, place)| *known == label && *place > index)
                    .map(|(_, place)| *place)
                    .or_else(|| {
                        let id: u64 = label.parse().ok()?;
                        rules.iter().position(|rule| rule.id == id).filter(|at| *at > index).map(|at| at + 1)
                    });
                let Some(after) = after else {
                    self.faults.push(Fault::new(
                        at,
                        format!("no `SecMarker {label}` and no rule of that id follows this rule"),
                    ));
                    return None;
                };
                Some(phase.partition_point(|rule| *rule < after))
            }
        }
    }
}

/// `rx` as `Rx`, the way log lines of ModSecurity v3 write it.
fn name_shown(name: &str) -> Box<str> {
    let mut chars = name.chars();
    chars
        .next()
        .map(|first| first.to_ascii_uppercase().to_string() + chars.as_str())
        .unwrap_or_default()
        .into()
}
