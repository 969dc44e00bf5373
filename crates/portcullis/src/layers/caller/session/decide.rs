//! Taking out what is presented, and settling who it is.

use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, request};
use zeroize::Zeroizing;

use super::{Asking, Context, Found, Notice, Presented, Reason, Visitor};
use crate::exchange::Exchange;
use crate::layers::arrival::transport::Scheme;
use crate::layers::record::event::Event;
use crate::verdict::{Layer, Mode, Verdict};

/// How an API key of ours begins.
const KEY: &str = "pk_";
const LONGEST_KEY: usize = 256;

/// Removes what only we may tell the app. Servers that make variables of headers (CGI, WSGI) take `_` for `-`.
pub(crate) fn strip_claims(headers: &mut HeaderMap) {
    const OURS: &[u8] = b"x-portcullis-";
    let is_ours = |name: &HeaderName| {
        let name = name.as_str().as_bytes();
        let plain = |byte: &u8| if matches!(byte, b'_' | b'.') { b'-' } else { *byte };
        name.len() >= OURS.len() && name.iter().map(plain).zip(OURS).all(|(one, other)| one == *other)
    };
    if headers.keys().any(is_ours) {
        let found: Vec<HeaderName> = headers.keys().filter(|name| is_ours(name)).cloned().collect();
        for name in found {
            headers.remove(&name);
        }
    }
}

/// Takes an API key of ours out of the head. Of two `Authorization` none is believed.
pub(crate) fn take_key(head: &mut request::Parts, exchange: &mut Exchange) {
    if exchange.rules.identity.is_none() {
        return;
    }
    let mut values = head.headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (values.next(), values.next()) else { return };
    if let Some(key) = key(only.as_bytes()) {
        exchange.presented.key = Some(key);
        head.headers.remove(AUTHORIZATION);
    }
}

fn key(value: &[u8]) -> Option<Zeroizing<String>> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let (scheme, key) = text.split_once(' ')?;
    let key = key.trim_start();
    let fits = scheme.eq_ignore_ascii_case("bearer")
        && key.starts_with(KEY)
        && key.len() <= LONGEST_KEY
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    fits.then(|| Zeroizing::new(key.to_owned()))
}

/// The question to the door; none where nobody signs in here, or nothing was presented.
pub(crate) fn asking(exchange: &mut Exchange) -> Option<Box<Asking>> {
    let asks = exchange.rules.identity.is_some()
        && exchange.rules.session.mode != Mode::Off
        && exchange.presented.speaks();
    asks.then(|| {
        let context = exchange.context();
        Box::new(Asking { presented: std::mem::take(&mut exchange.presented), context })
    })
}

/// Takes the door's answer.
pub(crate) fn judge(
    asked: Option<Box<Asking>>,
    found: Option<Found>,
    exchange: &mut Exchange,
) -> Verdict<(), Reason> {
    let Some(asked) = asked else { return Verdict::Pass(()) };
    exchange.presented = asked.presented;
    let Found { visitor, cookies, notices, away } = found.unwrap_or_else(Found::away);
    exchange.away = away;
    // Whoever is away has found nobody.
    exchange.visitor = if away { Visitor::Nobody } else { visitor };
    exchange.cookies = cookies;
    tell(exchange, notices);
    let by_key = exchange.presented.key.is_some();
    match (&exchange.visitor, by_key) {
        (Visitor::Nobody, true) if away => Verdict::Deny(Reason::Away),
        (Visitor::Nobody, true) => Verdict::Deny(Reason::UnknownKey),
        (Visitor::Nobody | Visitor::Person(_), _) => Verdict::Pass(()),
    }
}

/// Writes notices down.
pub(crate) fn tell(exchange: &mut Exchange, notices: Vec<Notice>) {
    for Notice { code, user, detail } in notices {
        let mut event = Event::note(exchange, Layer::Session, code, detail);
        if let Some(user) = user {
            event = event.of_person(&user);
        }
        exchange.events.push(event);
    }
}

impl Exchange {
    /// From where and with what the request comes.
    pub(crate) fn context(&self) -> Context {
        Context {
            agent: self.request.whole_agent().unwrap_or_default(),
            network: self.client.ip,
            secure: self.scheme == Scheme::Https,
        }
    }

    /// What was presented, and is not needed any more.
    pub(crate) fn take_presented(&mut self) -> Presented {
        std::mem::take(&mut self.presented)
    }
}
