//! Why access denies.

use std::time::Duration;

use http::StatusCode;

use crate::verdict::{Evidence, Grounds, Place};

/// Why this layer denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Nobody is signed in.
    NotSignedIn(Way),
    /// Who is signed in proved it too long ago.
    NotFresh {
        /// How long ago it may be.
        within: Duration,
        /// What the visitor can do.
        way: Way,
    },
    /// A factor is missing.
    NoFactor {
        /// One of these would do.
        one_of: String,
        /// What the visitor can do.
        way: Way,
    },
    /// The person has none of the roles.
    NoRole {
        /// One of these is needed.
        roles: String,
    },
    /// The API key is bound to other scopes.
    NoScope {
        /// What is needed; `None` where no key that is bound to scopes may go.
        scope: Option<String>,
    },
    /// An API key cannot prove what this route asks to be proved.
    KeyProvesNothing,
    /// The caller's network is none of those.
    Network {
        /// The address.
        address: String,
    },
    /// It is not the time.
    Hours,
    /// The policies of `access.cedar` do not let it pass.
    Forbidden {
        /// Which forbid it; empty where none permits it.
        by: Vec<String>,
    },
    /// A policy of `access.cedar` could not be evaluated.
    PolicyErred {
        /// What went wrong.
        errors: Vec<String>,
    },
    /// The store of sessions is away, and the route is for people who signed in.
    Away,
}

/// What a visitor can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// A browser goes there: a path of ours.
    Go(String),
    /// A program is told by the status.
    Tell,
}

impl Reason {
    /// Where a browser is sent.
    pub(crate) fn location(&self) -> Option<&str> {
        match self {
            Self::NotSignedIn(Way::Go(path))
            | Self::NotFresh { way: Way::Go(path), .. }
            | Self::NoFactor { way: Way::Go(path), .. } => Some(path),
            _ => None,
        }
    }

    /// Whether it says no more than that somebody has to sign in first: an answer, not an incident.
    pub(crate) fn is_invitation(&self) -> bool {
        matches!(self, Self::NotSignedIn(_) | Self::NotFresh { .. } | Self::NoFactor { .. } | Self::Away)
    }

    /// `WWW-Authenticate` (RFC 6750 section 3; RFC 9470 section 3 where a proof is missing).
    pub(crate) fn challenge(&self) -> Option<String> {
        match self {
            Self::NotSignedIn(Way::Tell) => Some("Bearer realm=\"portcullis\"".to_owned()),
            Self::NotFresh { within, way: Way::Tell } => Some(format!(
                "Bearer realm=\"portcullis\", error=\"insufficient_user_authentication\", max_age={}",
                within.as_secs()
            )),
            Self::NoFactor { one_of, way: Way::Tell } => Some(format!(
                "Bearer realm=\"portcullis\", error=\"insufficient_user_authentication\", acr_values=\"{one_of}\""
            )),
            Self::NoScope { scope: Some(scope) } => Some(format!(
                "Bearer realm=\"portcullis\", error=\"insufficient_scope\", scope=\"{}\"",
                scope.replace(['"', '\\'], "")
            )),
            _ => None,
        }
    }
}

impl Grounds for Reason {
    fn code(&self) -> &'static str {
        match self {
            Self::NotSignedIn(_) => "access.not_signed_in",
            Self::NotFresh { .. } => "access.not_fresh",
            Self::NoFactor { .. } => "access.no_factor",
            Self::NoRole { .. } => "access.no_role",
            Self::NoScope { .. } => "access.no_scope",
            Self::KeyProvesNothing => "access.key_proves_nothing",
            Self::Network { .. } => "access.network",
            Self::Hours => "access.hours",
            Self::Forbidden { .. } => "access.forbidden",
            Self::PolicyErred { .. } => "access.policy_erred",
            Self::Away => "access.away",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotSignedIn(way) | Self::NotFresh { way, .. } | Self::NoFactor { way, .. } => match way {
                Way::Go(_) => StatusCode::SEE_OTHER,
                Way::Tell => StatusCode::UNAUTHORIZED,
            },
            Self::NoRole { .. }
            | Self::NoScope { .. }
            | Self::KeyProvesNothing
            | Self::Network { .. }
            | Self::Hours
            | Self::Forbidden { .. }
            | Self::PolicyErred { .. } => StatusCode::FORBIDDEN,
            Self::Away => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::NotSignedIn(_) => "nobody is signed in, and this is for people who are".to_owned(),
            Self::NotFresh { within, .. } => {
                format!("the person proved who they are longer than {} s ago", within.as_secs())
            }
            Self::NoFactor { one_of, .. } => {
                format!("the person has proved none of `{one_of}` in this session")
            }
            Self::NoRole { roles } => format!("the person has none of the roles `{roles}`"),
            Self::NoScope { scope: Some(scope) } => format!("the API key is not for `{scope}`"),
            Self::NoScope { scope: None } => "no API key that is bound to scopes may go here".to_owned(),
            Self::KeyProvesNothing => "this asks for a proof by a person, which an API key is not".to_owned(),
            Self::Network { address } => format!("`{address}` is in none of the networks"),
            Self::Hours => "it is none of the hours".to_owned(),
            Self::Forbidden { by } if by.is_empty() => "no policy of `access.cedar` permits it".to_owned(),
            Self::Forbidden { by } => format!("forbidden by the policy `{}`", by.join("`, `")),
            Self::PolicyErred { errors } => {
                format!("a policy of `access.cedar` could not be evaluated: {}", errors.join("; "))
            }
            Self::Away => "the store of sessions is away, so that nobody can tell who this is".to_owned(),
        }
    }

    fn why(&self) -> &'static str {
        match self {
            Self::NotSignedIn(_) => {
                "what is found by its address alone is found by strangers as well (CWE-425, CWE-862)"
            }
            Self::NotFresh { .. } => {
                "whoever sits down at an open session must not get at what matters most (CWE-306)"
            }
            Self::NoFactor { .. } | Self::KeyProvesNothing => {
                "a password alone is guessed or stolen (CWE-308)"
            }
            Self::NoRole { .. } => "a role that only hides its menus keeps nobody out (CWE-862, CWE-863)",
            Self::NoScope { .. } => "a key that leaks must open as little as it was made for (CWE-272)",
            Self::Network { .. } | Self::Hours => "what is for few should be reachable by few (CWE-284)",
            Self::Forbidden { .. } => "what nobody has permitted is denied (CWE-285, CWE-862)",
            Self::PolicyErred { .. } => {
                "what an erring policy would have said is not known: it might have forbidden this (CWE-636)"
            }
            Self::Away => "a store that does not answer must not open a door (CWE-636)",
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::Network { address } => Some(Evidence::new("client address", address.as_bytes())),
            _ => None,
        }
    }

    fn exception(&self, at: &Place<'_>) -> Option<String> {
        match self {
            Self::NotSignedIn(_) => Some(at.route("# everybody may come here\naccess.allow = \"public\"\n")),
            // A role is given to a person, not by the policy.
            Self::NoRole { .. }
            | Self::NotFresh { .. }
            | Self::NoFactor { .. }
            | Self::NoScope { .. }
            | Self::KeyProvesNothing
            | Self::Network { .. }
            | Self::Hours
            | Self::Forbidden { .. }
            | Self::PolicyErred { .. }
            | Self::Away => None,
        }
    }
}
