//! On the way in: `Cookie`, as the app is to see it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use super::decide::note;
use super::set_cookie::split_pair;
use super::{Config, Reason, seal};
use crate::exchange::Exchange;
use crate::keys::Keyring;
use crate::layers::arrival::transport::Scheme;
use crate::layers::caller::session::{Cookie, Gathered};
use crate::layers::content::csrf::{self, ANCHOR_COOKIE, Anchor, PLAIN_ANCHOR_COOKIE, SPA_COOKIE};
use crate::verdict::Mode;

/// Takes out our own cookies and remembers the anchor; undoes prefix and seal; drops what only an
/// attacker, or an old key, would have sent.
///
/// What was made by this layer is undone even where it only observes now, so that a change of mode logs
/// nobody out.
pub(crate) fn arrive(headers: &mut HeaderMap, exchange: &mut Exchange, keys: &Keyring) {
    let Some(written) = joined(headers) else { return };
    let rules = Arc::clone(&exchange.rules);
    let mut reader = Reader {
        config: &rules.cookies,
        keys,
        scheme: exchange.scheme,
        spa_cookie: rules.csrf.spa_cookie,
        anchors: HashSet::new(),
        people: Gathered::default(),
        seen: HashSet::new(),
        noted: Vec::new(),
    };
    let mut kept: Vec<Cow<'_, [u8]>> = Vec::new();
    let mut changed = false;
    for pair in written.split(|byte| *byte == b';').map(<[u8]>::trim_ascii).filter(|pair| !pair.is_empty()) {
        let outcome = reader.read(pair);
        changed |= !matches!(outcome, Some(Cow::Borrowed(_)));
        kept.extend(outcome);
    }
    let Reader { anchors, people, mut noted, .. } = reader;
    let (presented, twice) = people.finish();
    exchange.presented = presented;
    let secure = exchange.scheme == Scheme::Https;
    noted.extend(
        twice.into_iter().map(|cookie| Reason::Contradicted { name: cookie.name(secure).to_owned() }),
    );
    // Two anchors: one of them is somebody else's, and nothing tells which.
    let mut anchors = anchors.into_iter();
    if let (Some(only), None) = (anchors.next(), anchors.next()) {
        exchange.anchor = Anchor::read(only).unwrap_or(Anchor::Absent);
    }
    note(exchange, noted);
    let several = headers.get_all(COOKIE).iter().nth(1).is_some();
    if !changed && !several {
        return;
    }
    headers.remove(COOKIE);
    if let Ok(value) = HeaderValue::from_bytes(&kept.join(&b"; "[..]))
        && !value.is_empty()
    {
        headers.insert(COOKIE, value);
    }
}

struct Reader<'a> {
    config: &'a Config,
    keys: &'a Keyring,
    scheme: Scheme,
    spa_cookie: bool,
    anchors: HashSet<&'a [u8]>,
    people: Gathered,
    seen: HashSet<&'a [u8]>,
    noted: Vec<Reason>,
}

impl<'a> Reader<'a> {
    /// The pair as the app is to get it: borrowed when nothing changed.
    fn read(&mut self, pair: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let (name, value) = split_pair(pair);
        if name == ANCHOR_COOKIE.as_bytes() || name == PLAIN_ANCHOR_COOKIE.as_bytes() {
            if (name == ANCHOR_COOKIE.as_bytes()) == (self.scheme == Scheme::Https) {
                self.anchors.insert(value);
            }
            return None;
        }
        if let Some((cookie, secure)) = Cookie::named(name) {
            if secure == (self.scheme == Scheme::Https) {
                self.people.take(cookie, value);
            }
            return None;
        }
        if self.spa_cookie && name == SPA_COOKIE.as_bytes() && csrf::is_token_shaped(value) {
            return None;
        }
        let enforces = match self.config.mode {
            Mode::Off => return Some(Cow::Borrowed(pair)),
            Mode::Observe => false,
            Mode::Enforce => true,
        };

        let mut app_name = name;
        if self.scheme == Scheme::Https {
            match name.strip_prefix(b"__Host-") {
                Some(bare) if self.config.prefixes(bare) => app_name = bare,
                _ if self.config.prefixes(name) => {
                    self.noted.push(Reason::Unprefixed { name: shown(name) });
                    return (!enforces).then_some(Cow::Borrowed(pair));
                }
                Some(_) | None => {}
            }
        }
        let mut app_value = Cow::Borrowed(value);
        if self.config.seals(app_name) {
            match seal::open(app_name, value, self.keys) {
                Some(opened) => app_value = Cow::Owned(opened),
                None => {
                    self.noted.push(Reason::BrokenSeal { name: shown(app_name) });
                    return (!enforces).then_some(Cow::Borrowed(pair));
                }
            }
        }
        if !app_name.is_empty() && !self.seen.insert(app_name) {
            self.noted.push(Reason::Duplicate { name: shown(app_name) });
            if enforces {
                return None;
            }
        }
        if app_name == name && matches!(app_value, Cow::Borrowed(_)) {
            return Some(Cow::Borrowed(pair));
        }
        Some(Cow::Owned([app_name, b"=", &app_value].concat()))
    }
}

/// All `Cookie` headers as one: HTTP/2 may split them (RFC 9113 section 8.2.3), and an app must not see
/// them split.
fn joined(headers: &HeaderMap) -> Option<Vec<u8>> {
    let mut values = headers.get_all(COOKIE).iter();
    let mut all = values.next()?.as_bytes().to_vec();
    for value in values {
        all.extend_from_slice(b"; ");
        all.extend_from_slice(value.as_bytes());
    }
    Some(all)
}

/// A name for the log: the client chose it.
pub(super) fn shown(name: &[u8]) -> String {
    name.iter().take(64).copied().flat_map(std::ascii::escape_default).map(char::from).collect()
}
