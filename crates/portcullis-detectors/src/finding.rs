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
    /// Command lines of `sh`, `bash`, `cmd` and PowerShell.
    Shell,
    /// Paths and names of files.
    Path,
    /// Expressions of template engines and look-ups in log messages.
    Template,
    /// Addresses that a server fetches.
    Url,
    /// Queries of document databases.
    Query,
    /// Search filters of LDAP.
    Ldap,
    /// XPath expressions.
    XPath,
    /// Serialised objects.
    Object,
    /// XML documents with entities.
    Xml,
    /// Header fields of HTTP and of mail.
    Header,
    /// Code of PHP, Python, JavaScript, Ruby and Java.
    Code,
}

impl Language {
    /// A short name, as it stands in an event: lower case, no spaces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sql => "sqli",
            Self::Html => "xss",
            Self::Shell => "shell",
            Self::Path => "path",
            Self::Template => "template",
            Self::Url => "ssrf",
            Self::Query => "nosql",
            Self::Ldap => "ldap",
            Self::XPath => "xpath",
            Self::Object => "serialized",
            Self::Xml => "xxe",
            Self::Header => "header",
            Self::Code => "code",
        }
    }

    /// The number of the weakness in MITRE's Common Weakness Enumeration.
    #[must_use]
    pub fn cwe(self) -> u16 {
        match self {
            Self::Sql => 89,
            Self::Html => 79,
            Self::Shell => 78,
            Self::Path => 22,
            Self::Template => 1336,
            Self::Url => 918,
            Self::Query => 943,
            Self::Ldap => 90,
            Self::XPath => 643,
            Self::Object => 502,
            Self::Xml => 611,
            Self::Header => 93,
            Self::Code => 94,
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
