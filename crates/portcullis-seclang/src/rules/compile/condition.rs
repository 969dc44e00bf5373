//! What a rule looks at, by which transformations, and how it judges.

use std::path::Path;

use super::{Compiler, name_shown};
use crate::error::Fault;
use crate::load::Draft;
use crate::load::actions::Action;
use crate::operators::Operator;
use crate::rules::condition::{Aim, Number};
use crate::rules::text::{Part, Template};
use crate::rules::{Condition, Judge};
use crate::source::Location;
use crate::syntax::names::Variable;
use crate::syntax::targets::{Selector, Target};
use crate::syntax::text::Text;
use crate::transforms::Transform;

impl Compiler<'_> {
    pub(super) fn condition(&mut self, draft: &Draft, defaults: &[Transform]) -> Option<Condition> {
        let mut transforms = defaults.to_vec();
        let mut effects = Vec::new();
        let (mut capture, mut multi_match) = (false, false);
        for (action, at) in &draft.actions {
            match action {
                Action::Transform(Transform::None) => transforms.clear(),
                Action::Transform(transform) => transforms.push(*transform),
                Action::Capture => capture = true,
                Action::MultiMatch => multi_match = true,
                Action::Effect(effect) => effects.extend(self.effect(effect, at)),
                _ => {}
            }
        }
        let (judge, argument, negated, operator_name, operator_argument) = match &draft.operator {
            None => (Judge::Always, None, false, "unconditional".into(), "".into()),
            Some((written, at)) => {
                let (judge, argument) = self.judge(written, at, &draft.beside)?;
                (
                    judge,
                    argument,
                    written.negated,
                    name_shown(&written.name),
                    written.argument.as_str().into(),
                )
            }
        };
        let (exclusions, targets): (Vec<Target>, Vec<Target>) =
            draft.targets.iter().cloned().partition(|target| target.exclude);
        Some(Condition {
            targets: targets.into_iter().map(|target| self.aim(target)).collect(),
            exclusions: exclusions.into(),
            judge,
            argument,
            negated,
            operator_name,
            operator_argument,
            transforms: transforms.into(),
            multi_match,
            capture,
            effects: effects.into(),
        })
    }

    fn aim(&mut self, target: Target) -> Aim {
        let mut slots = Vec::new();
        let mut header = None;
        if let Selector::Name(name) = &target.selector {
            match target.variable {
                Variable::Tx => slots.push(self.slot(name)),
                Variable::RequestHeaders => header = self.header(name),
                _ => {}
            }
        }
        Aim { target, slots: slots.into(), header }
    }

    fn judge(
        &mut self,
        written: &crate::syntax::operator::Written,
        at: &Location,
        beside: &Path,
    ) -> Option<(Judge, Option<Template>)> {
        if let Some(detector) = crate::detectors::by_operator(&written.name) {
            return Some((Judge::Detector(detector), None));
        }
        if written.name.eq_ignore_ascii_case("geoLookup") && !self.geo {
            self.faults.push(Fault::new(at.clone(), "`@geoLookup` needs `SecGeoLookupDb`"));
            return None;
        }
        let files = self.files;
        let read = move |name: &str| -> Result<Vec<u8>, String> {
            let path = beside.join(name);
            files.read(&path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))
        };
        let operator = match Operator::parse(&written.name, &written.argument, &read) {
            Ok(operator) => operator,
            Err(message) => {
                self.faults.push(Fault::new(at.clone(), message));
                return None;
            }
        };
        let argument = if operator.takes_macros() && written.argument.contains("%{") {
            match Text::parse(&written.argument) {
                Ok(text) if text.literal().is_none() => Some(self.template(&text)),
                Ok(_) => None,
                Err((_, message)) => {
                    self.faults.push(Fault::new(at.clone(), message));
                    return None;
                }
            }
        } else {
            None
        };
        if let Operator::Number(number) = &operator {
            let against = match &argument {
                None => Some(Number::Constant(crate::values::number(written.argument.as_bytes()))),
                Some(Template::Parts(parts)) => match &**parts {
                    [Part::Macro(value)] => Some(Number::Macro(value.clone())),
                    _ => None,
                },
                Some(Template::Constant(_)) => None,
            };
            if let Some(against) = against {
                return Some((Judge::Compare(number.comparison(), against), None));
            }
        }
        Some((Judge::Operator(Box::new(operator)), argument))
    }
}
