//! On the way out: `Set-Cookie`, as the browser is to keep it.

use std::collections::HashMap;

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};

use super::arrive::shown;
use super::name::{Prefix, demands_http_only};
use super::set_cookie::{Identity, Mending, SameSite, SetCookie};
use super::{Config, Reason, seal};
use crate::exchange::Exchange;
use crate::keys::Keyring;
use crate::layers::arrival::transport::Scheme;
use crate::layers::caller::session::Cookie;
use crate::layers::record::event::Event;
use crate::verdict::{Grounds, Layer, Mode};

/// The most notes of one exchange and direction.
const MOST_NOTES: usize = 8;

/// Hardens what the app sets.
pub(crate) fn depart(headers: &mut HeaderMap, exchange: &mut Exchange, keys: &Keyring) {
    keep_ours(headers, exchange);
    let mode = exchange.rules.cookies.mode;
    if mode != Mode::Off && headers.contains_key(SET_COOKIE) {
        let written: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().cloned().collect();
        let mut noted = Vec::new();
        let sent = harden_all(&written, exchange, keys, &mut noted);
        note(exchange, noted);
        if mode == Mode::Enforce && sent != written {
            headers.remove(SET_COOKIE);
            for value in sent {
                headers.append(SET_COOKIE, value);
            }
        }
    }
}

/// What is to be added to one cookie, or why it may not be sent. Sealing is left to the caller.
pub(super) fn mend(cookie: &SetCookie<'_>, config: &Config, scheme: Scheme) -> Mending {
    let mut mending = Mending::default();
    let wanted = config.wanted(cookie.name);
    let https = scheme == Scheme::Https;
    let mut prefix = Prefix::of(cookie.name);
    if https && prefix.is_none() && config.prefixes(cookie.name) {
        mending.name = Some([b"__Host-", cookie.name].concat());
        prefix = Some(Prefix::Host);
    }
    if https && prefix == Some(Prefix::Host) {
        mending.without_domain = cookie.domain.is_some();
        if cookie.path != Some(b"/") {
            mending.add.push("Path=/");
        }
    }
    // Browsers drop `None` without `Secure`, and a prefix without it.
    let must_be_secure = wanted.secure || prefix.is_some() || cookie.same_site == SameSite::None;
    if https && must_be_secure && !cookie.secure {
        mending.add.push("Secure");
    }
    if (wanted.http_only || demands_http_only(cookie.name)) && !cookie.http_only {
        mending.add.push("HttpOnly");
    }
    let secure = cookie.secure || https;
    match cookie.same_site {
        SameSite::Strict | SameSite::Lax => {}
        SameSite::None if secure => {}
        SameSite::None => mending.add.push("SameSite=Lax"),
        SameSite::Absent if wanted.same_site => mending.add.push("SameSite=Lax"),
        SameSite::Absent => {}
    }
    mending
}

fn harden_all(
    written: &[HeaderValue],
    exchange: &mut Exchange,
    keys: &Keyring,
    noted: &mut Vec<Reason>,
) -> Vec<HeaderValue> {
    let rules = exchange.rules.clone();
    let mut last: HashMap<Identity, usize> = HashMap::new();
    let mut sent: Vec<Option<HeaderValue>> = Vec::with_capacity(written.len());
    for (index, written) in written.iter().enumerate() {
        let hardened = harden(written, &rules.cookies, exchange, keys, noted);
        if let Some(hardened) = &hardened {
            let cookie = SetCookie::parse(hardened.as_bytes());
            if cookie.is_too_large() {
                // The browser keeps the one before it.
                let bytes = cookie.name.len().saturating_add(cookie.value.len());
                noted.push(Reason::Oversize { name: shown(cookie.name), bytes });
            } else if let Some(earlier) = last.insert(cookie.identity(), index) {
                noted.push(Reason::Repeated { name: shown(cookie.name) });
                if let Some(earlier) = sent.get_mut(earlier) {
                    *earlier = None;
                }
            }
        }
        sent.push(hardened);
    }
    sent.into_iter().flatten().collect()
}

fn harden(
    written: &HeaderValue,
    config: &Config,
    exchange: &mut Exchange,
    keys: &Keyring,
    noted: &mut Vec<Reason>,
) -> Option<HeaderValue> {
    let cookie = SetCookie::parse(written.as_bytes());
    if cookie.name.is_empty() && cookie.value.is_empty() {
        return Some(written.clone());
    }
    let mut mending = mend(&cookie, config, exchange.scheme);
    if Prefix::of(cookie.name).is_some() {
        let lacking =
            mending.without_domain || mending.add.iter().any(|added| matches!(*added, "Path=/" | "Secure"));
        match exchange.scheme {
            Scheme::Https if lacking => {
                noted.push(Reason::BrokenPrefix { name: shown(cookie.name), mended: true });
            }
            Scheme::Https => {}
            Scheme::Http => noted.push(Reason::BrokenPrefix { name: shown(cookie.name), mended: false }),
        }
    }
    // An empty value is what a cookie that deletes has; it holds no secret.
    if config.seals(cookie.name) && !cookie.value.is_empty() {
        let sealed = seal::close(cookie.name, cookie.value, exchange.random_bytes(), keys);
        if sealed.is_none() {
            noted.push(Reason::Unsealed { name: shown(cookie.name) });
            return None;
        }
        mending.value = sealed;
    }
    if mending.is_nothing() {
        return Some(written.clone());
    }
    if config.mode == Mode::Observe {
        let attributes = described(&mending);
        noted.push(Reason::WouldHarden { name: shown(cookie.name), attributes });
    }
    match HeaderValue::from_bytes(&cookie.mended(written.as_bytes(), &mending)) {
        Ok(mended) => Some(mended),
        Err(_) if mending.value.is_some() => None,
        Err(_) => Some(written.clone()),
    }
}

fn described(mending: &Mending) -> String {
    let mut told: Vec<String> = mending.add.iter().map(|attribute| format!("`{attribute}`")).collect();
    if mending.name.is_some() {
        told.push("the prefix `__Host-`".to_owned());
    }
    if mending.without_domain {
        told.push("no `Domain`".to_owned());
    }
    if mending.value.is_some() {
        told.push("a sealed value".to_owned());
    }
    told.join(", ")
}

/// Whether the app sets a cookie of this name.
pub(crate) fn sets(headers: &HeaderMap, name: &str) -> bool {
    headers.get_all(SET_COOKIE).iter().any(|value| SetCookie::parse(value.as_bytes()).name == name.as_bytes())
}

/// Whether a cookie of the same name as in `cookie` is set already.
pub(crate) fn sets_same(headers: &HeaderMap, cookie: &HeaderValue) -> bool {
    let name = SetCookie::parse(cookie.as_bytes()).name;
    headers.get_all(SET_COOKIE).iter().any(|value| SetCookie::parse(value.as_bytes()).name == name)
}

/// Takes out what the app sets under the names of the gate's own cookies: it could sign a visitor in as another.
fn keep_ours(headers: &mut HeaderMap, exchange: &mut Exchange) {
    if exchange.own.is_some() {
        return;
    }
    let is_ours = |value: &HeaderValue| Cookie::named(SetCookie::parse(value.as_bytes()).name).is_some();
    if !headers.get_all(SET_COOKIE).iter().any(is_ours) {
        return;
    }
    let (ours, kept): (Vec<_>, Vec<_>) = headers.get_all(SET_COOKIE).iter().cloned().partition(is_ours);
    headers.remove(SET_COOKIE);
    for value in kept {
        headers.append(SET_COOKIE, value);
    }
    let names = ours.iter().map(|value| shown(SetCookie::parse(value.as_bytes()).name));
    note(exchange, names.map(|name| Reason::Reserved { name }).collect());
}

/// Records what was mended, a bounded number of them.
pub(super) fn note(exchange: &mut Exchange, noted: Vec<Reason>) {
    let mut told: Vec<Reason> = Vec::new();
    for reason in noted {
        if told.len() < MOST_NOTES && !told.contains(&reason) {
            let event = Event::note(exchange, Layer::Cookies, reason.code(), reason.sentence());
            exchange.events.push(event);
            told.push(reason);
        }
    }
}
