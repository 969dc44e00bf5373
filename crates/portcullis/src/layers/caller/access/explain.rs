//! Why somebody may go somewhere, or not: every question and its answer.

use std::net::IpAddr;
use std::time::Duration;

use super::decide::{Caller, Missing, Question};
use crate::layers::caller::session::Visitor;
use crate::policy::Rules;

/// One thing that a place asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is asked, as in `one of the roles `admin``.
    pub asked: String,
    /// What is missing; `None` where nothing is.
    pub missing: Option<String>,
}

/// All that `rules` ask of this visitor, in the order in which it is asked. The visitor may go where nothing is missing.
#[must_use]
pub fn explain(rules: &Rules, visitor: &Visitor, address: IpAddr, now: Duration) -> Vec<Step> {
    let caller = Caller { visitor, away: false, address, now };
    let asked = Question::ALL.into_iter().filter(|question| question.is_asked(rules));
    asked
        .map(|question| Step {
            asked: words(question, rules, visitor),
            missing: question.missing(rules, &caller).map(|missing| told(missing, address)),
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
        Missing::Freshness(_) => "proved longer ago, or by a remembered device".to_owned(),
    }
}
