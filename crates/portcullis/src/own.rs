//! Pages of our own, below `/.portcullis/`: the door answers them, and no app sees them.

use http::{Method, request};

use crate::layers::departure::headers::learn;
use crate::policy::Rules;

/// A page of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// Where browsers send reports of a content security policy.
    CspReport,
    /// A page of people: sign-in, account, the way to a provider and back, keys for the app.
    People,
}

/// Below `/.portcullis/`: each page, or everything below it where it ends in `/`.
const PEOPLE: [&str; 16] = [
    "sign-in",
    "sign-up",
    "sign-out",
    "confirm",
    "forgotten",
    "reset",
    "magic",
    "second",
    "account",
    "account/",
    "passkey/",
    "oidc/",
    "jwks.json",
    "style.css",
    "passkey.js",
    "logo",
];

impl Own {
    /// The page that `path` names, where the policy has it; anything else below `/.portcullis/` is refused.
    pub(crate) fn asked(head: &request::Parts, path: &str, rules: &Rules) -> Option<Self> {
        if path == learn::REPORTS && head.method == Method::POST && rules.headers.csp_learn {
            return Some(Self::CspReport);
        }
        let page = path.strip_prefix("/.portcullis/").filter(|_| rules.identity.is_some())?;
        let is_known = |known: &&str| match known.strip_suffix('/') {
            Some(_) => page.len() > known.len() && page.starts_with(*known),
            None => page == *known,
        };
        PEOPLE.iter().any(is_known).then_some(Self::People)
    }

    /// Whether browsers call it by themselves, so that nothing can be concluded from who caused it.
    pub(crate) const fn is_called_by_browsers(self) -> bool {
        match self {
            Self::CspReport => true,
            Self::People => false,
        }
    }

    /// Whether it is about people, and answered by whoever keeps them.
    pub(crate) const fn is_of_people(self) -> bool {
        match self {
            Self::CspReport => false,
            Self::People => true,
        }
    }
}
