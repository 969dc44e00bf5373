//! `[[identity.factor]]`.

use std::time::Duration;

use super::RawFactor;
use crate::layers::caller::session::{Factors, Person};
use crate::policy::Faults;

/// Which factors a role needs, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorRule {
    /// The role; `None` for everybody.
    pub role: Option<String>,
    /// One of these is enough.
    pub one_of: Factors,
    /// How long ago it may have been.
    pub fresh: Option<Duration>,
}

impl FactorRule {
    /// Whether this rule is about somebody with these roles.
    #[must_use]
    pub fn is_for(&self, roles: &[String]) -> bool {
        self.role.as_ref().is_none_or(|role| roles.contains(role))
    }

    /// Whether the person has proved it so.
    #[must_use]
    pub fn is_met(&self, person: &Person, now: Duration) -> bool {
        person.factors.meets(self.one_of) && self.fresh.is_none_or(|fresh| person.is_fresh(fresh, now))
    }

    pub(super) fn check(raw: &RawFactor, faults: &mut Faults<'_>) -> Self {
        if raw.role.is_empty() {
            faults.at("role", "the rule is for nobody", "write a role, or `\"*\"` for everybody");
        }
        let mut one_of = Factors::NONE;
        for (index, name) in raw.one_of.iter().enumerate() {
            match Factors::named(name).filter(|_| matches!(name.as_str(), "passkey" | "totp" | "recovery")) {
                Some(factor) => one_of |= factor,
                None => faults.at(
                    &format!("one_of[{index}]"),
                    format!("`{name}` is no second factor"),
                    "write `passkey`, `totp` or `recovery`",
                ),
            }
        }
        if raw.one_of.is_empty() {
            faults.at("one_of", "no factor is named", "as in `[\"passkey\", \"totp\"]`");
        }
        let role = Some(raw.role.clone()).filter(|role| role != "*");
        Self { role, one_of, fresh: raw.fresh.map(|span| span.0) }
    }
}
