//! Why this layer denies.

use http::StatusCode;

use super::finding::{Finding, place};
use crate::verdict::{Evidence, Grounds, Place};

/// Why this layer denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A rule, or a score that rules have made up.
    Match(Box<Matched>),
    /// A body is longer than the rules look at.
    ExceedBody {
        /// How much they look at, in bytes.
        limit: u64,
    },
    /// The answer is longer than its rules allow.
    ExceedResponse {
        /// What the rule set says of it.
        message: String,
    },
    /// The policy names rules that have not been loaded.
    LackRules,
}

/// What a rule stopped, or would have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// The rule that stopped it.
    pub rule: u64,
    /// What kind of attack, from the tags of the rules that matched.
    pub kind: Kind,
    /// What it says.
    pub message: String,
    /// The score, where the rule judged one.
    pub score: Option<i64>,
    /// The status that the rule asks for.
    pub status: StatusCode,
    /// Where the rule sends the client.
    pub location: Option<Vec<u8>>,
    /// The rule says `drop`: a door that can closes the connection and answers nothing.
    pub drops: bool,
    /// The place and the bytes that it rests on.
    pub evidence: Evidence,
    /// The rules that it rests on, the one that stopped it among them unless it only judged their score.
    pub findings: Vec<Finding>,
    /// Whether it was found in the answer.
    pub outbound: bool,
}

/// What kind of attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// CWE-89
    SqlInjection,
    /// CWE-79
    CrossSiteScripting,
    /// CWE-78
    CommandInjection,
    /// CWE-22
    PathTraversal,
    /// CWE-98
    FileInclusion,
    /// CWE-94
    CodeInjection,
    /// CWE-384
    SessionFixation,
    /// CWE-444 and its kin
    Protocol,
    /// Tools that look for holes.
    Scanner,
    /// CWE-200
    DataLeak,
    /// A way in that somebody left.
    WebShell,
    /// A rule that says nothing of its kind.
    Other,
}

impl Kind {
    /// The first kind that a tag tells.
    pub(super) fn of<'a>(tags: impl Iterator<Item = &'a str>, outbound: bool) -> Self {
        for tag in tags {
            let kind = match tag {
                "attack-sqli" => Self::SqlInjection,
                "attack-xss" => Self::CrossSiteScripting,
                "attack-rce" => Self::CommandInjection,
                "attack-lfi" => Self::PathTraversal,
                "attack-rfi" | "attack-ssrf" => Self::FileInclusion,
                "attack-fixation" => Self::SessionFixation,
                "attack-protocol" | "attack-multipart-header" => Self::Protocol,
                "attack-reputation-scanner" => Self::Scanner,
                "attack-disclosure" => Self::DataLeak,
                tag if tag.starts_with("attack-injection") || tag.starts_with("attack-generic") => {
                    Self::CodeInjection
                }
                tag if tag.contains("webshell") || tag.contains("web-shell") => Self::WebShell,
                _ => continue,
            };
            return kind;
        }
        if outbound { Self::DataLeak } else { Self::Other }
    }

    fn code(self) -> &'static str {
        match self {
            Self::SqlInjection => "gate.sql_injection",
            Self::CrossSiteScripting => "gate.cross_site_scripting",
            Self::CommandInjection => "gate.command_injection",
            Self::PathTraversal => "gate.path_traversal",
            Self::FileInclusion => "gate.file_inclusion",
            Self::CodeInjection => "gate.code_injection",
            Self::SessionFixation => "gate.session_fixation",
            Self::Protocol => "gate.protocol",
            Self::Scanner => "gate.scanner",
            Self::DataLeak => "gate.data_leak",
            Self::WebShell => "gate.web_shell",
            Self::Other => "gate.rule",
        }
    }

    fn why(self) -> &'static str {
        match self {
            Self::SqlInjection => {
                "what reads as SQL may become a part of the app's query, and read or change its data (CWE-89)"
            }
            Self::CrossSiteScripting => {
                "what reads as markup or script may run in other visitors' browsers (CWE-79)"
            }
            Self::CommandInjection => {
                "what reads as a command may be run by the machine behind the app (CWE-78)"
            }
            Self::PathTraversal => "a path may lead out of the folder that it is meant for (CWE-22)",
            Self::FileInclusion => {
                "an address may have the app fetch, or run, what the sender chose (CWE-98, CWE-918)"
            }
            Self::CodeInjection => "what reads as code may be run by the app (CWE-94, CWE-502)",
            Self::SessionFixation => "a session that the sender chose may become the victim's own (CWE-384)",
            Self::Protocol => {
                "what two readers understand differently lets an attack by one of them (CWE-444, CWE-113)"
            }
            Self::Scanner => "tools that look for holes are followed by those that use them (CAPEC-310)",
            Self::DataLeak => "what the app shows of its inside tells an attacker what to try next (CWE-200)",
            Self::WebShell => "a web shell lets whoever finds it run commands (CWE-506)",
            Self::Other => "a rule of this site's rule set says so",
        }
    }
}

impl Reason {
    /// Where the client is sent.
    /// Whether the connection is to be closed without an answer.
    pub(crate) fn drops(&self) -> bool {
        matches!(self, Self::Match(matched) if matched.drops)
    }

    pub(crate) fn location(&self) -> Option<&[u8]> {
        match self {
            Self::Match(matched) => matched.location.as_deref(),
            Self::ExceedBody { .. } | Self::ExceedResponse { .. } | Self::LackRules => None,
        }
    }

    /// The rules that it rests on.
    pub(crate) fn findings(&self) -> &[Finding] {
        match self {
            Self::Match(matched) => &matched.findings,
            Self::ExceedBody { .. } | Self::ExceedResponse { .. } | Self::LackRules => &[],
        }
    }

    /// The score that was judged.
    pub(crate) fn score(&self) -> Option<i64> {
        match self {
            Self::Match(matched) => matched.score,
            Self::ExceedBody { .. } | Self::ExceedResponse { .. } | Self::LackRules => None,
        }
    }
}

impl Grounds for Reason {
    fn code(&self) -> &'static str {
        match self {
            Self::Match(matched) => matched.kind.code(),
            Self::ExceedBody { .. } => "gate.body_too_long",
            Self::ExceedResponse { .. } => "gate.response_too_long",
            Self::LackRules => "gate.rules_missing",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Match(matched) => matched.status,
            Self::ExceedBody { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ExceedResponse { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            Self::LackRules => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Match(matched) => sentence(matched),
            Self::ExceedBody { limit } => {
                format!("the body is longer than the `{limit}` bytes that the rules look at")
            }
            Self::ExceedResponse { message } => message.clone(),
            Self::LackRules => "the rules that the policy names are not loaded".to_owned(),
        }
    }

    fn why(&self) -> &'static str {
        match self {
            Self::Match(matched) => matched.kind.why(),
            Self::ExceedBody { .. } => {
                "an attack behind the bytes that are looked at would pass unseen (CWE-693)"
            }
            Self::ExceedResponse { .. } => "what is not looked at may leave unseen (CWE-200)",
            Self::LackRules => "a door whose rules are not there stays shut (CWE-636)",
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::Match(matched) => Some(matched.evidence.clone()),
            Self::ExceedBody { .. } | Self::ExceedResponse { .. } | Self::LackRules => None,
        }
    }

    fn exception(&self, at: &Place<'_>) -> Option<String> {
        match self {
            Self::Match(matched) => exception(matched, at),
            Self::ExceedBody { .. } => Some(at.route(
                "[route.gate]\n# danger: what stands behind the first megabyte is not looked at\nbeyond = \"pass\"\n",
            )),
            Self::ExceedResponse { .. } | Self::LackRules => None,
        }
    }
}

fn sentence(matched: &Matched) -> String {
    let side = if matched.outbound { "the answer" } else { "the request" };
    let message = matched.message.trim_end_matches('.');
    match (matched.score, matched.findings.first()) {
        (Some(score), Some(first)) => {
            let others = match matched.findings.len() {
                1 => String::new(),
                more => format!(" and {} more", more.saturating_sub(1)),
            };
            format!(
                "{side} scores `{score}` by rule `{}`, \"{}\", in `{}`{others}",
                first.id,
                first.message.trim_end_matches('.'),
                first.variable
            )
        }
        _ => format!("rule `{}` matched in {side}: \"{message}\"", matched.rule),
    }
}

/// These rules, in these places, on this route.
fn exception(matched: &Matched, at: &Place<'_>) -> Option<String> {
    let mut seen = Vec::new();
    let mut body = String::new();
    for finding in &matched.findings {
        let pair = (finding.id, finding.variable.as_str());
        if seen.contains(&pair) {
            continue;
        }
        seen.push(pair);
        body.push_str(&format!("[[route.gate.exclude]]\nrule = {}\n", finding.id));
        if is_target(&finding.variable) {
            body.push_str(&format!("target = {}\n", toml::Value::String(finding.variable.clone())));
        }
    }
    let danger = "# danger: the attack that these rules look for passes here\n";
    (!body.is_empty()).then(|| at.route(&format!("{danger}{body}")))
}

/// Whether it is a place that a rule can be told not to look at, and not a count or a score.
fn is_target(variable: &str) -> bool {
    !variable.is_empty()
        && !variable.starts_with(['&', 'T'])
        && !variable.contains([';', '"', '\'', '\\', '…'])
}

impl Matched {
    /// What a place is called where secrets are taken out by name.
    pub(super) fn evidence_of(finding: Option<&Finding>, bytes: &[u8]) -> Evidence {
        match finding {
            Some(finding) => Evidence::new(place(&finding.variable), bytes),
            None => Evidence::new("request", bytes),
        }
    }
}
