//! What a detector says when an input changes the meaning of the place where it would land.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// The language whose meaning an input changes.
///
/// The names are those of the weakness lists; the number of the weakness is in [`Language::cwe`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Language {
    /// SQL, in any of the dialects of MySQL, PostgreSQL, SQLite, SQL Server and Oracle.
    Sql,
    /// HTML, SVG, MathML and the script inside them.
    Html,
}

impl Language {
    /// A short name, as it stands in an event: lower case, no spaces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sql => "sqli",
            Self::Html => "xss",
        }
    }

    /// The number of the weakness in MITRE's Common Weakness Enumeration.
    #[must_use]
    pub fn cwe(self) -> u16 {
        match self {
            Self::Sql => 89,
            Self::Html => 79,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// One attack found in an input, with what is needed to explain it and to make the narrowest exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The language that the input was read in.
    pub language: Language,
    /// The place in which the input changes its meaning, such as `a single-quoted string`.
    pub context: &'static str,
    /// The bytes of the input that the finding rests on; always within the input.
    pub evidence: Range<usize>,
    /// One short sentence, lower case and without a full stop, that says why this is an attack.
    pub why: Cow<'static, str>,
    /// The shape of the input with its values taken out: equal for inputs that attack in the same way, and
    /// printable ASCII, so that it can be counted, written to a log and captured as `TX:0`.
    pub fingerprint: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: in {}, {}", self.language, self.context, self.why)
    }
}
