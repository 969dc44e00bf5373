//! A rule as read: checked word by word, not yet compiled, so that later directives can change it.

use std::path::{Path, PathBuf};

use super::actions::{self, Action, Disruptive, Phase};
use crate::error::Fault;
use crate::settings::Settings;
use crate::source::Location;
use crate::syntax::lines::{Logical, Word};
use crate::syntax::operator::{self, Written};
use crate::syntax::targets::{self, Target};

/// A rule or an action as read, with the rules chained to it.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) at: Location,
    pub(crate) targets: Vec<Target>,
    /// `None`: matches always.
    pub(crate) operator: Option<(Written, Location)>,
    pub(crate) actions: Vec<(Action, Location)>,
    pub(crate) defaults: Defaults,
    pub(crate) links: Vec<Draft>,
    pub(crate) chains: bool,
    /// The directory that names of data files start from.
    pub(crate) beside: PathBuf,
}

/// What `SecDefaultAction` says for one phase.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defaults {
    pub(crate) actions: Vec<(Action, Location)>,
}

impl Draft {
    pub(crate) fn rule(
        line: &Logical,
        targets: &Word,
        operator: &Word,
        actions: Option<&Word>,
        beside: &Path,
        settings: &Settings,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let at = line.start();
        let read = targets::parse(&targets.text).unwrap_or_else(|(offset, message)| {
            faults.push(Fault::new(line.locate_in(targets, offset), message));
            Vec::new()
        });
        if faults.is_empty() && read.iter().all(|target| target.exclude) {
            faults
                .push(Fault::new(line.locate_in(targets, 0), "a rule needs a variable that is not left out"));
        }
        let actions = match actions.map(|word| read_actions(line, word, settings)) {
            Some(Ok(actions)) => actions,
            Some(Err(more)) => {
                faults.extend(more);
                Vec::new()
            }
            None => Vec::new(),
        };
        let written = operator::parse(&operator.text);
        let operator_at = line.locate_in(operator, written.argument_at.min(operator.text.len()));
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self::new(at, read, Some((written, operator_at)), actions, beside.to_owned()))
    }

    pub(crate) fn action(line: &Logical, actions: &Word, settings: &Settings) -> Result<Self, Vec<Fault>> {
        let actions = read_actions(line, actions, settings)?;
        Ok(Self::new(line.start(), Vec::new(), None, actions, PathBuf::new()))
    }

    fn new(
        at: Location,
        targets: Vec<Target>,
        operator: Option<(Written, Location)>,
        actions: Vec<(Action, Location)>,
        beside: PathBuf,
    ) -> Self {
        let chains = actions.iter().any(|(action, _)| matches!(action, Action::Chain));
        Self {
            at,
            targets,
            operator,
            actions,
            defaults: Defaults::default(),
            links: Vec::new(),
            chains,
            beside,
        }
    }

    pub(crate) fn id(&self) -> Option<u64> {
        self.actions.iter().find_map(|(action, _)| match action {
            Action::Id(id) => Some(*id),
            _ => None,
        })
    }

    /// The phase; 2 where none is written, as in every engine.
    pub(crate) fn phase(&self) -> Phase {
        self.actions
            .iter()
            .rev()
            .find_map(|(action, _)| match action {
                Action::Phase(phase) => Some(*phase),
                _ => None,
            })
            .unwrap_or(Phase::RequestBody)
    }

    /// What a rule must have that begins a chain or stands alone.
    pub(crate) fn faults_as_starter(&self) -> Vec<Fault> {
        if self.id().is_some() {
            return Vec::new();
        }
        vec![Fault::new(self.at.clone(), "a rule needs an `id`")]
    }

    /// What a rule in a chain must not have: the first rule speaks for all.
    pub(crate) fn faults_as_link(&self) -> Vec<Fault> {
        self.actions
            .iter()
            .filter_map(|(action, at)| {
                let name = match action {
                    Action::Id(_) => "id",
                    Action::Phase(_) => "phase",
                    Action::Disrupt(Disruptive::Pass) => return None,
                    Action::Disrupt(_) => "a disruptive action",
                    Action::Skip(_) => "skip",
                    Action::SkipAfter(_) => "skipAfter",
                    _ => return None,
                };
                Some(Fault::new(at.clone(), format!("{name} belongs to the first rule of the chain alone")))
            })
            .collect()
    }
}

impl Defaults {
    pub(crate) fn read(
        line: &Logical,
        word: &Word,
        settings: &Settings,
    ) -> Result<(Phase, Self), Vec<Fault>> {
        let actions = read_actions(line, word, settings)?;
        let mut phase = None;
        let mut faults = Vec::new();
        for (action, at) in &actions {
            match action {
                Action::Phase(written) => phase = Some(*written),
                Action::Log(_)
                | Action::Audit(_)
                | Action::Status(_)
                | Action::Transform(_)
                | Action::Tag(_)
                | Action::Disrupt(
                    Disruptive::Pass
                    | Disruptive::Deny
                    | Disruptive::Drop
                    | Disruptive::Redirect(_)
                    | Disruptive::Allow(_),
                ) => {}
                _ => faults.push(Fault::new(
                    at.clone(),
                    "`SecDefaultAction` takes a phase, logging, transformations, tags, a status and a disruptive action",
                )),
            }
        }
        match phase {
            Some(phase) if faults.is_empty() => Ok((phase, Self { actions })),
            Some(_) => Err(faults),
            None => Err(vec![Fault::new(line.start(), "`SecDefaultAction` needs a phase")]),
        }
    }
}

/// Every action of the word, or every fault in it.
pub(crate) fn read_actions(
    line: &Logical,
    word: &Word,
    settings: &Settings,
) -> Result<Vec<(Action, Location)>, Vec<Fault>> {
    let written = crate::syntax::actions::parse(&word.text)
        .map_err(|(offset, message)| vec![Fault::new(line.locate_in(word, offset), message)])?;
    let mut faults = Vec::new();
    let mut read = Vec::new();
    for action in &written {
        let at = line.locate_in(word, action.at);
        match actions::read(action, settings) {
            Ok(action) => read.push((action, at)),
            Err(message) => faults.push(Fault::new(at, message)),
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}
