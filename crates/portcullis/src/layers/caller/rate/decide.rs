//! Deciding by what the door was lent.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT_LANGUAGE, COOKIE, USER_AGENT};
use http::{HeaderMap, request};

use super::ban::{Ban, Offence, Subject};
use super::config::{Config, within};
use super::gcra::micros;
use super::key::{address_bytes, address_text};
use super::{Allowance, Bucket, Counts, Draw, KeyPart, Limit, RateKey, Reason};
use crate::exchange::Exchange;
use crate::reason::Reason as AnyReason;
use crate::verdict::{Grounds, Layer, Mode, Verdict};

/// What the door must look up before a caller is identified.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    /// Bans to look for: the guest's and the address's.
    pub bans: Vec<RateKey>,
    /// What to draw, all or nothing, from which allowances.
    pub draws: Vec<Draw>,
}

/// What the door found.
#[derive(Debug, Clone, Default)]
pub struct Lent {
    /// A ban that holds.
    pub ban: Option<Ban>,
    /// One for each of [`Needs::draws`], in their order.
    pub allowances: Vec<Allowance>,
    /// The shared store is away, and the policy says to refuse then.
    pub store_lost: bool,
}

impl Needs {
    /// As if nobody had ever called before: for a door that keeps no state.
    #[must_use]
    pub fn fresh(&self, now: Duration) -> Lent {
        let now = micros(now);
        let draw = |draw: &Draw| Bucket::default().draw(&draw.limit.quota, draw.cost, now);
        Lent { ban: None, allowances: self.draws.iter().map(draw).collect(), store_lost: false }
    }

    /// What to give back for an answer with this status: draws for failures that it is none of.
    #[must_use]
    pub fn owed(&self, status: http::StatusCode) -> Vec<Draw> {
        self.draws.iter().filter(|draw| !draw.limit.is_counted(status)).cloned().collect()
    }

    /// Whether the answer decides what counts.
    #[must_use]
    pub fn counts_failures(&self) -> bool {
        self.draws.iter().any(|draw| draw.limit.counts == Counts::Failures)
    }
}

/// Whose refusals are counted from here on: as soon as it is known who calls.
pub(crate) fn meet(head: &request::Parts, exchange: &mut Exchange) {
    let config = &exchange.rules.rate;
    if config.mode == Mode::Off
        || config.ban.mode == Mode::Off
        || within(&config.ban.exempt, exchange.client.ip)
    {
        return;
    }
    let Some(secret) = exchange.secret.as_deref() else { return };
    let caller = Caller::of(head, exchange, config);
    exchange.guest = Some(Guest {
        key: RateKey::of(secret, &[b"guest", &caller.guest()]),
        address: RateKey::of(secret, &[b"banned address", &caller.address]),
        text: caller.text(exchange),
    });
}

/// What must be looked up for this request.
pub(crate) fn needs(head: &request::Parts, exchange: &Exchange) -> Needs {
    let config = &exchange.rules.rate;
    let Some(secret) = exchange.secret.as_deref().filter(|_| config.mode != Mode::Off) else {
        return Needs::default();
    };
    let bans = exchange.guest.iter().flat_map(|guest| [guest.key, guest.address]).collect();
    let caller = Caller::of(head, exchange, config);
    let ip = exchange.client.ip;
    let exempt = within(&config.exempt, ip);
    let counted = config
        .limits
        .iter()
        .filter(|limit| !exempt && limit.applies(&head.method, &exchange.path) && !within(&limit.exempt, ip));
    let draws = counted
        .map(|limit| Draw {
            key: caller.key(secret, limit, exchange),
            limit: Arc::clone(limit),
            cost: config.cost,
        })
        .collect();
    Needs { bans, draws }
}

/// Whether the caller may go on.
pub(crate) fn judge(needs: &Needs, lent: &Lent, exchange: &mut Exchange) -> Verdict<(), Reason> {
    if let Some(ban) = lent.ban.as_ref().filter(|ban| !ban.observed) {
        // The page names the exchange that led to the ban: that one has an event.
        exchange.rename(&ban.id);
        return Verdict::Deny(Reason::Banned { left: ban.left });
    }
    if lent.store_lost {
        return Verdict::Deny(Reason::StoreLost);
    }
    let mut spent: Option<Reason> = None;
    for (position, draw) in needs.draws.iter().enumerate() {
        // What was not looked up was not granted.
        let allowance = lent.allowances.get(position).copied();
        let (granted, retry_after, told) = allowance
            .map_or((false, Duration::from_secs(1), false), |one| (one.granted, one.retry_after, one.told));
        let longer = spent.as_ref().is_none_or(|reason| reason.retry_after() < Some(retry_after));
        if !granted && longer {
            spent = Some(Reason::Exceeded {
                limit: draw.limit.name.clone(),
                scope: draw.limit.scope.clone(),
                requests: draw.limit.quota.requests,
                window: Duration::from_micros(draw.limit.quota.window),
                retry_after,
                told,
            });
        }
    }
    exchange.allowances = needs
        .draws
        .iter()
        .zip(&lent.allowances)
        .map(|(draw, allowance)| (Arc::clone(&draw.limit), *allowance))
        .collect();
    match spent {
        Some(reason) => Verdict::Deny(reason),
        None => Verdict::Pass(()),
    }
}

/// What a refusal counts for against its caller: nothing, where the fault is the app's, or nobody's.
pub(crate) fn offence(exchange: &Exchange, reason: &AnyReason) -> Option<Box<Offence>> {
    let config = &exchange.rules.rate;
    let ip = exchange.client.ip;
    if config.mode == Mode::Off || config.ban.mode == Mode::Off || within(&config.ban.exempt, ip) {
        return None;
    }
    let weight = weight(reason)?;
    let mut against = Vec::new();
    if let Some(guest) = &exchange.guest {
        against.push((Subject::Guest, guest.key, guest.text.clone()));
    }
    if weight == Weight::Attack {
        let key = RateKey::of(exchange.secret.as_deref()?, &[b"banned address", &address_bytes(ip)]);
        against.push((Subject::Address, key, address_text(ip)));
    }
    (!against.is_empty()).then(|| {
        Box::new(Offence {
            against,
            rules: config.ban.clone(),
            code: reason.code(),
            id: exchange.id.to_string(),
            now: exchange.moment.since_epoch,
        })
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// A visitor's browser may do it, in a bad moment or by an old page.
    Nuisance,
    /// No browser does it.
    Attack,
}

fn weight(reason: &AnyReason) -> Option<Weight> {
    match (reason.layer(), reason) {
        (_, AnyReason::Rate(Reason::Banned { .. } | Reason::StoreLost)) => None,
        (_, AnyReason::Access(reason)) if reason.is_invitation() => None,
        // A redirect to HTTPS is an answer; what the app leaks or where it redirects is the app's doing.
        (
            Layer::Transport | Layer::Leak | Layer::Cookies | Layer::Headers | Layer::Html | Layer::Event,
            _,
        ) => None,
        (Layer::Framing, _) => Some(Weight::Attack),
        _ if reason.code().starts_with("gate.") || reason.code().starts_with("upload.") => {
            Some(Weight::Attack)
        }
        _ => Some(Weight::Nuisance),
    }
}

/// Whose refusals are counted.
#[derive(Debug, Clone)]
pub(crate) struct Guest {
    key: RateKey,
    address: RateKey,
    /// What people call that guest.
    text: String,
}

/// Who calls, in the bytes that keys are made of.
struct Caller<'a> {
    head: &'a request::Parts,
    address: Vec<u8>,
    session: Option<&'a [u8]>,
    user: Option<&'a [u8]>,
}

impl<'a> Caller<'a> {
    fn of(head: &'a request::Parts, exchange: &Exchange, config: &Config) -> Self {
        let named = config.user_header.as_ref().filter(|_| exchange.client.by_trusted_proxy);
        Self {
            head,
            address: address_bytes(exchange.client.ip),
            session: session(&head.headers, &config.session_cookies),
            user: named.and_then(|name| head.headers.get(name)).map(http::HeaderValue::as_bytes),
        }
    }

    fn guest(&self) -> Vec<u8> {
        match self.session {
            // With the address: who knows a stranger's session must not have it banned from elsewhere.
            Some(session) => [&b"session"[..], &self.address, session].join(&0),
            None => {
                let says = |name| self.head.headers.get(name).map_or(&b""[..], http::HeaderValue::as_bytes);
                [&b"browser"[..], &self.address, says(USER_AGENT), says(ACCEPT_LANGUAGE)].join(&0)
            }
        }
    }

    fn text(&self, exchange: &Exchange) -> String {
        let address = address_text(exchange.client.ip);
        match (self.session, exchange.request.agent()) {
            (Some(_), _) => format!("one session at {address}"),
            (None, Some(agent)) => format!("{address} with {agent}"),
            (None, None) => format!("{address} with no user agent"),
        }
    }

    fn key(&self, secret: &[u8; 32], limit: &Limit, exchange: &Exchange) -> RateKey {
        let route = exchange.rules.route.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut parts: Vec<&[u8]> = vec![limit.name.as_bytes(), limit.scope.as_bytes()];
        for part in &limit.key {
            match part {
                KeyPart::Address => parts.extend([&b"address"[..], &self.address]),
                KeyPart::Session => parts.extend(self.or_address(b"session", self.session)),
                KeyPart::User => {
                    let session = self.or_address(b"session", self.session);
                    parts.extend(self.user.map_or(session, |user| [b"user", user]));
                }
                KeyPart::Route => parts.extend([&b"route"[..], route.as_bytes()]),
                KeyPart::Site => parts.push(b"site"),
            }
        }
        RateKey::of(secret, &parts)
    }

    fn or_address<'b>(&'b self, name: &'static [u8], value: Option<&'b [u8]>) -> [&'b [u8]; 2] {
        value.map_or([b"address", &self.address], |value| [name, value])
    }
}

/// The value of the first session cookie, as it came.
fn session<'a>(headers: &'a HeaderMap, names: &[String]) -> Option<&'a [u8]> {
    let pairs = headers.get_all(COOKIE).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    for pair in pairs {
        let pair = pair.trim_ascii();
        let Some(equals) = pair.iter().position(|byte| *byte == b'=') else { continue };
        let (name, value) = pair.split_at(equals);
        let bare = name.strip_prefix(b"__Host-").or_else(|| name.strip_prefix(b"__Secure-")).unwrap_or(name);
        if value.len() > 1 && names.iter().any(|known| known.as_bytes() == bare) {
            return Some(value);
        }
    }
    None
}
