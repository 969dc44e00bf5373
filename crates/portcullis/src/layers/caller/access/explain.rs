//! Why somebody may go somewhere, or not: every question and its answer.

use std::net::IpAddr;

use super::decide::{Caller, Missing, Question};
use super::{Asked, Ruling};
use crate::layers::caller::session::Visitor;
use crate::policy::Rules;

/// One thing that a place asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is asked, as in `one of the roles `admin``.
    pub asked: String,
    /// What is missing; `None` where nothing is.
    pub missing: Option<String>,
    /// The policies that decided it, where policies did.
    pub by: Vec<String>,
}

/// All that `rules` ask of this visitor, in the order in which it is asked. The visitor may go where nothing is missing.
#[must_use]
pub fn explain(rules: &Rules, asked: &Asked<'_>) -> Vec<Step> {
    let caller = Caller { asked: *asked, away: false };
    let questions = Question::ALL.into_iter().filter(|question| question.is_asked(rules));
    questions
        .map(|question| Step {
            asked: words(question, rules, asked.visitor),
            missing: question.missing(rules, &caller).map(|missing| told(missing, asked.address)),
            by: match &rules.access.cedar {
                Some(policies) if question == Question::Policies => match policies.rule(asked) {
                    Ruling::Permit { by } | Ruling::Deny { by } => by,
                    Ruling::Erring { .. } => Vec::new(),
                },
                _ => Vec::new(),
            },
        })
        .collect()
}

fn words(question: Question, rules: &Rules, visitor: &Visitor) -> String {
    let access = &rules.access;
    match question {
        Question::Networks => {
            let networks: Vec<String> = access.networks.iter().map(ToString::to_string).collect();
            format!("an address in `{}`", networks.join("`, `"))
        }
        Question::Hours => "one of the hours that the policy names".to_owned(),
        Question::SignedIn => "somebody who is signed in".to_owned(),
        Question::Scope => match &access.scope {
            Some(scope) => format!("of an API key that is bound to scopes: `{scope}`"),
            None => "of an API key: that it is bound to no scope".to_owned(),
        },
        Question::Roles => format!("one of the roles `{}`", access.roles.join("`, `")),
        Question::FactorsOfRoles => {
            let roles = visitor.person().map(|person| person.roles.clone()).unwrap_or_default();
            let rules = rules.identity.iter().flat_map(|identity| &identity.factors);
            let named: Vec<String> = rules
                .filter(|rule| rule.is_for(&roles))
                .map(|rule| rule.one_of.names().collect::<Vec<_>>().join(" or "))
                .collect();
            match named.as_slice() {
                [] => "no factor, for the roles of this person".to_owned(),
                named => format!("for the roles of this person: {}", named.join(", and ")),
            }
        }
        Question::Factor => {
            format!("proved in this session: {}", access.factor.names().collect::<Vec<_>>().join(" or "))
        }
        Question::Fresh => {
            format!("a proof no older than {} s", access.fresh.unwrap_or_default().as_secs())
        }
        Question::Policies => {
            let file = access.cedar.as_ref().map(|policies| policies.file.as_str()).unwrap_or_default();
            format!("a policy of `{file}` that permits it, and none that forbids it")
        }
    }
}

fn told(missing: Missing, address: IpAddr) -> String {
    match missing {
        Missing::Network => format!("`{address}` is in none of them"),
        Missing::Hours => "it is none of them now".to_owned(),
        Missing::Person => "nobody is".to_owned(),
        Missing::Store => "the store of sessions is away".to_owned(),
        Missing::Scope => "the key's scopes do not fit".to_owned(),
        Missing::Role => "the person has none".to_owned(),
        Missing::Proof => "an API key proves nothing".to_owned(),
        Missing::Factor(..) => "not proved, or too long ago".to_owned(),
        Missing::Permit(by) if by.is_empty() => "none permits it".to_owned(),
        Missing::Permit(by) => format!("forbidden by `{}`", by.join("`, `")),
        Missing::Verdict(errors) => format!("a policy could not be evaluated: {}", errors.join("; ")),
        Missing::Freshness(_) => "proved longer ago, or by a remembered device".to_owned(),
    }
}
