//! The detectors by name, for who asks all of them or one that a rule names.

use crate::finding::{Finding, Language};

/// A detector: the language that it reads, and how it is asked.
#[derive(Debug, Clone, Copy)]
pub struct Detector {
    /// The language in which it reads the input.
    pub language: Language,
    /// Its name as an operator of the rule language, without the `@`.
    pub operator: &'static str,
    /// Judges one input; costs time linear in its length.
    pub find: fn(&[u8]) -> Option<Finding>,
}

/// All detectors.
pub const DETECTORS: &[Detector] = &[
    Detector { language: Language::Sql, operator: "detectSQLi", find: crate::sqli::detect },
    Detector { language: Language::Html, operator: "detectXSS", find: crate::xss::detect },
    Detector { language: Language::Shell, operator: "detectShell", find: crate::shell },
    Detector { language: Language::Path, operator: "detectPath", find: crate::path },
    Detector { language: Language::Template, operator: "detectTemplate", find: crate::template },
    Detector { language: Language::Url, operator: "detectSSRF", find: crate::ssrf },
    Detector { language: Language::Query, operator: "detectNoSQL", find: crate::nosql },
    Detector { language: Language::Ldap, operator: "detectLDAP", find: crate::ldap },
    Detector { language: Language::XPath, operator: "detectXPath", find: crate::xpath },
    Detector { language: Language::Object, operator: "detectSerialized", find: crate::serialized },
    Detector { language: Language::Xml, operator: "detectXXE", find: crate::xxe },
    Detector { language: Language::Header, operator: "detectHeaderInjection", find: crate::header },
    Detector { language: Language::Code, operator: "detectCode", find: crate::code },
];

/// The detector that rules know by the name `operator`, in any case of letters.
#[must_use]
pub fn by_operator(operator: &str) -> Option<&'static Detector> {
    DETECTORS.iter().find(|detector| detector.operator.eq_ignore_ascii_case(operator))
}
