//! Actions as written become actions that mean something.

use super::ctl::{self, Ctl};
use crate::settings::Settings;
use crate::syntax::actions::Written;
use crate::syntax::names::Variable;
use crate::syntax::targets;
use crate::syntax::text::Text;
use crate::transforms::Transform;

/// When rules run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// 1: the request line and the headers are known.
    RequestHeaders = 1,
    /// 2: the request body is known.
    RequestBody = 2,
    /// 3: the status and the headers of the response are known.
    ResponseHeaders = 3,
    /// 4: the response body is known.
    ResponseBody = 4,
    /// 5: the exchange is over; nothing can be stopped any more.
    Logging = 5,
}

/// What a match does to the exchange.
#[derive(Clone, Debug)]
pub(crate) enum Disruptive {
    Pass,
    /// What `SecDefaultAction` of the phase says.
    Block,
    Deny,
    Drop,
    Redirect(Text),
    /// No more rules: in this transaction, this phase, or the phases of the request.
    Allow(Allow),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allow {
    Transaction,
    Phase,
    Request,
}

/// What a match writes.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    SetVar { collection: Variable, name: Text, change: Change },
    ExpireVar { collection: Variable, name: Text, seconds: Text },
    SetEnv { name: Text, value: Text },
    InitCol { collection: Variable, key: Text },
    Ctl(Ctl),
}

#[derive(Clone, Debug)]
pub(crate) enum Change {
    Set(Text),
    Add(Text),
    Subtract(Text),
    Unset,
}

/// One action.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Id(u64),
    Phase(Phase),
    Msg(Text),
    Logdata(Text),
    Tag(Text),
    Severity(u8),
    Ver(Box<str>),
    Rev(Box<str>),
    Maturity(u8),
    Accuracy(u8),
    Log(bool),
    Audit(bool),
    Disrupt(Disruptive),
    Status(u16),
    Chain,
    Skip(u32),
    SkipAfter(Box<str>),
    Transform(Transform),
    Capture,
    MultiMatch,
    Effect(Box<Effect>),
}

/// Actions of the reference manual that are refused, and why.
pub(crate) const REFUSED_ACTIONS: &[(&str, &str)] = &[
    ("append", "bodies are not rewritten by rules"),
    ("deprecatevar", "values fade by `expirevar`"),
    ("exec", "rules start no programs"),
    ("pause", "a request that waits costs more than one that is refused"),
    ("prepend", "bodies are not rewritten by rules"),
    ("proxy", "rules choose no upstream"),
    ("sanitiseArg", SANITISE),
    ("sanitiseMatched", SANITISE),
    ("sanitiseMatchedBytes", SANITISE),
    ("sanitiseRequestHeader", SANITISE),
    ("sanitiseResponseHeader", SANITISE),
    ("xmlns", "documents are not read by XPath, so there are no prefixes to declare"),
];

const SANITISE: &str = "leave the part out by `ctl:auditLogParts` instead";

/// The actions that are understood.
pub(crate) const ACTIONS: &[&str] = &[
    "accuracy",
    "allow",
    "auditlog",
    "block",
    "capture",
    "chain",
    "ctl",
    "deny",
    "drop",
    "expirevar",
    "id",
    "initcol",
    "log",
    "logdata",
    "maturity",
    "msg",
    "multiMatch",
    "noauditlog",
    "nolog",
    "pass",
    "phase",
    "redirect",
    "rev",
    "setenv",
    "setrsc",
    "setsid",
    "setuid",
    "setvar",
    "severity",
    "skip",
    "skipAfter",
    "status",
    "t",
    "tag",
    "ver",
];

impl Phase {
    /// The phase of that number, from 1.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::RequestHeaders,
            2 => Self::RequestBody,
            3 => Self::ResponseHeaders,
            4 => Self::ResponseBody,
            5 => Self::Logging,
            _ => return None,
        })
    }

    /// Its number, from 1.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "request" => Some(Self::RequestBody),
            "response" => Some(Self::ResponseBody),
            "logging" => Some(Self::Logging),
            number => number.parse().ok().and_then(Self::from_number),
        }
    }
}

/// Reads one action; the error is a sentence.
pub(crate) fn read(written: &Written, settings: &Settings) -> Result<Action, String> {
    let name = written.name.to_ascii_lowercase();
    let value = || {
        written
            .value
            .as_deref()
            .filter(|value| !value.is_empty())
            .ok_or_else(|| format!("`{}` needs a value after `:`", written.name))
    };
    let text = || value().and_then(|value| Text::parse(value).map_err(|(_, message)| message));
    let small =
        |most: u8| {
            value().and_then(|value| {
                value.parse::<u8>().ok().filter(|number| *number <= most).ok_or_else(|| {
                    format!("`{}` takes a number from 0 to {most}, not `{value}`", written.name)
                })
            })
        };
    let effect = |effect| Action::Effect(Box::new(effect));
    Ok(match name.as_str() {
        "id" => Action::Id(value()?.parse().map_err(|_| {
            format!("`id` takes a number, not `{}`", written.value.as_deref().unwrap_or_default())
        })?),
        "phase" => Action::Phase(Phase::parse(value()?).ok_or_else(|| {
            format!(
                "`phase` is 1 to 5, `request`, `response` or `logging`, not `{}`",
                written.value.as_deref().unwrap_or_default()
            )
        })?),
        "msg" => Action::Msg(text()?),
        "logdata" => Action::Logdata(text()?),
        "tag" => Action::Tag(text()?),
        "severity" => Action::Severity(severity(value()?)?),
        "ver" => Action::Ver(value()?.into()),
        "rev" => Action::Rev(value()?.into()),
        "maturity" => Action::Maturity(small(9)?),
        "accuracy" => Action::Accuracy(small(9)?),
        "log" => Action::Log(true),
        "nolog" => Action::Log(false),
        "auditlog" => Action::Audit(true),
        "noauditlog" => Action::Audit(false),
        "pass" => Action::Disrupt(Disruptive::Pass),
        "block" => Action::Disrupt(Disruptive::Block),
        "deny" => Action::Disrupt(Disruptive::Deny),
        "drop" => Action::Disrupt(Disruptive::Drop),
        "redirect" => Action::Disrupt(Disruptive::Redirect(text()?)),
        "allow" => Action::Disrupt(Disruptive::Allow(match written.value.as_deref() {
            None | Some("") => Allow::Transaction,
            Some(scope) if scope.eq_ignore_ascii_case("phase") => Allow::Phase,
            Some(scope) if scope.eq_ignore_ascii_case("request") => Allow::Request,
            Some(scope) => return Err(format!("`allow` takes `phase` or `request`, not `{scope}`")),
        })),
        "status" => Action::Status(
            value()?
                .parse()
                .ok()
                .filter(|status| (100..600).contains(status))
                .ok_or("`status` takes a status from 100 to 599")?,
        ),
        "chain" => Action::Chain,
        "skip" => Action::Skip(value()?.parse().map_err(|_| "`skip` takes a number of rules".to_owned())?),
        "skipafter" => Action::SkipAfter(value()?.into()),
        "t" => {
            let name = value()?;
            Action::Transform(
                Transform::parse(name).ok_or_else(|| format!("there is no transformation `{name}`"))?,
            )
        }
        "capture" => Action::Capture,
        "multimatch" => Action::MultiMatch,
        "setvar" => effect(set_var(value()?)?),
        "expirevar" => effect(expire_var(value()?)?),
        "setenv" => {
            let (name, value) = value()?.split_once('=').ok_or("`setenv` is written `setenv:name=value`")?;
            effect(Effect::SetEnv { name: parsed(name)?, value: parsed(value)? })
        }
        "initcol" => {
            let (collection, key) =
                value()?.split_once('=').ok_or("`initcol` is written `initcol:collection=key`")?;
            effect(Effect::InitCol { collection: persistent(collection)?, key: parsed(key)? })
        }
        "setsid" => effect(Effect::InitCol { collection: Variable::Session, key: text()? }),
        "setuid" => effect(Effect::InitCol { collection: Variable::User, key: text()? }),
        "setrsc" => effect(Effect::InitCol { collection: Variable::Resource, key: text()? }),
        "ctl" => effect(Effect::Ctl(ctl::read(value()?, settings)?)),
        _ => {
            return Err(REFUSED_ACTIONS
                .iter()
                .find(|(refused, _)| refused.eq_ignore_ascii_case(&name))
                .map_or_else(
                    || format!("there is no action `{}`", written.name),
                    |(refused, why)| format!("`{refused}` is not supported: {why}"),
                ));
        }
    })
}

fn parsed(text: &str) -> Result<Text, String> {
    Text::parse(text).map_err(|(_, message)| message)
}

/// Names of syslog, or their numbers; RFC 5424 section 6.2.1.
fn severity(text: &str) -> Result<u8, String> {
    const NAMES: [&str; 8] =
        ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"];
    NAMES
        .iter()
        .position(|name| name.eq_ignore_ascii_case(text))
        .and_then(|position| u8::try_from(position).ok())
        .or_else(|| text.parse().ok().filter(|number| *number < 8))
        .ok_or_else(|| format!("`{text}` is no severity: they are {} or 0 to 7", NAMES.join(", ")))
}

fn persistent(name: &str) -> Result<Variable, String> {
    targets::find(name)
        .ok()
        .filter(|variable| variable.is_persistent())
        .ok_or_else(|| format!("`{name}` is no collection: they are GLOBAL, IP, RESOURCE, SESSION and USER"))
}

/// The collection and the name in `tx.name`.
fn variable(text: &str) -> Result<(Variable, Text), String> {
    let (collection, name) = text
        .split_once(['.', ':'])
        .ok_or_else(|| format!("`{text}` names no collection: write `tx.{text}`"))?;
    let collection = if collection.eq_ignore_ascii_case("tx") {
        Variable::Tx
    } else {
        persistent(collection).map_err(|_| {
            format!("`{collection}` cannot be written: TX, GLOBAL, IP, RESOURCE, SESSION and USER can")
        })?
    };
    if name.is_empty() {
        return Err("the name after the collection is missing".to_owned());
    }
    Ok((collection, parsed(&lower_outside_macros(name))?))
}

/// Names in collections are without case; macros in them are read as such anyway.
fn lower_outside_macros(name: &str) -> String {
    name.to_ascii_lowercase()
}

fn set_var(text: &str) -> Result<Effect, String> {
    let text = text.trim();
    if let Some(name) = text.strip_prefix('!') {
        let (collection, name) = variable(name)?;
        return Ok(Effect::SetVar { collection, name, change: Change::Unset });
    }
    let Some((name, value)) = text.split_once('=') else {
        let (collection, name) = variable(text)?;
        return Ok(Effect::SetVar { collection, name, change: Change::Set(parsed("1")?) });
    };
    let (collection, name) = variable(name)?;
    let value = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\'')).unwrap_or(value);
    let change = match (value.strip_prefix('+'), value.strip_prefix('-')) {
        (Some(value), _) => Change::Add(parsed(value)?),
        (_, Some(value)) => Change::Subtract(parsed(value)?),
        _ => Change::Set(parsed(value)?),
    };
    Ok(Effect::SetVar { collection, name, change })
}

fn expire_var(text: &str) -> Result<Effect, String> {
    let (name, seconds) = text.split_once('=').unwrap_or((text, "3600"));
    let (collection, name) = variable(name)?;
    Ok(Effect::ExpireVar { collection, name, seconds: parsed(seconds)? })
}
