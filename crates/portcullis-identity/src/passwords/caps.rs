//! Caps on what a stored hash may ask of the machine.

use super::scheme::Scheme;

/// The most that a hash may cost to verify. A hash that asks for more is refused when it is read: whoever can
/// write one into an import or a database must not be able to stop the machine with it (CWE-400).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Memory of Argon2 and scrypt, in KiB.
    pub memory_kib: u64,
    /// Memory times passes of Argon2, in KiB.
    pub memory_passes_kib: u64,
    /// Lanes of Argon2, `p` of scrypt.
    pub lanes: u32,
    /// The logarithm of bcrypt's rounds.
    pub bcrypt_cost: u32,
    /// Rounds of PBKDF2, in blocks of its digest.
    pub pbkdf2_rounds: u64,
    /// Rounds of everything that iterates a fast digest: SHA-crypt, phpass, Sun MD5, BSDi.
    pub digest_rounds: u64,
}

impl Default for Caps {
    /// Twice to four times what the programs that wrote such hashes use by default.
    fn default() -> Self {
        Self {
            memory_kib: 512 * 1024,
            memory_passes_kib: 2 * 1024 * 1024,
            lanes: 16,
            bcrypt_cost: 15,
            pbkdf2_rounds: 4_000_000,
            digest_rounds: 2_000_000,
        }
    }
}

impl Caps {
    /// The parameter that is over its cap, with what was asked for and the cap.
    pub(super) fn exceeded(&self, scheme: &Scheme) -> Option<(&'static str, u64, u64)> {
        let asked: &[(&'static str, u64, u64)] = &match scheme {
            Scheme::Argon2 { memory_kib, passes, lanes, .. } => {
                let memory = u64::from(*memory_kib);
                [
                    ("memory in KiB", memory, self.memory_kib),
                    ("memory times passes in KiB", memory * u64::from(*passes), self.memory_passes_kib),
                    ("lanes", u64::from(*lanes), self.lanes.into()),
                ]
            }
            Scheme::Scrypt { log_n, r, p, .. } => {
                let memory =
                    1_u64.checked_shl(u32::from(*log_n)).unwrap_or(u64::MAX).saturating_mul(u64::from(*r))
                        / 8;
                [
                    ("memory in KiB", memory, self.memory_kib),
                    (
                        "memory times passes in KiB",
                        memory.saturating_mul(u64::from(*p)),
                        self.memory_passes_kib,
                    ),
                    ("lanes", u64::from(*p), self.lanes.into()),
                ]
            }
            Scheme::Bcrypt { cost, .. } => one("cost", u64::from(*cost), self.bcrypt_cost.into()),
            Scheme::Pbkdf2 { digest, rounds, expected, .. } => {
                let blocks = expected.len().div_ceil(digest.size()).max(1);
                let rounds = u64::from(*rounds).saturating_mul(u64::try_from(blocks).unwrap_or(u64::MAX));
                one("rounds", rounds, self.pbkdf2_rounds)
            }
            Scheme::Crypt { rounds, .. } | Scheme::Phpass { rounds, .. } | Scheme::SunMd5 { rounds, .. } => {
                one("rounds", (*rounds).into(), self.digest_rounds)
            }
            Scheme::Hmac { .. } | Scheme::Salted { .. } | Scheme::Unusable => one("rounds", 1, 1),
        };
        asked.iter().find(|(_, asked, cap)| asked > cap).copied()
    }
}

/// A scheme with one parameter.
const fn one(name: &'static str, asked: u64, cap: u64) -> [(&'static str, u64, u64); 3] {
    [(name, asked, cap), ("", 0, 0), ("", 0, 0)]
}
