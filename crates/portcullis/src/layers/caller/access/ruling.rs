//! What policies of a language of their own say: asked here, answered by whoever was given to the policy at load.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Method;

use crate::layers::caller::session::Visitor;
use crate::policy::{Pattern, Policy};
use crate::request::TlsFacts;

/// A question: may this visitor do that?
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Who.
    pub visitor: &'a Visitor,
    /// What for.
    pub method: &'a Method,
    /// The site's name as it was asked for, without a port.
    pub host: &'a str,
    /// The path in normal form.
    pub path: &'a str,
    /// The route that holds there; `None` where the site's own settings do.
    pub route: Option<&'a Pattern>,
    /// The query as sent, without its `?`.
    pub query: Option<&'a str>,
    /// From which address.
    pub address: IpAddr,
    /// Since the Unix epoch.
    pub now: Duration,
    /// Over HTTPS.
    pub secure: bool,
    /// What TLS said, where the gate itself spoke it.
    pub tls: Option<&'a TlsFacts>,
}

/// An answer. Policies are named by what their writer calls them, and where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// One permits it, and none forbids it.
    Permit {
        /// Which permit it.
        by: Vec<String>,
    },
    /// None permits it, or one forbids it.
    Deny {
        /// Which forbid it; empty where none permits it.
        by: Vec<String>,
    },
    /// One could not be evaluated. What it would have said is not known: nobody may go there (CWE-636).
    Erring {
        /// What went wrong, each with its policy.
        errors: Vec<String>,
    },
}

/// Knows policies. Pure: the same question has the same answer.
pub trait Ruler: fmt::Debug + Send + Sync {
    /// What the policies say.
    fn rule(&self, asked: &Asked<'_>) -> Ruling;
}

/// The policies that `access.cedar` names.
#[derive(Debug, Clone)]
pub struct Policies {
    /// As written in the policy.
    pub file: String,
    /// Who knows them; nobody before [`Policy::rule_by`] was called, and then nobody may go anywhere.
    pub ruler: Option<Arc<dyn Ruler>>,
}

impl Policies {
    pub(super) fn rule(&self, asked: &Asked<'_>) -> Ruling {
        match &self.ruler {
            Some(ruler) => ruler.rule(asked),
            None => Ruling::Erring { errors: vec![format!("`{}` was not loaded", self.file)] },
        }
    }
}

impl Policy {
    /// The file that `access.cedar` names.
    #[must_use]
    pub fn policies_file(&self) -> Option<&str> {
        self.site().access.cedar.as_ref().map(|policies| policies.file.as_str())
    }

    /// From now on `ruler` says what the policies in that file say. A policy that names a file and was given nobody to
    /// ask lets nobody go anywhere.
    pub fn rule_by(&mut self, ruler: &Arc<dyn Ruler>) {
        let _ = self.each_rules(|rules, _| {
            if let Some(policies) = &mut rules.access.cedar {
                policies.ruler = Some(Arc::clone(ruler));
            }
            Ok::<(), std::convert::Infallible>(())
        });
    }
}
