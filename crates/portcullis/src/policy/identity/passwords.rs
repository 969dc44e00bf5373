//! `[identity.password]`.

use std::path::PathBuf;

use super::RawPassword;
use crate::policy::Faults;

/// What a password must be, and how it is hashed; checked.
#[derive(Debug, Clone)]
pub struct Passwords {
    /// Whether people sign in with passwords at all.
    pub enabled: bool,
    /// The fewest characters.
    pub min_length: usize,
    /// How hard it must be to guess, by zxcvbn, from 0 to 4.
    pub min_score: u8,
    /// Files with secrets that hashes are made with besides, the newest first.
    pub pepper_files: Vec<PathBuf>,
    /// The salt of a Flask-Security that accounts were imported from.
    pub flask_security_salt_file: Option<PathBuf>,
    /// A filter of breached passwords.
    pub breached_filter: Option<PathBuf>,
    /// A service to ask by the first five digits of a password's SHA-1.
    pub breached_range_url: Option<url::Url>,
    /// Memory for one hash, in KiB.
    pub memory: u32,
    /// Passes for one hash.
    pub passes: u32,
    /// How many hashes are made at once; `None` for as many as fit the machine.
    pub at_once: Option<usize>,
}

impl Passwords {
    pub(super) fn check(raw: &RawPassword, faults: &mut Faults<'_>) -> Self {
        let min_length = raw.min_length.unwrap_or(12);
        if !(8..=64).contains(&min_length) {
            faults.at(
                "min_length",
                format!("`{min_length}` is not from 8 to 64"),
                "8 is the least that NIST SP 800-63B-4 allows, with a second factor; 15 without",
            );
        }
        let min_score = raw.min_score.unwrap_or(3);
        if min_score > 4 {
            faults.at("min_score", format!("`{min_score}` is not from 0 to 4"), "leave it out for `3`");
        }
        // The least and the most that are hashed with anywhere else in this program.
        let memory = raw.memory.unwrap_or(19_456);
        if !(7_168..=1_048_576).contains(&memory) {
            faults.at(
                "memory",
                format!("`{memory}` KiB is not from 7168 to 1048576"),
                "leave it out for 19456",
            );
        }
        let passes = raw.passes.unwrap_or(2);
        // OWASP's pairs (2 × 19 MiB, 3 × 12 MiB, 5 × 7 MiB) all come to about this.
        if !(1..=16).contains(&passes) || memory.saturating_mul(passes) < 35_840 {
            faults.at(
                "passes",
                format!("`{passes}` passes over {memory} KiB are cheaper to guess than OWASP's least"),
                "as in 2 passes over 19456 KiB, or 5 over 7168",
            );
        }
        if raw.at_once == Some(0) {
            faults.at("at_once", "with none at once nobody signs in", "leave it out for one a core");
        }
        let breached_range_url = raw.breached_range_url.as_ref().and_then(|written| {
            let url =
                url::Url::parse(written).ok().filter(|url| url.scheme() == "https" && url.host().is_some());
            if url.is_none() {
                faults.at(
                    "breached_range_url",
                    format!("`{written}` is no address with `https://`"),
                    "as in `\"https://api.pwnedpasswords.com/range/\"`",
                );
            }
            url
        });
        Self {
            enabled: raw.enabled.unwrap_or(true),
            min_length,
            min_score,
            pepper_files: raw.pepper_files.clone(),
            flask_security_salt_file: raw.flask_security_salt_file.clone(),
            breached_filter: raw.breached_filter.clone(),
            breached_range_url,
            memory,
            passes,
            at_once: raw.at_once,
        }
    }
}
