//! Which program wrote a hash.

use zeroize::Zeroizing;

/// Which program wrote a hash, as the operator declares it: `sha1$salt$hex` is an HMAC in old Werkzeug and a
/// plain digest in Django, and a `$2b$` text does not tell what was done to the password before.
pub enum Origin {
    /// This crate: Argon2id.
    Portcullis,
    /// Werkzeug, also before 2.3 and 3.0.
    Werkzeug,
    /// Django.
    Django,
    /// passlib or libpass without a wrapper, bcrypt, and what Unix `crypt` writes.
    Passlib,
    /// Flask-Bcrypt with `BCRYPT_HANDLE_LONG_PASSWORDS`: the hexadecimal SHA-256 was hashed.
    FlaskBcryptLong,
    /// Flask-Security with its double hash: `HMAC-SHA512(SECURITY_PASSWORD_SALT, NFKD(password))` was hashed.
    FlaskSecurity {
        /// `SECURITY_PASSWORD_SALT`, as the app has it.
        salt: Zeroizing<String>,
    },
}

impl Origin {
    /// The name that policies and imports use.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Portcullis => "portcullis",
            Self::Werkzeug => "werkzeug",
            Self::Django => "django",
            Self::Passlib => "passlib",
            Self::FlaskBcryptLong => "flask-bcrypt-long",
            Self::FlaskSecurity { .. } => "flask-security",
        }
    }
}
