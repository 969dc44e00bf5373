//! What traces, debuggers and database errors look like.
//!
//! Each detector has literals that it cannot do without, found in one pass by a prefilter, and a pattern
//! that is tried only around them. All run in linear time.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

use super::Breadth;

/// What a detector finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finds {
    /// A stack trace; only in error pages, for other pages may quote one.
    Trace,
    /// Markup that no quotation has.
    Debugger,
    /// A trace that no quotation has: unescaped markup.
    TraceMarkup,
    /// A database's error; only in error pages.
    DatabaseError,
    /// A private key or a credential.
    Secret,
}

impl Finds {
    pub(super) fn is_wanted(self, breadth: Breadth) -> bool {
        match self {
            Self::Trace | Self::DatabaseError => breadth.traces,
            Self::Debugger | Self::TraceMarkup => breadth.debuggers,
            Self::Secret => breadth.secrets,
        }
    }
}

/// One kind of find.
pub(super) struct Detector {
    pub(super) finds: Finds,
    /// Whose.
    pub(super) of: &'static str,
    /// It cannot match without one of these.
    pub(super) anchors: &'static [&'static str],
    /// Tried on the surroundings of an anchor; must touch the anchor's place.
    pub(super) pattern: &'static str,
}

const fn trace(of: &'static str, anchors: &'static [&'static str], pattern: &'static str) -> Detector {
    Detector { finds: Finds::Trace, of, anchors, pattern }
}

const fn database(of: &'static str, anchors: &'static [&'static str], pattern: &'static str) -> Detector {
    Detector { finds: Finds::DatabaseError, of, anchors, pattern }
}

/// Quotation marks as written, and as they are escaped in HTML and JSON: `"`, `&quot;`, `&#34;`, `\"`.
macro_rules! quote {
    () => {
        r#"(?:"|\\"|&quot;|&#34;|&#x22;)"#
    };
}
/// The same for `'` and the backtick.
macro_rules! tick {
    () => {
        r"(?:['`]|‘|’|&#39;|&#x27;|&#039;|&apos;|&#x60;|\\u0027)"
    };
}

pub(super) const ERRORS: &[Detector] = &[
    Detector {
        finds: Finds::Debugger,
        of: "Werkzeug",
        anchors: &["// Werkzeug Debugger</title>", "?__debugger__=yes&amp;cmd=resource"],
        pattern: r#"// Werkzeug Debugger</title>|<(?:link|script)[^<>]{0,80}\?__debugger__=yes&amp;cmd=resource"#,
    },
    Detector {
        finds: Finds::Debugger,
        of: "Django",
        anchors: &["<code>DEBUG = True</code>"],
        pattern: r"(?s)seeing this error because you have\s{1,20}<code>DEBUG = True</code>",
    },
    Detector {
        finds: Finds::Debugger,
        of: "ASP.NET",
        anchors: &["An unhandled exception occurred during the execution of the current web request"],
        pattern: r"<b>\s*Description:\s*</b>\s*An unhandled exception occurred during the execution",
    },
    Detector {
        finds: Finds::Debugger,
        of: "Laravel",
        anchors: &["<title>Whoops! There was an error.</title>", "window.ignite("],
        pattern: r"<title>Whoops! There was an error\.</title>|<script>\s*window\.ignite\(",
    },
    Detector {
        finds: Finds::TraceMarkup,
        of: "PHP",
        anchors: &[
            "<b>Warning</b>:",
            "<b>Notice</b>:",
            "<b>Deprecated</b>:",
            "<b>Fatal error</b>:",
            "<b>Parse error</b>:",
        ],
        pattern: r"(?s)<b>(?:Warning|Notice|Deprecated|Fatal error|Parse error)</b>:\s.{0,800}?\sin <b>[^<>]{1,400}</b> on line <b>\d+</b>",
    },
    trace(
        "Python",
        &["Traceback (most recent call last)", "Traceback <em>(most recent call last)</em>"],
        concat!(
            r"(?s)Traceback (?:<em>)?\(most recent call last\)(?:</em>)?.{0,600}?File ",
            r#"(?:<cite[^<>]{0,40}>)?"#,
            quote!(),
            r#"[^"\r\n]{1,400}?"#,
            quote!(),
            r"(?:</cite>)?,\s{1,20}(?:in\s{1,20})?line (?:<em[^<>]{0,40}>)?\d+"
        ),
    ),
    trace(
        "Java",
        &[".java:", ".kt:", ".scala:", ".groovy:", "(Native Method)"],
        r"\bat (?:[\w.$-]+(?:@[\w.$-]+)?/)*(?:[\w$-]+\.)+[\w$]*(?:[\w$]|&lt;|&gt;|<|>)+\((?:[\w$-]+\.(?:java|kt|scala|groovy):\d+|Native Method)\)",
    ),
    trace(
        "Node",
        &[".js:", ".mjs:", ".cjs:", ".ts:", "(node:internal"],
        r"\bat (?:async )?(?:[\w$.<>\[\] &;]{1,120} )?\(?(?:file://)?(?:(?:/|[A-Za-z]:\\{1,2})[^\s()<>:]{1,300}\.(?:js|mjs|cjs|ts)|node:internal/[\w/.-]{1,80}):\d+:\d+\)?",
    ),
    trace(
        "Rust",
        &["panicked at ", "stack backtrace:"],
        concat!(
            r"thread ",
            tick!(),
            r"[^\r\n]{1,100}?",
            tick!(),
            r" (?:\(\d+\) )?(?:has )?panicked at |panicked at [^\r\n]{1,300}\.rs:\d+:\d+|stack backtrace:(?:\\n|\s){1,20}0: "
        ),
    ),
    trace(
        "Ruby",
        &[".rb:", ".erb:"],
        concat!(r"[\w./-]{1,300}\.e?rb:\d+:in ", tick!(), r"[^\r\n<>]{1,200}?", tick!()),
    ),
    trace("Go", &["goroutine "], r"goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[[a-z][a-z ,0-9()]{1,60}\]:"),
    trace(
        ".NET",
        &[".cs:line ", ".vb:line ", ".fs:line "],
        r"\bat [\w.`<>\[\]&;+|,]{1,300}\([^()\r\n]{0,600}\) in [^\r\n]{1,400}\.(?:cs|vb|fs):line \d+",
    ),
    trace(
        "PHP",
        &["Warning: ", "Notice: ", "Deprecated: ", "Fatal error: ", "Parse error: ", "Stack trace:"],
        r"(?s)(?:(?:Warning|Notice|Deprecated|Fatal error|Parse error): .{1,600}? in (?:/|[A-Za-z]:\\)[^\r\n<>]{1,300}\.(?:php|inc|phtml)\S{0,40} on line \d+|Stack trace:(?:\\n|\s|<br ?/?>){1,10}#0 [^\r\n]{1,300}\.php\(\d+\))",
    ),
    database(
        "MySQL",
        &[
            "You have an error in your SQL syntax",
            "mysql_fetch_",
            "mysqli_sql_exception",
            "MySQLSyntaxErrorException",
            "pymysql.err.",
            "MySQLdb.",
            "Unknown column ",
        ],
        concat!(
            r"You have an error in your SQL syntax|\bmysql_fetch_\w+\(\)|mysqli_sql_exception|MySQLSyntaxErrorException|pymysql\.err\.\w*Error|MySQLdb\.\w*(?:Error|exceptions)|Unknown column ",
            tick!(),
            r".{1,120}? in ",
            tick!(),
            r"(?:field list|where clause|order clause|on clause|group statement)"
        ),
    ),
    database(
        "PostgreSQL",
        &[
            "syntax error at or near",
            "unterminated quoted string at or near",
            "PG::",
            "psycopg",
            "PSQLException",
            "invalid input syntax for type ",
            "pg_query()",
        ],
        r"(?:syntax error|unterminated quoted string) at or near |\bPG::[A-Z]\w+(?:Error|Violation|Table|Column|Function)|\bpsycopg[23]?\.(?:errors\.)?[A-Z]\w+|org\.postgresql\.util\.PSQLException|pg_query\(\): Query failed|ERROR: {1,2}invalid input syntax for type ",
    ),
    database(
        "SQLite",
        &[
            "sqlite3.",
            "SQLite3::",
            "SQLITE_ERROR",
            "SQLiteException",
            ": syntax error",
            "unrecognized token: ",
            "no such column: ",
            "no such table: ",
        ],
        concat!(
            r"\bsqlite3\.(?:Operational|Integrity|Programming|Database|Interface)Error|SQLite3::(?:SQL|Constraint)\w*Exception|SQLITE_ERROR\b|SQLiteException|\bnear ",
            quote!(),
            r".{1,80}?",
            quote!(),
            r": syntax error|unrecognized token: ",
            quote!(),
            r"|(?:OperationalError|SqliteError|SQL ?error|SQL logic error)[^\r\n]{0,80}no such (?:column|table): \w"
        ),
    ),
    database("Oracle", &["ORA-", "PLS-"], r"\b(?:ORA|PLS)-\d{5}: "),
    database(
        "SQL Server",
        &[
            "Unclosed quotation mark after the character string",
            "Incorrect syntax near ",
            "SqlException",
            "OLE DB Provider for SQL Server",
            "[ODBC SQL Server Driver]",
            "][SQL Server]",
        ],
        concat!(
            r"Unclosed quotation mark after the character string|Incorrect syntax near ",
            tick!(),
            r"|System\.Data\.SqlClient\.SqlException|Microsoft\.Data\.SqlClient\.SqlException|OLE DB Provider for SQL Server|\[ODBC SQL Server Driver\]|\]\[SQL Server\]"
        ),
    ),
    database(
        "SQL",
        &["SQLSTATE[", "sqlalchemy.exc.", "//sqlalche.me/e/", "SequelizeDatabaseError", "PDOException"],
        r"SQLSTATE\[\w{5}\]|\bsqlalchemy\.exc\.\w+Error|\(Background on this error at: https?://sqlalche\.me/e/|SequelizeDatabaseError|\bPDOException: ",
    ),
];

/// Patterns compiled, beside their detectors, with the prefilter over all anchors.
pub(super) struct Compiled {
    pub(super) prefilter: Regex,
    pub(super) each: Vec<(&'static Detector, Regex)>,
}

/// Those detectors that are wanted, compiled once for each breadth that occurs.
pub(super) fn compiled(breadth: Breadth) -> &'static Compiled {
    static EVERYTHING: LazyLock<Compiled> = LazyLock::new(|| compile(|_| true));
    static SECRETS: LazyLock<Compiled> = LazyLock::new(|| compile(|finds| finds == Finds::Secret));
    static PLAIN: LazyLock<Compiled> = LazyLock::new(|| {
        compile(|finds| matches!(finds, Finds::Secret | Finds::Debugger | Finds::TraceMarkup))
    });
    match (breadth.traces, breadth.debuggers) {
        (true, _) => &EVERYTHING,
        (false, true) => &PLAIN,
        (false, false) => &SECRETS,
    }
}

fn compile(wanted: impl Fn(Finds) -> bool) -> Compiled {
    let detectors: Vec<&'static Detector> =
        ERRORS.iter().chain(super::secrets::SECRETS).filter(|detector| wanted(detector.finds)).collect();
    let anchors: Vec<String> =
        detectors.iter().flat_map(|detector| detector.anchors).map(|anchor| regex::escape(anchor)).collect();
    let each =
        detectors.into_iter().filter_map(|detector| Some((detector, build(detector.pattern)?))).collect();
    // An empty alternative would match everywhere; an impossible class matches nowhere.
    let prefilter = build(&anchors.join("|")).or_else(|| build(r"[^\x00-\xff]"));
    Compiled { prefilter: prefilter.unwrap_or_else(nothing), each }
}

fn build(pattern: &str) -> Option<Regex> {
    // Bytes: a page need not be UTF-8.
    RegexBuilder::new(pattern).unicode(false).size_limit(4 << 20).build().ok()
}

fn nothing() -> Regex {
    match Regex::new(r"\b\B") {
        Ok(regex) => regex,
        Err(_) => unreachable!("a constant pattern"),
    }
}
