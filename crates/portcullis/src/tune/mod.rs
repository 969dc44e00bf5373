//! From the events of a time of observing to the narrowest exceptions: the pure half of `portcullis tune`.
//!
//! Each proposal is one rule, one place and one path. What it would lift is counted: refusals that rest on it
//! alone, and those in which it has a part. What it would cost is shown by an attack corpus: which attacks, put
//! into that place on that path, the rules would no longer refuse.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use portcullis_seclang::{Exclusions, RuleSet, Start, Transaction};
use serde_json::Value;

use crate::layers::record::event::clean;

/// One rule, one place, one path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The path of the requests.
    pub path: String,
    /// The rule's id.
    pub rule: u64,
    /// Where it looked, as in `ARGS:q`.
    pub target: String,
}

/// What an exception would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The exception.
    pub key: Key,
    /// What the rule says.
    pub message: String,
    /// Refusals that rest on it alone: it lifts them by itself.
    pub alone: usize,
    /// Refusals in which it has a part.
    pub part: usize,
    /// How many clients sent them: many speak for an ordinary use, one for an attack.
    pub clients: usize,
    /// Some of the values, printable.
    pub examples: Vec<String>,
}

/// Everything that the events tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tuning {
    /// How many refusals by rules there were, observed or not.
    pub refusals: usize,
    /// Those in which no rule names a place that it could be kept from.
    pub untouched: usize,
    /// Lines that are no events: cut off, or of something else. An empty line is not counted.
    pub unread: usize,
    /// The proposals, the most telling first.
    pub proposals: Vec<Proposal>,
}

/// How many examples of values are kept.
const EXAMPLES: usize = 3;

#[derive(Default)]
struct Seen {
    message: String,
    alone: usize,
    part: usize,
    clients: BTreeSet<String>,
    examples: BTreeSet<String>,
}

/// Reads lines of the event log.
pub fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Tuning {
    let mut tuning = Tuning::default();
    let mut seen: BTreeMap<Key, Seen> = BTreeMap::new();
    for line in lines {
        let event = match serde_json::from_str::<Value>(line) {
            Ok(event) if event.is_object() => event,
            _ => {
                tuning.unread = tuning.unread.saturating_add(usize::from(!line.trim().is_empty()));
                continue;
            }
        };
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        let is_refusal = matches!(text("portcullis.outcome"), "would_refuse" | "refused");
        if text("portcullis.layer") != "gate" || !is_refusal {
            continue;
        }
        tuning.refusals = tuning.refusals.saturating_add(1);
        let path = clean(text("url.path"), 2048);
        let rules = event.get("portcullis.rules").and_then(Value::as_array);
        let mut keys = BTreeSet::new();
        for rule in rules.into_iter().flatten() {
            let of = |name: &str| clean(rule.get(name).and_then(Value::as_str).unwrap_or_default(), 512);
            let (Some(id), target) = (rule.get("id").and_then(Value::as_u64), of("variable")) else {
                continue;
            };
            if !is_target(&target) {
                continue;
            }
            let key = Key { path: path.clone(), rule: id, target };
            let one = seen.entry(key.clone()).or_default();
            one.message = of("message");
            one.clients.insert(text("client.address").to_owned());
            if one.examples.len() < EXAMPLES {
                one.examples.insert(of("value"));
            }
            keys.insert(key);
        }
        if keys.is_empty() {
            tuning.untouched = tuning.untouched.saturating_add(1);
        }
        let only = keys.len() == 1;
        for key in keys {
            if let Some(one) = seen.get_mut(&key) {
                one.part = one.part.saturating_add(1);
                one.alone = one.alone.saturating_add(usize::from(only));
            }
        }
    }
    tuning.proposals = seen
        .into_iter()
        .map(|(key, one)| Proposal {
            key,
            message: one.message,
            alone: one.alone,
            part: one.part,
            clients: one.clients.len(),
            examples: one.examples.into_iter().collect(),
        })
        .collect();
    tuning.proposals.sort_by(|one, other| {
        (other.part, other.clients, &one.key).cmp(&(one.part, one.clients, &other.key))
    });
    tuning
}

/// Whether a rule can be kept from looking there. Paths and whole heads are what a rule is for.
fn is_target(variable: &str) -> bool {
    let (collection, name) = variable.split_once(':').unwrap_or((variable, ""));
    let by_name = matches!(
        collection,
        "ARGS"
            | "ARGS_GET"
            | "ARGS_POST"
            | "ARGS_NAMES"
            | "REQUEST_COOKIES"
            | "REQUEST_COOKIES_NAMES"
            | "REQUEST_HEADERS"
            | "FILES"
            | "FILES_NAMES"
            | "XML"
    );
    by_name && !name.is_empty() && !name.contains([';', '"', '\'', '\\', '…'])
}

impl Proposal {
    /// As a part of `portcullis.toml`.
    #[must_use]
    pub fn policy(&self) -> String {
        let Key { path, rule, target } = &self.key;
        format!(
            "[[route]]\npath = {}\n[[route.gate.exclude]]\nrule = {rule}\ntarget = {}\n",
            toml::Value::String(path.clone()),
            toml::Value::String(target.clone())
        )
    }

    /// As a rule, for sets that are kept in SecLang.
    #[must_use]
    pub fn seclang(&self, id: u64) -> String {
        let Key { path, rule, target } = &self.key;
        let path: String = path.chars().map(|letter| if letter == '"' { '.' } else { letter }).collect();
        format!(
            "SecRule REQUEST_FILENAME \"@streq {path}\" \\\n    \
             \"id:{id},phase:1,pass,nolog,t:none,ctl:ruleRemoveTargetById={rule};{target}\"\n"
        )
    }
}

/// What became of a corpus with an exception.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cost {
    /// Attacks that were refused without the exception.
    pub caught: usize,
    /// Those of them that pass with it, printable.
    pub missed: Vec<String>,
}

/// Puts each attack into the place of the proposal, with and without the exception.
///
/// # Errors
/// When the exception means no rule of the set.
pub fn cost(set: &Arc<RuleSet>, key: &Key, attacks: &[Vec<u8>]) -> Result<Cost, String> {
    let ctl = format!("ruleRemoveTargetById={};{}", key.rule, key.target);
    let exclusions = Arc::new(Exclusions::compile(set, &[ctl.as_str()])?);
    let mut cost = Cost::default();
    for attack in attacks {
        if !refuses(set, None, key, attack) {
            continue;
        }
        cost.caught = cost.caught.saturating_add(1);
        if !refuses(set, Some(Arc::clone(&exclusions)), key, attack) {
            cost.missed.push(crate::layers::record::event::printable(attack, 120));
        }
    }
    Ok(cost)
}

fn refuses(set: &Arc<RuleSet>, exclusions: Option<Arc<Exclusions>>, key: &Key, value: &[u8]) -> bool {
    let start = Start {
        now: Duration::from_secs(1_800_000_000),
        engine: Some(portcullis_seclang::EngineMode::On),
        exclusions,
        ..Start::default()
    };
    let mut transaction = Transaction::new(Arc::clone(set), start);
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 443));
    transaction.connection(address, address);
    let (collection, name) = key.target.split_once(':').unwrap_or((&key.target, ""));
    let escape = |bytes: &[u8]| {
        percent_encoding::percent_encode(bytes, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let in_query = collection.starts_with("ARGS");
    let (name, value) =
        if collection.ends_with("_NAMES") { (value, &b"1"[..]) } else { (name.as_bytes(), value) };
    let target = match in_query {
        true => format!("{}?{}={}", key.path, escape(name), escape(value)),
        false => key.path.clone(),
    };
    transaction.request_line(b"GET", target.as_bytes(), b"HTTP/1.1");
    for (field, value) in [("Host", "localhost"), ("User-Agent", "Mozilla/5.0"), ("Accept", "*/*")] {
        transaction.request_header(field.as_bytes(), value.as_bytes());
    }
    match collection {
        "REQUEST_HEADERS" => transaction.request_header(name, value),
        "REQUEST_COOKIES" | "REQUEST_COOKIES_NAMES" => {
            transaction.request_header(b"Cookie", &[name, b"=", value].concat());
        }
        _ => {}
    }
    transaction.request_head_done().or_else(|| transaction.request_body_done()).is_some()
}

#[cfg(test)]
mod tests {
    use portcullis_seclang::{MemoryFiles, Source};

    use super::*;

    fn event(path: &str, client: &str, rules: &str) -> String {
        format!(
            r#"{{"portcullis.outcome":"would_refuse","portcullis.layer":"gate","url.path":"{path}","client.address":"{client}","portcullis.rules":[{rules}]}}"#
        )
    }

    const ONE: &str = r#"{"id":10,"message":"SQL","variable":"ARGS:q","value":"union select"}"#;
    const TWO: &str = r#"{"id":11,"message":"Tag","variable":"ARGS:q","value":"<b>"}"#;

    #[test]
    fn proposals_count_what_they_would_lift() {
        let lines = [
            event("/s", "192.0.2.1", ONE),
            event("/s", "192.0.2.2", ONE),
            event("/s", "192.0.2.2", &format!("{ONE},{TWO}")),
            event("/other", "192.0.2.2", r#"{"id":12,"variable":"REQUEST_FILENAME","value":"x"}"#),
            r#"{"portcullis.outcome":"refused","portcullis.layer":"csrf"}"#.to_owned(),
            "not json".to_owned(),
        ];
        let tuning = read(lines.iter().map(String::as_str));
        assert_eq!((tuning.refusals, tuning.untouched, tuning.proposals.len()), (4, 1, 2));
        let first = &tuning.proposals[0];
        assert_eq!((first.key.rule, first.alone, first.part, first.clients), (10, 2, 3, 2));
        assert_eq!(tuning.proposals[1].alone, 0);
        let (policy, _) = crate::Policy::parse("proposed", &first.policy()).unwrap();
        assert_eq!(policy.routes().len(), 1);
    }

    #[test]
    fn a_proposal_tells_which_attacks_it_would_let_pass() {
        let rules = r#"
SecRuleEngine On
SecRule ARGS "@contains union" "id:10,phase:2,deny,log,msg:'SQL'"
SecRule ARGS "@contains <script" "id:11,phase:2,deny,log,msg:'Script'"
"#;
        let set = Arc::new(RuleSet::load(&[Source::text("r", rules)], &MemoryFiles::new()).unwrap());
        let key = Key { path: "/s".to_owned(), rule: 10, target: "ARGS:q".to_owned() };
        let attacks =
            [&b"1 union select"[..], b"<script>", b"union <script>", b"harmless"].map(<[u8]>::to_vec);
        let cost = cost(&set, &key, &attacks).unwrap();
        assert_eq!((cost.caught, cost.missed), (3, vec!["1 union select".to_owned()]));
        // The proposal in SecLang does the same on its path and nothing elsewhere.
        let proposal =
            Proposal { key, message: String::new(), alone: 1, part: 1, clients: 1, examples: Vec::new() };
        let text = format!("{}{rules}", proposal.seclang(1));
        let set = Arc::new(RuleSet::load(&[Source::text("r", text)], &MemoryFiles::new()).unwrap());
        assert!(!refuses(&set, None, &proposal.key, b"union"));
        let elsewhere = Key { path: "/t".to_owned(), ..proposal.key };
        assert!(refuses(&set, None, &elsewhere, b"union"));
    }
}
