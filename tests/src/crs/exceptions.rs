//! Tests of the suite that no front end which keeps to RFC 9112 can pass, each with its reason.

use std::path::Path;

use serde::Deserialize;

/// The most that there may be.
pub const MOST: usize = 5;

/// A test that cannot pass.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// As go-ftw prints it.
    pub id: String,
    /// Where: `process`, `gateway` or both.
    pub doors: Vec<String>,
    /// Why, with the place in the RFC.
    pub reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    test: Vec<Exception>,
}

/// The exceptions at one door.
///
/// # Panics
/// When the file cannot be read, has too many entries, or one without a reason.
#[must_use]
#[expect(clippy::panic, reason = "a suite must not pass by exceptions that nobody can read")]
pub fn load(door: &str) -> Vec<Exception> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("crs-exceptions.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(file.test.len() <= MOST, "more than {MOST} exceptions");
    for exception in &file.test {
        assert!(exception.reason.contains("RFC "), "{}: which RFC stands against it?", exception.id);
    }
    file.test.into_iter().filter(|exception| exception.doors.iter().any(|name| name == door)).collect()
}
