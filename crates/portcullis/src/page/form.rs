//! The form that is offered to be sent again.

use crate::exchange::Exchange;
use crate::layers::content::csrf::{self, Resubmit};

/// What the template shows and sends.
pub(super) struct Form<'a> {
    pub(super) action: &'a str,
    pub(super) fields: Vec<Field<'a>>,
    pub(super) token_name: &'static str,
    pub(super) token: &'a str,
}

/// One field; secrets are sent but not shown to whoever looks over the visitor's shoulder.
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    pub(super) shown: &'a str,
}

impl<'a> Form<'a> {
    pub(super) fn of(resubmit: &'a Resubmit, exchange: &Exchange) -> Self {
        let secret = |name: &str| exchange.rules.event.hides(name);
        Self {
            action: &resubmit.action,
            fields: resubmit
                .fields
                .iter()
                .map(|(name, value)| Field {
                    name,
                    value,
                    shown: if secret(name) { "••••••••" } else { value },
                })
                .collect(),
            token_name: csrf::FIELD,
            token: &resubmit.token,
        }
    }
}
