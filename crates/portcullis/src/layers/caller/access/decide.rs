//! The decision, in the order that the room's page tells.

use std::time::Duration;

use http::header::{LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, request};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Allow, Asked, Reason, Ruling, Way};
use crate::exchange::Exchange;
use crate::layers::arrival::transport::Scheme;
use crate::layers::caller::session::{By, Factors, Person};
use crate::page::Taste;
use crate::policy::Rules;
use crate::verdict::Verdict;

/// Where people sign in, and prove once more who they are.
const SIGN_IN: &str = "/.portcullis/sign-in";
/// Where somebody who is signed in proves one factor more.
const SECOND: &str = "/.portcullis/second";
/// A longer way is not come back to.
const LONGEST_RETURN: usize = 1024;

/// Who wants to go there, when.
pub(super) struct Caller<'a> {
    pub(super) asked: Asked<'a>,
    pub(super) away: bool,
}

/// What a route may ask, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    Networks,
    Hours,
    SignedIn,
    Scope,
    Roles,
    FactorsOfRoles,
    Factor,
    Fresh,
    Policies,
}

impl Question {
    pub(super) const ALL: [Self; 9] = [
        Self::Networks,
        Self::Hours,
        Self::SignedIn,
        Self::Scope,
        Self::Roles,
        Self::FactorsOfRoles,
        Self::Factor,
        Self::Fresh,
        Self::Policies,
    ];

    /// Whether this place asks it.
    pub(super) fn is_asked(self, rules: &Rules) -> bool {
        let access = &rules.access;
        match self {
            Self::Networks => !access.networks.is_empty(),
            Self::Hours => !access.hours.is_empty(),
            Self::Policies => access.cedar.is_some(),
            _ if access.allow == Allow::Public => false,
            Self::SignedIn | Self::Scope => true,
            Self::Roles => !access.roles.is_empty(),
            Self::FactorsOfRoles => {
                rules.identity.as_ref().is_some_and(|identity| !identity.factors.is_empty())
            }
            Self::Factor => access.factor != Factors::NONE,
            Self::Fresh => access.fresh.is_some(),
        }
    }

    /// What is missing for it.
    pub(super) fn missing(self, rules: &Rules, caller: &Caller<'_>) -> Option<Missing> {
        let access = &rules.access;
        let Asked { visitor, address, now, .. } = caller.asked;
        let person = visitor.person();
        match self {
            Self::Networks => {
                let is_in = access.networks.iter().any(|network| network.contains(&address));
                (!is_in).then_some(Missing::Network)
            }
            Self::Hours => (!access.hours.iter().any(|hours| hours.holds(now))).then_some(Missing::Hours),
            Self::SignedIn => match (person, caller.away) {
                (Some(_), _) => None,
                (None, true) => Some(Missing::Store),
                (None, false) => Some(Missing::Person),
            },
            Self::Scope => match &person?.by {
                By::ApiKey { scopes, .. } if !scopes.is_empty() => {
                    let fits = access.scope.as_ref().is_some_and(|scope| scopes.contains(scope));
                    (!fits).then_some(Missing::Scope)
                }
                By::ApiKey { .. } | By::Session { .. } => None,
            },
            Self::Roles => {
                let has = access.roles.iter().any(|role| person.is_some_and(|person| person.has_role(role)));
                (!has).then_some(Missing::Role)
            }
            Self::FactorsOfRoles => {
                let person = person?;
                // A key was made by somebody who had proved what their roles ask, and opens what it is made for.
                if matches!(person.by, By::ApiKey { .. }) {
                    return None;
                }
                let rules = rules.identity.iter().flat_map(|identity| &identity.factors);
                let mut unmet = rules.filter(|rule| rule.is_for(&person.roles) && !rule.is_met(person, now));
                unmet.next().map(|rule| Missing::Factor(rule.one_of, rule.fresh))
            }
            Self::Factor => by_person(person, |person| {
                (!person.factors.meets(access.factor)).then_some(Missing::Factor(access.factor, None))
            }),
            Self::Fresh => {
                let within = access.fresh?;
                by_person(person, |person| {
                    (!person.is_fresh(within, now)).then_some(Missing::Freshness(within))
                })
            }
            Self::Policies => match access.cedar.as_ref()?.rule(&caller.asked) {
                Ruling::Permit { .. } => None,
                Ruling::Deny { .. } if person.is_none() && caller.away => Some(Missing::Store),
                Ruling::Deny { by } => Some(Missing::Permit(by)),
                Ruling::Erring { errors } => Some(Missing::Verdict(errors)),
            },
        }
    }
}

fn by_person(
    person: Option<&std::sync::Arc<Person>>,
    ask: impl FnOnce(&Person) -> Option<Missing>,
) -> Option<Missing> {
    match person {
        None => Some(Missing::Person),
        Some(person) if matches!(person.by, By::ApiKey { .. }) => Some(Missing::Proof),
        Some(person) => ask(person),
    }
}

/// What somebody lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missing {
    Network,
    Hours,
    Person,
    Store,
    Scope,
    Role,
    Proof,
    Factor(Factors, Option<Duration>),
    Freshness(Duration),
    /// No policy permits it, or these forbid it.
    Permit(Vec<String>),
    /// A policy could not be evaluated.
    Verdict(Vec<String>),
}

/// The first thing that is missing.
pub(super) fn first_missing(rules: &Rules, caller: &Caller<'_>) -> Option<Missing> {
    let mut asked = Question::ALL.into_iter().filter(|question| question.is_asked(rules));
    asked.find_map(|question| question.missing(rules, caller))
}

/// Whether the caller may go on.
pub(crate) fn judge(head: &request::Parts, exchange: &Exchange) -> Verdict<(), Reason> {
    let rules = &exchange.rules;
    let caller = Caller {
        asked: Asked {
            visitor: &exchange.visitor,
            method: &head.method,
            host: &exchange.site.name,
            path: &exchange.path,
            route: rules.route.as_ref(),
            query: head.uri.query(),
            address: exchange.client.ip,
            now: exchange.moment.since_epoch,
            secure: exchange.scheme == Scheme::Https,
            tls: exchange.peer.tls.as_ref(),
        },
        away: exchange.away,
    };
    let Some(missing) = first_missing(rules, &caller) else { return Verdict::Pass(()) };
    Verdict::Deny(match missing {
        Missing::Person => Reason::NotSignedIn(way(SIGN_IN, head, exchange)),
        Missing::Store => Reason::Away,
        Missing::Freshness(within) => Reason::NotFresh { within, way: way(SIGN_IN, head, exchange) },
        Missing::Factor(one_of, fresh) => {
            let known = exchange.visitor.person().is_some_and(|person| person.factors.meets(one_of));
            match fresh.filter(|_| known) {
                Some(within) => Reason::NotFresh { within, way: way(SECOND, head, exchange) },
                None => Reason::NoFactor {
                    one_of: one_of.names().collect::<Vec<_>>().join(" "),
                    way: way(SECOND, head, exchange),
                },
            }
        }
        Missing::Role => Reason::NoRole { roles: rules.access.roles.join("`, `") },
        Missing::Scope => Reason::NoScope { scope: rules.access.scope.clone() },
        Missing::Proof => Reason::KeyProvesNothing,
        Missing::Network => Reason::Network { address: exchange.client.ip.to_string() },
        Missing::Hours => Reason::Hours,
        // Who is nobody yet may be permitted as somebody.
        Missing::Permit(by) if by.is_empty() && rules.identity.is_some() && is_nobody(exchange) => {
            Reason::NotSignedIn(way(SIGN_IN, head, exchange))
        }
        Missing::Permit(by) => Reason::Forbidden { by },
        Missing::Verdict(errors) => Reason::PolicyErred { errors },
    })
}

fn is_nobody(exchange: &Exchange) -> bool {
    exchange.visitor.person().is_none()
}

/// A browser that goes to a page is sent to `page`, and comes back where it may; what a script asks for is told: it
/// could do nothing with a page.
fn way(page: &str, head: &request::Parts, exchange: &Exchange) -> Way {
    let by_script = head.headers.get("sec-fetch-mode").is_some_and(|mode| mode.as_bytes() != b"navigate");
    if exchange.request.taste != Taste::Page || by_script || exchange.presented.key.is_some() {
        return Way::Tell;
    }
    let target = &exchange.request.target;
    let comes_back = matches!(head.method, Method::GET | Method::HEAD)
        && target.starts_with('/')
        && target.len() <= LONGEST_RETURN;
    if !comes_back || target == "/" {
        // What was sent by a form is not sent again.
        return Way::Go(page.to_owned());
    }
    Way::Go(format!("{page}?return_to={}", utf8_percent_encode(target, NON_ALPHANUMERIC)))
}

/// What the answer's head says of a denial.
pub(crate) fn announce(headers: &mut HeaderMap, reason: &Reason) {
    if let Some(location) = reason.location().and_then(|path| HeaderValue::from_str(path).ok()) {
        headers.insert(LOCATION, location);
    }
    if let Some(challenge) = reason.challenge().and_then(|text| HeaderValue::from_str(&text).ok()) {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
}

/// Who is calling: the person's id.
pub const USER: HeaderName = HeaderName::from_static("x-portcullis-user");
/// The person's address.
pub const EMAIL: HeaderName = HeaderName::from_static("x-portcullis-email");
/// The person's roles, with commas between them.
pub const ROLES: HeaderName = HeaderName::from_static("x-portcullis-roles");
/// The same and more, signed.
pub const TOKEN: HeaderName = HeaderName::from_static("x-portcullis-token");
/// What opens a provider's doors for the person, where the policy hands it to the app.
pub const ACCESS_TOKEN: HeaderName = HeaderName::from_static("x-portcullis-access-token");

/// Tells the app who is calling. What a client sent under these names has been removed on arrival.
pub(crate) fn claims(headers: &mut HeaderMap, exchange: &Exchange) {
    let Some(person) = exchange.visitor.person() else { return };
    let mut say = |name: HeaderName, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    say(USER, &person.id);
    if person.email.is_ascii() {
        say(EMAIL, &person.email);
    }
    // A role that would read as two is told in the signed statement alone.
    let plain = |role: &&String| role.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
    let roles: Vec<&str> = person.roles.iter().filter(plain).map(String::as_str).collect();
    say(ROLES, &roles.join(","));
}
