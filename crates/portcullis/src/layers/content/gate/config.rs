//! Settings: `[gate]`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Loaded;
use crate::policy::Faults;
use crate::policy::units::Size;
use crate::verdict::Mode;

/// As written in the policy.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// `enforce` (the default), `observe` or `off`. Observed, the rules run as with `SecRuleEngine
    /// DetectionOnly`.
    pub mode: Option<Mode>,
    /// The rules in the order in which they are loaded: `"builtin"`, files of SecLang, and patterns of files as
    /// in `"/etc/crs/rules/*.conf"`; relative paths start at the policy's folder. `["builtin"]` by default.
    /// Site-wide.
    pub rules: Option<Vec<String>>,
    /// How much the rules suspect, from 1 (the default of the sets) to 4: sets `tx.blocking_paranoia_level`.
    /// Site-wide.
    pub paranoia: Option<u8>,
    /// The score at which a request is refused: sets `tx.inbound_anomaly_score_threshold`, 5 by default in the
    /// sets. Site-wide.
    pub inbound_threshold: Option<u32>,
    /// The score at which an answer is refused: sets `tx.outbound_anomaly_score_threshold`, 4 by default in the
    /// sets. Site-wide.
    pub outbound_threshold: Option<u32>,
    /// A file for what rules log, a line a match, in ModSecurity's form. Site-wide; read by the gateway only.
    pub rule_log: Option<PathBuf>,
    /// A file for audit records in place of the rule set's `SecAuditLog`. Site-wide; read by the gateway only.
    pub audit_log: Option<PathBuf>,
    /// How much of a request body the rules look at; `"1 MiB"` by default. So much is held back for each
    /// request until they have.
    pub body: Option<Size>,
    /// What becomes of a body that is longer: `refuse` (the default) for what rules read as a whole, forms,
    /// JSON and XML; a multipart body, whose files may be long, is looked at as far as it goes, and the fields
    /// behind that as they come, without the files. `pass` looks at every body as far as it goes.
    pub beyond: Option<Beyond>,
    /// What is not looked for, or not there. A route's are laid over the site's, which hold too.
    pub exclude: Vec<RawExclude>,
}

/// What becomes of a body longer than the rules look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Beyond {
    /// It is refused.
    #[default]
    Refuse,
    /// What fits is looked at, and the rest passes unseen.
    Pass,
}

/// One exclusion: which rules, and where. At least one of the keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawExclude {
    /// A rule's id, or `"942000-942999"`.
    pub rule: Option<RuleIds>,
    /// All rules with this tag, as in `"attack-sqli"`.
    pub tag: Option<String>,
    /// Where they are not to look, as in `"ARGS:comment"` or `"REQUEST_COOKIES:/^_ga/"`; without it they are
    /// not run at all.
    pub target: Option<String>,
}

/// A rule, or a range of rules.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RuleIds {
    /// One.
    One(u64),
    /// `"from-to"`, both included.
    Range(String),
}

/// A checked exclusion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclude {
    /// As an action `ctl` would have it, as in `ruleRemoveTargetById=942100;ARGS:comment`.
    pub ctl: String,
    /// The key it stands under, for errors about the rules that it means.
    pub key: String,
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// What becomes of a denial.
    pub mode: Mode,
    /// `"builtin"`, files and patterns, in load order.
    pub sources: Vec<String>,
    /// SecLang that goes before them.
    pub prelude: Option<String>,
    /// For the door.
    pub rule_log: Option<PathBuf>,
    /// For the door.
    pub audit_log: Option<PathBuf>,
    /// How many bytes of a request body the rules look at.
    pub body: usize,
    /// What becomes of a longer body; `None` where the policy says nothing.
    pub beyond: Option<Beyond>,
    /// What is excluded here.
    pub exclude: Vec<Exclude>,
    /// The compiled rules, once [`crate::Policy::load_rules`] has been called.
    pub loaded: Option<Loaded>,
}

/// The id of the rule that sets what the policy sets.
const PRELUDE_ID: u32 = 199_901;

/// Every connection may have this much kept for it.
const LARGEST_BODY: u64 = 64 << 20;

impl Raw {
    /// The keys written here that hold for the site only.
    pub(crate) fn site_wide_keys(&self) -> impl Iterator<Item = &'static str> {
        [
            ("rules", self.rules.is_some()),
            ("paranoia", self.paranoia.is_some()),
            ("inbound_threshold", self.inbound_threshold.is_some()),
            ("outbound_threshold", self.outbound_threshold.is_some()),
            ("rule_log", self.rule_log.is_some()),
            ("audit_log", self.audit_log.is_some()),
        ]
        .into_iter()
        .filter_map(|(key, is_written)| is_written.then_some(key))
    }
}

impl Config {
    pub(crate) fn check(raw: &Raw, faults: &mut Faults<'_>) -> Self {
        let sources = raw.rules.clone().unwrap_or_else(|| vec!["builtin".to_owned()]);
        if sources.is_empty() {
            faults.at(
                "rules",
                "without rules the layer looks at nothing",
                "leave it out for `[\"builtin\"]`, or switch the layer off with `mode = \"off\"`",
            );
        }
        if raw.paranoia.is_some_and(|level| !(1..=4).contains(&level)) {
            faults.at("paranoia", "a paranoia level is a number from 1 to 4", "leave it out for 1");
        }
        for (key, threshold) in
            [("inbound_threshold", raw.inbound_threshold), ("outbound_threshold", raw.outbound_threshold)]
        {
            if threshold == Some(0) {
                faults.at(key, "a threshold of zero refuses everything", "leave it out for the set's own");
            }
        }
        let body = raw.body.map_or(1 << 20, |size| size.0);
        if body == 0 {
            faults.at("body", "rules that look at no byte find nothing", "leave it out for `\"1 MiB\"`");
        } else if body > LARGEST_BODY {
            faults.at(
                "body",
                "more than `64 MiB` held back for each request lets a few clients fill the memory",
                "leave it out for `\"1 MiB\"`",
            );
        }
        let mut exclude = Vec::new();
        for (index, written) in raw.exclude.iter().enumerate() {
            exclude.extend(one_exclusion(written, &format!("exclude[{index}]"), faults));
        }
        Self {
            mode: raw.mode.unwrap_or_default(),
            sources,
            prelude: prelude(raw),
            rule_log: raw.rule_log.clone(),
            audit_log: raw.audit_log.clone(),
            body: usize::try_from(body.min(LARGEST_BODY)).unwrap_or(usize::MAX),
            beyond: raw.beyond,
            exclude,
            loaded: None,
        }
    }
}

/// What the policy sets, in the way in which sets are set up. They ask whether a variable is there before they
/// set their own default.
fn prelude(raw: &Raw) -> Option<String> {
    let set = |name: &str, value: Option<u32>| value.map(|value| format!("setvar:'tx.{name}={value}'"));
    let variables: Vec<String> = [
        set("blocking_paranoia_level", raw.paranoia.map(u32::from)),
        set("inbound_anomaly_score_threshold", raw.inbound_threshold),
        set("outbound_anomaly_score_threshold", raw.outbound_threshold),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!variables.is_empty())
        .then(|| format!("SecAction \"id:{PRELUDE_ID},phase:1,pass,nolog,t:none,{}\"\n", variables.join(",")))
}

fn one_exclusion(written: &RawExclude, key: &str, faults: &mut Faults<'_>) -> Option<Exclude> {
    let rule = match &written.rule {
        None => None,
        Some(RuleIds::One(id)) => Some(id.to_string()),
        Some(RuleIds::Range(text)) if is_range(text) => Some(text.clone()),
        Some(RuleIds::Range(text)) => {
            faults.at(
                &format!("{key}.rule"),
                format!("`{text}` is no range of rules"),
                "as in `rule = 942100` or `rule = \"942000-942999\"`",
            );
            return None;
        }
    };
    for (name, text) in [("tag", &written.tag), ("target", &written.target)] {
        if text.as_ref().is_some_and(|text| text.trim().is_empty() || text.contains([';', '"', '\''])) {
            faults.at(&format!("{key}.{name}"), format!("this is no {name} of a rule"), "leave it out");
            return None;
        }
    }
    let ctl = match (rule, &written.tag, &written.target) {
        (Some(_), Some(_), _) => {
            faults.at(key, "both `rule` and `tag` are given", "write one exclusion for each");
            return None;
        }
        (None, None, None) => {
            faults.at(key, "nothing says what is excluded", "add `rule`, `tag` or `target`");
            return None;
        }
        (Some(rule), None, None) => format!("ruleRemoveById={rule}"),
        (Some(rule), None, Some(target)) => format!("ruleRemoveTargetById={rule};{target}"),
        (None, Some(tag), None) => format!("ruleRemoveByTag={tag}"),
        (None, Some(tag), Some(target)) => format!("ruleRemoveTargetByTag={tag};{target}"),
        (None, None, Some(target)) => format!("ruleRemoveTargetById=0-{};{target}", u32::MAX),
    };
    Some(Exclude { ctl, key: key.to_owned() })
}

fn is_range(text: &str) -> bool {
    let number = |text: &str| text.trim().parse::<u64>().ok();
    match text.split_once('-') {
        Some((from, to)) => matches!((number(from), number(to)), (Some(from), Some(to)) if from <= to),
        None => number(text).is_some(),
    }
}
