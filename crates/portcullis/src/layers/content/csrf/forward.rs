//! What changes in a head that passed, before the app gets it.

use http::header::{CONTENT_LENGTH, COOKIE, ORIGIN};
use http::{HeaderMap, HeaderValue};

use super::{Config, Intent};
use crate::body::Inspector;

/// Corrects `Content-Length` by what was cut from the body, and keeps Django from refusing its own pages.
pub(crate) fn prepare_for_app(
    intent: &Intent,
    headers: &mut HeaderMap,
    inspector: &mut Inspector,
    config: &Config,
) {
    shorten(headers, inspector.removed());
    if *intent == Intent::SameOrigin && !config.keep_origin {
        spare_django(headers);
    }
}

pub(super) fn shorten(headers: &mut HeaderMap, removed: usize) {
    if removed == 0 {
        return;
    }
    let said = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if let Some(said) = said {
        let removed = u64::try_from(removed).unwrap_or(u64::MAX);
        headers.insert(CONTENT_LENGTH, HeaderValue::from(said.saturating_sub(removed)));
    }
}

/// Django compares `Origin` with `http://` and its host unless it was told of HTTPS, so that behind a
/// gate that ends TLS every form of its own is refused. Without `Origin` it checks its token, untouched,
/// and, where it was told of HTTPS, the `Referer`. The origin was judged here to be ours already.
pub(super) fn spare_django(headers: &mut HeaderMap) {
    let from_https = headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
    let has_django_cookie = headers.get_all(COOKIE).iter().any(|value| {
        value.as_bytes().split(|byte| *byte == b';').any(|pair| {
            pair.trim_ascii().strip_prefix(b"csrftoken").is_some_and(|rest| rest.starts_with(b"="))
        })
    });
    if from_https && has_django_cookie {
        headers.remove(ORIGIN);
    }
}
