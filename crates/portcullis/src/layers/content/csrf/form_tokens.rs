//! Tokens for an app that writes its own forms, asked for while it makes its page.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, header::SET_COOKIE};

use super::{Anchor, TokenMint};
use crate::exchange::Exchange;
use crate::keys::Keyring;
use crate::layers::arrival::transport::Scheme;

/// Tokens for the forms of one response, to be written into a hidden field named [`super::FIELD`].
///
/// Ask for them before the response's head is returned: the cookie that they are bound to goes with it.
/// A page with a token is for one visitor: it must not be kept by shared caches.
#[derive(Clone)]
pub struct FormTokens(Arc<Mutex<Writing>>);

/// Few responses have forms that the app writes itself: no key is derived before a token is asked for.
struct Writing {
    seed: [u8; 32],
    keys: Keyring,
    anchor: Anchor,
    now: Duration,
    scheme: Scheme,
    mint: Option<TokenMint>,
}

impl FormTokens {
    /// For the visitor of this exchange. An anchor drawn for it holds only once a token was written: a
    /// response without a form needs no cookie.
    pub(crate) fn for_exchange(exchange: &mut Exchange, keys: &Keyring) -> Self {
        Self(Arc::new(Mutex::new(Writing {
            seed: exchange.random_bytes(),
            keys: keys.clone(),
            anchor: exchange.anchor.clone(),
            now: exchange.moment.since_epoch,
            scheme: exchange.scheme,
            mint: None,
        })))
    }

    /// A freshly masked token, for one form.
    #[must_use]
    pub fn token(&self) -> String {
        let mut writing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Writing { seed, keys, anchor, now, scheme, mint } = &mut *writing;
        mint.get_or_insert_with(|| TokenMint::seeded(*seed, keys, anchor, *now, *scheme)).token()
    }

    /// Lets the cookie go along that the tokens written so far are bound to.
    pub(crate) fn settle(&self, exchange: &mut Exchange, headers: &mut HeaderMap) {
        let writing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mint) = &writing.mint else { return };
        if let Some(anchor) = mint.drawn() {
            exchange.anchor = anchor;
        }
        if let Some(cookie) = mint.set_cookie() {
            headers.append(SET_COOKIE, cookie);
        }
    }
}

/// Without what it holds: a token is a secret.
impl fmt::Debug for FormTokens {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("FormTokens")
    }
}
