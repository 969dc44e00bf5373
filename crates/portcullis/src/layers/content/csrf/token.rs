//! Tokens: `base64url(mask ‖ mask ⊕ (time ‖ HMAC(anchor, time)))`.
//!
//! The mask is fresh each time, so that the same secret never stands twice in a compressed page (BREACH).
//! The anchor is a random cookie of ours: a token fetched by an attacker is bound to the attacker's own
//! anchor and does not hold in the visitor's browser.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{ANCHOR_COOKIE, PLAIN_ANCHOR_COOKIE, SPA_COOKIE};
use crate::exchange::Exchange;
use crate::keys::{Keyring, mac};
use crate::layers::arrival::transport::Scheme;

const PURPOSE: &str = "csrf token";
const TIME: usize = 8;
const PLAIN: usize = TIME + 32;
const MASKED: usize = PLAIN * 2;

/// How far ahead another node's clock may be, in seconds.
const SKEW: u64 = 300;

/// The random cookie of a visitor that tokens are bound to.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// The visitor has none.
    Absent,
    /// It came with the request.
    Arrived(String),
    /// We drew it for this response.
    Drawn(String),
}

impl Anchor {
    /// Reads the value of the cookie; `None` where we never made it so.
    pub(crate) fn read(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        let random = URL_SAFE_NO_PAD.decode(text).ok()?;
        (random.len() == 24).then(|| Self::Arrived(text.to_owned()))
    }

    /// The value, if the visitor's browser has proved to hold it.
    pub(super) fn proved(&self) -> Option<&str> {
        match self {
            Self::Arrived(value) => Some(value),
            Self::Drawn(_) | Self::Absent => None,
        }
    }
}

/// What a text is as a token of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Made by us for this anchor, lately.
    Valid,
    /// Made by us for this anchor, too long ago.
    Expired,
    /// Looks like ours and is not.
    Forged,
    /// Not a token of ours; perhaps the app's.
    Alien,
}

/// Whether a text has the shape of our tokens.
pub(crate) fn is_token_shaped(text: &[u8]) -> bool {
    unmask(text).is_some()
}

pub(super) fn check(token: &[u8], exchange: &Exchange, keys: &Keyring) -> Check {
    let Some(plain) = unmask(token) else { return Check::Alien };
    let Some((time, tag)) = plain.split_first_chunk::<TIME>() else { return Check::Alien };
    let Some(anchor) = exchange.anchor.proved() else { return Check::Forged };
    let holds = keys
        .all(PURPOSE)
        .map(|key| mac(&key, &[anchor.as_bytes(), time]).ct_eq(tag))
        .fold(subtle::Choice::from(0), |any, one| any | one);
    if !bool::from(holds) {
        return Check::Forged;
    }
    let now = exchange.moment.since_epoch.as_secs();
    let made = u64::from_be_bytes(*time);
    if made > now.saturating_add(SKEW) {
        return Check::Forged;
    }
    if now.saturating_sub(made) > exchange.rules.csrf.lifetime.as_secs() {
        return Check::Expired;
    }
    Check::Valid
}

fn unmask(token: &[u8]) -> Option<[u8; PLAIN]> {
    if token.len() != (MASKED * 4).div_ceil(3) {
        return None;
    }
    let bytes: [u8; MASKED] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
    let (mask, masked) = bytes.split_first_chunk::<PLAIN>()?;
    let mut plain = [0; PLAIN];
    for (plain, (mask, masked)) in plain.iter_mut().zip(mask.iter().zip(masked)) {
        *plain = mask ^ masked;
    }
    Some(plain)
}

/// Makes tokens for one visitor, as many as a page has forms. Needs no exchange, so that a page can be
/// rewritten while it streams.
pub(crate) struct TokenMint {
    key: Zeroizing<[u8; 32]>,
    anchor: String,
    time: [u8; TIME],
    random: StdRng,
    scheme: Scheme,
    drawn_now: bool,
}

impl TokenMint {
    /// For the visitor of this exchange. A visitor without an anchor gets one drawn; all mints of the
    /// exchange then share it.
    pub(crate) fn for_exchange(exchange: &mut Exchange, keys: &Keyring) -> Self {
        let seed = exchange.random_bytes();
        let mint = Self::seeded(seed, keys, &exchange.anchor, exchange.moment.since_epoch, exchange.scheme);
        if let Some(anchor) = mint.drawn() {
            exchange.anchor = anchor;
        }
        mint
    }

    /// For a visitor with this anchor, at this time since the epoch.
    pub(super) fn seeded(
        seed: [u8; 32],
        keys: &Keyring,
        anchor: &Anchor,
        now: Duration,
        scheme: Scheme,
    ) -> Self {
        let mut random = StdRng::from_seed(seed);
        let (anchor, drawn_now) = match anchor {
            Anchor::Arrived(value) | Anchor::Drawn(value) => (value.clone(), false),
            Anchor::Absent => {
                let mut drawn = [0; 24];
                random.fill_bytes(&mut drawn);
                (URL_SAFE_NO_PAD.encode(drawn), true)
            }
        };
        let time = now.as_secs().to_be_bytes();
        Self { key: keys.newest(PURPOSE), anchor, time, random, scheme, drawn_now }
    }

    /// The anchor, where this mint drew it.
    pub(super) fn drawn(&self) -> Option<Anchor> {
        self.drawn_now.then(|| Anchor::Drawn(self.anchor.clone()))
    }

    /// A freshly masked token.
    pub(crate) fn token(&mut self) -> String {
        let tag = mac(&self.key, &[self.anchor.as_bytes(), &self.time]);
        let mut bytes = [0; MASKED];
        let (mask, masked) = bytes.split_at_mut(PLAIN);
        self.random.fill_bytes(mask);
        let plain = self.time.iter().chain(&tag);
        for (masked, (mask, plain)) in masked.iter_mut().zip(mask.iter().zip(plain)) {
            *masked = mask ^ plain;
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The `Set-Cookie` that must go with the tokens, when the anchor was drawn by this mint: it is a
    /// session cookie, `Lax` so that a visitor who follows a link to us keeps the one of other tabs.
    pub(crate) fn set_cookie(&self) -> Option<HeaderValue> {
        if !self.drawn_now {
            return None;
        }
        let anchor = &self.anchor;
        let cookie = match self.scheme {
            Scheme::Https => format!("{ANCHOR_COOKIE}={anchor}; Path=/; Secure; HttpOnly; SameSite=Lax"),
            Scheme::Http => format!("{PLAIN_ANCHOR_COOKIE}={anchor}; Path=/; HttpOnly; SameSite=Lax"),
        };
        HeaderValue::from_str(&cookie).ok()
    }

    /// The cookie that single-page frameworks copy into a header: readable by scripts, by design.
    pub(crate) fn spa_cookie(&mut self) -> Option<HeaderValue> {
        let token = self.token();
        let secure = match self.scheme {
            Scheme::Https => "; Secure",
            Scheme::Http => "",
        };
        HeaderValue::from_str(&format!("{SPA_COOKIE}={token}; Path=/{secure}; SameSite=Strict")).ok()
    }
}
