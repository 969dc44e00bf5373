//! `ctl:`: settings changed for one transaction.

use crate::bodies::Processor;
use crate::settings::{AuditMode, EngineMode, LimitAction, Settings};
use crate::syntax::targets::{self, Target};

/// One change.
#[derive(Clone, Debug)]
pub(crate) enum Ctl {
    AuditEngine(AuditMode),
    AuditLogParts(PartsChange),
    ForceRequestBodyVariable(bool),
    RequestBodyAccess(bool),
    RequestBodyLimit(u64),
    RequestBodyProcessor(Processor),
    ResponseBodyAccess(bool),
    ResponseBodyLimit(u64),
    RuleEngine(EngineMode),
    RuleRemove(Which),
    RuleRemoveTarget(Which, Target),
    /// `debugLogLevel`: nothing is written to a debug log but by the caller.
    DebugLogLevel,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum PartsChange {
    Add(u32),
    Remove(u32),
    Set(u32),
}

/// Rules, by what they say of themselves.
#[derive(Clone, Debug)]
pub(crate) enum Which {
    /// Ids and ranges, both ends in.
    Ids(Vec<(u64, u64)>),
    /// Those with a tag that the expression finds.
    Tag(Box<regex::bytes::Regex>),
    /// Those whose message the expression finds.
    Msg(Box<regex::bytes::Regex>),
}

/// The names that are understood.
pub(crate) const CTLS: &[&str] = &[
    "auditEngine",
    "auditLogParts",
    "debugLogLevel",
    "forceRequestBodyVariable",
    "requestBodyAccess",
    "requestBodyLimit",
    "requestBodyProcessor",
    "responseBodyAccess",
    "responseBodyLimit",
    "ruleEngine",
    "ruleRemoveById",
    "ruleRemoveByMsg",
    "ruleRemoveByTag",
    "ruleRemoveTargetById",
    "ruleRemoveTargetByMsg",
    "ruleRemoveTargetByTag",
];

/// Those of the reference manual that are refused, and why.
pub(crate) const REFUSED_CTLS: &[(&str, &str)] =
    &[("hashEnforcement", "links are not signed by rules"), ("hashEngine", "links are not signed by rules")];

/// Reads `name=value`.
pub(crate) fn read(text: &str, _settings: &Settings) -> Result<Ctl, String> {
    let (name, value) = text.split_once('=').ok_or("`ctl` is written `ctl:name=value`")?;
    let (name, value) = (name.trim(), value.trim());
    let switch = || on_off(value).ok_or_else(|| format!("`{name}` is `On` or `Off`, not `{value}`"));
    let bytes = || value.parse().map_err(|_| format!("`{name}` takes a number of bytes, not `{value}`"));
    Ok(match name.to_ascii_lowercase().as_str() {
        "auditengine" => Ctl::AuditEngine(audit_mode(value)?),
        "auditlogparts" => Ctl::AuditLogParts(parts(value)?),
        "debugloglevel" => match value.parse::<u8>() {
            Ok(0..=9) => Ctl::DebugLogLevel,
            _ => return Err("`debugLogLevel` takes 0 to 9".to_owned()),
        },
        "forcerequestbodyvariable" => Ctl::ForceRequestBodyVariable(switch()?),
        "requestbodyaccess" => Ctl::RequestBodyAccess(switch()?),
        "requestbodylimit" => Ctl::RequestBodyLimit(bytes()?),
        "requestbodyprocessor" => Ctl::RequestBodyProcessor(Processor::parse(value).ok_or_else(|| {
            format!(
                "`{value}` is no body processor: they are URLENCODED, MULTIPART, JSON, XML, GRAPHQL and RAW"
            )
        })?),
        "responsebodyaccess" => Ctl::ResponseBodyAccess(switch()?),
        "responsebodylimit" => Ctl::ResponseBodyLimit(bytes()?),
        "ruleengine" => Ctl::RuleEngine(engine_mode(value)?),
        "ruleremovebyid" => Ctl::RuleRemove(Which::Ids(ids(value)?)),
        "ruleremovebytag" => Ctl::RuleRemove(Which::Tag(pattern(value)?)),
        "ruleremovebymsg" => Ctl::RuleRemove(Which::Msg(pattern(value)?)),
        "ruleremovetargetbyid" => {
            let (which, target) = target(name, value)?;
            Ctl::RuleRemoveTarget(Which::Ids(ids(which)?), target)
        }
        "ruleremovetargetbytag" => {
            let (which, target) = target(name, value)?;
            Ctl::RuleRemoveTarget(Which::Tag(pattern(which)?), target)
        }
        "ruleremovetargetbymsg" => {
            let (which, target) = target(name, value)?;
            Ctl::RuleRemoveTarget(Which::Msg(pattern(which)?), target)
        }
        lower => {
            return Err(REFUSED_CTLS
                .iter()
                .find(|(refused, _)| refused.eq_ignore_ascii_case(lower))
                .map_or_else(
                    || format!("there is no `ctl:{name}`"),
                    |(refused, why)| format!("`ctl:{refused}` is not supported: {why}"),
                ));
        }
    })
}

pub(crate) fn on_off(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "1" => Some(true),
        "off" | "false" | "0" => Some(false),
        _ => None,
    }
}

pub(crate) fn engine_mode(text: &str) -> Result<EngineMode, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" => Ok(EngineMode::On),
        "off" => Ok(EngineMode::Off),
        "detectiononly" => Ok(EngineMode::DetectionOnly),
        _ => Err(format!("the rule engine is `On`, `Off` or `DetectionOnly`, not `{text}`")),
    }
}

pub(crate) fn audit_mode(text: &str) -> Result<AuditMode, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" => Ok(AuditMode::On),
        "off" => Ok(AuditMode::Off),
        "relevantonly" => Ok(AuditMode::RelevantOnly),
        _ => Err(format!("the audit engine is `On`, `Off` or `RelevantOnly`, not `{text}`")),
    }
}

pub(crate) fn limit_action(text: &str) -> Result<LimitAction, String> {
    match text.to_ascii_lowercase().as_str() {
        "reject" => Ok(LimitAction::Reject),
        "processpartial" => Ok(LimitAction::ProcessPartial),
        _ => Err(format!("the action at the limit is `Reject` or `ProcessPartial`, not `{text}`")),
    }
}

fn parts(text: &str) -> Result<PartsChange, String> {
    let (make, letters): (fn(u32) -> PartsChange, &str) =
        match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(rest), _) => (PartsChange::Add, rest),
            (_, Some(rest)) => (PartsChange::Remove, rest),
            _ => (PartsChange::Set, text),
        };
    let mut bits = 0;
    for letter in letters.bytes().map(|letter| letter.to_ascii_uppercase()) {
        if !matches!(letter, b'A'..=b'K' | b'Z') {
            return Err(format!("`{}` is no part of an audit record", char::from(letter)));
        }
        bits |= 1 << (letter - b'A');
    }
    Ok(make(bits))
}

/// Ids and ranges, separated by commas or blanks.
pub(crate) fn ids(text: &str) -> Result<Vec<(u64, u64)>, String> {
    let mut ranges = Vec::new();
    for piece in text.split([',', ' ', '\t']).map(|piece| piece.trim_matches('"')).filter(|p| !p.is_empty()) {
        let (from, to) = piece.split_once('-').unwrap_or((piece, piece));
        match (from.trim().parse(), to.trim().parse()) {
            (Ok(from), Ok(to)) if from <= to => ranges.push((from, to)),
            _ => return Err(format!("`{piece}` is no rule id and no range of them")),
        }
    }
    if ranges.is_empty() {
        return Err("a rule id is missing".to_owned());
    }
    Ok(ranges)
}

pub(crate) fn pattern(text: &str) -> Result<Box<regex::bytes::Regex>, String> {
    regex::bytes::RegexBuilder::new(text)
        .unicode(false)
        .build()
        .map(Box::new)
        .map_err(|error| format!("`{text}` is no regular expression: {error}"))
}

fn target<'a>(name: &str, value: &'a str) -> Result<(&'a str, Target), String> {
    let (which, target) =
        value.split_once(';').ok_or_else(|| format!("`{name}` is written `{name}=rules;VARIABLE`"))?;
    let mut targets = targets::parse(target).map_err(|(_, message)| message)?;
    match (targets.pop(), targets.is_empty()) {
        (Some(target), true) if !target.count => Ok((which, target)),
        _ => Err(format!("`{name}` takes one variable after `;`")),
    }
}
