//! From a text to policies that hold.

use std::collections::HashMap;

use cedar_policy::{Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};

use crate::SCHEMA;
use crate::fault::{Fault, LoadError, Text};
use crate::rulebook::Rulebook;

/// What `Route::"…"` is called where no route holds.
pub(crate) const SITE: &str = "site";

/// Reads and validates policies. `file` only names the place of a fault; `routes` are the paths of the policy's routes:
/// a policy that names another would never match.
///
/// # Errors
/// All that is wrong, each with its place.
pub fn load(file: &str, text: &str, routes: &[String]) -> Result<Rulebook, LoadError> {
    let here = Text { file, text };
    let schema = schema().map_err(|message| LoadError { faults: vec![here.fault(None, message, "")] })?;
    let policies: PolicySet = text.parse().map_err(|errors: cedar_policy::ParseErrors| LoadError {
        faults: errors.iter().map(|error| here.told(error)).collect(),
    })?;
    let mut faults = Vec::new();
    if policies.is_empty() {
        faults.push(here.fault(
            None,
            "there is no policy, so that nobody could come",
            "`permit (principal is User, action, resource);` lets everybody who is signed in go everywhere",
        ));
    }
    for template in policies.templates() {
        faults.push(here.fault(
            None,
            format!("`{}` is a template, which nobody fills in", template.id()),
            "write a policy without `?principal` and `?resource`",
        ));
    }
    let checked = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
    faults.extend(checked.validation_errors().map(|error| here.told(error)));
    faults.extend(checked.validation_warnings().map(|warning| here.told(warning)));
    let mut names = HashMap::new();
    for policy in policies.policies() {
        let line = line(policy, here);
        faults.extend(unknown(policy, routes).map(|(message, help)| here.fault(Some(line), message, help)));
        let called = policy.annotation("id").unwrap_or_else(|| policy.id().as_ref());
        names.insert(policy.id().clone(), format!("{called} ({file}:{line})"));
    }
    if faults.is_empty() {
        Rulebook::new(policies, names, &schema)
            .map_err(|message| LoadError { faults: vec![here.fault(None, message, "")] })
    } else {
        faults.sort_by_key(|fault: &Fault| fault.line);
        Err(LoadError { faults })
    }
}

/// Our schema; a test shows that it holds.
pub(crate) fn schema() -> Result<Schema, String> {
    Schema::from_cedarschema_str(SCHEMA).map(|(schema, _)| schema).map_err(|error| error.to_string())
}

fn line(policy: &Policy, here: Text<'_>) -> usize {
    policy.as_ref().loc().map_or(1, |loc| here.line(loc.start()))
}

/// Names of nothing that is there, which Cedar takes for names of something that may come.
fn unknown(policy: &Policy, routes: &[String]) -> impl Iterator<Item = (String, &'static str)> {
    policy.entity_literals().into_iter().filter_map(|uid| {
        let id: &str = uid.id().as_ref();
        match uid.type_name().basename() {
            "Route" if id != SITE && !routes.iter().any(|route| route == id) => Some((
                format!("no route of the policy has the path `{id}`"),
                "write the `path` of a `[[route]]` as it stands there, or \"site\" for all that no route takes",
            )),
            "User" if !is_id(id) => Some((
                format!("`{id}` is no person's id"),
                "as `portcullis user list` shows it, 32 hexadecimal digits; or compare `principal.email`",
            )),
            _ => None,
        }
    })
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// The names that policies are told by.
pub(crate) type Names = HashMap<PolicyId, String>;
