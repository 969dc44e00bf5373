//! New hashes, and the way from old ones to new ones.

use argon2::{Algorithm, Argon2, ParamsBuilder, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::caps::Caps;
use super::origin::Origin;
use super::password::Password;
use super::scheme::Scheme;
use super::stored::{Stored, UnreadableHash};

/// Bytes of salt and of checksum (RFC 9106 section 4).
const SALT: usize = 16;
const CHECKSUM: usize = 32;

/// What a new hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Cost {
    /// OWASP Password Storage: 19 MiB, two passes, one lane.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 }
    }
}

impl Cost {
    /// The settings that OWASP holds to be equally strong, most memory first.
    pub const EQUALS: [Self; 5] = [
        Self { memory_kib: 47_104, passes: 1, lanes: 1 },
        Self { memory_kib: 19_456, passes: 2, lanes: 1 },
        Self { memory_kib: 12_288, passes: 3, lanes: 1 },
        Self { memory_kib: 9_216, passes: 4, lanes: 1 },
        Self { memory_kib: 7_168, passes: 5, lanes: 1 },
    ];

    /// Whether this is at least as strong as the weakest of [`Cost::EQUALS`].
    #[must_use]
    pub fn is_enough(self) -> bool {
        Self::EQUALS.iter().any(|one| self.memory_kib >= one.memory_kib && self.passes >= one.passes)
    }
}

/// A secret that goes into every hash and is not stored beside them: who steals the hashes alone cannot guess
/// at them (OWASP Password Storage, "peppering"; RFC 9106 section 3.1, the parameter K).
pub struct Pepper {
    /// Names it in hashes: letters and digits.
    pub name: String,
    /// The secret.
    pub key: Zeroizing<Vec<u8>>,
}

/// The peppers: the first is for new hashes, the others are still known. Without any, none is used.
#[derive(Default)]
pub struct Peppers(Vec<Pepper>);

impl Peppers {
    /// Peppers, the current one first.
    ///
    /// # Errors
    /// With the name that two share, that is empty, or that has other signs than letters and digits.
    pub fn new(peppers: Vec<Pepper>) -> Result<Self, String> {
        let mut seen: Vec<&str> = Vec::new();
        for pepper in &peppers {
            let plain =
                !pepper.name.is_empty() && pepper.name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if !plain || seen.contains(&pepper.name.as_str()) {
                return Err(pepper.name.clone());
            }
            seen.push(&pepper.name);
        }
        Ok(Self(peppers))
    }

    pub(super) fn key(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|pepper| pepper.name == name).map(|pepper| pepper.key.as_slice())
    }

    fn current(&self) -> Option<&Pepper> {
        self.0.first()
    }
}

/// No hash could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashFailure {
    /// The operating system gave no randomness for the salt.
    #[error("the system gives no randomness for a salt")]
    NoRandomness,
    /// Argon2 does not take the cost.
    #[error("these parameters are none for Argon2: {0}")]
    Parameters(String),
}

/// What came of a try.
#[derive(Debug)]
#[must_use = "a try that nobody looks at signs in nobody, or everybody"]
pub enum Verification {
    /// Not the password, or there is none.
    Mismatch,
    /// The password.
    Match {
        /// A new hash to be stored in place of the old one, where that is not what is made today.
        upgrade: Option<String>,
    },
}

/// Hashes and verifies.
pub struct Hasher {
    cost: Cost,
    peppers: Peppers,
    caps: Caps,
    /// How stored texts are read: in this order, the first that fits.
    origins: Vec<Origin>,
    /// What is verified where there is no account, so that this takes as long.
    decoy: Stored,
}

impl Hasher {
    /// A hasher. Our own hashes are always read; `origins` are the programs that wrote others, in the order in
    /// which they are asked.
    ///
    /// # Errors
    /// When Argon2 does not take `cost`, or the system has no randomness.
    pub fn new(cost: Cost, peppers: Peppers, caps: Caps, origins: Vec<Origin>) -> Result<Self, HashFailure> {
        let decoy = Stored {
            preparation: super::preparation::Preparation::Normal,
            scheme: Scheme::Argon2 {
                algorithm: Algorithm::Argon2id,
                version: Version::V0x13,
                memory_kib: cost.memory_kib,
                passes: cost.passes,
                lanes: cost.lanes,
                pepper: peppers.current().map(|pepper| pepper.name.clone()),
                salt: random::<SALT>()?.to_vec(),
                expected: random::<CHECKSUM>()?.to_vec(),
            },
        };
        let hasher = Self { cost, peppers, caps, origins, decoy };
        // A cost that cannot be hashed with is found here, not at the first sign-in.
        hasher.argon2()?;
        Ok(hasher)
    }

    /// A new hash of `password`, as text. Slow by design.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn hash(&self, password: &Password) -> Result<String, HashFailure> {
        let salt = random::<SALT>()?;
        let mut checksum = Zeroizing::new([0; CHECKSUM]);
        self.argon2()?
            .hash_password_into(password.normal().as_bytes(), &salt, checksum.as_mut_slice())
            .map_err(|error| HashFailure::Parameters(error.to_string()))?;
        let Cost { memory_kib, passes, lanes } = self.cost;
        let pepper =
            self.peppers.current().map(|pepper| format!(",keyid={}", pepper.name)).unwrap_or_default();
        let (salt, checksum) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(checksum.as_slice()));
        Ok(format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}{pepper}${salt}${checksum}"))
    }

    /// Whether `password` belongs to the stored hash; `None` where there is no account, which takes as long as a
    /// wrong password does.
    ///
    /// # Errors
    /// When the stored text cannot be read: nobody signs in with it, and the operator should know. The time of
    /// one hash was spent all the same.
    pub fn verify(&self, password: &Password, stored: Option<&str>) -> Result<Verification, UnreadableHash> {
        let Some(text) = stored else {
            let _ = self.decoy.verify(password, &self.peppers);
            return Ok(Verification::Mismatch);
        };
        let readings = match self.read(text) {
            Ok(readings) => readings,
            Err(unreadable) => {
                let _ = self.decoy.verify(password, &self.peppers);
                return Err(unreadable);
            }
        };
        let Some(stored) = readings.iter().find(|stored| stored.verify(password, &self.peppers)) else {
            if !readings.iter().any(|stored| self.is_todays(stored)) {
                // A cheap old hash must not answer sooner than an account that is not there.
                let _ = self.decoy.verify(password, &self.peppers);
            }
            return Ok(Verification::Mismatch);
        };
        // An upgrade that fails costs nobody the sign-in: the old hash stays and is tried again next time.
        let upgrade = if self.is_todays(stored) { None } else { self.hash(password).ok() };
        Ok(Verification::Match { upgrade })
    }

    /// Every reading of a stored text. One that says who wrote it ([`Origin::mark`]) is read as that program's and as
    /// nothing else; others by our own form and the declared origins, in their order: an Argon2id text
    /// may be ours or Flask-Security's, and does not tell.
    ///
    /// # Errors
    /// Where there is none: what the last origin that knew the form says, or that none does.
    pub fn read(&self, text: &str) -> Result<Vec<Stored>, UnreadableHash> {
        if let Some((name, text)) = Origin::marked(text) {
            let declared = self.origins.iter().find(|origin| origin.name() == name);
            let unknown = UnreadableHash::Undeclared { origin: name.chars().take(40).collect() };
            return match declared.or(Origin::named(name)) {
                Some(origin) => Stored::read(text, origin, &self.caps).map(|stored| vec![stored]),
                None => Err(unknown),
            };
        }
        let mut readings = Vec::new();
        let mut fault = UnreadableHash::Foreign { origin: Origin::Portcullis.name() };
        for origin in std::iter::once(&Origin::Portcullis).chain(&self.origins) {
            match Stored::read(text, origin, &self.caps) {
                Ok(stored) => readings.push(stored),
                Err(foreign @ UnreadableHash::Foreign { .. }) => {
                    if matches!(fault, UnreadableHash::Foreign { .. }) {
                        fault = foreign;
                    }
                }
                Err(other) => fault = other,
            }
        }
        if readings.is_empty() { Err(fault) } else { Ok(readings) }
    }

    /// Whether this is a hash as it would be made today.
    fn is_todays(&self, stored: &Stored) -> bool {
        let Scheme::Argon2 { algorithm, version, memory_kib, passes, lanes, pepper, expected, .. } =
            &stored.scheme
        else {
            return false;
        };
        matches!(stored.preparation, super::preparation::Preparation::Normal)
            && *algorithm == Algorithm::Argon2id
            && *version == Version::V0x13
            && Cost { memory_kib: *memory_kib, passes: *passes, lanes: *lanes } == self.cost
            && expected.len() == CHECKSUM
            && pepper.as_deref() == self.peppers.current().map(|pepper| pepper.name.as_str())
    }

    fn argon2(&self) -> Result<Argon2<'_>, HashFailure> {
        let wrong = |error: argon2::Error| HashFailure::Parameters(error.to_string());
        let params = ParamsBuilder::new()
            .m_cost(self.cost.memory_kib)
            .t_cost(self.cost.passes)
            .p_cost(self.cost.lanes)
            .output_len(CHECKSUM)
            .build()
            .map_err(wrong)?;
        match self.peppers.current() {
            Some(pepper) => Argon2::new_with_secret(&pepper.key, Algorithm::Argon2id, Version::V0x13, params)
                .map_err(wrong),
            None => Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params)),
        }
    }
}

fn random<const N: usize>() -> Result<[u8; N], HashFailure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| HashFailure::NoRandomness)?;
    Ok(bytes)
}
