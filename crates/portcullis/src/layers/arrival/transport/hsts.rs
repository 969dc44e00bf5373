//! Strict-Transport-Security (RFC 6797).

use http::HeaderValue;

use super::{Config, Scheme};
use crate::layers::arrival::host::Site;
use crate::verdict::Mode;

/// The value of `Strict-Transport-Security` for an answer, or `None` where it must not be sent: over
/// plain HTTP (RFC 6797 section 7.2), for an address (section 8.1.1), for `localhost`, and while the
/// layer is off or observes.
#[must_use]
pub fn hsts_header(config: &Config, scheme: Scheme, site: &Site) -> Option<HeaderValue> {
    let fits = config.mode == Mode::Enforce
        && scheme == Scheme::Https
        && !site.name.is_empty()
        && !site.is_address()
        && !site.is_localhost();
    config.hsts.clone().filter(|_| fits)
}
