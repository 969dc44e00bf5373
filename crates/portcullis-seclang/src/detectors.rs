//! `@detectSQLi` and `@detectXSS`: the detectors, and what they say for `TX:0`.

/// The fingerprint of an SQL injection.
pub(crate) fn sqli(_value: &[u8]) -> Option<Vec<u8>> {
    None
}

/// What would run as a script.
pub(crate) fn xss(_value: &[u8]) -> Option<Vec<u8>> {
    None
}
