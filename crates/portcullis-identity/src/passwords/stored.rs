//! A hash as it is stored, read once and verified.

use super::caps::Caps;
use super::hasher::Peppers;
use super::origin::Origin;
use super::password::Password;
use super::preparation::Preparation;
use super::read;
use super::scheme::Scheme;

/// A stored hash, understood.
pub struct Stored {
    pub(super) preparation: Preparation,
    pub(super) scheme: Scheme,
}

/// Why a stored hash cannot be verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableHash {
    /// No program of this kind writes such a text.
    #[error("this is no hash that `{origin}` writes")]
    Foreign {
        /// The declared origin.
        origin: &'static str,
    },
    /// It says that a program wrote it which is not known, or of which a secret is needed that is not there.
    #[error("nobody declared what `{origin}` needs for its hashes to be read")]
    Undeclared {
        /// What it says.
        origin: String,
    },
    /// The form is known, but a part of it is not what it must be.
    #[error("the {part} of this `{scheme}` hash cannot be read")]
    Malformed {
        /// The scheme.
        scheme: &'static str,
        /// Which part of it.
        part: &'static str,
    },
    /// It would cost more than the cap allows.
    #[error("this hash asks for {asked} of {parameter}, over the cap of {cap}")]
    TooCostly {
        /// Which parameter.
        parameter: &'static str,
        /// What the hash says.
        asked: u64,
        /// The most that is allowed.
        cap: u64,
    },
}

impl Stored {
    /// The longest text that is read as a hash, in bytes.
    pub const LONGEST: usize = 1024;

    /// Reads a hash that `origin` wrote.
    ///
    /// # Errors
    /// When `origin` writes no such text, when a part of it cannot be read, or when a parameter is over its cap.
    pub fn read(text: &str, origin: &Origin, caps: &Caps) -> Result<Self, UnreadableHash> {
        let foreign = || UnreadableHash::Foreign { origin: origin.name() };
        if text.len() > Self::LONGEST || !text.is_ascii() {
            return Err(foreign());
        }
        let stored = match origin {
            Origin::Portcullis => read::own(text)?,
            Origin::Werkzeug => read::werkzeug(text)?,
            Origin::Django => read::django(text)?,
            Origin::Passlib => read::passlib(text)?,
            Origin::FlaskBcryptLong => read::flask_bcrypt_long(text)?,
            Origin::FlaskSecurity { salt } => read::flask_security(text, salt)?,
        };
        let stored = stored.ok_or_else(foreign)?;
        match caps.exceeded(&stored.scheme) {
            Some((parameter, asked, cap)) => Err(UnreadableHash::TooCostly { parameter, asked, cap }),
            None => Ok(stored),
        }
    }

    /// Whether `password` is the one that was hashed. Slow by design.
    pub fn verify(&self, password: &Password, peppers: &Peppers) -> bool {
        let key = match &self.scheme {
            Scheme::Argon2 { pepper: Some(name), .. } => match peppers.key(name) {
                Some(key) => Some(key),
                // A pepper that is gone cannot be guessed.
                None => return false,
            },
            _ => None,
        };
        self.scheme.verify(&self.preparation.apply(password), key)
    }
}

/// A malformed part, for the readers.
pub(super) const fn malformed(scheme: &'static str, part: &'static str) -> UnreadableHash {
    UnreadableHash::Malformed { scheme, part }
}
