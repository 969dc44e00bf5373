//! A password as typed.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A password on its way to be judged or verified. It is wiped after use, and cannot be printed.
pub struct Password {
    typed: Zeroizing<String>,
    normal: Zeroizing<String>,
}

impl Password {
    /// The longest password that is read, in bytes: hashing starts with a pass over the whole (CWE-400).
    /// NIST SP 800-63B-4 asks for at least 64 characters.
    pub const LONGEST: usize = 4096;

    /// A password; `None` when it is longer than [`Password::LONGEST`].
    #[must_use]
    pub fn new(typed: impl Into<String>) -> Option<Self> {
        let typed = Zeroizing::new(typed.into());
        if typed.len() > Self::LONGEST {
            return None;
        }
        // RFC 8265 section 4.2.2 (OpaqueString): every space is the ASCII one, and the form is NFC, so that the
        // same password typed on another keyboard is the same password.
        let spaced = typed.chars().map(|one| if one.is_whitespace() && !one.is_ascii() { ' ' } else { one });
        let normal = Zeroizing::new(spaced.nfc().collect());
        Some(Self { typed, normal })
    }

    /// As sent: what other programs hashed.
    pub(super) fn typed(&self) -> &str {
        &self.typed
    }

    /// In normal form: what we hash and judge.
    pub(super) fn normal(&self) -> &str {
        &self.normal
    }
}
