//! Pages of our own, below `/.portcullis/`: the door answers them, and no app sees them.

use http::{Method, request};

use crate::layers::departure::headers::learn;
use crate::policy::Rules;

/// A page of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// Where browsers send reports of a content security policy.
    CspReport,
}

impl Own {
    /// The page that `path` names, where the policy has it; anything else below `/.portcullis/` is refused.
    pub(crate) fn asked(head: &request::Parts, path: &str, rules: &Rules) -> Option<Self> {
        (path == learn::REPORTS && head.method == Method::POST && rules.headers.csp_learn)
            .then_some(Self::CspReport)
    }

    /// Whether browsers call it by themselves, so that nothing can be concluded from who caused it.
    pub(crate) const fn is_called_by_browsers(self) -> bool {
        match self {
            Self::CspReport => true,
        }
    }
}
