//! The regression tests of the OWASP Core Rule Set, unaltered: read, sent as go-ftw sends them, judged as
//! go-ftw judges them.
//!
//! ```text
//! tests/*.yaml ─▶ suite ─▶ request (raw bytes) ─▶ a gate with the rules ─▶ albedo (the app)
//!                     └──▶ judge ◀── the gate's log and the answer
//! ```
//!
//! The rules and tests are not part of this repository: they are looked for in `PORTCULLIS_CRS`, else in
//! `shared/crs` beside the checkout. Without them the suite fails and says so.

pub mod albedo;
pub mod backend;
pub mod blocking;
pub mod exceptions;
pub mod gateway;
pub mod judge;
pub mod process;
pub mod request;
pub mod suite;

use std::path::{Path, PathBuf};

/// Where the Core Rule Set lies.
#[derive(Debug, Clone)]
pub struct Crs {
    /// What the suite needs loaded before everything else.
    pub suite_setup: PathBuf,
    /// The set's own set-up, as shipped.
    pub setup: PathBuf,
    /// The folder of the rules.
    pub rules: PathBuf,
    /// The folder of the regression tests.
    pub tests: PathBuf,
}

impl Crs {
    /// Finds it.
    ///
    /// # Panics
    /// When it is not there: a suite must not pass by not finding its tests.
    #[must_use]
    #[expect(clippy::panic, reason = "a suite without its tests must fail and say what it lacks")]
    pub fn find() -> Self {
        let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/crs");
        let root = std::env::var_os("PORTCULLIS_CRS").map_or_else(beside, PathBuf::from);
        let version = std::fs::read_dir(&root)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.join("rules").is_dir())
            .max();
        let Some(version) = version else {
            panic!(
                "no Core Rule Set in `{}`: unpack a release there as `4.28.0/`, or name the folder in \
                 PORTCULLIS_CRS",
                root.display()
            );
        };
        let found = Self {
            suite_setup: root.join("suite-setup.conf"),
            setup: version.join("crs-setup.conf.example"),
            rules: version.join("rules"),
            tests: version.join("tests"),
        };
        for path in [&found.suite_setup, &found.setup, &found.rules, &found.tests] {
            assert!(path.exists(), "the Core Rule Set lacks `{}`", path.display());
        }
        found
    }

    /// The files of rules in the order in which the set loads them: by name.
    ///
    /// # Panics
    /// When the folder cannot be read.
    #[must_use]
    #[expect(clippy::panic, reason = "a suite without its rules must fail and say what it lacks")]
    pub fn rule_files(&self) -> Vec<PathBuf> {
        let entries = match std::fs::read_dir(&self.rules) {
            Ok(entries) => entries,
            Err(error) => panic!("{}: {error}", self.rules.display()),
        };
        let mut files: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "conf"))
            .collect();
        files.sort();
        files
    }
}
