//! Policies that hold, and what they say.

use std::fmt;

use cedar_policy::{AuthorizationError, Authorizer, Decision, Entities, PolicyId, PolicySet, Schema};
use portcullis::layers::caller::access::{Asked, Ruler, Ruling};

use crate::load::Names;
use crate::question::{Question, Types, question};

/// Policies, loaded by [`crate::load`].
pub struct Rulebook {
    policies: PolicySet,
    names: Names,
    /// The actions of the schema, with the groups they are in.
    actions: Entities,
    types: Types,
    authorizer: Authorizer,
}

impl Rulebook {
    pub(crate) fn new(policies: PolicySet, names: Names, schema: &Schema) -> Result<Self, String> {
        let actions = schema.action_entities().map_err(|error| error.to_string())?;
        Ok(Self { policies, names, actions, types: Types::new()?, authorizer: Authorizer::new() })
    }

    fn name(&self, id: &PolicyId) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| id.to_string())
    }

    fn try_rule(&self, asked: &Asked<'_>) -> Result<Ruling, String> {
        let Question { request, entities } = question(asked, &self.types)?;
        let entities =
            self.actions.clone().add_entities(entities, None).map_err(|error| error.to_string())?;
        let answer = self.authorizer.is_authorized(&request, &self.policies, &entities);
        let told = answer.diagnostics();
        let mut errors: Vec<String> = told
            .errors()
            .map(|AuthorizationError::PolicyEvaluationError(error)| {
                format!("{}: {}", self.name(error.policy_id()), error.inner())
            })
            .collect();
        if !errors.is_empty() {
            errors.sort();
            return Ok(Ruling::Erring { errors });
        }
        let mut by: Vec<String> = told.reason().map(|id| self.name(id)).collect();
        by.sort();
        Ok(match answer.decision() {
            Decision::Allow => Ruling::Permit { by },
            Decision::Deny => Ruling::Deny { by },
        })
    }
}

impl Ruler for Rulebook {
    fn rule(&self, asked: &Asked<'_>) -> Ruling {
        self.try_rule(asked).unwrap_or_else(|error| Ruling::Erring { errors: vec![error] })
    }
}

impl fmt::Debug for Rulebook {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Rulebook").field("policies", &self.names.len()).finish_non_exhaustive()
    }
}
