//! Headers that do not depend on the page.

use http::HeaderMap;
use http::header::HeaderName;

/// What the gate may set, and `force` may list.
pub(super) const SETTABLE: [&str; 15] = [
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "cross-origin-embedder-policy",
    "permissions-policy",
    "origin-agent-cluster",
    "x-permitted-cross-domain-policies",
    "cache-control",
    "clear-site-data",
    "content-security-policy",
    "content-security-policy-report-only",
    "reporting-endpoints",
];

/// Headers that only tell which software answers, and of which version (CWE-200).
const BANNERS: [&str; 22] = [
    "server",
    "x-powered-by",
    "x-powered-by-plesk",
    "x-powered-cms",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-generator",
    "x-drupal-dynamic-cache",
    "x-runtime",
    "x-version",
    "x-app-version",
    "x-api-version-internal",
    "x-server",
    "x-backend-server",
    "x-backend",
    "x-debug-token",
    "x-debug-token-link",
    "x-php-version",
    "x-django-version",
    "x-mod-pagespeed",
    "x-page-speed",
    "x-turbo-charged-by",
];

/// Devices that foreign frames are never given. Each stands in Chromium's list, so that no console warns of
/// a feature it does not know.
pub(super) const DEVICES: [&str; 7] =
    ["usb", "serial", "hid", "midi", "idle-detection", "local-fonts", "window-management"];

/// What a page without foreign frames has no reason to give away either. A page with a video call in a
/// frame does.
pub(super) const SENSES: [&str; 4] = ["camera", "microphone", "geolocation", "display-capture"];

pub(super) fn remove_banners(headers: &mut HeaderMap, keep: &[HeaderName]) {
    // One look at what is there costs less than one look-up for each name; most answers have one banner.
    let is_banner = |name: &&HeaderName| BANNERS.contains(&name.as_str()) && !keep.contains(name);
    while let Some(name) = headers.keys().find(is_banner).cloned() {
        headers.remove(name);
    }
}

/// The last segments at which people log out.
pub(super) fn is_known_logout(path: &str) -> bool {
    const WORDS: [&str; 8] =
        ["logout", "log-out", "log_out", "logoff", "signout", "sign-out", "sign_out", "end_session"];
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    WORDS.iter().any(|word| last.eq_ignore_ascii_case(word))
}
