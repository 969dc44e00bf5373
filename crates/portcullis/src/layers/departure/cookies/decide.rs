//! STUB

use http::HeaderMap;

use crate::exchange::Exchange;
use crate::keys::Keyring;

/// STUB
pub(crate) fn arrive(_headers: &mut HeaderMap, _exchange: &mut Exchange, _keys: &Keyring) {}

/// STUB
pub(crate) fn depart(_headers: &mut HeaderMap, _exchange: &mut Exchange, _keys: &Keyring) {}
